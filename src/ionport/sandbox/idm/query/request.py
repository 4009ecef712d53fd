"""Searches sent as a document: `POST items/search` and others (docs/reference/idm.md#search).

The document's form is seen in a source; how `logicalType` joins arguments is inferred: each joins
its argument to the next, OR as said and anything else as AND. The sample that the form was taken
from sends "string" there. With `useTextSearch` each value is looked for as a text, in the attribute
that is its key or, without one, anywhere; inferred.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ionport.core.errors import InvalidInput
from ionport.sandbox.idm.documents import list_in, text_in
from ionport.sandbox.idm.query.model import (
    MAX_COMPARISONS,
    MAX_PARTS,
    Comparison,
    Condition,
    Every,
    ItemSet,
    Path,
    Query,
    Sign,
    Some,
    Union,
    check_size,
)
from ionport.sandbox.kit.texts import quoted

_SEPARATOR = re.compile(r"[,;|]")


def read_queries(document: Mapping[str, object]) -> Query:
    """Read `{"queries": {"query": […]}}`; an item that one of the queries finds is found.

    Raises:
        InvalidInput: a part is missing, wrong or one too many; the text names it.
    """
    queries = list_in(document, "queries", "query", MAX_PARTS)
    paths = [path for each in queries for path in _paths(each)]
    if not paths:
        raise InvalidInput("The search names no document type.", code="entity_missing")
    items: ItemSet = paths[0] if len(paths) == 1 else Union(tuple(paths))
    query = Query(items)
    check_size(query)
    return query


def _paths(query: Mapping[str, object]) -> list[Path]:
    arguments = list_in(query, "arguments", "argument", MAX_COMPARISONS)
    if text_in(query, "useTextSearch").lower() in ("1", "true"):
        arguments = [{**each, "operator": Sign.CONTAINS.value} for each in arguments]
    condition = _condition(arguments)
    names = [name.strip().removeprefix("/") for name in _SEPARATOR.split(_entities(query))]
    return [Path(name, condition) for name in names if name]


def _entities(query: Mapping[str, object]) -> str:
    found = query.get("entities")
    if isinstance(found, list):
        return ",".join(each for each in found if isinstance(each, str))
    if isinstance(found, dict):
        return ",".join(text_in(each, "name") for each in list_in(query, "entities", "entity", 50))
    return text_in(query, "entities")


def _condition(arguments: Sequence[Mapping[str, object]]) -> Condition:
    """Join the arguments in turn: `a OR b AND c` is `(a OR b) AND c`."""
    found: Condition = Every()
    joins_or = False
    for place, argument in enumerate(arguments):
        comparison = _comparison(argument)
        if place == 0:
            found = comparison
        else:
            found = Some((found, comparison)) if joins_or else Every((found, comparison))
        joins_or = text_in(argument, "logicalType").upper() == "OR"
    return found


def _comparison(argument: Mapping[str, object]) -> Comparison:
    attribute = text_in(argument, "key").removeprefix("@").removeprefix("*")
    operator = " ".join(text_in(argument, "operator").upper().split()) or "="
    try:
        sign = Sign("!=" if operator == "<>" else operator)
    except ValueError as error:
        raise InvalidInput(
            f"{quoted(operator)} is no operator of a search; there are {', '.join(Sign)}.",
            code="unknown_operator",
        ) from error
    needs_value = sign not in (Sign.IS_NULL, Sign.IS_NOT_NULL)
    return Comparison(attribute, sign, text_in(argument, "value") if needs_value else "")
