"""Finds imports of names that their module does not have, where no type checker looks."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from functools import cache
from pathlib import Path

from tools.violation import Violation

# mypy checks what is installed; tests, tools, benchmarks and examples are read here.
_FOLDERS = ("tests", "tools", "benchmarks", "examples")


def unknown_imports(top: Path) -> Iterator[Violation]:
    """Yield each name that a module beside `src` imports from a module that does not have it.

    `top`: the folder of the checkout. Modules of other packages are not looked at.
    """
    files = _modules(top / "src", "ionport")
    for folder in _FOLDERS:
        files |= _modules(top, folder)
    names_of = cache(lambda module: _bound(files[module]))
    for module, path in files.items():
        if module.partition(".")[0] not in _FOLDERS:
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.ImportFrom) or node.level:
                continue
            source = node.module or ""
            if source.partition(".")[0] not in {*_FOLDERS, "ionport"}:
                continue
            # A folder without `__init__.py` has modules alone; `__getattr__` makes any name.
            known = names_of(source) if source in files else frozenset()
            for alias in node.names:
                if f"{source}.{alias.name}" in files or {alias.name, "*", "__getattr__"} & known:
                    continue
                text = f"{source} has no {alias.name}"
                yield Violation(path, node.lineno, "unknown-import", text)


def _modules(root: Path, package: str) -> dict[str, Path]:
    found = {}
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _bound(path: Path) -> Set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found
