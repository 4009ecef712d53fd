"""The clients that others wrote.

Source: docs/reference/known-clients.md#inforion,
docs/reference/known-clients.md#what-a-server-accepts.
"""

from __future__ import annotations

from typing import Final

from ionport.oauth.apps.model import GrantType
from tests.support.known_clients.wire import (
    DEAD_TOKEN,
    DETAIL,
    FORM,
    GO,
    NET,
    NO_SUITE,
    NODE,
    OK,
    REQUESTS,
    REVOKE,
    REVOKED,
    TOKEN,
    TOKENS,
    Client,
    Expected,
    basic,
    call,
    get,
    post,
)

_INFORION: Final = (
    f"Host: mingle-ionapi.eu1.inforcloudsuite.com\n{REQUESTS}\n"
    "Content-Type: application/json\nX-TenantId: $ti\nX-ClientId: $ci\n"
    "Authorization: Bearer $access_token\nCache-Control: no-cache"
).replace("python-requests/2.25.1", "FellowConsultingAGRuntime/7.22.0")
_INFORION_LOGIN: Final = post(
    TOKEN,
    REQUESTS,
    "grant_type=password&username=$saak&password=$sask&client_id=$ci&client_secret=$cs"
    "&redirect_uri=https%3A%2F%2Flocalhost%2F",
)
_M3_ROWS: Final = (
    '{"program": "CRS610MI", "cono": 409, "transactions": [{"transaction": "LstByNumber",'
    ' "record": {"CUNO": "Y1"}}]}'
)

_INFORION_M3: Final = (
    f"POST /$ti/M3/m3api-rest/v2/execute HTTP/1.1\n{_INFORION}\n"
    f"Content-Length: $length\n\n{_M3_ROWS}"
)

