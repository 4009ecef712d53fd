"""The list of planted faults fits the code: each text stands there once, each test file exists."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tools.planted_faults import ROOT, Fault, Stale, faults, files_of, is_caught, place_of


def test_every_fault_fits_the_code_and_the_tests() -> None:
    files = {path: path.read_text(encoding="utf-8") for path in _sources()}
    stale = []
    for fault in faults():
        count = sum(text.count(fault.text) for text in files.values())
        if count != 1:
            stale.append(f"{fault.name}: its text stands in the code {count} times")
        try:
            files_of(fault)
        except Stale as error:
            stale.append(str(error))
    assert not stale, "\n".join(stale)


def test_there_are_at_least_forty_and_no_two_have_a_name() -> None:
    names = [fault.name for fault in faults()]
    assert len(names) >= 40
    assert len(set(names)) == len(names)


def test_a_fault_counts_as_caught_when_a_test_fails_and_is_taken_back(tmp_path: Path) -> None:
    source = tmp_path / "src" / "ionport" / "sum.py"
    source.parent.mkdir(parents=True)
    # pytest loads this module of ours in every project.
    (plugin,) = entry_points(group="pytest11", name="ionport")
    module = source.parents[1] / f"{plugin.module.replace('.', '/')}.py"
    module.parent.mkdir(parents=True, exist_ok=True)
    for path in (source.with_name("__init__.py"), module.with_name("__init__.py"), module):
        path.write_text("")
    source.write_text("def add(a, b):\n    return a + b\n")
    test = tmp_path / "tests" / "test_sum.py"
    test.parent.mkdir()
    test.write_text("from ionport.sum import add\n\ndef test_it():\n    assert add(2, 3) == 5\n")
    wrong = Fault("wrong", "a + b", "a - b", ("test_sum.py",))
    same = Fault("same", "a + b", "b + a", ("tests/test_sum.py",))
    broken = Fault("broken", "return a + b", "return (", ("test_sum.py",))
    assert is_caught(wrong, tmp_path)
    assert not is_caught(same, tmp_path)
    # A module that cannot be imported proves nothing.
    assert not is_caught(broken, tmp_path)
    assert source.read_text() == "def add(a, b):\n    return a + b\n"


@pytest.mark.parametrize(("text", "said"), [("a + c", "nowhere"), ("a", "sum.py, src/ionport/")])
def test_a_text_that_is_not_there_once_is_stale(tmp_path: Path, text: str, said: str) -> None:
    source = tmp_path / "src" / "ionport" / "sum.py"
    source.parent.mkdir(parents=True)
    source.write_text("a = a\n")
    with pytest.raises(Stale, match=said):
        place_of(Fault("stale", text, "", ("test_sum.py",)), tmp_path)


def _sources() -> list[Path]:
    return sorted((ROOT / "src" / "ionport").rglob("*.py"))
