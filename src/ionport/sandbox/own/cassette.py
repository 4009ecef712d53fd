"""Calls to a real tenant as they were recorded, and which of them answers a call.

A cassette is JSON: requests and their answers, without any secret. Addresses of the tenant
stand in it as placeholders, which are filled with the sandbox's own when an answer is replayed.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from ionport.core.errors import InvalidInput

FORMAT: Final = 1
MAX_BYTES: Final = 100_000_000
MAX_CALLS: Final = 5_000
GATEWAY: Final = "{{ionport-gateway}}"
TENANT: Final = "{{ionport-tenant}}"
# Headers of an answer that a client may need; no other one is kept.
KEPT_HEADERS: Final = frozenset({"etag", "last-modified", "retry-after", "x-csrf-token-required"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_KIND: Final = "ionport cassette"

Key = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """One call and its answer.

    Attributes:
        path: from the API context on, such as `/IDM/api/items`.
        query: as it was sent, with what was replaced.
        media_type: the Content-Type of the answer.
        is_kept: False for a file, whose content no cassette has.
        replaced: names in the query whose values were replaced, as `replaced_names` tells them:
            any value agrees.
    """

    method: str
    path: str
    query: str
    status: int
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_kept: bool = True
    request_body: str = ""
    replaced: frozenset[str] = frozenset()

    @property
    def service(self) -> str:
        """The API context."""
        return self.path.strip("/").partition("/")[0]


@dataclass(frozen=True, slots=True)
class Cassette:
    """Recorded calls in the order in which they were made."""

    calls: Sequence[RecordedAnswer]

    @classmethod
    def parse(cls, content: bytes) -> Cassette:
        """Read a cassette.

        Raises:
            InvalidInput: it is none, or damaged; the text names the place.
        """
        if len(content) > MAX_BYTES:
            raise _wrong(f"it is larger than {MAX_BYTES:,} bytes")
        try:
            data = json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise _wrong("it is not JSON in UTF-8") from error
        if not isinstance(data, dict) or data.get("kind") != _KIND:
            raise _wrong(f'its "kind" is not "{_KIND}"')
        if data.get("format") != FORMAT:
            raise _wrong(f'its "format" is not {FORMAT}: another version of ionport wrote it')
        calls = data.get("calls")
        if not isinstance(calls, list) or len(calls) > MAX_CALLS:
            raise _wrong(f'"calls" has to be a list of at most {MAX_CALLS:,}')
        return cls([_call(each, number) for number, each in enumerate(calls)])

    def to_bytes(self) -> bytes:
        """Return the cassette as it is written into a file."""
        calls = [_as_json(call) for call in self.calls]
        content = {"kind": _KIND, "format": FORMAT, "calls": calls}
        return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


class Replay:
    """Finds the recorded answer of a call.

    The same address with the same query is answered as it was; asked again, it gets the next
    recording of it, and the last one ever after. Where no query agrees, a recording answers whose
    query differs in values that were replaced alone.
    """

    def __init__(self, cassette: Cassette) -> None:
        self.cassette = cassette
        self._exact: dict[Key, list[RecordedAnswer]] = {}
        self._replaced: dict[frozenset[str], dict[Key, list[RecordedAnswer]]] = {}
        for call in cassette.calls:
            exact = _key(call.method, call.path, call.query)
            self._exact.setdefault(exact, []).append(call)
            if call.replaced:
                alike = _without(exact, call.replaced)
                self._replaced.setdefault(call.replaced, {}).setdefault(alike, []).append(call)
        self._turns: dict[Key, int] = {}
        self._lock = threading.Lock()

    @property
    def contexts(self) -> Sequence[str]:
        """The API contexts that have recordings."""
        return list(dict.fromkeys(call.service for call in self.cassette.calls if call.service))

    def find(self, method: str, path: str, query: str) -> RecordedAnswer | None:
        """Return the recording that answers a call, or None."""
        exact = _key(method, path, query)
        if found := self._exact.get(exact):
            return found[self._turn(exact, len(found))]
        for names, known in self._replaced.items():
            alike = _without(exact, names)
            if found := known.get(alike):
                return found[self._turn(alike, len(found))]
        return None

    def _turn(self, key: Key, count: int) -> int:
        with self._lock:
            turn = self._turns.get(key, 0)
            self._turns[key] = min(turn + 1, count - 1)
        return min(turn, count - 1)


def filled(call: RecordedAnswer, gateway_url: str, tenant_id: str) -> bytes:
    """Return the body of a recorded answer with the sandbox's addresses in it."""
    body = call.body.replace(GATEWAY.encode(), gateway_url.encode())
    return body.replace(TENANT.encode(), tenant_id.encode())


