"""Infor's own clients: the six samples of its SDK, the mobile SDK, the H5 SDK.

Source: docs/reference/known-clients.md#infors-sdk,
docs/reference/known-clients.md#infors-other-sdks.
"""

from __future__ import annotations

from typing import Final

from ionport.oauth.apps.model import AppType
from tests.support.known_clients.wire import (
    DEAD_REFRESH,
    DEAD_TOKEN,
    DETAIL,
    FORM,
    GO,
    JAVA,
    NET,
    ODIN,
    OK,
    OOB,
    PHONE,
    REVOKE,
    REVOKED,
    TOKEN,
    TOKENS,
    WEB,
    Client,
    Expected,
    basic,
    call,
    get,
    post,
)

SDK: Final = (
    Client(
        "DotNetBackendOAuth2",
        "Basic; form grant_type, username, password; refresh; both revocations",
        (
            (
                basic(TOKEN, NET, "grant_type=password&username=$saak&password=$sask"),
                TOKENS,
            ),
            (call("Connection: Keep-Alive"), OK),
            (
                basic(TOKEN, NET, "grant_type=refresh_token&refresh_token=$refresh_token"),
                TOKENS,
            ),
            (
                basic(REVOKE, NET, "token=$access_token&token_type_hint=access_token"),
                REVOKED,
            ),
            (call("Connection: Keep-Alive"), DEAD_TOKEN),
            (
                basic(REVOKE, NET, "token=$refresh_token&token_type_hint=refresh_token"),
                REVOKED,
            ),
            (
                basic(TOKEN, NET, "grant_type=refresh_token&refresh_token=$refresh_token"),
                DEAD_REFRESH,
            ),
        ),
    ),
    Client(
        "DotNetWebClientOAuth2-WPFAuthCode",
        "code at an oob address, state and nonce; Basic",
        (
            (
                basic(
                    TOKEN,
                    NET,
                    "grant_type=authorization_code&code=$code"
                    "&redirect_uri=oob%3a%2f%2flocalhost%2fwpfclient",
                ),
                TOKENS,
            ),
            (call("Connection: Keep-Alive"), OK),
            (
                basic(TOKEN, NET, "grant_type=refresh_token&refresh_token=$refresh_token"),
                TOKENS,
            ),
            (
                basic(REVOKE, NET, "token=$refresh_token&token_type_hint=refresh_token"),
                REVOKED,
            ),
            (call("Connection: Keep-Alive"), DEAD_TOKEN),
        ),
        {"type": AppType.MOBILE_WINDOWS, "redirect_urls": (OOB,), "is_public": False},
        "client_id=$ci_7e&scope=&redirect_uri=oob%3a%2f%2flocalhost%2fwpfclient"
        "&response_type=code&state=9f2c&nonce=41ab",
    ),
    Client(
        "DotNetRichClientOAuth2-MvcCodeFlowClientManual",
        "as above from a web site; compares state, reads expires_in as a number",
        (
            (
                basic(
                    TOKEN,
                    NET,
                    "grant_type=authorization_code&code=$code"
                    "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback",
                ),
                TOKENS,
            ),
            (call("Connection: Keep-Alive"), OK),
        ),
        {"type": AppType.WEB, "redirect_urls": (WEB,)},
        "client_id=$ci_7e&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback"
        "&response_type=code&state=5b1e&nonce=77c0",
    ),
    Client(
        "JavaWebClientOAuth2",
        "no state; client in the body, no Basic; API with ?access_token=",
        (
            (
                post(
                    TOKEN,
                    JAVA,
                    "grant_type=authorization_code&client_id=$ci_7e&client_secret=$cs"
                    "&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&code=$code",
                ),
                TOKENS,
            ),
            (get(f"/$ti{DETAIL}?access_token=$access_token", JAVA), OK),
            (
                basic(REVOKE, JAVA, "token=$refresh_token&token_type_hint=refresh_token"),
                REVOKED,
            ),
            (get(f"/$ti{DETAIL}?access_token=$access_token", JAVA), DEAD_TOKEN),
        ),
        {"type": AppType.WEB, "redirect_urls": (WEB,)},
        "response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&client_id=$ci_7e",
    ),
    Client(
        "JavaThickClientOAuth2",
        "every parameter in the query, the body is null; needs refresh_token as a string",
        (
            (
                post(
                    f"{TOKEN}?grant_type=password&username=$saak&password=$sask"
                    "&client_id=$ci_7e&client_secret=$cs",
                    JAVA,
                    "null",
                ),
                TOKENS,
            ),
            (get(f"/$ti{DETAIL}?access_token=$access_token", JAVA), OK),
            (
                basic(f"{TOKEN}?refresh_token=$refresh_token&grant_type=refresh_token", JAVA, ""),
                TOKENS,
            ),
            (
                basic(f"{REVOKE}?token=$refresh_token&token_type_hint=refresh_token", JAVA, ""),
                REVOKED,
            ),
            (get(f"/$ti{DETAIL}?access_token=$access_token", JAVA), DEAD_TOKEN),
        ),
    ),
    Client(
        "GolangBackendOAuth2",
        "Basic is tried first; scope is empty; README revokes by GET without a client",
        (
            (
                basic(
                    TOKEN,
                    f"{GO}\nAccept-Encoding: gzip",
                    "grant_type=password&password=$sask&scope=&username=$saak",
                ),
                TOKENS,
            ),
            (call(f"{GO}\nAccept: application/json\nAccept-Encoding: gzip"), OK),
            (get(f"{REVOKE}?token=$refresh_token", f"{GO}\nAccept-Encoding: gzip"), REVOKED),
            (call(f"{GO}\nAccept: application/json\nAccept-Encoding: gzip"), DEAD_TOKEN),
        ),
    ),
    Client(
        "GolangBackendOAuth2-second-attempt",
        "after an error the same with the client in the body; scope of the README",
        (
            (
                basic(
                    TOKEN,
                    GO,
                    "grant_type=password&password=wrong&scope=openid+profile&username=$saak",
                ),
                Expected(400, "invalid_grant"),
            ),
            (
                post(
                    TOKEN,
                    GO,
                    "client_id=$ci&client_secret=$cs&grant_type=password&password=wrong"
                    "&scope=openid+profile&username=$saak",
                ),
                Expected(400, "invalid_grant"),
            ),
            (
                post(
                    TOKEN,
                    GO,
                    "client_id=$ci&client_secret=$cs&grant_type=password&password=$sask"
                    "&scope=openid+profile&username=$saak",
                ),
                TOKENS,
            ),
        ),
    ),
)

