"""Infor side: one call through the gateway, with a token of a service account of the tenant."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Conflict, InvalidInput, TooManyRequests, refuse_wrong
from ionport.core.http.in_process import AppAnswer, AppCall, Header, call_app
from ionport.core.i18n import _
from ionport.gateway.suites.openapi import describe
from ionport.gateway.suites.sample_call import sample_path
from ionport.oauth.tokens.model import SignedLogin
from ionport.web.forms.fields import errors_of, lines_of, text_of
from ionport.web.forms.service_accounts import offered_accounts
from ionport.web.rendering.bodies import ShownBody, shown_body
from ionport.web.rendering.templating import render
from ionport.web.routes import form_routes
from ionport.web.services import gateway_of, infor_of, sides_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "available-apis"

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_MAX_PATH: Final = 4_000
_MAX_OFFERED: Final = 1_000
_MAX_HEADERS: Final = 20
_MAX_BODY: Final = 500_000
_MAX_ANSWER: Final = 1_000_000
# The gateway itself ends a call to a target after 60 s.
_SECONDS: Final = 70
# Of what is typed into the path, these stay as they are; the rest is percent-encoded.
_SAFE: Final = "/%!$&'()*+,;=:@~-._?"
# A part of an operation's address that is still to be written.
_PLACEHOLDER: Final = re.compile(r"\{[A-Za-z_$][\w.$-]*\}", re.ASCII)
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}): *([ -~]{0,1000})")
_OWN_HEADERS: Final = frozenset({"authorization", "host", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer as the page shows it."""

    status: int
    status_text: str
    milliseconds: int
    headers: Sequence[tuple[str, str]]
    body: ShownBody
    is_cut: bool


def show(request: Request) -> Response:
    """Show the form; the address may name the operation to begin with."""
    query = request.query_params
    named = {name: query.get(name, "")[:_MAX_PATH] for name in ("method", "path")}
    return _page(request, {"account": "", "headers": "", "body": "", **named})


async def send(request: Request) -> Response:
    """Send the call with a token that ends with it, and show what the gateway answers."""
    form = visit_of(request).form
    values = {name: text_of(form, name) for name in ("method", "path", "account")}
    method, _space, path = values["path"].partition(" ")
    if method in METHODS:
        # An operation as it is offered, with its method before it.
        values |= {"method": method, "path": path.strip()}
    values |= {name: lines_of(form, name) for name in ("headers", "body")}
    try:
        call = _call_of(request, values)
        signed = await run_in_threadpool(_issue, request, call, values["account"])
    except (InvalidInput, Conflict, TooManyRequests) as error:
        errors = {"": error.text} if isinstance(error, TooManyRequests) else errors_of(error)
        return await run_in_threadpool(_page, request, values, errors=errors, status=error.status)
    bearer = f"Bearer {signed.answer.access_token.reveal()}"
    began = time.monotonic()
    try:
        answer = await call_app(
            gateway_of(request),
            call.with_header(b"authorization", bearer.encode()),
            max_bytes=_MAX_ANSWER,
            seconds=_SECONDS,
        )
    except TimeoutError:
        errors = {"": _("There was no answer within {n} seconds.").format(n=_SECONDS)}
        return await run_in_threadpool(_page, request, values, errors=errors, status=504)
    finally:
        await run_in_threadpool(_end, request, signed)
    shown = _shown(answer, round((time.monotonic() - began) * 1_000))
    return await run_in_threadpool(_page, request, values, shown=shown)


def _call_of(request: Request, values: Mapping[str, str]) -> AppCall:
    """Return the call that was typed; raises InvalidInput with what is wrong beside its field."""
    headers, wrong_header = _headers(values["headers"])
    path, body = values["path"].lstrip("/"), values["body"].encode()
    refuse_wrong(
        {
            "method": None if values["method"] in METHODS else _("Choose a method."),
            "path": _wrong_path(path),
            "headers": wrong_header,
            "body": None
            if len(body) <= _MAX_BODY
            else _("At most {n} bytes are sent from here.").format(n=_MAX_BODY),
        },
        _("The call was not sent."),
    )
    return AppCall(
        method=values["method"],
        target=f"/{tenant_scope(request).tenant_id}/{quote(path, safe=_SAFE)}",
        headers=headers,
        body=body,
        client=(request.client.host, request.client.port) if request.client else None,
    )


