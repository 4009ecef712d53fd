"""`ionport m3 load` and `m3 run` against M3 of the sandbox: each row once, each refusal with its
own reason, and a load that was killed goes on where it stopped."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ionport.cli import main
from ionport.testing.infor import Infor
from tests.support.sides import until

SUPPLIER = {"SUTY": "0", "CSCD": "DE", "DTFM": "YMD", "ORTY": "F20", "DT4T": "1", "DTCD": "2"}
SUPPLIER |= {"CUCD": "EUR", "CRTP": "1", "ATPR": "1"}


def _table(folder: Path, numbers: Sequence[str]) -> Path:
    path = folder / "suppliers.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["SUNO", "SUNM", *SUPPLIER])
        writer.writeheader()
        for number in numbers:
            writer.writerow({"SUNO": number, "SUNM": f"Supplier {number}", **SUPPLIER})
    return path


def _ionport(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def _load(path: Path, credential: Path, *more: str) -> Result:
    return _ionport("m3", "load", path, "CRS620MI", "AddSupplier", "--with", credential, *more)


def _results(path: Path) -> list[dict[str, str]]:
    with path.with_name(f"{path.name}.results.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _stored(infor: Infor) -> list[str]:
    return sorted(
        record["SUNO"] for record in infor.m3.records("supplier") if record["SUNO"][:1] == "8"
    )


def test_every_row_arrives_and_each_refused_one_has_m3s_own_reason(
    infor: Infor, credential: Path, tmp_path: Path
) -> None:
    numbers = [f"8{number:04}" for number in range(300)]
    path = _table(tmp_path, [*numbers, numbers[0], numbers[-1]])
    loaded = _load(path, credential, "--return", "SUNO", "--concurrency", "1")
    assert loaded.exit_code == 1
    assert "302 rows: 300 done, 2 refused, 0 unknown, 0 left." in loaded.output
    assert _stored(infor) == numbers
    rows = _results(path)
    assert [row["returned SUNO"] for row in rows[:300]] == numbers
    refused = [row for row in rows if row["state"] == "refused"]
    assert [row["row"] for row in refused] == ["302", "303"]
    assert all(row["code"] and row["message"] for row in refused)
    assert path.with_name("suppliers.csv.refused.csv").read_text("utf-8-sig").count("\n") == 3


def test_a_second_run_sends_nothing_again(infor: Infor, credential: Path, tmp_path: Path) -> None:
    path = _table(tmp_path, ["80001", "80002"])
    assert _load(path, credential).exit_code == 0
    calls = len(infor.recorder.calls(service="M3"))
    again = _load(path, credential, "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout)["done"] == 2
    assert len(infor.recorder.calls(service="M3")) == calls


def test_a_busy_gateway_is_waited_for(
    infor: Infor, credential: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ionport.ionapi.loading.loader._seconds_to_wait", lambda *_: 0.0)
    infor.faults.add("too-many-requests", service="M3", times=2)
    path = _table(tmp_path, ["80001"])
    assert _load(path, credential).exit_code == 0
    assert _stored(infor) == ["80001"]


def test_a_lost_answer_is_told_and_never_repeated_unasked(
    infor: Infor, credential: Path, tmp_path: Path
) -> None:
    infor.faults.add("cut-after-commit", service="M3", operation="bulk", times=1)
    path = _table(tmp_path, ["80001", "80002"])
    lost = _load(path, credential)
    assert lost.exit_code == 1
    assert "0 done, 0 refused, 2 unknown" in lost.output
    assert _stored(infor) == ["80001", "80002"]
    assert "2 unknown" in _load(path, credential).output
    # M3 knows both: asked to send them again, it says so.
    asked = _load(path, credential, "--retry", "unknown")
    assert "0 done, 2 refused, 0 unknown" in asked.output


def test_a_refused_credential_ends_the_load_with_its_reason(
    infor: Infor, credential: Path, tmp_path: Path
) -> None:
    file = json.loads(credential.read_text())
    wrong = tmp_path / "wrong.ionapi"
    wrong.write_text(json.dumps({**file, "cs": "not-the-secret"}))
    path = _table(tmp_path, ["80001"])
    refused = _load(path, wrong)
    assert refused.exit_code == 1
    assert "1 left" in refused.output
    assert "The load ended early" in refused.output
    assert _load(path, credential).exit_code == 0


def test_a_journal_of_other_rows_is_not_continued(
    infor: Infor, credential: Path, tmp_path: Path
) -> None:
    path = _table(tmp_path, ["80001"])
    assert _load(path, credential).exit_code == 0
    _table(tmp_path, ["80002"])
    other = _load(path, credential)
    assert other.exit_code == 1
    assert "journal of another load" in other.output
    assert _stored(infor) == ["80001"]


def test_a_killed_load_goes_on_and_sends_no_row_twice(
    infor: Infor, credential: Path, tmp_path: Path
) -> None:
    numbers = [f"8{number:04}" for number in range(200)]
    path = _table(tmp_path, numbers)
    slow = infor.faults.add("latency", service="M3", operation="bulk", seconds=0.6)
    command = ["m3", "load", path, "CRS620MI", "AddSupplier", "--with", credential]
    script = "from ionport.cli import main; main()"
    arguments = [sys.executable, "-c", script, *map(str, command), "--batch", "10"]
    with subprocess.Popen(
        [*arguments, "--concurrency", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    ) as running:
        try:
            assert until(lambda: len(_stored(infor)) >= 20)
        finally:
            running.send_signal(signal.SIGKILL)
    slow.remove()
    second = _load(path, credential, "--json")
    told = json.loads(second.stdout)
    assert told["done"] + told["unknown"] == 200
    assert told["unknown"] <= 20
    unknown = {row["SUNO"] for row in _results(path) if row["state"] == "unknown"}
    # Those that M3 does not have are among the unknown ones, and nothing came twice.
    assert set(numbers) - set(_stored(infor)) <= unknown
    lines = path.with_name("suppliers.csv.load").read_text("utf-8").splitlines()
    sent = map(json.loads, lines)
    rows = [row for entry in sent for row in entry.get("sent", ())]
    assert len(rows) == len(set(rows)) == 200


def test_one_transaction_is_run_and_its_records_shown(infor: Infor, credential: Path) -> None:
    common = ("--with", credential, "--json")
    made = _ionport(
        "m3",
        "run",
        "CRS620MI",
        "AddSupplier",
        "SUNO=80009",
        "SUNM=One",
        *(f"{name}={value}" for name, value in SUPPLIER.items()),
        "--write",
        *common,
    )
    assert made.exit_code == 0, made.output
    shown = _ionport("m3", "run", "CRS620MI", "GetBasicData", "SUNO=80009", *common)
    assert json.loads(shown.stdout)[0]["SUNM"] == "One"
    missing = _ionport("m3", "run", "CRS620MI", "GetBasicData", "SUNO=NOPE", *common)
    assert missing.exit_code == 1
    assert "M3 refused CRS620MI GetBasicData" in missing.output
