"""Checks a call by the document of a suite, and answers from its examples and schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ionport.core.errors import InvalidInput
from ionport.sandbox.kit.operations import Answer, Call, Fact, Known, Operation, Step, Wire
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.own.openapi import Json, OwnOperation, OwnSuite, resolved
from ionport.store import Work

_MAX_DEPTH: Final = 12
_MAX_ELEMENTS: Final = 1_000
# References can make a schema of any size out of a small document.
_MAX_SCHEMAS: Final = 5_000
_MAX_CHECKS: Final = 200_000
_SAMPLES: Final[Mapping[str, Any]] = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "null": None,
}
_FORMATS: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/",
    "email": "name@example.com",
    "byte": "dGV4dA==",
}
_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_WRITTEN: Final = {
    "integer": re.compile(r"[+-]?\d{1,30}", re.ASCII),
    "number": re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?", re.ASCII),
    "boolean": re.compile(r"true|false"),
}


def told_by(source: str) -> Fact:
    """Return the fact for an operation of a tenant's own file."""
    return Fact(source, Known.OWN)


def operations_of(suite: OwnSuite) -> list[Operation]:
    """Return the operations of a suite, each with a handler that checks and answers."""
    return [
        Operation(
            each.name,
            each.method,
            each.path,
            answering(suite, each),
            told_by(suite.source),
            wire=Wire(query=[p.name for p in each.parameters if p.place == "query"]),
        )
        for each in suite.operations
    ]


def answering(suite: OwnSuite, operation: OwnOperation) -> Callable[[Call], Step]:
    """Return a handler that checks a call and answers by the document's example or schema."""

    def handler(call: Call) -> Step:
        check_call(suite, operation, call)
        content = operation.example
        if content is None:
            content = sample(operation.answer, suite.document)
        is_text = isinstance(content, str) and "json" not in operation.media_type
        body = content if is_text else json.dumps(content, ensure_ascii=False, default=str)
        empty = operation.status == 204 or (content is None and not operation.answer)
        media_type = None if empty else operation.media_type
        answer = Answer(operation.status, b"" if empty else body.encode(), media_type)

        def step(work: Work) -> Answer:
            return answer

        return step

    return handler


def check_call(suite: OwnSuite, operation: OwnOperation, call: Call) -> None:
    """Refuse a call that the document does not allow.

    Raises:
        InvalidInput: a parameter or the body is missing or wrong; the text names the place.
    """
    for parameter in operation.parameters:
        if parameter.place == "query":
            values = call.query.getlist(parameter.name)
            if not values and parameter.is_required:
                raise _wrong(parameter.name, "is missing: the document of the suite requires it")
            schema = parameter.schema
            if schema.get("type") == "array":
                schema = resolved(schema.get("items"), suite.document)
            for value in values:
                _check_text(parameter.name, value, schema)
    if operation.body is None:
        return
    if not call.body:
        if operation.needs_body:
            raise _wrong("The body", "is missing")
        return
    try:
        content = json.loads(call.body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _wrong("The body", "is not JSON") from error
    bound = iter(range(_MAX_CHECKS))
    _check_value("$", content, operation.body, suite.document, 0, bound)


def sample(schema: Json, document: Json) -> Any:
    """Return a value that a schema allows: its example or default, else the simplest.

    Values below 12 levels, or after the first 5,000 schemas, are left empty.
    """
    return _sample(schema, document, 0, iter(range(_MAX_SCHEMAS)))


def _sample(schema: Json, document: Json, depth: int, left: Iterator[int]) -> Any:
    if next(left, None) is None:
        return None
    schema = resolved(schema, document)
    for word in ("example", "default"):
        if word in schema:
            return schema[word]
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    for word in ("allOf", "oneOf", "anyOf"):
        if isinstance(schema.get(word), list) and schema[word] and depth < _MAX_DEPTH:
            if word != "allOf":
                return _sample(schema[word][0], document, depth + 1, left)
            return _of_all(schema, document, depth, left)
    kind = _kind(schema)
    if kind == "object":
        properties = schema.get("properties")
        below = properties if isinstance(properties, dict) and depth < _MAX_DEPTH else {}
        return {
            str(name): _sample(each, document, depth + 1, left)
            for name, each in list(below.items())[:_MAX_ELEMENTS]
        }
    if kind == "array":
        items = schema.get("items")
        return [_sample(items, document, depth + 1, left)] if items and depth < _MAX_DEPTH else []
    if kind == "string":
        text = _FORMATS.get(str(schema.get("format")), _SAMPLES["string"])
        longest = schema.get("maxLength")
        return text[:longest] if isinstance(longest, int) and longest >= 0 else text
    return _SAMPLES.get(kind)


def _of_all(schema: Json, document: Json, depth: int, left: Iterator[int]) -> Any:
    own = {word: value for word, value in schema.items() if word != "allOf"}
    several = (*schema["allOf"], own)
    found = [_sample(each, document, depth + 1, left) for each in several]
    merged: dict[str, Any] = {}
    for each in found:
        merged |= each if isinstance(each, dict) else {}
    return merged or found[0]


def _kind(schema: Json) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "array" if "items" in schema else "null"


def _check_text(name: str, text: str, schema: Json) -> None:
    kind = str(schema.get("type", ""))
    if kind in _WRITTEN and not _WRITTEN[kind].fullmatch(text):
        raise _wrong(name, f"is {quoted(text)}, and the document of the suite wants {kind}")
    _check_limits(name, text, schema)


def _check_limits(name: str, value: Any, schema: Json) -> None:
    longest, choices = schema.get("maxLength"), schema.get("enum")
    if isinstance(value, str) and isinstance(longest, int) and len(value) > longest:
        raise _wrong(name, f"has {len(value)} characters, and at most {longest} are allowed")
    if isinstance(choices, list) and value not in choices and str(value) not in map(str, choices):
        shown = ", ".join(str(each) for each in choices[:20])
        raise _wrong(name, f"is {quoted(str(value))}, and may be {shown}")


def _check_value(
    place: str, value: Any, schema: Json, document: Json, depth: int, left: Iterator[int]
) -> None:
    if next(left, None) is None:
        return
    schema = resolved(schema, document)
    if depth > _MAX_DEPTH or (value is None and schema.get("nullable") is True):
        return
    for each in schema.get("allOf", []) if isinstance(schema.get("allOf"), list) else []:
        _check_value(place, value, each, document, depth + 1, left)
    kinds = schema.get("type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    allowed = [kind for kind in map(str, listed) if kind in _TYPES]
    if allowed and not any(_TYPES[kind](value) for kind in allowed):
        raise _wrong(place, f"is not of the type {' or '.join(allowed)}")
    _check_limits(place, value, schema)
    if isinstance(value, dict):
        required = schema.get("required")
        for name in required if isinstance(required, list) else ():
            if name not in value:
                raise _wrong(f"{place}.{name}", "is missing: the document of the suite requires it")
        properties = schema.get("properties")
        for name, below in properties.items() if isinstance(properties, dict) else ():
            if name in value:
                _check_value(f"{place}.{name}", value[name], below, document, depth + 1, left)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for number, below in enumerate(value[:_MAX_ELEMENTS]):
            _check_value(f"{place}[{number}]", below, schema["items"], document, depth + 1, left)


def _wrong(place: str, what: str) -> InvalidInput:
    return InvalidInput(f"{place} {what}.", code="not_as_documented")
