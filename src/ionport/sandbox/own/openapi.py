"""OpenAPI documents of a suite: its operations with their inputs and answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from ionport.core.errors import InvalidInput
from ionport.sandbox.own.transactions import OwnField, OwnTransaction, field_type

Json = Mapping[str, Any]

MAX_OPERATIONS: Final = 2_000
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_TENANT: Final = re.compile(
    r"[A-Z0-9]+_(PRD|TST|TRN|DEV|DEM)|\{\w*tenant\w*\}|TENANT", re.IGNORECASE
)
_CONTEXT: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_MEDIA_TYPE: Final = re.compile(r"[\w.+*-]+/[\w.+*-]+(;[ -~]*)?", re.ASCII)
_TRANSACTION: Final = re.compile(r"/m3api-rest/(?:v2/)?execute/([A-Z0-9]{3,10})/(\w{1,30})")
# Parameters of the call, not of the transaction.
_OPTIONS: Final = frozenset(
    (
        *("cono", "divi", "maxrecs", "dateformat", "excludeempty", "righttrim", "returncols"),
        *("format", "extendedresult", "metadata"),
    )
)
_MAX_HOPS: Final = 10


@dataclass(frozen=True, slots=True)
class OwnParameter:
    """A parameter in the query or in the path."""

    name: str
    place: str
    is_required: bool
    schema: Json


@dataclass(frozen=True, slots=True)
class OwnOperation:
    """One operation of a suite.

    Attributes:
        path: below the API context, with `{name}` for parameters.
        body: schema of a JSON body; None when the operation takes none.
        status, media_type, example, answer: of the answer when all is well; `answer` is its
            schema, `example` what the document gives as one.
    """

    method: str
    path: str
    name: str
    parameters: Sequence[OwnParameter] = ()
    body: Json | None = None
    needs_body: bool = False
    status: int = 200
    media_type: str = "application/json"
    example: Any = None
    answer: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnSuite:
    """A suite as its document describes it; references are resolved in `document`."""

    context: str
    source: str
    operations: Sequence[OwnOperation]
    document: Json = field(repr=False)


def is_openapi(data: Any) -> bool:
    """Tell whether an object says that it is an OpenAPI or a Swagger document."""
    return isinstance(data, dict) and ("openapi" in data or "swagger" in data)


def read_suite(document: Json, source: str, context: str = "") -> OwnSuite:
    """Return the suite that a document describes.

    Raises:
        InvalidInput: it does not say which suite it is of, or it has no operation.
    """
    parts = [unquote(part) for part in _base_path(document).split("/") if part]
    while parts and _TENANT.fullmatch(parts[0]):
        parts.pop(0)
    if context and parts[:1] != [context]:
        parts = [context, *parts]
    if not parts or not _CONTEXT.fullmatch(parts[0]):
        raise InvalidInput(
            f"{source} does not say which API suite it is of: its server has no path such as"
            " /TENANT/M3/…. Name it with --suite.",
            code="suite_unnamed",
        )
    prefix = "".join(f"/{part}" for part in parts[1:])
    operations = []
    for operation in _operations(document, prefix):
        operations.append(operation)
        if len(operations) >= MAX_OPERATIONS:
            break
    if not operations:
        raise InvalidInput(f"{source} describes no operation.", code="no_operations")
    return OwnSuite(parts[0], source, operations, document)


def split_transactions(suite: OwnSuite, source: str) -> tuple[list[OwnTransaction], OwnSuite]:
    """Return the transactions of M3 that a document describes, and the suite without them."""
    if suite.context.upper() != "M3":
        return [], suite
    transactions, rest = {}, []
    for operation in suite.operations:
        found = _TRANSACTION.fullmatch(operation.path)
        if found is None:
            rest.append(operation)
        else:
            inputs = tuple(_field(each) for each in operation.parameters if _is_field(each))
            outputs = tuple(_outputs(operation.answer, suite.document))
            transaction = OwnTransaction(found[1], found[2], inputs, outputs, source)
            transactions[found[1], found[2].lower()] = transaction
    return list(transactions.values()), OwnSuite(suite.context, source, rest, suite.document)


def resolved(schema: Any, document: Json) -> Json:
    """Return a schema or another object, with a reference into the document resolved."""
    for _hop in range(_MAX_HOPS):
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        if not reference.startswith("#/"):
            return {}
        schema = document
        for part in reference[2:].split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            schema = schema.get(name) if isinstance(schema, dict) else None
    return {}


def _base_path(document: Json) -> str:
    servers = document.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], dict):
        try:
            return urlsplit(str(servers[0].get("url", ""))).path
        except ValueError:
            return ""
    return str(document.get("basePath", ""))


def _operations(document: Json, prefix: str) -> Iterator[OwnOperation]:
    paths = document.get("paths")
    for path, methods in paths.items() if isinstance(paths, dict) else ():
        shared = methods.get("parameters", []) if isinstance(methods, dict) else []
        for method in _METHODS:
            found = methods.get(method) if isinstance(methods, dict) else None
            if isinstance(found, dict) and isinstance(path, str):
                yield _operation(document, method, _path(prefix + path), found, shared)


def _path(path: str) -> str:
    """Parameters' names have to be words for the table of addresses."""
    plain = re.sub(r"\{([^}]*)\}", lambda found: "{" + re.sub(r"\W", "_", found[1]) + "}", path)
    # `;returncols=…` of M3's documents is a matrix parameter: part of the last segment.
    return re.sub(r"(;[^/]*)+$", "", plain).rstrip("/") or "/"