def _wrong_path(path: str) -> str | None:
    if not path or len(path) > _MAX_PATH:
        return _("Enter the path behind the tenant, such as IDM/api/items/search?$query=….")
    if "://" in path.partition("?")[0] or not path.isprintable():
        return _("Leave out the address: only the path behind the tenant is wanted.")
    if open_parts := dict.fromkeys(_PLACEHOLDER.findall(path)):
        return _("Write what is meant in place of {parts}.").format(parts=", ".join(open_parts))
    return None


def _headers(text: str) -> tuple[list[Header], str | None]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) > _MAX_HEADERS:
        return [], _("At most {n} headers are sent from here.").format(n=_MAX_HEADERS)
    headers: list[Header] = []
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None:
            return [], _("Each line is one header, as in: Accept: application/json")
        if found[1].lower() in _OWN_HEADERS:
            return [], _("The header {name} is set by ionport.").format(name=found[1])
        headers.append((found[1].lower().encode(), found[2].encode()))
    return headers, None


def _issue(request: Request, call: AppCall, name: str) -> SignedLogin:
    infor = infor_of(request)
    with tenant_read(request) as access:
        account = infor.service_accounts.find_account(access, name).account
        login = infor.token_tools.login_of(access, account.app_id, account.id)
    signed = infor.token_tools.sign_for_call(login)
    with tenant_write(request) as access:
        infor.token_tools.store_for_call(access, signed, f"{call.method} {call.path}")
    return signed


def _end(request: Request, signed: SignedLogin) -> None:
    with tenant_write(request) as access:
        infor_of(request).token_tools.end_token(access, signed)


def _shown(answer: AppAnswer, milliseconds: int) -> ShownAnswer:
    status = HTTPStatus(answer.status) if answer.status in list(HTTPStatus) else None
    return ShownAnswer(
        status=answer.status,
        status_text=f"{answer.status} {status.phrase}" if status else str(answer.status),
        milliseconds=milliseconds,
        headers=[(one.decode("latin-1"), value.decode("latin-1")) for one, value in answer.headers],
        body=shown_body(bytes(answer.body)),
        is_cut=answer.is_cut,
    )


def _page(
    request: Request,
    values: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    shown: ShownAnswer | None = None,
    status: int = 200,
) -> Response:
    with tenant_read(request) as access:
        accounts = offered_accounts(request, access)
        documents = infor_of(request).custom_apis.documentation.list_texts(access)
    context = {
        "values": values,
        "errors": errors or {},
        "shown": shown,
        "methods": [(one, one) for one in METHODS],
        "accounts": accounts,
        "operations": _operations(request, documents),
    }
    return render(request, "api_suites/send.html", context, status=status)


def _operations(request: Request, documents: Sequence[tuple[str, str]]) -> Sequence[str]:
    """Return the operations that are known: of the documents of the tenant's own suites, and those
    of the sandbox. Each is a method and a path behind the tenant, as the path field takes them.
    """
    sandbox = sides_of(request).sandbox
    covered = sandbox.registry.coverage(tenant_scope(request).tenant_id) if sandbox else ()
    known = [
        f"{one.method} {begin}{sample_path(one)}"
        for begin, text in documents
        for one in describe(text).operations
    ]
    known += [one.address.replace(" /", " ", 1) for each in covered for one in each.operations]
    return [one for one in dict.fromkeys(known) if one.startswith(METHODS)][:_MAX_OFFERED]


ROUTES = form_routes("/ion-api/{tenant}/available-apis/send", show, send, name="api_send")
