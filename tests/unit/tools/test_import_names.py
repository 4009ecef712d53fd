from __future__ import annotations

from pathlib import Path

from tools.import_names import unknown_imports


def _found(top: Path, importing: str) -> list[str]:
    for name, source in (
        ("src/ionport/__init__.py", "def __getattr__(name): ..."),
        ("src/ionport/model.py", "import os.path\n\nclass Kept: ...\nA, B = 1, 2"),
        ("tests/__init__.py", ""),
        ("tests/support/people.py", "def site(): ..."),
        ("tests/test_it.py", importing),
    ):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return [violation.text for violation in unknown_imports(top)]


def test_a_name_that_was_renamed_is_found_where_a_test_imports_it(tmp_path: Path) -> None:
    importing = "from ionport.model import Former\ndef f():\n    from tests.support.people import X"
    assert _found(tmp_path, importing) == [
        "ionport.model has no Former",
        "tests.support.people has no X",
    ]


def test_a_module_that_was_moved_is_found(tmp_path: Path) -> None:
    assert _found(tmp_path, "from tests.former import site") == ["tests.former has no site"]


def test_names_modules_and_other_packages_are_no_violation(tmp_path: Path) -> None:
    importing = (
        "from ionport.model import A, B, Kept, os\nfrom ionport import model, made_when_asked\n"
        "from tests.support import people\nfrom tests.support.people import site\nfrom ast import x"
    )
    assert not _found(tmp_path, importing)
