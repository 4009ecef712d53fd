"""LN's web services (c4ws): business data entities by SOAP (docs/reference/ln.md#soap).

Infor publishes no name of the entity that takes received purchase invoices, so that each call names
service and operation (docs/reference/ln.md#received-purchase-invoices).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from .answers.faults import plain, service_error
from .answers.xml_reader import BadXml, Element, read_tree
from .calls import Answer, Call, Flow
from .driver import AsyncService, Service, SyncService, operation
from .errors import LnFault, LnMessage, RequestRefused
from .finding import APPS_MENU
from .wording import worded

BASE = "LN/c4ws/services"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACE = "http://www.infor.com/businessinterface/"
MAX_LISTED = 1_000
# The general message, left out beside other messages (docs/reference/ln.md#soap).
_SEVERAL = "Multiple messages are reported"
_MAX_MESSAGES = 20

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_COMPANY = re.compile(r"[0-9]{1,5}")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

REMEDIES = {
    403: worded(
        "Give the user of the service account access to LN's web services. If scopes are enforced, "
        "add Infor-LN to the app ({menu}) and to the service account, and sign on again.",
        menu=APPS_MENU,
    ),
    404: worded(
        "The service is not deployed in LN, or the tenant has no LN: compare its name with the "
        "business data entities of session ttadv7560m000, and look LN up in Infor OS Portal > OS > "
        "API Gateway > Available APIs."
    ),
}


@dataclass(frozen=True, slots=True)
class LnLine:
    """A component of an entity, such as a cost line: attributes in their order."""

    component: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LnEntity:
    """An entity: its own attributes in their order, and its components."""

    values: tuple[tuple[str, str], ...]
    lines: tuple[LnLine, ...] = ()

    def value(self, name: str) -> str:
        """Return the first value of an attribute; empty when it has none of that name."""
        return next((value for key, value in self.values if key == name), "")


@dataclass(frozen=True, slots=True)
class LnCreated:
    """The entities that LN has created, by their keys, and its messages."""

    keys: tuple[Mapping[str, str], ...]
    messages: tuple[LnMessage, ...] = ()


class LnOperations(Service):
    """The operations of LN's web services, for threads (`Ln`) and asyncio (`AsyncLn`).

    All raise LnFault for LN's refusals, ServiceError where no fault came with the status, and the
    errors of connection, token and answer.
    """

    @operation
    def create(
        self, service: str, entity: LnEntity, *, company: str = "", operation: str = "Create"
    ) -> Flow[LnCreated]:
        """Create one entity. Not repeatable: look it up when the answer is lost."""
        content = create_envelope(service, entity, company=company, operation=operation)
        answer, part = yield from self._ask(service, operation, content)
        keys = tuple(dict(each.values) for each in _entities(part, service))
        if not keys:
            raise answer.refused("bad_shape", worded("LN's answer names nothing that was created."))
        return LnCreated(keys, _messages(answer, part))

    @operation
    def list(
        self,
        service: str,
        matching: Mapping[str, str],
        *,
        company: str = "",
        operation: str = "List",
        selection: Iterable[str] = ("*",),
        limit: int = 100,
    ) -> Flow[tuple[LnEntity, ...]]:
        """The entities whose attributes have exactly these values, at most `limit` (1 to 1,000)."""
        if not 1 <= limit <= MAX_LISTED:
            raise RequestRefused(f"A list gives between 1 and {MAX_LISTED} entities.")
        content = list_envelope(
            service,
            matching,
            company=company,
            operation=operation,
            selection=tuple(selection),
            limit=limit,
        )
        _answer, part = yield from self._ask(service, operation, content)
        return tuple(_entities(part, service))

    @operation
    def operations(self, service: str) -> Flow[frozenset[str]]:
        """The operations that the WSDL of a service names."""
        url = f"{self._file.api_url}/{BASE}/{_checked(service)}?wsdl"
        answer: Answer = yield Call("GET", url, {"Accept": "text/xml"})
        if not answer.ok:
            raise service_error(answer, "LN", REMEDIES)
        if answer.is_html or b"definitions" not in answer.content:
            code = "html" if answer.is_html else "bad_shape"
            raise answer.refused(code, worded("LN's answer describes no service."))
        names = re.findall(rb"<(?:\w+:)?operation\s[^>]{0,200}?name=\"(\w{1,80})\"", answer.content)
        return frozenset(name.decode() for name in names)

    def _ask(self, service: str, operation: str, content: bytes) -> Flow[tuple[Answer, Element]]:
        headers = {"Accept": "text/xml", "Content-Type": "text/xml;charset=utf-8", "SOAPAction": ""}
        url = f"{self._file.api_url}/{BASE}/{_checked(service)}"
        answer: Answer = yield Call("POST", url, headers, content)
        body = _body(answer)
        if body is not None and (fault := body.child("Fault")):
            raise _fault(answer, fault)
        if not answer.ok:
            raise service_error(answer, "LN", REMEDIES)
        part = next(body.walk(f"{operation}Response"), None) if body else None
        inner = part.child(f"{operation}Response") if part else None
        if part is None:
            code = "html" if answer.is_html else "bad_shape"
            text = worded("What LN sent is no answer to {operation}.", operation=operation)
            raise answer.refused(code, text)
        return answer, inner or part


class Ln(SyncService, LnOperations):
    """LN's web services for threads."""


