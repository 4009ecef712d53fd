"""OpenAPI 3 and Swagger 2 documents, told as operations and schemas that a page can show.

Documents come from strangers: whatever is not as the specifications say is left out, nothing is
fetched, and there is a bound to everything. A reference is named, not written out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _
from ionport.core.paging import MAX_PER_PAGE
from ionport.gateway.suites.model import MAX_DOCUMENTATION_BYTES

MAX_OPERATIONS: Final = MAX_PER_PAGE
MAX_SCHEMAS: Final = MAX_PER_PAGE
MAX_LINES: Final = 4_000
MAX_DEPTH: Final = 60
_MAX_NESTING: Final = 4
_MAX_HOPS: Final = 5
_MAX_TEXT: Final = 2_000
_MAX_NAME: Final = 200
# The target of a reference is read again for each reference: each list is cut before it is read.
_MAX_PARAMETERS: Final = 100
_MAX_REQUIRED: Final = 500
_METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
_PLACES: Final = ("path", "query", "header", "cookie", "formData")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A property of a schema; `depth` counts the objects around it. `schema` names what it refers
    to, empty when it stands by itself.
    """

    depth: int
    name: str
    type: str
    is_required: bool
    description: str
    schema: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation; `place` is path, query, header, cookie or formData."""

    name: str
    place: str
    type: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Content:
    """A body: its media type, and a line for itself followed by its properties."""

    media_type: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation may answer; `status` is a number or `default`."""

    status: str
    description: str
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `number` is its place in the document, from 1."""

    number: int
    method: str
    path: str
    summary: str
    description: str
    is_deprecated: bool
    parameters: tuple[Parameter, ...]
    bodies: tuple[Content, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """A named schema, with a line for itself followed by its properties."""

    name: str
    description: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ApiDescription:
    """A document as a page shows it. `is_cut`: there is more than that."""

    title: str
    version: str
    description: str
    operations: tuple[Operation, ...]
    schemas: tuple[Schema, ...]
    is_cut: bool


def read_documentation(content: bytes) -> dict[str, Any]:
    """Return the object of a Swagger 2 or OpenAPI 3 document in JSON or YAML.

    Raises:
        TooLarge: over 2 MB.
        InvalidInput: it is something else; the text is under `file`.
    """
    if len(content) > MAX_DOCUMENTATION_BYTES:
        raise TooLarge(
            _("The document has {size} bytes; at most {limit} are accepted.").format(
                size=len(content), limit=MAX_DOCUMENTATION_BYTES
            )
        )
    document = _parsed(content)
    version = None
    if isinstance(document, dict):
        version = document.get("openapi") or document.get("swagger")
    if not str(version).startswith(("3.", "2.")):
        raise _wrong_file(
            _("This is no OpenAPI 3 or Swagger 2 document: it names neither version."),
            "not_openapi",
        )
    if _is_deep(document):
        raise _wrong_file(_("The document is nested too deeply."), "too_deep")
    return dict(document)


def describe(content: str) -> ApiDescription:
    """Return what a kept document says."""
    return _Reader(_object(json.loads(content))).description()


def _parsed(content: bytes) -> Any:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong_file(_("The document is no text in UTF-8."), "not_text") from error
    if not text.lstrip().startswith("{"):
        # Imported only now: few documents need it, and loading it would slow the sandbox's start.
        from ionport.gateway.suites.yaml_reader import read_yaml

        try:
            # Once more through JSON: its keys are texts, as in the status codes of responses.
            return json.loads(json.dumps(read_yaml(text)))
        except InvalidInput as error:
            raise _wrong_file(error.text, error.code) from error
        except (ValueError, TypeError) as error:
            raise _wrong_file(_("The document has a key that is no text."), "not_yaml") from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        text = _("This is no JSON ({reason}).").format(reason=str(error)[:200])
        raise _wrong_file(text, "not_json") from error


def _is_deep(document: Any) -> bool:
    """Tell whether reading it again might go deeper than Python calls may nest."""
    level = [document]
    for _depth in range(MAX_DEPTH):
        below = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not below:
            return False
        level = below
    return True


def _wrong_file(text: str, code: str) -> InvalidInput:
    return InvalidInput(text, code=code, fields={"file": text})


class _Reader:
    """Reads one document; stops taking lines when there are `MAX_LINES` of them."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._lines_left = MAX_LINES
        self._is_cut = False
        self._names = _object(document.get("definitions")) or _object(
            _object(document.get("components")).get("schemas")
        )

    def description(self) -> ApiDescription:
        info = _object(self._document.get("info"))
        operations = tuple(self._operations())
        schemas = tuple(self._schemas())
        return ApiDescription(
            title=_word(info.get("title")),
            version=_word(info.get("version")),
            description=_text(info.get("description")),
            operations=operations,
            schemas=schemas,
            is_cut=self._is_cut,
        )

    def _operations(self) -> Iterator[Operation]:
        number = 0
        for path, item in _object(self._document.get("paths")).items():
            item = self._resolved(item)
            for method in _METHODS:
                operation = item.get(method)
                if not isinstance(operation, dict):
                    continue
                if number >= MAX_OPERATIONS or self._lines_left <= 0:
                    self._is_cut = True
                    return
                number += 1
                yield self._operation(number, method, str(path), item, operation)

    def _operation(
        self, number: int, method: str, path: str, item: Json, operation: Json
    ) -> Operation:
        # Those of the operation count before those of its path.
        given = [
            self._resolved(one)
            for holder in (operation, item)
            for one in _list(holder.get("parameters"))[:_MAX_PARAMETERS]
        ]
        named: dict[tuple[Any, Any], Json] = {}
        for one in given:
            named.setdefault((str(one.get("in")), str(one.get("name"))), one)
        return Operation(
            number=number,
            method=method.upper(),
            path=_word(path, 500),
            summary=_word(operation.get("summary") or operation.get("operationId"), 500),
            description=_text(operation.get("description")),
            is_deprecated=operation.get("deprecated") is True,
            parameters=tuple(self._parameters(named.values())),
            bodies=tuple(self._bodies(operation, named.values())),
            answers=tuple(self._answers(operation)),
        )

    def _parameters(self, given: Any) -> Iterator[Parameter]:
        for one in given:
            if one.get("in") in _PLACES and self._takes_line():
                schema = _object(one.get("schema")) or one
                yield Parameter(
                    name=_word(one.get("name")),
                    place=str(one["in"]),
                    type=self._type(schema),
                    is_required=one.get("required") is True or one["in"] == "path",
                    description=_text(one.get("description")) or _choices(schema),
                )

    def _bodies(self, operation: Json, parameters: Any) -> Iterator[Content]:
        yield from self._contents(self._resolved(operation.get("requestBody")))
        for one in parameters:
            if one.get("in") == "body":
                consumes = operation.get("consumes", self._document.get("consumes"))
                media = next(iter(_list(consumes)), "application/json")
                yield Content(_word(media), tuple(self._lines(one.get("schema"))))

    def _answers(self, operation: Json) -> Iterator[Answer]:
        for status, answer in islice(_object(operation.get("responses")).items(), 30):
            answer = self._resolved(answer)
            contents = tuple(self._contents(answer))
            if "schema" in answer:
                produces = operation.get("produces", self._document.get("produces"))
                media = next(iter(_list(produces)), "application/json")
                contents = (Content(_word(media), tuple(self._lines(answer["schema"]))),)
            yield Answer(_word(status), _text(answer.get("description")), contents)

    def _contents(self, holder: Json) -> Iterator[Content]:
        for media, content in islice(_object(holder.get("content")).items(), 10):
            yield Content(_word(media), tuple(self._lines(_object(content).get("schema"))))

    def _schemas(self) -> Iterator[Schema]:
        for number, (name, schema) in enumerate(self._names.items()):
            if number >= MAX_SCHEMAS or self._lines_left <= 0:
                self._is_cut = True
                return
            schema = _object(schema)
            description = _text(schema.get("description"))
            yield Schema(_word(name), description, tuple(self._lines(schema)))

    def _lines(
        self, schema: Any, name: str = "", depth: int = 0, *, is_required: bool = False
    ) -> Iterator[Line]:
        """Yield a line for a schema and, unless it is a reference, for what is inside of it."""
        schema = _object(schema)
        if not self._takes_line() or not schema:
            return
        inner = _object(schema.get("items")) if schema.get("type") == "array" else schema
        # The description of the outermost one stands above its lines already.
        notes = (_text(schema.get("description")) if depth else "", _choices(inner))
        yield Line(
            depth=depth,
            name=_word(name),
            type=self._type(schema),
            is_required=is_required,
            description=" ".join(note for note in notes if note),
            schema=self._name(inner),
        )
        if depth >= _MAX_NESTING or "$ref" in inner:
            return
        required = _list(inner.get("required"))[:_MAX_REQUIRED]
        # One more than is shown, which tells that something is cut.
        for key, value in islice(_object(inner.get("properties")).items(), self._lines_left + 1):
            yield from self._lines(value, str(key), depth + 1, is_required=key in required)
        for part in _list(inner.get("allOf"))[: self._lines_left + 1]:
            yield from self._lines(part, "", depth + 1)

    def _type(self, schema: Json) -> str:
        if "$ref" in schema:
            return self._name(schema) or _word(str(schema["$ref"]).rpartition("/")[2])
        kind = schema.get("type")
        if kind == "array":
            return _("array of {type}").format(type=self._type_inside(schema.get("items")))
        if isinstance(kind, list):
            return " | ".join(_word(one) for one in kind[:10])
        for joint in ("oneOf", "anyOf", "allOf"):
            parts = [self._type_inside(part) for part in _list(schema.get(joint))[:10]]
            if parts and not kind:
                return (" & " if joint == "allOf" else " | ").join(parts)
        kind = _word(kind) or ("object" if "properties" in schema else _("any"))
        return f"{kind} ({_word(schema['format'])})" if schema.get("format") else kind

    def _type_inside(self, schema: Any) -> str:
        schema = _object(schema)
        if "$ref" in schema:
            return self._type(schema)
        return _word(schema.get("type")) if isinstance(schema.get("type"), str) else _("any")

    def _name(self, schema: Json) -> str:
        """Return the name of the schema that this one refers to, if the document has it."""
        name = _unescaped(str(schema.get("$ref", "")).rpartition("/")[2])
        return _word(name) if name in self._names else ""

    def _resolved(self, value: Any) -> Json:
        """Return an object, or what it refers to inside of the document."""
        found = _object(value)
        for _hop in range(_MAX_HOPS):
            reference = found.get("$ref")
            if not isinstance(reference, str):
                return found
            if not reference.startswith("#/"):
                return {}
            step: Any = self._document
            for part in reference[2:].split("/")[:20]:
                step = _object(step).get(_unescaped(part))
            found = _object(step)
        return {}

    def _takes_line(self) -> bool:
        is_left = self._lines_left > 0
        self._lines_left -= is_left
        self._is_cut |= not is_left
        return is_left


def _choices(schema: Json) -> str:
    values = [_word(value, 40) for value in _list(schema.get("enum"))[:20]]
    return _("One of: {values}.").format(values=", ".join(values)) if values else ""


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: object, limit: int = _MAX_NAME) -> str:
    """Return a short text on one line; empty for what is no text and no number."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    return "".join(letter for letter in str(value)[:limit] if letter.isprintable())


def _text(value: object) -> str:
    """Return a text of several lines, without what cannot be shown."""
    if not isinstance(value, str):
        return ""
    kept = re.sub(r"[^\n\t -\U0010ffff]|[\x7f-\x9f\ud800-\udfff]", "", value[:_MAX_TEXT])
    return kept.strip()
