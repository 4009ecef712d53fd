"""Requests to what an OpenAPI document describes, and to what it does not tell how to ask."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from tools.recording.asks import JSON, Ask, Client
from tools.recording.server import TENANT

_ION: Final = "/IONSERVICES/api/ion/messaging/service"
_METHODS: Final = ("get", "post", "put", "delete", "patch")
# What stands for a parameter of a path, by service and name; `@x` is what `state` holds as x.
_VALUES: Final = {
    "IDM name": "M3_SupplierInvoice",
    "LN service": "BusinessPartner_v3",
    "IDM pid": "@pid",
    "IONSERVICES logical_id": "lid://infor.ims.example",
    "IONSERVICES name": "Invoices",
    "IONSERVICES id": "@query",
    "DATAFABRIC name": "Invoices",
    "DATAFABRIC id": "@query",
    "M3 program": "MMS200MI",
    "M3 transaction": "Get;maxrecs=2?ITNO=BOLT-M8",
    "control name": "first",
    "control fault": "@fault",
    "control call": "@call",
    "control context": "IDM",
}
_LN_SERVICES: Final = ("ReceivedPurchaseInvoice", "BusinessPartner_v3", "Nosuch")
_NUMBER: Final = {"name": "BOD_SupplierInvoiceID", "value": "471102"}
_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"


def described(
    name: str, document: Mapping[str, Any], client: Client, state: Mapping[str, str]
) -> Iterator[Ask]:
    """Every operation of a document: as it is right, without a token, and with what is wrong."""
    base = "" if name == "control" else f"/{TENANT}/{name}"
    token = client.control_key if name == "control" else client.token
    bearer = {"authorization": f"Bearer {token}"}
    found = [
        (path, method, methods[method])
        for path, methods in document["paths"].items()
        for method in _METHODS
        if method in methods
    ]
    # What removes comes last, so that the others find something.
    for path, method, operation in sorted(found, key=lambda each: _removes(*each[:2])):
        own, verb = path.replace("{tenant}", TENANT), method.upper()
        here, nowhere = base + _filled(name, own, state), base + re.sub(r"\{\w+\}", "nosuch", own)
        route = f"{name} {verb} {path}"
        yield Ask(route, "no token", verb, here)
        yield Ask(route, "PATCH", "PATCH", here, bearer)
        if "{" in own:
            yield Ask(route, "unknown", verb, nowhere, bearer)
        yield from _with_bodies(route, verb, here, bearer, operation)


def _removes(path: str, method: str) -> bool:
    return method == "delete" or path.endswith(("/reset", "/expire-tokens"))


def _with_bodies(
    route: str, verb: str, path: str, bearer: Mapping[str, str], operation: Mapping[str, Any]
) -> Iterator[Ask]:
    kinds = operation.get("requestBody", {}).get("content", {})
    for kind, content in kinds.items():
        headers = {**bearer, "content-type": kind}
        example = content.get("example", {})
        body = example if isinstance(example, str) else json.dumps(example)
        yield Ask(route, f"{kind}, wrong", verb, path, headers, b'{"a": [')
        yield Ask(route, f"{kind}, empty", verb, path, headers, b"{}")
        yield Ask(route, f"{kind}, right", verb, path, headers, body.encode())
    if kinds:
        yield Ask(route, "other type", verb, path, {**bearer, "content-type": "image/png"}, b"x")
        return
    query = [each for each in operation["parameters"] if each["in"] == "query"]
    mark = "&" if "?" in path else "?"
    needed = {each["name"]: _sample(each) for each in query if each.get("required")}
    if needed:
        yield Ask(route, "needed", verb, f"{path}{mark}{urlencode(needed)}", bearer)
    if query:
        whole = {each["name"]: _sample(each) for each in query}
        yield Ask(route, "all", verb, f"{path}{mark}{urlencode(whole)}", bearer)
    yield Ask(route, "plain", verb, path, bearer)


def _sample(parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    return "1" if schema.get("type") == "number" else "A1"[: schema.get("maxLength", 2)]


def _filled(service: str, path: str, state: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        known = _VALUES.get(f"{service} {found[1]}", "nosuch")
        if known.startswith("@"):
            known = state.get(known[1:], "nosuch")
        return quote(known, safe=":/;=?")

    return re.sub(r"\{(\w+)\}", value, path)


def soap(client: Client) -> Iterator[Ask]:
    """LN's operations, each with an empty request and without a company."""
    for service in _LN_SERVICES:
        space = f"http://www.infor.com/businessinterface/{service}"
        path = f"/{TENANT}/LN/c4ws/services/{service}"
        yield Ask(f"LN {service}", "wsdl", "GET", f"{path}?wsdl", client.bearer)
        for operation in ("Create", "Show", "List", "Process", "Nosuch"):
            body = (
                f'<Envelope xmlns="{_SOAP}"><Header><Activation xmlns="{space}">'
                f'<company xmlns="">200</company></Activation></Header><Body>'
                f'<{operation} xmlns="{space}"><{operation}Request/></{operation}></Body>'
                "</Envelope>"
            )
            headers = {**client.bearer, "content-type": "text/xml"}
            route = f"LN {service} {operation}"
            yield Ask(route, "empty", "POST", path, headers, body.encode())
            yield Ask(route, "no company", "POST", path, headers, body.replace("200", "").encode())