class AsyncLn(AsyncService, LnOperations):
    """LN's web services for asyncio."""


def create_envelope(
    service: str, entity: LnEntity, *, company: str = "", operation: str = "Create"
) -> bytes:
    """Return the envelope that creates an entity: the same bytes for the same entity."""
    name = _checked(service)
    lines = "".join(
        f"<{_checked(line.component)}>{_fields(line.values)}</{line.component}>"
        for line in entity.lines
    )
    data = f'<{name} actionType="create">{_fields(entity.values)}{lines}</{name}>'
    scope = "<processingScope>request</processingScope>"
    return _envelope(name, operation, company, scope, data)


def list_envelope(
    service: str,
    matching: Mapping[str, str],
    *,
    company: str = "",
    operation: str = "List",
    selection: Sequence[str] = ("*",),
    limit: int = 100,
) -> bytes:
    """Return the envelope that asks for entities with these values."""
    name = _checked(service)
    comparisons = [
        "<ComparisonExpression><comparisonOperator>eq</comparisonOperator>"
        f"<attributeName>{name}.{_checked(attribute)}</attributeName>"
        f"<instanceValue>{_text(value)}</instanceValue></ComparisonExpression>"
        for attribute, value in matching.items()
    ]
    found = "".join(comparisons)
    if len(comparisons) > 1:
        joined = "<logicalOperator>and</logicalOperator>"
        found = f"<LogicalExpression>{joined}{found}</LogicalExpression>"
    chosen = "".join(
        f"<selectionAttribute>{_text(attribute)}</selectionAttribute>" for attribute in selection
    )
    control = (
        f"{f'<Filter>{found}</Filter>' if found else ''}<Selection>{chosen}</Selection>"
        f"<maxNumberOfObjects>{limit}</maxNumberOfObjects>"
    )
    return _envelope(name, operation, company, control, "")


def _envelope(service: str, operation: str, company: str, control: str, data: str) -> bytes:
    if company and not _COMPANY.fullmatch(company):
        raise RequestRefused(f"{company[:20]!r} is no company: it has up to five digits.")
    name = _checked(operation)
    activation = f"<company>{int(company)}</company>" if company else ""
    return (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:bo="{NAMESPACE}{service}">'
        f"<soapenv:Header><bo:Activation>{activation}</bo:Activation></soapenv:Header>"
        f"<soapenv:Body><bo:{name}><{name}Request><ControlArea>{control}</ControlArea>"
        f"<DataArea>{data}</DataArea></{name}Request></bo:{name}></soapenv:Body>"
        "</soapenv:Envelope>"
    ).encode()


def _fields(values: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<{_checked(name)}>{_text(value)}</{name}>" for name, value in values)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise RequestRefused(f"{name[:40]!r} cannot be a name in LN.")
    return name


def _text(value: str) -> str:
    if found := _NOT_XML.search(value):
        raise RequestRefused(
            f"A value has the character U+{ord(found[0]):04X}, which XML cannot hold."
        )
    # A carriage return as such would reach the reader as a line feed (XML 1.0, 2.11).
    return escape(value, quote=False).replace("\r", "&#13;")


def _body(answer: Answer) -> Element | None:
    """Return the Body of an answer; None when it is no SOAP envelope."""
    if answer.is_html or not answer.content.lstrip().startswith(b"<"):
        return None
    try:
        root = read_tree(answer.content)
    except BadXml:
        return None
    return root.child("Body") if root.name == "Envelope" else None


def _entities(part: Element, service: str) -> list[LnEntity]:
    area = part.child("DataArea")
    return [_entity(child) for child in (area.children if area else ()) if child.name == service]


def _entity(element: Element) -> LnEntity:
    return LnEntity(
        tuple((child.name, child.text) for child in element.children if not child.children),
        tuple(
            LnLine(child.name, tuple((each.name, each.text) for each in child.children))
            for child in element.children
            if child.children
        ),
    )


def _fault(answer: Answer, fault: Element) -> LnFault:
    """Return the error for a fault; the messages of its details are more exact than its head."""
    messages = _messages(answer, fault)
    telling = [each for each in messages if each.text and each.text != _SEVERAL]
    words = "; ".join(dict.fromkeys(each.text for each in telling[:5]))
    text = words or plain(answer, fault.text_of("faultstring")) or worded("no reason is given")
    return LnFault(
        worded("LN refused the request: {message}", message=text),
        messages=telling or messages,
        status=answer.status,
        remote_code=telling[0].code if telling else "",
        remote_message=text,
        detail=answer.excerpt(),
    )


def _messages(answer: Answer, within: Element) -> tuple[LnMessage, ...]:
    """Return the messages of a fault's Result or of an answer's InformationArea."""
    found = [
        LnMessage(
            plain(answer, each.text_of("messageCode")),
            plain(answer, each.text_of("messageType")),
            plain(answer, each.text_of("messageText")),
        )
        for name in ("Result", "Message")
        for each in within.walk(name)
    ]
    return tuple(found[:_MAX_MESSAGES])