OTHERS: Final = (
    Client(
        "inforion",
        "client and redirect_uri in the body; keeps the first refresh token; foreign Host",
        (
            (_INFORION_LOGIN, TOKENS),
            (
                f"GET /$ti/IONSERVICES/api/ion/messaging/service/ping HTTP/1.1\n{_INFORION}\n\n",
                OK,
            ),
            (
                _INFORION_M3,
                OK,
            ),
            (
                post(
                    TOKEN,
                    REQUESTS,
                    "grant_type=refresh_token&refresh_token=$first_refresh_token"
                    "&username=$saak&password=$sask&client_id=$ci&client_secret=$cs&scope="
                    "&redirect_uri=https%3A%2F%2Flocalhost%2F",
                ),
                TOKENS,
            ),
            (
                post(
                    TOKEN,
                    REQUESTS,
                    "grant_type=refresh_token&refresh_token=$first_refresh_token"
                    "&username=$saak&password=$sask&client_id=$ci&client_secret=$cs&scope="
                    "&redirect_uri=https%3A%2F%2Flocalhost%2F",
                ),
                TOKENS,
            ),
        ),
    ),
    Client(
        "ION-API-viaPostman",
        "Basic; the script before a request sends client and scope in the body",
        (
            (
                basic(
                    TOKEN,
                    "User-Agent: PostmanRuntime/7.31.3\nAccept: application/json",
                    "grant_type=password&username=$saak&password=$sask",
                ),
                TOKENS,
            ),
            (
                post(
                    TOKEN,
                    "User-Agent: PostmanRuntime/7.31.3\nAccept: application/json",
                    "grant_type=password&username=$saak&password=$sask&client_id=$ci"
                    "&client_secret=$cs&scope=Infor-IDM%20Infor-ION",
                ),
                TOKENS,
            ),
            (
                post(
                    TOKEN,
                    "User-Agent: PostmanRuntime/7.31.3\nAccept: application/json",
                    "grant_type=refresh_token&refresh_token=$refresh_token&client_id=$ci"
                    "&client_secret=$cs",
                ),
                TOKENS,
            ),
        ),
    ),
    Client(
        "Python_OAuth2.0_APIRequest_Example",
        "Basic; form grant_type, username, password; POST to an SX service",
        (
            (
                basic(TOKEN, REQUESTS, "grant_type=password&username=$saak&password=$sask"),
                TOKENS,
            ),
            (
                post(
                    "/$ti/SX/rest/serviceinterface/proxy/FetchWhere",
                    f"{REQUESTS}\nAuthorization: Bearer $access_token",
                    "{}",
                    "application/json",
                ),
                NO_SUITE,
            ),
        ),
    ),
    Client(
        "mes-ion-api",
        "client in the body; on 401 logs in again and repeats with X-Retry-Auth",
        (
            (
                post(
                    TOKEN,
                    NODE,
                    "grant_type=password&username=$saak&password=$sask&client_id=$ci_7e"
                    "&client_secret=$cs",
                ),
                TOKENS,
            ),
            (
                get(f"/$ti{DETAIL}", f"Authorization: Bearer gone\n{NODE}"),
                Expected(401, "token_malformed"),
            ),
            (call(f"{NODE}\nX-Retry-Auth: true"), OK),
        ),
    ),
    Client(
        "infor-cloudsuite-mcp",
        "client in the body for password and refresh; revokes with Basic and a hint",
        (
            (
                post(
                    TOKEN,
                    "User-Agent: python-httpx/0.27.0",
                    "grant_type=password&username=$saak&password=$sask&client_id=$ci"
                    "&client_secret=$cs",
                ),
                TOKENS,
            ),
            (
                post(
                    TOKEN,
                    "User-Agent: python-httpx/0.27.0",
                    "grant_type=refresh_token&refresh_token=$refresh_token&client_id=$ci"
                    "&client_secret=$cs",
                ),
                TOKENS,
            ),
            (
                basic(
                    REVOKE,
                    "User-Agent: python-httpx/0.27.0",
                    "token=$access_token&token_type_hint=access_token",
                ),
                REVOKED,
            ),
            (call("User-Agent: python-httpx/0.27.0"), DEAD_TOKEN),
        ),
    ),
    Client(
        "infor-ion-token",
        "URLSearchParams, so the tilde is encoded; order of the parameters",
        (
            (
                post(
                    TOKEN,
                    NODE,
                    "grant_type=password&username=$saak&password=$sask&client_id=$ci_7e"
                    "&client_secret=$cs",
                    f"{FORM};charset=UTF-8",
                ),
                TOKENS,
            ),
            (
                post(
                    TOKEN,
                    NODE,
                    "grant_type=refresh_token&client_id=$ci_7e&client_secret=$cs"
                    "&refresh_token=$refresh_token",
                    f"{FORM};charset=UTF-8",
                ),
                TOKENS,
            ),
        ),
    ),
    Client(
        "Infor-test",
        "a Go program: # is not encoded, an ampersand at the end, HEAD of iu first",
        (
            (f"HEAD / HTTP/1.1\nHost: $host\n{GO}\n\n", Expected(401)),
            (
                basic(TOKEN, GO, "grant_type=password&username=$saak_raw&password=$sask&"),
                TOKENS,
            ),
            (call(GO, "/OSPORTAL/admin/v1/user/applications"), NO_SUITE),
        ),
    ),
    Client(
        "csi-loader",
        "a Python program for CSI: client in the body, order of the parameters",
        (
            (
                post(
                    TOKEN,
                    REQUESTS,
                    "grant_type=password&username=$saak&password=$sask&client_id=$ci"
                    "&client_secret=$cs",
                ),
                TOKENS,
            ),
            (
                call(
                    REQUESTS,
                    "/CSI/IDORequestService/ido/load/SLItems?properties=Item&recordcap=10",
                ),
                NO_SUITE,
            ),
        ),
    ),
    Client(
        "client-credentials",
        "§3.2, §6.5 (Nango infor-cc): the grant is named, its request is RFC 6749 §4.4 (inferred)",
        (
            (basic(TOKEN, NODE, "grant_type=client_credentials"), TOKENS),
            (
                post(
                    TOKEN,
                    NODE,
                    "grant_type=client_credentials&client_id=$ci_7e&client_secret=$cs&scope=",
                ),
                TOKENS,
            ),
            (call(NODE), OK),
        ),
        {"grant_type": GrantType.CLIENT_CREDENTIALS},
    ),
    Client(
        "letter-case",
        "lower and upper case of paths; the tenant in lower case",
        (
            (
                basic(
                    "/$ti_lower/AS/TOKEN.OAUTH2",
                    NET,
                    "grant_type=password&username=$saak&password=$sask",
                ),
                TOKENS,
            ),
            (call(NET, "/mingle/socialservice.svc/user/detail"), OK),
            (
                basic("/$ti/As/Revoke_Token.OAuth2", NET, "token=$refresh_token"),
                REVOKED,
            ),
        ),
    ),
)