_PHONE_FORM: Final = f"{FORM};charset=UTF-8"
_MOBILE_QUERY: Final = (
    "client_id=$ci&response_type=code&redirect_uri=com.example.app%3A%2Fcallback"
    "&TenantId=$ti&scope="
)
_PHONE: Final = "User-Agent: okhttp/3.12.1\nConnection: Keep-Alive\nAccept-Encoding: gzip"

MOBILE_AND_H5: Final = (
    Client(
        "infor-mobile-sdk",
        "TenantId and an empty scope; secret in the body where the file has one",
        (
            (
                post(
                    TOKEN,
                    _PHONE,
                    "client_id=$ci&grant_type=authorization_code&code=$code"
                    "&redirect_uri=com.example.app%3A%2Fcallback&client_secret=$cs",
                    _PHONE_FORM,
                ),
                TOKENS,
            ),
            (call(_PHONE), OK),
            (
                post(
                    TOKEN,
                    _PHONE,
                    "client_id=$ci&grant_type=refresh_token&refresh_token=$refresh_token"
                    "&redirect_uri=com.example.app%3A%2Fcallback&client_secret=$cs",
                    _PHONE_FORM,
                ),
                TOKENS,
            ),
            (
                post(
                    REVOKE,
                    _PHONE,
                    "client_id=$ci&token=$refresh_token&token_type_hint=refresh_token"
                    "&client_secret=$cs",
                    _PHONE_FORM,
                ),
                REVOKED,
            ),
            (call(_PHONE), DEAD_TOKEN),
        ),
        {"type": AppType.MOBILE_ANDROID, "redirect_urls": (PHONE,), "is_public": False},
        _MOBILE_QUERY,
    ),
    Client(
        "m3-h5-sdk-odin",
        "implicit, the token in the fragment; x-infor-ionapi headers; one retry on 401",
        (
            (
                get(
                    f"/$ti{DETAIL}",
                    "Authorization: Bearer gone\nx-infor-ionapi-platform: homepages\n"
                    "x-infor-ionapi-source: m3-odin",
                ),
                Expected(401, "token_malformed"),
            ),
            (
                call("x-infor-ionapi-platform: homepages\nx-infor-ionapi-source: m3-odin"),
                OK,
            ),
        ),
        {"type": AppType.WEB, "redirect_urls": (ODIN,)},
        "client_id=$ci&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2F&response_type=token",
    ),
)
