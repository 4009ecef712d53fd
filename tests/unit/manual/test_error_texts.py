"""Whoever looks an error text up in the manual finds it: each that the code raises stands there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import ionport
from ionport.core import errors
from ionport.manual import page_names, read_page

SOURCES = Path(ionport.__file__).parent
# What it raises is read by developers: it is not translated, so not marked by `_()`.
FIXTURE = SOURCES / "testing"
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
# What the code calls errors by the names of fields.
BY_FIELD = ("errors", "fields", "missing", "wrong")
# Their tables have texts of findings in other cells than the first one, and not in italics.
FINDINGS = ("rules", "mapping-rules")
# A question with fewer words is none with an error text.
FEWEST_WORDS = 3


def _raised(path: Path) -> Iterator[str]:
    """Yield what the errors of a file say, with … for what an f-string fills in."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    raises = (node for node in nodes if isinstance(node, ast.Raise))
    if path.is_relative_to(FIXTURE):
        return chain.from_iterable(map(_written, raises))
    return chain.from_iterable(map(_translated, chain(raises, _made(nodes))))


def _made(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield what errors that are not raised at once say, and what is kept for a field."""
    for node in nodes:
        match node:
            case ast.Call(func=ast.Name(name), args=[text, *_]) if name in ERRORS:
                yield text
            case ast.Assign(targets=[ast.Subscript(ast.Name(name))], value=text) if (
                name in BY_FIELD
            ):
                yield text


def _translated(node: ast.AST) -> Iterator[str]:
    """Yield what `_()` and the plural of `ngettext()` say."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            place = {"_": 0, "ngettext": 1}.get(call.func.id)
            text = None if place is None else call.args[place]
            if isinstance(text, ast.Constant):
                yield str(text.value)


def _written(node: ast.AST) -> Iterator[str]:
    """Yield the texts and f-strings of a part of the code, none of those inside another one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values
        )
    else:
        for part in ast.iter_child_nodes(node):
            yield from _written(part)


def _as_quoted(text: str) -> str:
    """Write … for each placeholder, as the manual does, and for a star, which would end italics."""
    filled = re.sub(r"\{\w*(![rs])?(:[^}]*)?\}|\*", "…", text)
    return re.sub(r"…+", "…", filled).replace("{{", "{").replace("}}", "}")


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
        for text in _raised(path)
        if len(text.split()) >= FEWEST_WORDS
    }
    assert len(raised) > 150
    there = _in_the_manual()
    missing = [f"{path}: {text}" for text, path in sorted(raised.items()) if text not in there]
    assert not missing, "\n".join(["No page of the manual has:", *missing])
