"""M3 mappings in TOML: the same sections as `.properties`, and conflict-resolution rules.

Source: docs/reference/mapping-files.md#m3, docs/reference/mapping-files.md#conflict-rules.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.mappings.grammars.aliases import column_id, field_id
from ionport.mappings.grammars.properties import lines_of
from ionport.mappings.grammars.sections import M3_SECTIONS, Section
from ionport.mappings.model import MappingKind
from ionport.mappings.rendering.conflicts.rules import OPERATORS, TOLERANCES
from ionport.mappings.rendering.erp import Action, Cell, ErpMapping, Rule, SectionMapping

EXPORT, CONFLICTS = "export_configuration", "conflict_resolution"
_HEADER = re.compile(r"\s*\[{1,2}\s*([\w.\"' -]+?)\s*\]{1,2}\s*(?:#.*)?")
_KEY = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*=")
_FIELD = re.compile(r"\[([^\[\]]+)\]")
_COLUMN = re.compile(r"\[\[([^\[\]]+)\]\]")
_LONG_KEY = re.compile(r"(?:\.[ \t]{0,8}[\"'\w-]{1,80}[ \t]{0,8}){50}")
# A row goes to the section that its action names; both words of the description are taken.
_SECTION_WORDS = {
    "receipt_line": "receipt_lines",
    "cost_line": "cost_lines",
    "header_charge": "order_header_charges",
    "line_charge": "order_line_charges",
    "tax_line": "tax_lines",
    "debit_note_receipt_line": "debit_note_receipt_lines",
    "debit_note_cost_line": "debit_note_cost_lines",
    "credit_note_receipt_line": "credit_note_receipt_lines",
    "credit_note_cost_line": "credit_note_cost_lines",
}


def load_toml(text: str) -> Mapping[str, Any]:
    """Return the tables of a TOML file; raises ValueError for what is none, with the place."""
    if _LONG_KEY.search(text):
        # tomllib takes time by the square of a key's parts.
        raise ValueError("a key of over 50 parts")
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def parse_m3_toml(text: str) -> ErpMapping:
    """Read an M3 mapping in TOML.

    Raises:
        InvalidInput: not TOML (with the line), or a value of a type that the grammar lacks.
    """
    try:
        content = load_toml(text)
    except ValueError as error:
        raise InvalidInput(
            _("This is not a TOML file: {why}").format(why=str(error)[:200]), code="toml_broken"
        ) from error
    lines = _lines(text)
    exported = _table(content, EXPORT)
    sections = {
        name: one
        for name, section in M3_SECTIONS.items()
        if name in exported and (one := _section(section, _table(exported, name), lines)).cells
    }
    rules = _table(content, CONFLICTS).get("rule", [])
    if not isinstance(rules, list):
        raise _wrong_type(f"{CONFLICTS}.rule")
    return ErpMapping(MappingKind.TOML, sections, tuple(_rules(rules, lines)))


def _section(
    section: Section, content: Mapping[str, Any], lines: Mapping[str, int]
) -> SectionMapping:
    path = f"{EXPORT}.{section.id}.fields"
    cells = {}
    for name, value in _table(content, "fields").items():
        text = _text(f"{path}.{name}", value)
        if text:
            key = f"{section.id}.{name}"
            cells[name.upper()] = (_cell(key, lines.get(f"{path}.{name}"), text),)
    return SectionMapping(section, _text(path, content.get("table", section.table)), cells)


def _cell(key: str, line: int | None, text: str) -> Cell:
    if match := _COLUMN.fullmatch(text):
        return Cell(key, line, column=column_id(match[1].strip()))
    if match := _FIELD.fullmatch(text):
        return Cell(key, line, field=field_id(match[1].strip()))
    return Cell(key, line, constant=text)


def _rules(rules: list[Any], lines: Mapping[str, int]) -> Iterator[Rule]:
    for number, content in enumerate(rules):
        path = f"{CONFLICTS}.rule"
        if not isinstance(content, dict):
            raise _wrong_type(path)
        active = content.get("active", True)
        if not isinstance(active, bool):
            raise InvalidInput(
                _("{path} is of the wrong type: true or false is expected, without quotes.").format(
                    path=f"{path}.active"
                ),
                code="toml_wrong_type",
            )
        if not active:
            continue
        criteria = _table(content, "match_criteria")
        name = _text(f"{path}.name", content.get("name", f"rule {number + 1}"))
        operator = _word(_text(f"{path}.comparison_operator", criteria.get("comparison_operator")))
        if operator not in OPERATORS and operator not in TOLERANCES:
            raise InvalidInput(
                _("The rule “{rule}” compares by “{operator}”, which is none of: {known}.").format(
                    rule=name, operator=operator, known=", ".join((*OPERATORS, *TOLERANCES))
                ),
                code="rule_operator_unknown",
            )
        yield Rule(
            name,
            _section_id(_text(f"{path}.section", content.get("section"))),
            column_id(_bare(_text(f"{path}.column", criteria.get("column")))),
            operator,
            _text(f"{path}.comparison_type", criteria.get("comparison_type")),
            _text(f"{path}.tolerance", criteria.get("tolerance")),
            _approval(criteria.get("approved")),
            tuple(_actions(content.get("actions", []))),
            lines.get(f"{path}#{number}"),
        )


def _actions(content: object) -> Iterator[Action]:
    for action in content if isinstance(content, list) else [content]:
        if not isinstance(action, dict):
            raise _wrong_type(f"{CONFLICTS}.rule.actions")
        columns = {
            name: _text(f"actions.mapping.{name}", value)
            for name, value in _table(action, "mapping").items()
        }
        yield Action(_section_id(_text("actions.type", action.get("type"))), columns)


def _section_id(text: str) -> str:
    word = _word(text)
    return _SECTION_WORDS.get(word, word)


def _word(text: str) -> str:
    return "_".join(text.lower().replace("-", " ").replace("_", " ").split())


def _bare(text: str) -> str:
    return text.strip("[] ")


def _approval(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"approved": True, "rejected": False}.get(str(value).lower())


def _table(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name, {})
    if not isinstance(found, dict):
        raise _wrong_type(name)
    return found


def _text(path: str, value: object) -> str:
    """Return a value as text: numbers without quotes are used as they are written."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _wrong_type(path)


def _wrong_type(path: str) -> InvalidInput:
    return InvalidInput(
        _("{path} is of the wrong type: a text in quotes is expected.").format(path=path),
        code="toml_wrong_type",
    )


def _lines(text: str) -> dict[str, int]:
    """Return the line of each key by its path, and of each rule by its number from 0."""
    found: dict[str, int] = {}
    section, rules = "", 0
    for number, line in enumerate(
        (each.raw for each in lines_of(text.removeprefix("\ufeff"))), start=1
    ):
        if header := _HEADER.fullmatch(line):
            section = header[1].replace('"', "").replace("'", "").replace(" ", "")
            if section == f"{CONFLICTS}.rule":
                found[f"{section}#{rules}"] = number
                rules += 1
        elif key := _KEY.match(line):
            found.setdefault(f"{section}.{key[1]}" if section else key[1], number)
    return found
