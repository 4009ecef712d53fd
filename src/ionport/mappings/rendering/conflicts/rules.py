"""Conflict-resolution rules of a TOML mapping: rows that they add to the sections of M3 calls.

Source: docs/reference/mapping-files.md#conflict-rules. What a rule compares and where its rows
go follows from the names in the published description alone (*inferred*).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence, Set
from decimal import Decimal

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.mappings.grammars.aliases import column_id
from ionport.mappings.model import RenderSource
from ionport.mappings.rendering.conflicts.expressions import evaluate, number_of
from ionport.mappings.rendering.erp import Action, Rule, SectionMapping
from ionport.mappings.rendering.tables import Table, table_of
from ionport.mappings.rendering.values import place_text

OPERATORS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "equal": operator.eq,
    "greater_than": operator.gt,
    "greater_than_or_equal": operator.ge,
    "less_than": operator.lt,
    "less_than_or_equal": operator.le,
}
"""How a column is compared, by the words of the description."""
TOLERANCES: Mapping[str, bool] = {"within_tolerance": True, "outside_tolerance": False}
"""Comparisons with a tolerance, and whether the difference is in it."""

_LONGEST_CHAIN = 50

Rows = dict[str, list[Mapping[str, str]]]


def rows_by_rules(
    rules: Sequence[Rule],
    sections: Mapping[str, SectionMapping],
    source: RenderSource,
    sent: Set[str],
) -> Rows:
    """Return the rows that rules add, by section; `sent` are those that this document sends.

    Raises:
        InvalidInput: a rule that cannot be applied to a row, or adds one to a section that is
            not sent; it names the rule's line.
    """
    added: Rows = {}
    for rule in rules:
        if rule.section not in sections:
            continue
        table = table_of(source, sections[rule.section].table)
        for row in table.rows:
            try:
                if _matches(rule, table, row):
                    for action in rule.actions:
                        _refuse_unsent(action, sent)
                        added.setdefault(action.section, []).append(_row(action, table, row))
            except InvalidInput as error:
                raise _in_rule(rule, error) from error
    return added


def _refuse_unsent(action: Action, sent: Set[str]) -> None:
    if action.section not in sent:
        raise InvalidInput(
            _(
                "it adds a line to “{section}”, which is not sent with a document of this type."
                " A debit or credit note is a document of its own."
            ).format(section=action.section),
            code="rule_section_unsent",
        )


def _matches(rule: Rule, table: Table, row: Mapping[str, str]) -> bool:
    if rule.approved is not None and (_text(table, row, "approved") == "true") is not rule.approved:
        return False
    found = number_of(_text(table, row, rule.column))
    wanted = number_of(evaluate(rule.against, lambda name: _value(table, row, name)))
    if found is None or wanted is None:
        return False
    if rule.operator in OPERATORS:
        return OPERATORS[rule.operator](found, wanted)
    tolerance = number_of(rule.tolerance) or Decimal(0)
    return (abs(found - wanted) <= tolerance) is TOLERANCES[rule.operator]


def _row(action: Action, table: Table, row: Mapping[str, str]) -> dict[str, str]:
    """Return the columns of an action; each may name others of the action."""
    names = {column_id(name): name for name in action.columns}
    done: dict[str, str] = {}
    under_way: list[str] = []

    def value(name: str) -> str:
        column = column_id(name)
        if column in under_way:
            # `amount = "[amount] * 2"` means the row's own column.
            if own := _text(table, row, name):
                return own
            raise InvalidInput(
                _("[{column}] refers to itself: {circle}.").format(
                    column=name, circle=" → ".join((*under_way, column))
                ),
                code="expression_cyclic",
            )
        if column not in names:
            return _value(table, row, name)
        if column not in done:
            if len(under_way) == _LONGEST_CHAIN:
                raise InvalidInput(
                    _("[{column}] follows from over {limit} columns, one from the other.").format(
                        column=column, limit=_LONGEST_CHAIN
                    ),
                    code="expression_wrong",
                )
            under_way.append(column)
            done[column] = evaluate(action.columns[names[column]], value)
            under_way.pop()
        return done[column]

    # A row that is made keeps what it was made from, so that its order and item are known.
    return {**row, **{column: value(column) for column in names}}


def _value(table: Table, row: Mapping[str, str], name: str) -> str:
    if text := _text(table, row, name):
        return text
    raise InvalidInput(
        _("the row has no value in [{column}].").format(column=name), code="expression_unresolved"
    )


def _text(table: Table, row: Mapping[str, str], name: str) -> str:
    return table.value(row, column_id(name))[0]


def _in_rule(rule: Rule, error: InvalidInput) -> InvalidInput:
    place = place_text(rule.line, rule.name)
    return InvalidInput(
        _("{place}: the rule cannot be applied: {why}").format(place=place, why=error.text),
        code=error.code,
    )
