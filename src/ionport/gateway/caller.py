"""What the gateway passes to a back end about a call, and under which names."""

from __future__ import annotations

from typing import Final, NamedTuple

CALLER_KEY: Final = "ionport.caller"
REQUEST_ID_KEY: Final = "ionport.request_id"
# Of the scope's extensions: a function that cuts the client's connection at once.
CUT_EXTENSION: Final = "ionport.cut"

# Suites that are not Infor's own answer below this segment (docs/reference/gateway.md#addresses).
CUSTOM_CONTEXT: Final = "CustomerApi"


class Caller(NamedTuple):
    """Who calls a back end: the only thing it learns about the token.

    A tuple, because one is made for every request and that is the quickest to make.

    Attributes:
        client_id: empty when the target endpoint takes anonymous calls.
        service_account: the service account's access key, when the token came from one.
        identity2: the GUID of the user behind the token, when there is one.
        request_id: the id that the answer carries as `X-Request-Id`.
    """

    tenant_id: str
    client_id: str
    service_account: str | None
    identity2: str | None
    request_id: str
