"""Promises about the project's own files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.citations import REFERENCE, missing, without_source

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-dev.lock", "package-lock.json"]
)
def test_lock_files_name_no_place_to_download_from(name: str) -> None:
    content = (ROOT / name).read_text(encoding="utf-8")
    assert '"resolved"' not in content
    # npm writes where packages ask for donations; that is no download.
    addresses = re.findall(r'(?<!"url": ")https?://\S+', content)
    assert addresses == []
    assert not re.search(r"https?://\S+\.(tgz|whl|gz|zip)", content)


def test_the_contract_against_sql_in_pages_names_every_repository() -> None:
    source = ROOT / "src"
    contracts = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    modules = [
        ".".join(path.relative_to(source).with_suffix("").parts)
        for path in sorted(source.rglob("*_repository.py"))
    ]
    assert [module for module in modules if f'"{module}"' not in contracts] == []


def test_niquests_is_never_locked() -> None:
    content = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    assert not re.search(r"(?m)^(niquests|urllib3-future)\b", content)


def test_no_tracked_file_holds_something_like_a_credential() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix == ".lock" or path.name == "package-lock.json" or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "ignore")
        if re.search(
            r"(?<![A-Za-z0-9_-])(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{84,90}(?![A-Za-z0-9_-])", text
        ):
            found.append(name)
    assert found == []


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_decision_record_has_a_date_and_a_status() -> None:
    undated = [
        path.name
        for path in sorted((ROOT / "docs/decisions").glob("*.md"))
        if not re.search(
            r"(?m)^Date: \d{4}-\d\d-\d\d\b.*\bStatus: ", path.read_text(encoding="utf-8")
        )
    ]
    assert undated == []


def test_what_files_cite_is_in_the_repository() -> None:
    """No file names a source that a reader has not; every cited page and section exists."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    absent = re.compile("|".join(["facts" + "/", "DESIGN" + r"\.md", r"\bfs:" + r"\d"]))
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".html", ".toml", ".json", ".tsv"} and path.is_file():
            text = path.read_text(encoding="utf-8")
            found += [f"{name}: {each}" for each in [*absent.findall(text), *missing(text)]]
    assert found == []


@pytest.mark.parametrize("page", sorted(path.name for path in REFERENCE.glob("*.md")))
def test_every_statement_of_the_reference_has_a_source(page: str) -> None:
    assert without_source((REFERENCE / page).read_text(encoding="utf-8")) == []


def test_every_test_that_keeps_the_promise_of_one_that_is_gone_is_there() -> None:
    rows = re.findall(r"(?m)^\|[^|]+\|([^|]+)\|$", (ROOT / "tests/README.md").read_text("utf-8"))
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)", "\n".join(rows))
    lost = []
    for path, name in named:
        place = next(
            (each for each in ("tests", "tests/unit") if (ROOT / each / path).exists()), ""
        )
        if not place or f"def {name}(" not in (ROOT / place / path).read_text("utf-8"):
            lost.append(f"{path}::{name}")
    assert (lost, len(named) > 50) == ([], True)
