"""Whoever looks an error text up in the manual finds it: what the code raises stands there.

Some ten texts of the folders in `NOT_YET` do not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import ionport
from ionport.manual import page_names, read_page

SOURCES = Path(ionport.__file__).parent
# Whose texts have no page of errors yet; a folder leaves this list when its page is there.
NOT_YET = (
    "testing/",
    "web/pages/connections/",
    "web/pages/control/",
    "web/pages/deliveries/",
    "web/pages/export_settings/",
    "web/pages/ion_desk/",
    "web/pages/mappings/",
    "web/pages/sandbox/",
)
# Their tables have texts of findings in other cells than the first one, and not in italics.
FINDINGS = ("rules", "mapping-rules")
# A question with fewer words is none with an error text.
FEWEST_WORDS = 3


def _raised(path: Path) -> Iterator[str]:
    """Yield what `_()` and the plural of `ngettext()` say in each `raise` of a file."""
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(statement, ast.Raise):
            continue
        for call in ast.walk(statement):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                place = {"_": 0, "ngettext": 1}.get(call.func.id)
                text = None if place is None else call.args[place]
                if isinstance(text, ast.Constant):
                    yield str(text.value)


def _as_quoted(text: str) -> str:
    """Write … for each placeholder, as the manual does, and for a star, which would end italics."""
    return re.sub(r"…+", "…", re.sub(r"\{\w*(![rs])?(:[^}]*)?\}|\*", "…", text))


def _in_the_manual() -> set[str]:
    found: set[str] = set()
    for name in page_names():
        for row in read_page(name).text.splitlines():
            if row.startswith("| "):
                cells = row.strip("| ").split(" | ")
                found |= set(re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", cells[0]))
                found |= set(cells[2:] if name in FINDINGS else ())
    return found


def test_each_error_text_that_is_raised_stands_in_the_manual() -> None:
    raised = {
        _as_quoted(text): str(path.relative_to(SOURCES))
        for path in sorted(SOURCES.rglob("*.py"))
        if not path.relative_to(SOURCES).as_posix().startswith(NOT_YET)
        for text in _raised(path)
        if len(text.split()) >= FEWEST_WORDS
    }
    assert len(raised) > 150
    there = _in_the_manual()
    missing = [f"{path}: {text}" for text, path in sorted(raised.items()) if text not in there]
    assert not missing, "\n".join(["No page of the manual has:", *missing])
