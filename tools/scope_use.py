"""The rule that a repository's method uses the scope it takes: whose rows its statements reach.

A scope is used where an attribute of it is read, or where it is an argument of a call: of another
module's function, or of a function or method of the same module that itself uses the parameter.
Asking for its type is no use.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.violation import Violation

_PERMITTED = re.compile(r"#\s*scope unused:[ \t]*\S{2,}")
_NO_USE = {"isinstance", "type", "repr", "str", "hash", "id"}

_Function = ast.FunctionDef
_Place = tuple[str, str]  # class, or nothing, and function


def unused_scopes(path: Path, tree: ast.Module, source: str) -> Iterator[Violation]:
    """Report each public method of a `…Repository` class that ignores its scope."""
    module = _Module(tree)
    lines = source.splitlines()
    for (owner, name), method in module.functions.items():
        if not owner.endswith("Repository") or name.startswith("_"):
            continue
        scope = next((each for each in _arguments(method) if each.arg == "scope"), None)
        if scope is None or _annotation(scope) == "SystemScope":
            continue
        body = "\n".join(lines[method.lineno - 1 : method.end_lineno])
        if not module.uses((owner, name), "scope") and not _PERMITTED.search(body):
            text = f"{owner}.{name} does not use its scope"
            yield Violation(path, method.lineno, "unused-scope", text)


class _Module:
    """The functions of a module, and which of them use a parameter."""

    def __init__(self, tree: ast.Module) -> None:
        self.functions: dict[_Place, _Function] = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self.functions["", node.name] = node
            elif isinstance(node, ast.ClassDef):
                for each in node.body:
                    if isinstance(each, ast.FunctionDef):
                        self.functions[node.name, each.name] = each
        self._asked: set[tuple[_Place, str]] = set()

    def uses(self, place: _Place, parameter: str) -> bool:
        """Tell whether a function uses its parameter; one that asks itself does not."""
        if (place, parameter) in self._asked:
            return False
        self._asked.add((place, parameter))
        try:
            return any(self._is_use(place[0], node, parameter) for node in _body(self, place))
        finally:
            self._asked.discard((place, parameter))

    def _is_use(self, owner: str, node: ast.AST, name: str) -> bool:
        if isinstance(node, ast.Attribute):
            return _is(node.value, name)
        if not isinstance(node, ast.Call):
            return False
        place = self._called(owner, node.func)
        handed = [
            *((number, each) for number, each in enumerate(node.args)),
            *((each.arg or "", each.value) for each in node.keywords),
        ]
        return any(
            _is(value, name) and self._receives(place, node.func, position)
            for position, value in handed
        )

    def _called(self, owner: str, called: ast.expr) -> _Place | None:
        """Find the function of this module that is called, or None."""
        if isinstance(called, ast.Name):
            place = ("", called.id)
        elif isinstance(called, ast.Attribute) and _is(called.value, "self"):
            place = (owner, called.attr)
        else:
            return None
        return place if place in self.functions else None

    def _receives(self, place: _Place | None, called: ast.expr, position: int | str) -> bool:
        if place is None:
            return not (isinstance(called, ast.Name) and called.id in _NO_USE)
        if isinstance(position, str):
            return self.uses(place, position)
        names = [each.arg for each in _arguments(self.functions[place])]
        if place[0]:
            position += 1
        return position < len(names) and self.uses(place, names[position])


def _body(module: _Module, place: _Place) -> Iterator[ast.AST]:
    for statement in module.functions[place].body:
        yield from ast.walk(statement)


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _arguments(function: _Function) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _annotation(argument: ast.arg) -> str:
    return ast.unparse(argument.annotation) if argument.annotation else ""
