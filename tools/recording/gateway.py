"""Requests to the gateway, and the API suite of the tenant's own that some of them call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from tools.recording.asks import ORIGIN, Ask, Client
from tools.recording.server import TENANT


def gateway(client: Client) -> Iterator[Ask]:
    """What the gateway answers itself, and calls to a tenant's own suite."""
    bearer = client.bearer
    own = f"/{TENANT}/CustomerApi/Own/Echo"
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"):
        for case, path in (("built in", f"/{TENANT}/IDM/x"), ("own", f"{own}/a%2Fb?c=d")):
            body = b"content" if method in ("POST", "PUT", "PATCH") else b""
            yield Ask(f"gateway {case}", f"{method}, token", method, path, bearer, body)
            yield Ask(f"gateway {case}", f"{method}, no token", method, path)
    for case, headers in {
        "wrong token": {"authorization": "Bearer x.y.z"},
        "other scheme": {"authorization": "Basic eDp5"},
        "origin": {**bearer, "origin": ORIGIN},
        "foreign origin": {**bearer, "origin": "https://x.y"},
        "preflight": {"origin": ORIGIN, "access-control-request-method": "GET"},
        "foreign preflight": {"origin": "https://x.y", "access-control-request-method": "GET"},
        "websocket": {**bearer, "upgrade": "websocket", "connection": "upgrade"},
        "request id": {**bearer, "x-request-id": "mine"},
        "too long": {**bearer, "content-length": "99999999999"},
    }.items():
        method = "OPTIONS" if "preflight" in case else "GET"
        yield Ask("gateway built in", case, method, f"/{TENANT}/IDM/api/items/search", headers)
        yield Ask("gateway own", case, method, f"{own}/x", headers)
    for case, path in {
        "no suite": f"/{TENANT}/Nosuch/x",
        "no own suite": f"/{TENANT}/CustomerApi/Nosuch/Echo/x",
        "no endpoint": f"/{TENANT}/CustomerApi/Own/Nosuch/x",
        "anonymous": f"/{TENANT}/CustomerApi/Own/Open/x",
        "no answer": f"/{TENANT}/CustomerApi/Own/Away/x",
        "header policy": f"/{TENANT}/CustomerApi/Own/Policed/x",
        "other tenant": "/OTHER_TST/IDM/api/items/search",
        "root": f"/{TENANT}/",
        "climbing": f"/{TENANT}/IDM/../IDM/api/items/search",
        "token in the query": f"/{TENANT}/IDM/api/items/search?access_token={client.token}",
    }.items():
        headers = {} if case in ("anonymous", "token in the query") else bearer
        yield Ask("gateway", case, "GET", path, headers)


def suite_file(target: str) -> bytes:
    """Return an API suite of the tenant's own with four endpoints, as a file to import."""
    policy = {
        "type": "header",
        "name": "mark",
        "flow": "REQUEST",
        "definition": _HEADER_POLICY,
    }

    def endpoint(
        context: str, url: str, security: str = "OAuth 2.0", **more: Any
    ) -> dict[str, Any]:
        fixed = {"description": "For a recording", "proxy_context": context, "is_active": True}
        choices = {"proxy_security": security, "security": {"type": "Anonymous"}, "policies": []}
        return {**fixed, **choices, "target_url": url, "ignore_certificate_errors": False, **more}

    content = {
        "format": "ionport.api-suite",
        "version": 1,
        "application_name": "Own",
        "suite_name": "Own",
        "description": "For a recording",
        "context": "Own",
        "icon": "apps",
        "icon_file": "",
        "is_active": True,
        "policies": [],
        "endpoints": [
            endpoint("Echo", f"{target}/base"),
            endpoint("Open", f"{target}/open", "Anonymous"),
            endpoint("Policed", f"{target}/policed", policies=[policy]),
            # Port 9 (discard) answers nothing.
            endpoint("Away", "http://127.0.0.1:9/away"),
        ],
    }
    return json.dumps(content).encode()


_HEADER_POLICY: Final = (
    '<header xmlns="http://www.infor.com/ion/api" name="mark" version="1.0"><action>set</action>'
    "<headerName>X-Mark</headerName><headerValue ref='context.url.tenant'/></header>"
)
