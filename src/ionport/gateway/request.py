"""How a request names its token and its back end, and which of its headers go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote_plus

from ionport.core.errors import InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.gateway.model import Caller
from ionport.identity.model import check_tenant_id

Header = tuple[bytes, bytes]

_WITHHELD_HEADERS = frozenset(
    (b"authorization", b"cookie", b"x-infor-identity2", b"x-infor-tenantid")
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a gateway path leads; `prefix` is its beginning as the client spelt it."""

    tenant_id: str
    context: str
    prefix: str


def read_target(path: str) -> Target:
    """Read `/{TENANT}/{API context}/…`, in any case of letters (facts/ion-api.md §4.1, §6.6).

    Raises:
        NotFound: the path does not begin with a tenant id.
    """
    _root, tenant, context, *_rest = [*path.split("/", 3), "", ""]
    try:
        tenant_id = check_tenant_id(tenant.upper())
    except InvalidInput as error:
        raise NotFound(
            _("Nothing answers here. An address of the gateway is /TENANT/API context/…"),
            code="unknown_address",
        ) from error
    return Target(tenant_id, context.lower(), f"/{tenant}/{context}")


def read_token(headers: Iterable[Header], query: bytes) -> tuple[Secret, bytes]:
    """Return the access token, empty when there is none, and the query string without it.

    `Authorization: Bearer` counts before `?access_token=` (facts/ion-api.md §4.1). The other
    parameters keep their bytes.
    """
    in_query = ""
    kept = []
    for pair in query.split(b"&"):
        name, _equals, value = pair.partition(b"=")
        if unquote_plus(name.decode("latin-1")) == "access_token":
            in_query = in_query or unquote_plus(value.decode("latin-1"))
        else:
            kept.append(pair)
    return Secret(_bearer(headers) or in_query), b"&".join(kept)


def headers_for_back_end(headers: Iterable[Header], caller: Caller) -> list[Header]:
    """Return the headers that a back end sees.

    The token and cookies stay outside. Who the caller is comes from the token alone, so what a
    client claims in `X-Infor-*` identity headers is dropped (facts/ion-api.md §4.1).
    """
    kept = [(name, value) for name, value in headers if name.lower() not in _WITHHELD_HEADERS]
    kept.append((b"x-infor-tenantid", caller.tenant_id.encode("ascii")))
    if caller.identity2 is not None:
        kept.append((b"x-infor-identity2", caller.identity2.encode("ascii")))
    return kept


def _bearer(headers: Iterable[Header]) -> str:
    for name, value in headers:
        scheme, _space, token = value.decode("latin-1").strip().partition(" ")
        if name.lower() == b"authorization" and scheme.lower() == "bearer":
            return token.strip()
    return ""
