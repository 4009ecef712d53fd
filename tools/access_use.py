"""The rules about what works in a transaction: how it is handed down, and what it may not do.

A function holds a transaction where it takes a `Work`, a `ScopedWork` or an `Access`; a block of
`with` holds one where it opens it under the name `work` or `access`. A function made inside one
runs whenever it is called, so it counts by what it takes itself.

What is slow is made before the transaction, by a function whose name begins with `prepare_`
(docs/decisions/0003-sqlalchemy-core-and-alembic-sqlite-by-default.md).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tools.violation import Violation

_HELD: Final = re.compile(r"(Work|ScopedWork\[.*\]|Access\[.*\])")
_OPENED: Final = {"work", "access"}
_PERMITTED: Final = re.compile(r"#\s*within the transaction:[ \t]*\S{2,}")
# What reads, renders, signs or fetches, by where it comes from.
_SLOW: Final = (
    "httpx2.",
    "ionport.core.pdf.",
    "ionport.core.typesetting.",
    "ionport.core.xml.parse",
    "ionport.documents.invoice.reading.",
    "ionport.documents.invoice.rendering.",
    "ionport.mappings.rendering.bod.parse_",
    "ionport.mappings.rendering.bod.render_",
    "ionport.mappings.rendering.idm.parse_",
    "ionport.mappings.rendering.idm.render_",
    "joserfc.jwt.encode",
    "lxml.etree.tostring",
)
# What does so whatever it is a method of: the last names of a call.
_SLOW_METHODS: Final = re.compile(
    r"(^|\.)(prepare_\w+|_?blobs\.put|hash_password|read_bytes|write_bytes|\w*(key|signer)\.sign)$"
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def scopes_beside_work(path: Path, tree: ast.Module) -> Iterator[Violation]:
    """Report each function that takes a transaction and a scope apart."""
    for node in ast.walk(tree):
        if not isinstance(node, _Function):
            continue
        taken = _arguments(node)
        if any(_annotation(each) == "Work" for each in taken) and any(
            each.arg.lstrip("_") == "scope" for each in taken
        ):
            text = f"{node.name} takes work and scope: take one access (ScopedWork or Access)"
            yield Violation(path, node.lineno, "scope-beside-work", text)


def slow_work(path: Path, tree: ast.Module, source: str) -> Iterator[Violation]:
    """Report each call of what is slow where a transaction is held, helpers of the module too."""
    module = _Module(tree, source)
    seen: set[int] = set()
    for statements in _held(tree):
        for call, name in module.slow_calls(statements):
            if id(call) not in seen:
                seen.add(id(call))
                text = f"{name} is called where a transaction is held: prepare it before"
                yield Violation(path, call.lineno, "slow-in-transaction", text)


class _Module:
    """The functions of a module, what it imports, and what of it is slow."""

    def __init__(self, tree: ast.Module, source: str) -> None:
        self._imported, self._lines = _imports(tree), source.splitlines()
        self._functions = {
            f"self.{each.name}" if isinstance(node, ast.ClassDef) else each.name: each
            for node in [tree, *tree.body]
            if isinstance(node, ast.Module | ast.ClassDef)
            for each in node.body
            if isinstance(each, _Function)
        }
        self._asked: set[str] = set()

    def slow_calls(self, statements: list[ast.stmt]) -> Iterator[tuple[ast.Call, str]]:
        """Yield each slow call of a block, and each of a function of the module that makes one."""
        for call in _calls(statements):
            name = ast.unparse(call.func)
            if (self._is_slow(name) or self._makes_one(name)) and not self._is_permitted(call):
                yield call, name

    def _is_slow(self, name: str) -> bool:
        first, _dot, rest = name.partition(".")
        origin = self._imported.get(first)
        full = f"{origin}.{rest}" if origin and rest else origin or name
        return full.startswith(_SLOW) or _SLOW_METHODS.search(name) is not None

    def _makes_one(self, name: str) -> bool:
        """Tell whether a function of this module calls what is slow; one that asks itself not."""
        function = self._functions.get(name)
        if function is None or name in self._asked:
            return False
        self._asked.add(name)
        try:
            return next(self.slow_calls(function.body), None) is not None
        finally:
            self._asked.discard(name)

    def _is_permitted(self, call: ast.Call) -> bool:
        around = self._lines[max(call.lineno - 2, 0) : call.end_lineno]
        return any(_PERMITTED.search(line) for line in around)


def _held(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, _Function):
            if any(_HELD.fullmatch(_annotation(each)) for each in _arguments(node)):
                yield node.body
        elif isinstance(node, ast.With) and any(
            isinstance(item.optional_vars, ast.Name) and item.optional_vars.id in _OPENED
            for item in node.items
        ):
            yield node.body


def _calls(statements: list[ast.stmt]) -> Iterator[ast.Call]:
    """Yield the calls of a block, without those of functions that are made in it."""
    waiting: list[ast.AST] = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, _Function | ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting += ast.iter_child_nodes(node)


def _imports(tree: ast.Module) -> Mapping[str, str]:
    """Return where each imported name of a module comes from."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(each.asname or each.name): each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return found


def _arguments(function: _Function) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _annotation(argument: ast.arg) -> str:
    return ast.unparse(argument.annotation) if argument.annotation else ""
