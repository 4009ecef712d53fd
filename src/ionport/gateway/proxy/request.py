"""How a request names its token and its back end, and which of its headers are passed on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_plus

from ionport.core.errors import InvalidInput, NotFound
from ionport.core.secrets import Secret
from ionport.gateway.caller import Caller
from ionport.gateway.targets.port import Header
from ionport.identity.model import check_tenant_id

_WITHHELD: Final = frozenset(
    (b"authorization", b"cookie", b"x-infor-identity2", b"x-infor-tenantid")
)
_HOP_BY_HOP: Final = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
# Headers that say where a body ends and how it is read: a target gets them in one spelling alone.
_FRAMING: Final = frozenset((b"content-encoding", b"content-length", b"content-type"))
_NOT_FOR_TARGETS: Final = (
    _WITHHELD | _HOP_BY_HOP | {b"expect", b"forwarded", b"host", b"http2-settings", b"x-real-ip"}
)
# The server writes its own Date and Server; the rest concerns the target's own address.
_NOT_FOR_CLIENTS: Final = _HOP_BY_HOP | {
    b"alt-svc",
    b"date",
    b"server",
    b"set-cookie",
    b"strict-transport-security",
}
# Servers refuse to send them; a recipient may put a blank in their place (RFC 9110 §5.5).
_WITHOUT_CONTROLS: Final = bytes(
    32 if (code < 32 and code != 9) or code == 127 else code for code in range(256)
)
# A context as tenants have it; what strangers make up is not kept.
_LONGEST_REMEMBERED: Final = 64
_URL_SAFE: Final = re.compile(rb"[!-\"$-~]*")


class Target(NamedTuple):
    """Where a gateway path leads; `prefix` is its beginning as the client spelt it."""

    tenant_id: str
    context: str
    prefix: str


def first_values(headers: Sequence[Header]) -> Mapping[bytes, bytes]:
    """Return the first value of each header, to look up instead of searching every time."""
    return dict(reversed(headers))


def read_target(path: str) -> Target:
    """Read `/{TENANT}/{API context}/…`, in any case of letters.

    Source: docs/reference/gateway.md#addresses,
    docs/reference/known-clients.md#what-a-server-accepts.

    Raises:
        NotFound: the path does not begin with a tenant id.
    """
    _root, tenant, context, *_rest = [*path.split("/", 3), "", ""]
    if len(context) > _LONGEST_REMEMBERED:
        return _target(tenant, context)
    return _known_target(tenant, context)


def _target(tenant: str, context: str) -> Target:
    try:
        tenant_id = check_tenant_id(tenant.upper())
    except InvalidInput as error:
        raise NotFound(
            "Nothing answers here. An address of the gateway is /TENANT/API context/…",
            code="unknown_address",
        ) from error
    return Target(tenant_id, context.lower(), f"/{tenant}/{context}")


_known_target = lru_cache(maxsize=1000)(_target)


def read_token(known: Mapping[bytes, bytes], query: bytes) -> tuple[Secret, bytes]:
    """Return the access token, empty when there is none, and the query string without it.

    `Authorization: Bearer` counts before `?access_token=` (docs/reference/gateway.md#addresses).
    The other parameters keep their bytes.
    """
    if not query:
        return Secret(_bearer(known)), query
    in_query = ""
    kept = []
    for pair in query.split(b"&"):
        name, _equals, value = pair.partition(b"=")
        if unquote_plus(name.decode("latin-1")) == "access_token":
            in_query = in_query or unquote_plus(value.decode("latin-1"))
        else:
            kept.append(pair)
    return Secret(_bearer(known) or in_query), b"&".join(kept)


def headers_for_back_end(headers: Iterable[Header], caller: Caller) -> list[Header]:
    """Return the headers that a built-in back end sees.

    The token and cookies stay outside. Who the caller is comes from the token alone, so what a
    client claims in `X-Infor-*` identity headers is dropped
    (docs/reference/gateway.md#identity-headers).
    """
    return [pair for pair in headers if plain_name(pair[0]) not in _WITHHELD] + identity(caller)


def headers_for_target(
    headers: Sequence[Header], known: Mapping[bytes, bytes]
) -> list[tuple[str, str]]:
    """Return what passes to a foreign target, without the identity of the caller.

    Beside what no back end sees, what concerns one connection only is dropped (RFC 9110 §7.6.1),
    and what says who is in front of us: a target might believe it. So is `content_length` and its
    like, which a server that reads `_` as `-` might take for the body's end (RFC 9112 §11.2).
    """
    named = _named_by_connection(headers) if b"connection" in known else ()
    kept = []
    for name, value in headers:
        passes = _name_for_target(name)
        if passes and not (named and name.replace(b"_", b"-") in named):
            kept.append((passes, text_of(value)))
    return kept


# Clients send the same names again and again.
@lru_cache(maxsize=1000)
def _name_for_target(name: bytes) -> str:
    """Return a header's name as a text, empty for one that does not pass to a target."""
    plain = name.replace(b"_", b"-")
    if plain in _NOT_FOR_TARGETS or plain.startswith(b"x-forwarded-"):
        return ""
    if plain in _FRAMING and name != plain:
        return ""
    return name.decode("latin-1")


def headers_for_client(headers: Iterable[Header]) -> list[Header]:
    """Return what passes of a target's answer, names in lower case.

    Nothing of its connection, cookies or CORS: they concern the target's own address. Control
    characters become blanks.
    """
    kept = []
    named: Collection[bytes] = ()
    for name, value in headers:
        lower = name.lower()
        if lower == b"connection":
            named = [*named, *(part.strip().lower() for part in value.split(b","))]
        elif lower not in _NOT_FOR_CLIENTS and not lower.startswith(b"access-control-"):
            kept.append((lower, value.translate(_WITHOUT_CONTROLS)))
    return [pair for pair in kept if pair[0] not in named] if named else kept


def identity(caller: Caller) -> list[Header]:
    """Return the headers that tell a back end who calls.

    Source: docs/reference/gateway.md#identity-headers.
    """
    found = [(b"x-infor-tenantid", caller.tenant_id.encode("ascii"))]
    if caller.identity2 is not None:
        found.append((b"x-infor-identity2", caller.identity2.encode("ascii")))
    return found


def plain_name(name: bytes) -> bytes:
    """Return a header's name as servers behind CGI and WSGI read it: `_` is `-` to them."""
    return name.lower().replace(b"_", b"-")


def text_of(value: bytes) -> str:
    """Return a header's value as a text that goes out as the same bytes, if it is UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def encoded(part: bytes) -> str:
    """Return a raw path or query with what may not stand in a URL percent-encoded."""
    if _URL_SAFE.fullmatch(part):
        return part.decode("ascii")
    return quote(part, safe="!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def _named_by_connection(headers: Iterable[Header]) -> Collection[bytes]:
    named: list[bytes] = []
    for name, value in headers:
        if name == b"connection":
            named += [plain_name(part.strip()) for part in value.split(b",")]
    return named


def _bearer(known: Mapping[bytes, bytes]) -> str:
    scheme, _space, token = known.get(b"authorization", b"").strip().partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""
