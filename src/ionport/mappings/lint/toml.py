"""Checks of M3 mappings in TOML (docs/reference/mapping-files.md#m3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ionport.core.errors import InvalidInput
from ionport.mappings.grammars.properties import Property, lines_of
from ionport.mappings.grammars.sections import M3_SECTIONS
from ionport.mappings.lint.common import close_to, found
from ionport.mappings.lint.m3 import check_m3
from ionport.mappings.model import Finding
from ionport.mappings.rendering.erp import Cell
from ionport.mappings.rendering.m3_toml import EXPORT, load_toml, parse_m3_toml

_PLACE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)
# What stands before the bracket that ends a table's name, or before the sign of a key.
_DEFINED = re.compile(r"[ \t]*(\[[^\]#]*|[^=#\[\]]*(?==))")
_NAME = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)")
_METADATA = frozenset(
    ("version", "revision", "author", "description", "created_at", "updated_at", "name")
)


def lint_toml(text: str) -> Iterator[Finding]:
    """Yield the findings about an M3 mapping in TOML."""
    try:
        content = load_toml(text)
    except ValueError as error:
        yield _broken(text, str(error))
        return
    wrong = list(_check_types(text, content))
    yield from wrong
    if any(finding.blocks_activation for finding in wrong):
        return
    try:
        mapping = parse_m3_toml(text)
    except InvalidInput as error:
        yield found("toml_rule", why=error.text)
        return
    lines = list(lines_of(text))

    def place_of(cell: Cell) -> Property | None:
        if cell.line is None:
            return None
        raw = lines[cell.line - 1].raw
        return Property(cell.key, "", cell.line, len(raw) - len(raw.lstrip()) + 1)

    yield from check_m3(mapping, place_of)


def _broken(text: str, why: str) -> Finding:
    match = _PLACE.fullmatch(why)
    if match:
        return found("toml_broken", int(match[2]), why=match[1])
    return found("toml_broken", text.count("\n") + 1, why=why.partition(" (at ")[0])


def _check_types(text: str, content: Mapping[str, Any]) -> Iterator[Finding]:
    exported, lines = content.get(EXPORT, {}), _first_lines(text)
    if not isinstance(exported, dict):
        yield _wrong(lines, EXPORT, exported, "table")
        return
    for name, section in exported.items():
        if name in M3_SECTIONS:
            yield from _check_section(lines, name, section)
        elif name not in _METADATA:
            yield found(
                "toml_unknown_section",
                lines.get(name),
                name,
                name=name,
                suggestion=close_to(name, M3_SECTIONS),
            )


def _check_section(lines: Mapping[str, int], name: str, section: Any) -> Iterator[Finding]:
    path = f"{EXPORT}.{name}"
    fields = section.get("fields", {}) if isinstance(section, dict) else section
    if not isinstance(fields, dict):
        yield _wrong(lines, path, fields, "table")
        return
    for key, value in fields.items():
        if not isinstance(value, str):
            yield _wrong(lines, f"{path}.fields.{key}", value, "")


def _wrong(lines: Mapping[str, int], key: str, value: Any, case: str) -> Finding:
    line = lines.get(key.rpartition(".")[2])
    return found("toml_wrong_type", line, key, found=type(value).__name__, case=case)


def _first_lines(text: str) -> Mapping[str, int]:
    """Return the first line that defines a key or table of each name."""
    lines = dict[str, int]()
    for number, line in enumerate(text.split("\n"), start=1):
        if match := _DEFINED.match(line):
            for quoted, other, bare in _NAME.findall(match[1]):
                lines.setdefault(quoted or other or bare, number)
    return lines
