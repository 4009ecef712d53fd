"""Clients from PyPI run unchanged against the sandbox, each in an environment of its own.

Only their pauses between two polls are made shorter.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.support.python_peers import inforions_python, taps_python
from ionport.ionapi import IonApiClient, IonApiFile
from ionport.testing.infor import Infor
from ionport.testing.running import running_infor
from tests.functional.conftest import peer

PATIENCE_SECONDS = 120
ROWS = 3_000


@pytest.fixture(scope="module")
def infor() -> Iterator[Infor]:
    with running_infor() as infor:
        yield infor


def run(python: Path, code: str, *arguments: str | Path) -> str:
    # inforion writes its log where it is started.
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(python), "-c", code, *map(str, arguments)],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            env={**os.environ, "PYTHONPATH": "", "NO_PROXY": "127.0.0.1"},
        )
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout


TAP = """
import tap_infor
import tap_infor.client as client
client.POLL_INTERVAL_SECONDS, client.MIN_SUBMISSION_INTERVAL = 0.05, 0
tap_infor.main()
"""


def test_tap_infor_discovers_and_reads(infor: Infor, tmp_path: Path) -> None:
    python = peer(taps_python, "TAP-INFOR")
    file = infor.ionapi_file()
    _fill(infor, file)
    config = tmp_path / "config.json"
    since = datetime.now(UTC) - timedelta(hours=1)
    settings = {"ionapi_file": file.read_text(), "start_date": f"{since:%Y-%m-%dT%H:%M:%SZ}"}
    config.write_text(json.dumps(settings))
    catalog: dict[str, Any] = json.loads(run(python, TAP, "--config", config, "--discover"))
    (stream,) = catalog["streams"]
    assert stream["key_properties"] == ["itno"]
    assert stream["schema"]["properties"]["qty"] == {"type": ["null", "number"]}
    for entry in stream["metadata"]:
        entry["metadata"]["selected"] = True
    chosen = tmp_path / "catalog.json"
    chosen.write_text(json.dumps(catalog))
    said = run(python, TAP, "--config", config, "--catalog", chosen)
    messages = [json.loads(line) for line in said.splitlines()]
    records = [each["record"] for each in messages if each["type"] == "RECORD"]
    assert sorted(each["itno"] for each in records) == ["A1", "A2", "A3"]
    assert {each["qty"] for each in records} == {5, 7.5, None}


def _fill(infor: Infor, file: Path) -> None:
    """Put an object into the catalog, and three rows of it into the lake."""
    schema = {"properties": {"itno": {"type": "string"}, "qty": {"type": "number"}}}
    entry = {
        "name": "stock",
        "type": "JSON",
        "schema": schema,
        "properties": {"IdentifierPaths": ["$.itno"]},
    }
    credentials = IonApiFile.load(file)
    with IonApiClient(credentials) as client:
        token = client.token().access_token.reveal()
        address = f"{credentials.api_url}/DATAFABRIC/datacatalog/v1/object"
        bearer = {"Authorization": f"Bearer {token}"}
        assert httpx2.post(address, json=entry, headers=bearer).status_code == 200
        rows = b'{"itno":"A1","qty":5}\n{"itno":"A2","qty":7.5}\n{"itno":"A3","qty":null}\n'
        client.datafabric.ingest("stock", "lid://acme.erp.one", rows)


INFORION = """
import sys, time
time.sleep = lambda seconds: None
import inforion, pandas
url, credential, table, result = sys.argv[1:5]
rows = pandas.read_csv(table, dtype=str)
done = inforion.main_load(url, credential, "CRS620MI", "AddSupplier", rows)
done[["SUNO", "MESSAGE"]].to_csv(result, index=False)
"""
SUPPLIER = {"SUTY": "0", "CSCD": "DE", "DTFM": "YMD", "ORTY": "F20", "DT4T": "1", "DTCD": "2"}
SUPPLIER |= {"CUCD": "EUR", "CRTP": "1", "ATPR": "1"}


def test_inforions_load_tells_each_refused_rows_own_reason(infor: Infor, tmp_path: Path) -> None:
    """One row of a hundred is refused, by turns for three reasons."""
    python = peer(inforions_python, "INFORION")
    infor.reset()
    table, result = tmp_path / "suppliers.csv", tmp_path / "result.csv"
    wrong = {
        0: ({"SUNO": "20001"}, "Supplier 20001 already exists"),
        1: ({"CSCD": "TOOLONG"}, "CSCD takes"),
        2: ({"SUNM": "N" * 99}, "SUNM takes"),
    }
    expected: dict[int, str] = {}
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["SUNO", "SUNM", *SUPPLIER])
        writer.writeheader()
        for number in range(ROWS):
            row = {"SUNO": f"8{number:05}", "SUNM": f"Supplier {number}", **SUPPLIER}
            if number % 100 == 50:
                change, expected[number] = wrong[len(expected) % 3]
                row |= change
            writer.writerow(row)
    file_ = infor.ionapi_file()
    credentials = IonApiFile.load(file_)
    url = f"{credentials.api_url}/M3/m3api-rest/v2/execute"
    run(python, INFORION, url, file_, table, result)
    with result.open(encoding="utf-8", newline="") as file:
        told = [row["MESSAGE"] for row in csv.DictReader(file)]
    assert len(told) == ROWS
    for number, message in enumerate(told):
        if number in expected:
            assert expected[number] in message, f"row {number}: {message}"
        else:
            assert "OK" in message, f"row {number}: {message}"
