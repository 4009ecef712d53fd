"""The requests of known ION API clients, byte by byte: the list of docs/reference/known-clients.md.

Each client is a conversation of raw HTTP messages. What a client decides (method, address,
parameters and their order, where credentials stand, its headers) is as the facts say; lines such
as User-Agent are what its HTTP library adds by itself. `$name` stands for a value of the app's
credential file or of an earlier answer: `$ci_7e` is the client id with its tilde encoded, as
JavaScript and Java do, `$saak` the access key with its `#` encoded, `$saak_raw` without.

Left out, because they do not go to ION API: `GET /grid/rest/security/sessions/oauth` of m3-odin
(docs/reference/known-clients.md#infors-other-sdks) asks M3's own grid; the mock of
cpoder/ipaas-api-auth (docs/reference/known-clients.md#others) is a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

OOB: Final = "oob://localhost/wpfclient"
WEB: Final = "https://app.example.com/callback"
PHONE: Final = "com.example.app:/callback"
ODIN: Final = "http://localhost:8080/"


@dataclass(frozen=True, slots=True)
class Expected:
    """What the answer must be: `tokens`, an empty 200, or a status with an error's name."""

    status: int = 200
    error: str = ""
    has_tokens: bool = False
    is_empty: bool = False


TOKENS: Final = Expected(has_tokens=True)
REVOKED: Final = Expected(is_empty=True)
OK: Final = Expected()
DEAD_TOKEN: Final = Expected(401, "token_revoked")
DEAD_REFRESH: Final = Expected(400, "invalid_grant")
# The call passed the gateway's checks, but this installation has no such suite.
NO_SUITE: Final = Expected(404, "unknown_api_suite")


@dataclass(frozen=True, slots=True)
class Client:
    """One client: where its requests are known from, the app it needs, what it sends in turn.

    `authorization` is the query string of its authorization request, which a person approves.
    """

    name: str
    source: str
    exchanges: tuple[tuple[str, Expected], ...]
    app: Mapping[str, Any] = field(default_factory=dict)
    authorization: str = ""

    @property
    def has_account(self) -> bool:
        return not self.authorization and "grant_type" not in self.app


FORM: Final = "application/x-www-form-urlencoded"
DETAIL: Final = "/Mingle/SocialService.Svc/User/Detail"
GO: Final = "User-Agent: Go-http-client/1.1"
REQUESTS: Final = (
    "User-Agent: python-requests/2.25.1\nAccept-Encoding: gzip, deflate\nAccept: */*\n"
    "Connection: keep-alive"
)
JAVA: Final = (
    "User-Agent: Java/1.8.0_292\nAccept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\n"
    "Connection: keep-alive"
)
NET: Final = "Accept: application/json\nExpect: 100-continue\nConnection: Keep-Alive"
NODE: Final = "Accept: application/json, text/plain, */*\nUser-Agent: axios/1.6.0"


def post(address: str, headers: str, body: str, kind: str = FORM) -> str:
    return (
        f"POST {address} HTTP/1.1\nHost: $host\n{headers}\n"
        f"Content-Type: {kind}\nContent-Length: $length\n\n{body}"
    )


def basic(address: str, headers: str, body: str) -> str:
    return post(address, f"Authorization: Basic $basic\n{headers}", body)


def get(address: str, headers: str) -> str:
    return f"GET {address} HTTP/1.1\nHost: $host\n{headers}\n\n"


def call(headers: str, path: str = DETAIL) -> str:
    return get(f"/$ti{path}", f"Authorization: Bearer $access_token\n{headers}")


TOKEN: Final = "$pu$ot"
REVOKE: Final = "$pu$or"
