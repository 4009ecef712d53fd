"""Requests to the authorization server: every endpoint, every grant."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from tools.recording.asks import FORM, JSON, ORIGIN, Ask, Client
from tools.recording.server import TENANT, Asker

_CALLBACK: Final = "https://app.example.com/callback"
_VERIFIER: Final = "v" * 50


def oauth(client: Client, browser: Asker) -> Iterator[Ask]:
    """Every endpoint of the authorization server, and every grant."""
    from ionport.oauth.http.routes import WELL_KNOWN
    from ionport.oauth.tenant.endpoints import JWKS_PATH, PATHS

    base = f"/{TENANT}/as/"
    documents = [JWKS_PATH, *(f".well-known/{name}" for name in WELL_KNOWN)]
    for path in [*documents, "nosuch"]:
        for method in ("GET", "HEAD", "POST"):
            yield Ask(f"oauth {path}", method, method, base + path)
        yield Ask(f"oauth {path}", "origin", "GET", base + path, {"origin": ORIGIN})
        yield Ask(f"oauth {path}", "other tenant", "GET", f"/NOSUCH_TST/as/{path}")
    for name in WELL_KNOWN:
        yield Ask(f"oauth /.well-known/{name}", "GET", "GET", f"/.well-known/{name}/{TENANT}/as")
    for paths in PATHS.values():
        for path in (paths.token, paths.revocation, paths.introspection, paths.authorization):
            yield from _refusals(f"oauth {path}", base + path)
        yield from _grants(f"oauth {paths.token}", base + paths.token, client, browser)
        yield from _about_tokens(client, base, paths.introspection, paths.revocation)
        query = urlencode({"client_id": client.web_file["ci"], "response_type": "code"})
        route, path = f"oauth {paths.authorization}", base + paths.authorization
        yield Ask(route, "posted", "POST", path, FORM, query.encode())
        yield Ask(route, "posted too long", "POST", path, FORM, b"state=" + b"x" * 9_000)


def _refusals(route: str, path: str) -> Iterator[Ask]:
    preflight = {"origin": ORIGIN, "access-control-request-method": "POST"}
    yield Ask(route, "DELETE", "DELETE", path)
    yield Ask(route, "empty", "POST", path, FORM)
    yield Ask(route, "JSON", "POST", path, JSON, b'{"grant_type": "password"}')
    yield Ask(route, "twice", "POST", path, FORM, b"grant_type=password&grant_type=password")
    yield Ask(route, "nonsense", "POST", path, FORM, b"%ff%00=&&\xff\xfe")
    yield Ask(route, "preflight", "OPTIONS", path, preflight)
    yield Ask(route, "foreign preflight", "OPTIONS", path, {**preflight, "origin": "https://x.y"})
    yield Ask(route, "readable", "POST", path, {**FORM, "origin": ORIGIN})


def _grants(route: str, path: str, client: Client, browser: Asker) -> Iterator[Ask]:
    file, web = client.file, client.web_file
    app = {"client_id": file["ci"], "client_secret": file["cs"]}
    login = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}

    def post(case: str, headers: Mapping[str, str] | None = None, **fields: str) -> Ask:
        return Ask(route, case, "POST", path, {**FORM, **(headers or {})}, _encoded(fields))

    basic = base64.b64encode(f"{file['ci']}:{file['cs']}".encode()).decode()
    yield post("password", **login, **app)
    yield post("password by Basic", {"authorization": f"Basic {basic}"}, **login)
    yield post("password, both ways", {"authorization": f"Basic {basic}"}, **login, **app)
    yield post("password, no client", **login)
    yield post("password, wrong secret", **login, **{**app, "client_secret": "x"})
    yield post("password, wrong account", **{**login, "password": "x"}, **app)
    yield post("password, unknown client", **login, **{**app, "client_id": "x"})
    yield post("password, scope", **login, **app, scope="openid offline_access")
    yield post("client credentials, wrong app", **app, grant_type="client_credentials")
    other = {"client_id": client.other_file["ci"], "client_secret": client.other_file["cs"]}
    yield post("client credentials", **other, grant_type="client_credentials")
    yield post("implicit", **app, grant_type="implicit")
    yield post("saml2", **app, grant_type="urn:ietf:params:oauth:grant-type:saml2-bearer")
    yield post("refresh, unknown", **app, grant_type="refresh_token", refresh_token="x")  # noqa: S106
    code = _code_of(browser, web)
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _CALLBACK,
        "code_verifier": _VERIFIER,
        "client_id": web["ci"],
        "client_secret": web["cs"],
    }
    yield post("code, other app", **{**fields, **app})
    yield post("code, other callback", **{**fields, "redirect_uri": _CALLBACK + "/x"})
    yield post("code, no verifier", **{k: v for k, v in fields.items() if k != "code_verifier"})
    yield post("code", **{**fields, "code": _code_of(browser, web)})
    yield post("code, unknown", **{**fields, "code": "x"})


def _encoded(fields: Mapping[str, str]) -> bytes:
    return urlencode(fields).encode()


def authorization_query(web: Mapping[str, str], **changes: str) -> str:
    """Return the query of an authorization request with PKCE."""
    digest = hashlib.sha256(_VERIFIER.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": web["ci"],
        "redirect_uri": _CALLBACK,
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return urlencode({**query, **changes})


def _code_of(browser: Asker, web: Mapping[str, str]) -> str:
    """Let the person approve; returns the authorization code."""
    query = authorization_query(web)
    page = f"{urlsplit(web['pu'] + web['oa']).path}?{query}"
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    answer = browser.ask("GET", page, {"cookie": cookies})
    if answer.status == 200:
        fields = {"query": query, "decision": "allow"}
        answer = browser.send_form(f"/authorize/{TENANT}/decision", fields, at=page)
    return parse_qs(urlsplit(answer.header("location")).query)["code"][0]


def _about_tokens(client: Client, base: str, introspection: str, revocation: str) -> Iterator[Ask]:
    app = {"client_id": client.file["ci"], "client_secret": client.file["cs"]}
    route, path = f"oauth {introspection}", base + introspection
    yield Ask(route, "known", "POST", path, FORM, _encoded({**app, "token": client.token}))
    yield Ask(route, "unknown", "POST", path, FORM, _encoded({**app, "token": "x"}))
    yield Ask(route, "no client", "POST", path, FORM, _encoded({"token": client.token}))
    route, path = f"oauth {revocation}", base + revocation
    yield Ask(route, "unknown", "POST", path, FORM, _encoded({**app, "token": "x"}))
    yield Ask(route, "by GET", "GET", f"{path}?token=x", {})
    yield Ask(route, "no client", "POST", path, FORM, _encoded({"token": "x"}))


def refreshed(client: Client, state: Mapping[str, str]) -> Iterator[Ask]:
    """Use a refresh token twice, and what came of it."""
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": state["refresh_token"],
        "client_id": client.web_file["ci"],
        "client_secret": client.web_file["cs"],
    }
    path = f"/{TENANT}/as/token.oauth2"
    for case in ("refresh", "refresh again"):
        yield Ask("oauth token.oauth2", case, "POST", path, FORM, _encoded(fields))
    fields = {"token": state["access_token"], "client_id": fields["client_id"]}
    path = f"/{TENANT}/as/revoke_token.oauth2"
    yield Ask("oauth revoke_token.oauth2", "known", "POST", path, FORM, _encoded(fields))
