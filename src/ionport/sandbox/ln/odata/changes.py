"""Changes by LN's OData: entities are entered, changed and removed, and an action is invoked.

Source: docs/reference/ln.md#odata. Received purchase invoices alone are changed. Which status
answers a refusal is known; what is refused is inferred.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from ionport.core.errors import MethodNotAllowed, NotFound
from ionport.sandbox.kit.operations import Answer, Call, Operation, Step, Wire, from_clients
from ionport.sandbox.kit.texts import load_json_object, quoted
from ionport.sandbox.ln.invoices import Given, read_invoice
from ionport.sandbox.ln.model import (
    HEADER,
    KEY_COMPANY,
    KEY_NUMBER,
    Draft,
    Invoice,
    Kind,
    RequestRefused,
)
from ionport.sandbox.ln.odata.addresses import ODATA, Asked, base_of, read_address
from ionport.sandbox.ln.odata.answers import VERSION, entity_answer, key_text
from ionport.sandbox.ln.odata.entities import invoice_entity
from ionport.sandbox.ln.odata.model import (
    INVOICE,
    BadQuery,
    MatchMissing,
    StaleEntity,
    WrongMediaType,
    etag_of,
)
from ionport.sandbox.ln.odata.query import read_query
from ionport.sandbox.ln.service import LnService
from ionport.store import Work

PROCESS: Final = "Process"
_SECTION = "docs/reference/ln.md#odata"
_LEFT_OUT = (
    "$batch and CSRF tokens, of which no source tells; X-Infor-LnIdentity; other sets than"
    " ReceivedPurchaseInvoices"
)
_WIRE = Wire(query=("$select", "$expand"), takes=("application/json",))
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


class ODataChanges:
    """The handlers.

    Args:
        gateway_url: what addresses in answers begin with.
    """

    def __init__(self, service: LnService, gateway_url: str) -> None:
        self._service = service
        self._gateway_url = gateway_url

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""
        path = f"{ODATA}/{{service}}/{{path:path}}"
        create = from_clients(_SECTION, left_out=f"{_LEFT_OUT}; actions other than {PROCESS}")
        change = from_clients(_SECTION, left_out=f"{_LEFT_OUT}; lines of an invoice")
        delete = from_clients(_SECTION, left_out=_LEFT_OUT)
        return [
            Operation("odata create or act", "POST", path, self.post, create, wire=_WIRE),
            Operation("odata change", "PATCH", path, self.change, change, wire=_WIRE),
            Operation("odata delete", "DELETE", path, self.delete, delete),
        ]

    def post(self, call: Call) -> Step:
        """Enters an invoice and answers 201 with it, or invokes an action of one."""
        asked = read_address(call)
        return self._create(call, asked) if asked.key is None else self._act(call, asked)

    def change(self, call: Call) -> Step:
        """Changes what the body names; answers 204, or the invoice when `$select` asks for it."""
        asked = read_address(call)
        key = _key(asked, "PATCH")
        given, lines = _read_body(call)
        if lines:
            raise BadQuery("The sandbox changes no lines of an invoice: send its own properties.")
        answer_with = self._answering(call, asked)

        def step(work: Work) -> Answer:
            access = work.within(call.scope)
            invoice = self._service.locked(access, *key)
            _check_match(call, invoice)
            read = read_invoice(
                _merged(invoice.draft, given), _lines_of(invoice.draft), invoice.company
            )
            changed = self._service.change(access, invoice, read)
            return answer_with(changed) if "$select" in call.query else _no_content(changed)

        return step

    def delete(self, call: Call) -> Step:
        """Removes an invoice and answers 204."""
        asked = read_address(call)
        key = _key(asked, "DELETE")

        def step(work: Work) -> Answer:
            access = work.within(call.scope)
            invoice = self._service.locked(access, *key)
            _check_match(call, invoice)
            self._service.remove(access, invoice)
            return _no_content(invoice)

        return step

    def _create(self, call: Call, asked: Asked) -> Step:
        _require_changeable(asked, "POST")
        read = read_invoice(*_read_body(call), asked.company)
        if read.problems:
            raise RequestRefused(read.problems)
        answer_with = self._answering(call, asked, status=201)

        def step(work: Work) -> Answer:
            created = self._service.create(
                work.within(call.scope),
                [read],
                client_id=call.caller.client_id,
                each_on_its_own=False,
            )
            return answer_with(created.invoices[0])

        return step

    def _act(self, call: Call, asked: Asked) -> Step:
        if asked.kind is not INVOICE or asked.way != f"{asked.service.name}.{PROCESS}":
            raise NotFound(
                f"The sandbox does not imitate the action {quoted(asked.way)} of {asked.set}; it"
                f" has {PROCESS} of ReceivedPurchaseInvoices.",
                code="operation_not_imitated",
            )
        key, answer_with = _key(asked, "POST"), self._answering(call, asked)

        def step(work: Work) -> Answer:
            access = work.within(call.scope)
            invoice = self._service.locked(access, *key)
            if "if-match" in call.headers:
                _check_match(call, invoice)
            (processed,) = self._service.process(access, [(invoice.company, invoice.number)])
            return answer_with(processed)

        return step

    def _answering(self, call: Call, asked: Asked, status: int = 200) -> _Answering:
        query = read_query(call.query, asked.kind)
        base = base_of(self._gateway_url, call, asked)

        def answer(invoice: Invoice) -> Answer:
            values = invoice_entity(invoice)
            place = {"Location": f"{base}/{asked.set}({key_text(values, INVOICE)})"}
            headers = place if status == 201 else {}
            answer = entity_answer(values, query, asked, base, status, **headers)
            return replace(answer, effects=_effects(invoice))

        return answer


_Answering = Callable[[Invoice], Answer]


def _require_changeable(asked: Asked, method: str) -> None:
    if asked.kind is not INVOICE:
        raise MethodNotAllowed(
            f"The sandbox does not imitate {method} of {asked.set}, only GET.",
            allowed=["GET"],
            code="operation_not_imitated",
        )


def _key(asked: Asked, method: str) -> tuple[int, int]:
    """Return company and number of the invoice that is to be changed."""
    _require_changeable(asked, method)
    if asked.key is None:
        raise BadQuery(f"{method} takes one entity: name it, {asked.set}({KEY_COMPANY}=…,…).")
    company, number = asked.key[KEY_COMPANY], asked.key[KEY_NUMBER]
    if not (_NUMBER.fullmatch(company) and _NUMBER.fullmatch(number)):
        raise NotFound(f"{asked.kind.name} {quoted(f'{company}, {number}')} does not exist.")
    return int(company), int(number)


def _check_match(call: Call, invoice: Invoice) -> None:
    """Raise unless the caller has seen the invoice as it is now."""
    seen = [each.strip() for each in call.headers.get("if-match", "").split(",")]
    if not any(seen):
        raise MatchMissing("Name the entity's @odata.etag in the header If-Match.")
    if "*" not in seen and etag_of(invoice_entity(invoice)) not in seen:
        raise StaleEntity("The entity was changed meanwhile: read it again.")


def _read_body(call: Call) -> tuple[Given, Mapping[str, Sequence[Given]]]:
    """Return an invoice's own properties and those of its lines, as the body has them."""
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise WrongMediaType(f"The body is application/json, not {quoted(media_type)}.")
    body = load_json_object(call.body, with_numbers=True)
    lines: dict[str, list[Given]] = {}
    for name, kind in INVOICE.navigation.items():
        listed = body.pop(name, [])
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise BadQuery(f"{name} is a list of objects.")
        if listed:
            lines[name] = [_given(each, kind.properties) for each in listed]
    kinds = {name: each.kind for name, each in HEADER.attributes.items()}
    return _given(body, kinds), lines