def _key(method: str, path: str, query: str) -> Key:
    pairs = parse_qsl(query, keep_blank_values=True)
    method = "GET" if method.upper() == "HEAD" else method.upper()
    place = "/" + "/".join(part for part in path.lower().split("/") if part)
    return method, place, tuple(sorted((name.lower(), value) for name, value in pairs))


def _without(key: Key, names: frozenset[str]) -> Key:
    method, place, pairs = key
    kept = ((name, _blanked(name, value, names)) for name, value in pairs)
    return f"{method} alike", place, tuple(sorted(kept))


def _blanked(name: str, value: str, names: frozenset[str]) -> str:
    if name in names:
        return ""
    pieces = enumerate(value.split('"'))
    return '"'.join("" if f'{name}"{number}' in names else piece for number, piece in pieces)


def replaced_names(sent: str, kept: str) -> frozenset[str]:
    """Return the names in a query, in lower case, whose values a recorder has replaced.

    Of an expression such as a search of IDM, whose values are quoted, these alone are meant: the
    name is followed by a quotation mark and the number of the piece, counted at such marks from 0.
    """
    pairs = (parse_qsl(query, keep_blank_values=True) for query in (sent, kept))
    found: set[str] = set()
    for (_name, was), (name, value) in zip(*pairs, strict=False):
        before, after = was.split('"'), value.split('"')
        if len(before) > 1 and len(before) == len(after):
            numbers = (number for number, piece in enumerate(before) if piece != after[number])
            found |= {f'{name.lower()}"{number}' for number in numbers}
        elif was != value:
            found.add(name.lower())
    return frozenset(found)


def _call(data: Any, number: int) -> RecordedAnswer:
    where = f"$.calls[{number}]"
    if not isinstance(data, dict):
        raise _wrong(f"{where} is no object")
    texts = {name: data.get(name, "") for name in ("method", "path", "query", "media_type")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise _wrong(f"{where}.{name} is no text")
    status = data.get("status")
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise _wrong(f"{where}.status is no HTTP status from 200 to 599")
    if texts["method"] not in _METHODS or not texts["path"].startswith("/"):
        raise _wrong(f"{where} needs a method and a path that begins with a slash")
    headers = data.get("headers", {})
    if not isinstance(headers, dict):
        raise _wrong(f"{where}.headers is no object")
    return RecordedAnswer(
        **texts,
        status=status,
        headers={
            name.lower(): value
            for name, value in headers.items()
            if name.lower() in KEPT_HEADERS and isinstance(value, str) and value.isprintable()
        },
        body=_body(data, where),
        is_kept=data.get("kept") is not False,
        request_body=str(data.get("request_body", "")),
        replaced=_replaced(data.get("replaced", []), where),
    )


def _replaced(names: Any, where: str) -> frozenset[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _wrong(f"{where}.replaced is no list of texts")
    return frozenset(name.lower() for name in names)


def _body(data: Mapping[str, Any], where: str) -> bytes:
    text, encoded = data.get("body", ""), data.get("base64")
    if encoded is None:
        if not isinstance(text, str):
            raise _wrong(f"{where}.body is no text")
        return text.encode("utf-8", "replace")
    try:
        return base64.b64decode(encoded, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise _wrong(f"{where}.base64 is not base64") from error


def _as_json(call: RecordedAnswer) -> dict[str, Any]:
    data: dict[str, Any] = {
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "status": call.status,
        "media_type": call.media_type,
    }
    if call.headers:
        data["headers"] = dict(call.headers)
    if call.request_body:
        data["request_body"] = call.request_body
    if call.replaced:
        data["replaced"] = sorted(call.replaced)
    data["body"] = call.body.decode("utf-8", "replace")
    return data if call.is_kept else {**data, "kept": False}


def _wrong(what: str) -> InvalidInput:
    return InvalidInput(
        f"This is not a cassette that can be replayed: {what}.", code="cassette_invalid"
    )