def scenes(client: Client, state: Mapping[str, str]) -> Iterator[Ask]:
    """What the tables of routes do not tell how to ask: texts of searches, M3's invoices, BODs."""
    base, idm = f"/{TENANT}/M3/m3api-rest", f"/{TENANT}/IDM/api/items"
    item = {"entityName": "M3_SupplierInvoice", "attrs": {"attr": [_NUMBER]}}
    created = json.dumps({"item": item}).encode()
    yield Ask("IDM scene create", "right", "POST", idm, {**client.bearer, **JSON}, created)
    query = urlencode({"$query": '/M3_SupplierInvoice[@BOD_SupplierInvoiceID = "471102"]'})
    for path in ("search", "count", "search/item", "search/item/resource/stream"):
        target = f"{idm}/{path}?{query}"
        yield Ask(f"IDM scene {path}", "found", "GET", target, client.bearer)
        headers = {**client.bearer, "accept": "application/xml"}
        yield Ask(f"IDM scene {path}", "as XML", "GET", target, headers)
    head = {"SUNO": "20001", "IVDT": "20260301", "SINO": "R-1", "CUAM": "119.00"}
    correlation = "0d7c5d4e-1111-4222-8333-944444444444"
    line = {"RDTP": "1", "NLAM": "100.00", "PUNO": "1000001", "PNLI": "1"}
    for number, (transaction, fields) in enumerate(
        (
            ("AddHead", {**head, "CORI": correlation}),
            ("AddHead", {**head, "CORI": correlation}),
            ("GetHead", {"INBN": "@inbn"}),
            ("LstInvBySupInv", {"SPYN": "20001", "SUNO": "20001", "SINO": "R-1"}),
            ("AddLine", {"INBN": "@inbn", **line}),
            ("AddLine", {"INBN": "@inbn", "RDTP": "3", "VTA1": "19.00", "VTCD": "1"}),
            ("LstLines", {"INBN": "@inbn"}),
            ("GetHead", {"INBN": "@inbn", "maxrecs": "1"}),
        )
    ):
        known = {key: state.get("inbn", "1") if value == "@inbn" else value
                 for key, value in fields.items()}  # fmt: skip
        address = f"APS450MI/{transaction}"
        for route, target in (
            (f"M3 scene v2 {address}", f"{base}/v2/execute/{address}?{urlencode(known)}"),
            (
                f"M3 scene v1 {address}",
                f"{base}/execute/{address};metadata=true?{urlencode(known)}",
            ),
        ):
            yield Ask(route, f"step {number}", "GET", target, client.bearer)
    rows = [{"transaction": "Get", "record": {"ITNO": each}} for each in ("BOLT-M8", "NOSUCH")]
    body = json.dumps({"program": "MMS200MI", "cono": 1, "transactions": rows}).encode()
    bulk = f"{base}/v2/execute"
    yield Ask("M3 scene bulk", "two rows", "POST", bulk, {**client.bearer, **JSON}, body)
    yield from _messages(client)


def _messages(client: Client) -> Iterator[Ask]:
    bod = "<SyncCaptureDocument xmlns='http://schema.infor.com/InforOAGIS/2'/>"
    properties = {
        "documentName": "Sync.CaptureDocument",
        "messageId": "m-2",
        "fromLogicalId": "lid://infor.ims.example",
        "toLogicalId": "lid://default",
        "encoding": "NONE",
        "characterSet": "UTF-8",
    }
    mark = "recording"
    parts = "".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n'
        f"Content-Type: {kind}\r\n\r\n{content}\r\n"
        for name, kind, content in (
            ("ParameterRequest", "application/json", json.dumps(properties)),
            ("MessagePayload", "application/octet-stream", bod),
        )
    )
    body = f"{parts}--{mark}--\r\n".encode()
    headers = {**client.bearer, "content-type": f"multipart/form-data; boundary={mark}"}
    for address in ("v2/multipartMessage", "v3/multipartMessage", "v3/message/multipart"):
        target = f"/{TENANT}{_ION}/{address}"
        yield Ask(f"IONSERVICES scene {address}", "a BOD", "POST", target, headers, body)
        yield Ask(f"IONSERVICES scene {address}", "half", "POST", target, headers, body[:200])


def machines(client: Client) -> Iterator[Ask]:
    """Health and the documents of the control plane."""
    for path in ("/healthz", "/_control/openapi.json", "/_control/x", f"/{TENANT}/x", "/as/x"):
        yield Ask(f"other {path}", "GET", "GET", path)
    state = f"/_control/{TENANT}/state"
    bearer = {"authorization": f"Bearer {client.control_key}"}
    yield Ask("other control", "wrong host", "GET", state, {**bearer, "host": "x.example"})
    yield Ask("other control", "other tenant", "GET", "/_control/OTHER_TST/state", bearer)
    yield Ask("other control", "wrong key", "GET", state, {"authorization": "Bearer x"})
