"""Rows loaded into M3 a second: `ionport m3 load` against PyPI's inforion, in the same run.

Both load the same CSV file from their own process into a stub that waits and says that all is
done; reading the file, the login, and writing down what became of each row count, the start of the
process does not. inforion sends a hundred rows, waits, and sends the next; ours sends 16 calls of
80 rows at once and writes each row into its journal before it leaves.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from support.processes import MissingTool, serving
from support.python_peers import inforions_python

FLOOR, GOAL = 4.0, 10.0
_FLOOR_AT, _GOAL_AT = 50, 200
_CONCURRENCY = 16
_SECONDS = 300
_ROOT = Path(__file__).parent.parent
_STUB = Path(__file__).parent / "support" / "m3_stub.py"
_LEFT_OUT = (
    "M3's own time for a row (the stub waits as long for a hundred rows as for one), TLS, the start"
    " of the processes"
)
_LOOP = """
import sys, time
{setup}
file, credential, url = sys.argv[1:4]
started = time.perf_counter()
{load}
print("seconds", time.perf_counter() - started)
"""
_OURS = _LOOP.format(
    setup="from ionport.cli import main\nimport ionport.cli.client.m3",
    load=f"""try:
    main(["m3", "load", file, "CRS620MI", "AddSupplier", "--with", credential,
          "--concurrency", "{_CONCURRENCY}", "--json"], standalone_mode=False)
except SystemExit as ended:
    assert not ended.code, ended""",
)
_INFORION = _LOOP.format(
    setup="import inforion, pandas",
    load="""rows = pandas.read_csv(file, dtype=str)
done = inforion.main_load(url, credential, "CRS620MI", "AddSupplier", rows)
assert list(done["MESSAGE"]) == ["AddSupplier:OK^_^"] * len(rows), done""",
)


def _table(path: Path, rows: int) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["SUNO", "SUNM", "SUTY", "CSCD", "ORTY", "CUCD", "CRTP", "ATPR"])
        for number in range(rows):
            name = f"Supplier {number:06}"
            writer.writerow([f"7{number:06}", name, "0", "DE", "F20", "EUR", "1", "1"])
    return path


def _credential(path: Path, port: int) -> Path:
    origin = f"http://127.0.0.1:{port}"
    content = {
        "ti": "BENCH_TST",
        "cn": "bench",
        "dt": "12",
        "ci": "BENCH_TST~client",
        "cs": "secret",
        "iu": origin,
        "pu": f"{origin}/BENCH_TST/as/",
        "oa": "authorization.oauth2",
        "ot": "token.oauth2",
        "or": "revoke_token.oauth2",
        "ev": "bench",
        "v": "1.0",
        "saak": "access",
        "sask": "key",
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _seconds(python: str, script: str, folder: Path, *arguments: str) -> float:
    # Each load signs on, as the peer does.
    environment = {**os.environ, "PYTHONPATH": str(_ROOT / "src"), "IONPORT_TOKEN_CACHE": "off"}
    done = subprocess.run(
        [python, "-c", script, *arguments],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("seconds ")]
    if done.returncode or not lines:
        raise SystemExit(done.stderr[-2000:] or done.stdout[-2000:])
    return float(lines[-1].split()[1])


def _measure(milliseconds: int, rows: int, rounds: int) -> dict[str, Any]:
    python = inforions_python()
    ours: list[float] = []
    peer: list[float] = []
    command = [sys.executable, str(_STUB), str(milliseconds / 1000)]
    with (
        tempfile.TemporaryDirectory(prefix="ionport-bench-") as name,
        serving(command, r"port (\d+)") as port,
    ):
        folder = Path(name)
        credential = str(_credential(folder / "bench.ionapi", port))
        url = f"http://127.0.0.1:{port}/BENCH_TST/M3/m3api-rest/v2/execute"
        for number in range(rounds):
            file = str(_table(folder / f"rows-{number}.csv", rows))
            ours.append(_seconds(sys.executable, _OURS, folder, file, credential, url))
            peer.append(_seconds(str(python), _INFORION, folder, file, credential, url))
    ratios = [theirs / mine for mine, theirs in zip(ours, peer, strict=True)]
    return {
        "milliseconds_per_call": milliseconds,
        "rows": rows,
        "rows_per_second": round(rows / median(ours)),
        "peer_rows_per_second": round(rows / median(peer)),
        "ratio": round(median(ratios), 1),
    }


def main() -> int:
    """Measure and print; exit status 1 with `--check` below the floor."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="3,000 rows, one round")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit 1 below the floor")
    options = parser.parse_args()
    rows, rounds = (3_000, 1) if options.quick else (10_000, 3)
    try:
        found = [_measure(wait, rows, rounds) for wait in (_FLOOR_AT, _GOAL_AT)]
    except MissingTool as missing:
        print(f"skipped: {missing}")
        return 0
    result = {"loads": found, "floor": FLOOR, "goal": GOAL, "left_out": _LEFT_OUT}
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{rows:,} rows of 8 fields, {_CONCURRENCY} calls at once")
        for each in found:
            print(
                f"  {each['milliseconds_per_call']:>4} ms a call: ionport"
                f" {each['rows_per_second']:,} rows/s, inforion"
                f" {each['peer_rows_per_second']:,} rows/s, {each['ratio']} x"
            )
        print(f"left out: {_LEFT_OUT}")
    lowest, wanted = found[0]["ratio"], found[1]["ratio"]
    passed = lowest >= FLOOR
    bounds = f"(floor {FLOOR:.0f} at {_FLOOR_AT} ms), {wanted} (goal {GOAL:.0f} at {_GOAL_AT} ms)"
    print(f"ratio {lowest} {bounds}", "" if passed else "BELOW THE FLOOR")
    return 0 if passed or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
