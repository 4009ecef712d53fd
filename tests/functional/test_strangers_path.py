"""What a stranger does with a wheel in a clean environment, from the registry. It takes a minute
and is part of `make release`; `IONPORT_STRANGERS_PATH=1` runs it here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.release.strangers_path import first_call

ROOT = Path(__file__).parents[2]
REASON = "the stranger's path runs in `make release`, or with IONPORT_STRANGERS_PATH=1"


def test_the_first_call_that_it_makes_is_the_manuals_in_ten_lines() -> None:
    example = first_call()
    assert "IonApiClient" in example
    assert len([line for line in example.splitlines() if line.strip()]) <= 10


@pytest.mark.skipif("IONPORT_STRANGERS_PATH" not in os.environ, reason=REASON)
def test_a_wheel_leads_to_a_first_upload_a_proof_and_an_answer(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(tmp_path)]
    if subprocess.run([*pip, "click"], check=False, capture_output=True, timeout=60).returncode:
        pytest.skip("NO REGISTRY: the stranger's path was not gone")
    walk = [sys.executable, "-m", "tools.release.strangers_path"]
    done = subprocess.run(walk, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
    assert "the stranger's path works" in done.stdout