def _operation(document: Json, method: str, path: str, found: Json, shared: Any) -> OwnOperation:
    listed = [*(shared if isinstance(shared, list) else ()), *_list(found.get("parameters"))]
    given = [resolved(each, document) for each in listed[:300]]
    parameters = [
        OwnParameter(
            str(each["name"]),
            str(each.get("in", "query")),
            each.get("required") is True,
            # Swagger 2 has the schema's words beside the name.
            resolved(each.get("schema", each), document),
        )
        for each in given
        if isinstance(each.get("name"), str) and each.get("in") in ("query", "path")
    ]
    body, needs_body = _body(found, given, document)
    status, media_type, example, answer = _answer(found, document)
    name = str(found.get("operationId") or found.get("summary") or f"{method} {path}")[:200]
    return OwnOperation(
        method.upper(),
        path,
        name,
        parameters,
        body,
        needs_body,
        status,
        media_type,
        example,
        answer,
    )


def _body(found: Json, given: Sequence[Json], document: Json) -> tuple[Json | None, bool]:
    for each in given:
        if each.get("in") == "body":
            return resolved(each.get("schema"), document), each.get("required") is True
    request = resolved(found.get("requestBody"), document)
    for media_type, content in _dict(request.get("content")).items():
        if "json" in str(media_type):
            schema = resolved(_dict(content).get("schema"), document)
            return schema, request.get("required") is True
    return None, False


def _answer(found: Json, document: Json) -> tuple[int, str, Any, Json]:
    answers = _dict(found.get("responses"))
    for status in sorted(answers, key=str):
        if re.fullmatch(r"2\d\d|2XX|default", str(status)):
            number = int(status) if str(status).isdigit() else 200
            answer = resolved(answers[status], document)
            for media_type, content in _dict(answer.get("content")).items():
                schema = resolved(_dict(content).get("schema"), document)
                return number, _media_type(media_type), _example(_dict(content)), schema
            examples = _dict(answer.get("examples"))
            for media_type, example in examples.items():
                kind = _media_type(media_type)
                return number, kind, example, resolved(answer.get("schema"), document)
            return number, "application/json", None, resolved(answer.get("schema"), document)
    return 200, "application/json", None, {}


def _media_type(written: object) -> str:
    """Return a media type as a header takes it; what is none is taken for JSON."""
    return str(written) if _MEDIA_TYPE.fullmatch(str(written)) else "application/json"


def _example(content: Json) -> Any:
    if "example" in content:
        return content["example"]
    for each in _dict(content.get("examples")).values():
        if isinstance(each, dict) and "value" in each:
            return each["value"]
    return None


def _is_field(parameter: OwnParameter) -> bool:
    return parameter.place == "query" and parameter.name.lower() not in _OPTIONS


def _field(parameter: OwnParameter) -> OwnField:
    length = parameter.schema.get("maxLength")
    return OwnField(
        parameter.name.upper(),
        field_type(str(parameter.schema.get("type", ""))),
        length if isinstance(length, int) else 0,
        parameter.is_required,
    )


def _outputs(schema: Json, document: Json, depth: int = 0) -> Iterator[OwnField]:
    """The fields of a record: the properties that are called like fields of M3."""
    if depth > _MAX_HOPS:
        return
    properties = _dict(schema.get("properties"))
    for name, below in properties.items():
        inner = resolved(below, document)
        if re.fullmatch(r"[A-Z0-9]{4,6}", str(name)):
            length = inner.get("maxLength")
            kind = field_type(str(inner.get("type", "")))
            yield OwnField(str(name), kind, length if isinstance(length, int) else 0, False)
        else:
            items = resolved(inner.get("items", inner), document)
            yield from _outputs(items, document, depth + 1)


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
