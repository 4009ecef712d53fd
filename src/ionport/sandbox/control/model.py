"""Values of the control plane, and what of a recorded request may be kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from ionport.core.secrets import DOTS

MAX_KEPT_BODY_BYTES = 1_000_000
MAX_KEPT_ANSWER_BYTES = 16_000
# The status of a call whose connection was cut.
NO_ANSWER = 0
_MAX_PATH = 2_000
_MAX_QUERY = 8_000
_MAX_HEADER = 1_000
_MAX_HEADERS = 60

# An allow-list: a header that nobody here knows may carry a key.
_PLAIN_HEADERS = frozenset(
    [
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-clientid",
        "x-infor-identity2",
        "x-infor-ionapi-platform",
        "x-infor-ionapi-source",
        "x-infor-tenantid",
        "x-tenantid",
    ]
)
_SECRET_WORDS = ("token", "secret", "password", "passwd", "key", "credential", "assertion")

# A token request or a credential file that went to the wrong address.
_SECRET_FIELDS = re.compile(
    rb"client_secret|refresh_token|access_token|password|\"(?:cs|sask)\"", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A request as the recorder keeps it, known before it is answered.

    Attributes:
        query: the query string as sent, with the values of telling parameter names dotted out.
        headers: values outside a list of harmless headers are dots.
        request_kept: whether the body lies in the blobs under its digest.
    """

    request_id: str
    client_id: str
    service: str
    operation: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    request_sha256: str
    request_size: int
    request_kept: bool
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to.

    Attributes:
        status: of the answer; 0 when the connection was cut instead.
        effects: the ids of what it made, changed or removed.
        fault: what a fault rule did to it; empty: nothing.
        response_type: the Content-Type of the answer.
        response_body: of an answer up to 16 kB; None when there is none or it was not kept.
    """

    status: int
    response_sha256: str
    response_size: int
    duration_ms: int
    effects: tuple[str, ...]
    fault: str = ""
    response_type: str = ""
    response_body: bytes | None = None


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call that reached the sandbox."""

    id: str
    tenant_id: str
    facts: CallFacts
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls a list shows.

    Attributes:
        failed_only: leaves out those that were answered with a status from 100 to 399.
        text: looked for in path and query, letter case aside.
        body: looked for in the request bodies that were kept, letter case aside.
        since, until: when a call was received, by the Infor side's clock.
    """

    service: str | None = None
    operation: str | None = None
    status: int | None = None
    failed_only: bool = False
    text: str | None = None
    body: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The kept state of a tenant's imitated services; `size` is in bytes, as it is kept."""

    id: str
    tenant_id: str
    name: str
    rows: int
    size: int
    content_sha256: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class ControlKey:
    """A credential of the control plane; of the key itself only a digest is stored."""

    id: str
    tenant_id: str
    name: str
    created_at: datetime
    created_by: str


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of `content` in hex."""
    return hashlib.sha256(content).hexdigest()


def plain_path(raw_path: bytes) -> str:
    """Return a request's path as sent, percent-encoded, at most 2,000 letters of it."""
    return _storable(raw_path)[:_MAX_PATH]


def redacted_query(query_string: bytes) -> str:
    """Return a query string without the values of parameters that are named like secrets."""
    pairs = []
    for pair in _storable(query_string)[:_MAX_QUERY].split("&"):
        name, equals, _value = pair.partition("=")
        pairs.append(f"{name}={DOTS}" if equals and _is_telling(name) else pair)
    return "&".join(pairs)


def redacted_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers with every value that is not known to be harmless as dots."""
    kept: dict[str, str] = {}
    for name, value in headers:
        if len(kept) == _MAX_HEADERS:
            break
        plain = name.lower() in _PLAIN_HEADERS or name.lower().startswith("x-infor-ion-")
        kept[name.lower()[:100]] = value.replace("\0", "")[:_MAX_HEADER] if plain else DOTS
    return kept


def may_keep_body(body: bytes) -> bool:
    """Tell whether a request body may be kept: neither empty, nor large, nor with credentials."""
    return 0 < len(body) <= MAX_KEPT_BODY_BYTES and _SECRET_FIELDS.search(body) is None


def kept_answer(body: bytes) -> bytes | None:
    """Return the body of an answer if it may be kept: short, and without credentials."""
    return body if len(body) <= MAX_KEPT_ANSWER_BYTES and may_keep_body(body) else None


def _is_telling(name: str) -> bool:
    return any(word in unquote(name).lower() for word in _SECRET_WORDS)


def _storable(text: bytes) -> str:
    return text.decode("latin-1").replace("\0", "")