def _given(values: Mapping[str, Any], kinds: Mapping[str, Kind]) -> Given:
    """Return properties as texts; annotations such as @odata.etag are passed over."""
    found = []
    for name, value in values.items():
        if "@" not in name:
            if name not in kinds:
                raise BadQuery(f"{quoted(name)} is no property that can be set.")
            found.append((name, _text(name, value, kinds[name])))
    return found


def _text(name: str, value: Any, kind: Kind) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    wants_number = kind in (Kind.INTEGER, Kind.NUMBER)
    if value is None:
        return ""
    if is_number != wants_number or not (is_number or isinstance(value, str)):
        raise BadQuery(f"{name} is a {'number' if wants_number else 'text'}.")
    return f"{Decimal(str(value)):f}" if is_number else value


def _merged(draft: Draft, given: Given) -> Given:
    """Return an invoice's properties with those that a change names; empty ones are left out."""
    changed = {**draft.header, **dict(given)}
    if Decimal(changed["FinancialCompany"] or 0) != draft.company:
        raise BadQuery("FinancialCompany is part of the key and cannot be changed.")
    return [(name, text) for name, text in changed.items() if text]


def _lines_of(draft: Draft) -> Mapping[str, Sequence[Given]]:
    return {name: [list(line.items()) for line in lines] for name, lines in draft.lines.items()}


def _effects(invoice: Invoice) -> tuple[str, ...]:
    return (f"ln invoice {invoice.key}",)


def _no_content(invoice: Invoice) -> Answer:
    return Answer(204, headers=VERSION, effects=_effects(invoice))
