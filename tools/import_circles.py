"""Finds modules that import each other in a circle, imports for types alone included."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tools.violation import Violation


def import_circles(root: Path) -> Iterator[Violation]:
    """Yield the first circle among the modules of the package whose folder is `root`."""
    files = {_module(root, path): path for path in sorted(root.rglob("*.py"))}
    graph = {module: _imported(module, path, files) for module, path in files.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # It tells each module before the one that imports it.
        circle = list(reversed(error.args[1]))
        yield Violation(files[circle[0]], 1, "import-circle", " -> ".join(circle))


def _module(root: Path, path: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(module: str, path: Path, known: Mapping[str, Path]) -> Set[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) + 1 - node.level]
                source = ".".join([*above, source] if source else above)
            names = {f"{source}.{alias.name}" for alias in node.names}
            found |= {name if name in known else source for name in names}
    return {name for name in found if name in known and name != module}
