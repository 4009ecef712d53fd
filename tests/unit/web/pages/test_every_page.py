"""What holds for every page and form: walked by the routes themselves, in this process."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

import ionport.web
from ionport.identity.model import TenantRole
from ionport.web.middleware.frame import CONTENT_SECURITY_POLICY
from tests.support.web import PASSWORD
from tests.support.whole import Site, site_on

# Values of parameters that a page might decode, compare or hand to the database.
_NASTY = (
    "\ud800".encode("utf-8", "surrogatepass"),
    b"\xff\xfe",
    b"%",
    b"-1",
    b"9" * 1_500,
    "²".encode(),
    b"[" * 500,
    b"' OR 1=1 --",
    b"\r\nSet-Cookie: x=y",
    b"//evil.example",
    b"a" * 1_500,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site") / "data", "") as site:
        yield site


def _routes(site: Site) -> list[tuple[str, str]]:
    """Return method and path of every page and form, with ids of nothing in them."""
    client = site.browser.http
    assert isinstance(client, TestClient)
    values = {"tenant": site.application.tenant.id}
    found = []
    app: Any = client.app
    while not hasattr(app, "routes"):
        # Each app that stands before the pages hands on to the next.
        app = app._pages if hasattr(app, "_pages") else app._app
    for route in app.routes:
        if isinstance(route, Route):
            path = re.sub(
                r"\{(\w+)(?::\w+)?\}", lambda match: values.get(match[1], "none"), route.path
            )
            found += [(method, path) for method in sorted(route.methods or ()) if method != "HEAD"]
    return found


def _parameters() -> list[str]:
    """Return the names of every parameter that a page looks for in its address."""
    folder = Path(ionport.web.__file__).parent
    text = "".join(path.read_text() for path in folder.rglob("*.py"))
    names = set(re.findall(r'query(?:_params)?\.get\(\s*"(\w+)"', text))
    for filters in re.findall(r"filters=\(([^)]*)\)", text):
        names |= set(re.findall(r'"(\w+)"', filters))
    assert len(names) > 10
    return sorted(names | {"q"})


def test_a_user_without_an_organization_is_refused_and_told_what_to_do(site: Site) -> None:
    site.add_user("dora", TenantRole.IONAPI_ADMINISTRATOR, None)
    token, _user = site.application.sessions.sign_in(
        site.application.database, "dora", PASSWORD, "127.0.0.1"
    )
    csrf = site.application.sessions.csrf_token(token)
    port = site.browser.http.base_url.port
    headers = {
        "cookie": f"ionport_session_{port}={token.reveal()}",
        "x-csrf-token": csrf,
        "accept": "text/html",
    }
    refused = 0
    with TestClient(site.browser.http.app, str(site.browser.http.base_url)) as client:  # type: ignore[attr-defined]
        for method, path in _routes(site):
            if path.endswith(("/sign-out", "/switch")):
                continue
            answer = client.request(method, path, headers=headers, follow_redirects=False)
            assert answer.status_code < 500, (method, path, answer.text)
            if "You belong to no organization yet." in answer.text and path != "/":
                assert answer.status_code == 403, (method, path)
                assert "Ask an administrator" in answer.text
                refused += 1
    assert refused > 30


def test_no_parameter_of_an_address_makes_a_page_fail(site: Site) -> None:
    names = _parameters()
    # Ids of nothing are answered before any parameter is read.
    paths = [path for method, path in _routes(site) if method == "GET" and "/none" not in path]
    for start in (0, 4, 8):
        values = dict(zip(names, cycle(_NASTY[start:] + _NASTY[:start]), strict=False))
        query = "&".join(f"{name}={quote(value)}" for name, value in values.items())
        for path in paths:
            answer = site.browser.http.get(f"{path}?{query}", follow_redirects=False)
            assert answer.status_code < 500, (path, query)
            assert "x=y" not in answer.headers.get("set-cookie", "")


def _flash(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize("cookie", ["flash", "session", "visitor", "known"])
def test_no_cookie_makes_a_page_fail(site: Site, cookie: str) -> None:
    values = [
        _flash("[" * 100_000),
        _flash('["info", ' + "[" * 20_000 + "]" * 20_000 + "]"),
        _flash('["info", "\\ud800"]'),
        _flash('["info", "a\\u0000"]'),
        _flash("[" + "9" * 6_000 + ', "x"]'),
        _flash(json.dumps([["info"], {"a": 1}])),
        base64.urlsafe_b64encode(b"\xff\xfe\x00\xd8").decode(),
        "=",
        "%ED%A0%80",
        '"\\377\\000"',
        "\xff",
        "a" * 40_000,
        ".".join(["x" * 22, *["999999-" + "0" * 32] * 8]),
    ]
    port = site.browser.http.base_url.port
    with TestClient(
        site.browser.http.app,  # type: ignore[attr-defined]
        str(site.browser.http.base_url),
        raise_server_exceptions=False,
    ) as client:
        for value in values:
            header = f"ionport_{cookie}_{port}={value}".encode("latin-1")
            answer = client.get("/sign-in", headers={b"cookie": header, b"accept": b"text/html"})
            assert answer.status_code == 200, value[:40]
            assert 'class="flash' not in answer.text
            assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
