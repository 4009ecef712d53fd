"""The machine interfaces answer, byte for byte, what is on record; a change renews the record."""

from __future__ import annotations

import subprocess
import sys

from tools.recorded_answers import DIGESTS, ROOT

RENEW = "python -m tools.recorded_answers --renew"


def test_every_route_answers_what_is_on_record() -> None:
    """In a process of its own: the clock of that one stands still, and its ids are made up."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.recorded_answers", "--digests"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    recorded = set(DIGESTS.read_text(encoding="utf-8").splitlines())
    now = set(done.stdout.splitlines())
    told = [f"- {line}" for line in sorted(recorded - now)]
    told += [f"+ {line}" for line in sorted(now - recorded)]
    assert not told, f"these answers changed; if that is meant: {RENEW}\n" + "\n".join(told[:40])
