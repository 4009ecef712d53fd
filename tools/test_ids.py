"""Lists the ids of all tests, and tells what two lists have apart: was a promise lost?

`python -m tools.test_ids > before.txt`, and after the change
`python -m tools.test_ids before.txt`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_ids() -> list[str]:
    """Collect the ids of all tests, sorted."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts="]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if found.returncode:
        raise SystemExit(found.stdout[-2_000:])
    return sorted(line for line in found.stdout.splitlines() if "::" in line)


def differences(before: list[str], now: list[str]) -> list[str]:
    """Return a line for each test that is gone (`-`) or new (`+`)."""
    there_before, there_now = {_key(each) for each in before}, {_key(each) for each in now}
    return [
        *(f"- {each}" for each in before if _key(each) not in there_now),
        *(f"+ {each}" for each in now if _key(each) not in there_before),
    ]


def _key(test_id: str) -> tuple[str, ...]:
    """The same test for the same values, in whatever order they stand in the brackets."""
    name, _bracket, values = test_id.partition("[")
    return (name, *sorted(values.removesuffix("]").split("-")))


def main() -> int:
    """Print the ids, or what differs from those in the file named; 1 when a test is gone."""
    ids = test_ids()
    if len(sys.argv) == 1:
        print("\n".join(ids))  # noqa: T201
        return 0
    before = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    found = differences(before, ids)
    print("\n".join(found) or "the same tests")  # noqa: T201
    return 1 if any(line.startswith("-") for line in found) else 0


if __name__ == "__main__":
    sys.exit(main())
