"""The errors of what both sides share and of the Infor side are one tree, drawn in one place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ionport.core import errors

SOURCE = Path(errors.__file__).parents[1]
FOLDERS = ("core", "store", "oauth", "gateway", "sandbox")


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
    for path in (path for name in FOLDERS for path in (SOURCE / name).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.bases:
                yield node.name, ast.unparse(node.bases[0]).rpartition(".")[2]
