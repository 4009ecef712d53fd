"""The errors of the server are one tree, drawn in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ionport.core import errors

SOURCE = Path(errors.__file__).parents[1]
# The client library, which imports nothing of the rest, has a tree of its own.
LEFT_OUT = "ionapi"


def test_the_drawn_tree_names_every_error_with_its_base() -> None:
    bases = dict(_classes())
    tree = {"IonportError"}
    while found := {name for name, base in bases.items() if base in tree} - tree:
        tree |= found
    drawn = set(
        re.findall(r"\b[A-Z][A-Za-z]+\b", str(errors.__doc__).partition("The public text")[0])
    )
    assert tree - drawn == set()


def _classes() -> Iterator[tuple[str, str]]:
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).parts[0] == LEFT_OUT:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.bases:
                yield node.name, ast.unparse(node.bases[0]).rpartition(".")[2]
