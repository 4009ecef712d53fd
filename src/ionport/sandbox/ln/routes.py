"""LN's services below `/{TENANT}/LN/c4ws/services` (docs/reference/ln.md#soap)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from ionport.core.clock import Clock
from ionport.core.errors import NotFound
from ionport.sandbox.kit.operations import (
    Answer,
    Call,
    Fact,
    Operation,
    Part,
    Service,
    Step,
    Wire,
    inferred,
    verified,
)
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.ln.envelope import (
    SoapCall,
    operation_named,
    read_call,
    rendered,
    response,
)
from ionport.sandbox.ln.errors import MEDIA_TYPE, error_answer, information
from ionport.sandbox.ln.filters import Selection, read_filter, read_limit, read_selection
from ionport.sandbox.ln.invoices import check_all, read_invoices, read_keys, read_scope, shown
from ionport.sandbox.ln.model import (
    HEADER,
    KEY_COMPANY,
    KEY_NUMBER,
    LINES,
    PARTNER,
    SHOWN,
    Invoice,
    Values,
    refused,
)
from ionport.sandbox.ln.odata.routes import ODataRoutes
from ionport.sandbox.ln.seeds import PARTNERS
from ionport.sandbox.ln.service import LnService, LnSettings
from ionport.sandbox.ln.wsdl import Entity, describe
from ionport.store import Work

CONTEXT = "LN"
MAX_BODY_BYTES = 6_000_000
_SERVICES = "/c4ws/services"
_MAX_LISTED = 1_000
_INVOICE = Entity((SHOWN, HEADER), LINES)
_PARTNER = Entity((PARTNER,))
_ENVELOPE = verified("docs/reference/ln.md#soap", left_out="services that are not listed below")
_INVOICES = inferred(
    "docs/reference/ln.md#received-purchase-invoices",
    left_out="the real name, which Infor does not publish; change, delete, stage payments",
)
_PARTNERS = inferred(
    "docs/reference/ln.md#soap", left_out="most attributes, and partners of a tenant's own"
)
_EXAMPLE = (
    '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Header>'
    '<Activation xmlns="http://www.infor.com/businessinterface/BusinessPartner_v3">'
    '<company xmlns="">200</company></Activation></Header><Body>'
    '<List xmlns="http://www.infor.com/businessinterface/BusinessPartner_v3"><ListRequest/></List>'
    "</Body></Envelope>"
)

SoapHandler = Callable[[Call, SoapCall], Step]


@dataclass(frozen=True, slots=True)
class SoapService:
    """A service of c4ws: what it keeps, and its operations by name."""

    entity: Entity
    fact: Fact
    operations: Mapping[str, SoapHandler]


def service(clock: Clock, settings: LnSettings, gateway_url: str) -> Service:
    """Return LN as one of the sandbox's services."""
    ln = LnService(clock, settings)
    routes = LnRoutes(ln, gateway_url)
    return Service(
        CONTEXT,
        "LN",
        [*routes.operations(), *ODataRoutes(ln, gateway_url).operations()],
        error_answer,
        MAX_BODY_BYTES,
        routes.parts,
        # SOAP 1.1 §6.2: a fault is answered with 500.
        error_statuses=("4XX", "500"),
    )


class LnRoutes:
    """The handlers: of addresses, and of the SOAP operations behind them."""

    def __init__(self, service: LnService, gateway_url: str) -> None:
        self._service = service
        self._gateway_url = gateway_url
        self._services = {
            service.settings.service: SoapService(
                _INVOICE,
                _INVOICES,
                {
                    "Create": self.create,
                    "Show": self.show,
                    "List": self.list_invoices,
                    "Process": self.process,
                },
            ),
            "BusinessPartner_v3": SoapService(_PARTNER, _PARTNERS, {"List": self.list_partners}),
        }

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""
        path = f"{_SERVICES}/{{service}}"
        return [
            Operation(
                "wsdl",
                "GET",
                path,
                self.wsdl,
                _ENVELOPE,
                wire=Wire(query=("wsdl",), spread=("service",)),
            ),
            Operation(
                "soap call",
                "POST",
                path,
                self.call,
                _ENVELOPE,
                wire=Wire(takes=("text/xml",), example=_EXAMPLE, spread=("service",)),
                label=operation_named,
            ),
        ]

    def parts(self) -> Sequence[Part]:
        """Return the SOAP operations of each service."""
        return [
            Part(name, operation, service.fact)
            for name, service in self._services.items()
            for operation in service.operations
        ]

    def wsdl(self, call: Call) -> Step:
        """Describes a service, with `?wsdl` or without: the description is at the service."""
        name, found = self._find(call)
        address = f"{self._gateway_url}/{call.caller.tenant_id}/{CONTEXT}{_SERVICES}/{name}"
        body = describe(name, found.operations, found.entity, address)
        return lambda _work: Answer(200, body, MEDIA_TYPE)

    def call(self, call: Call) -> Step:
        """Does a SOAP operation; what is wrong with it answers 500 and a fault."""
        name, found = self._find(call)
        soap = read_call(name, call.body)
        handler = found.operations.get(soap.operation)
        if handler is None:
            raise refused(f"The sandbox does not imitate {name}/{quoted(soap.operation)}.")
        return handler(call, soap)

    def create(self, call: Call, soap: SoapCall) -> Step:
        """Answers the keys of the new invoices, in the order of the request."""
        read = read_invoices(soap)
        each_on_its_own = read_scope(soap).is_each_on_its_own
        if not each_on_its_own:
            check_all(read)

        def step(work: Work) -> Answer:
            created = self._service.create(
                work.within(call.scope),
                read,
                client_id=call.caller.client_id,
                each_on_its_own=each_on_its_own,
            )
            root, part = response(soap)
            _add_entities(part, soap.service, map(_key_of, created.invoices))
            information(part, created.problems)
            return Answer(200, rendered(root), MEDIA_TYPE, effects=_names(created.invoices))

        return step

    def show(self, call: Call, soap: SoapCall) -> Step:
        """Answers the invoices whose keys are in the DataArea."""
        keys, selection = read_keys(soap), read_selection(soap, _INVOICE)
        return lambda work: _answer_invoices(
            soap, self._service.show(work.within(call.scope), keys), selection
        )

    def list_invoices(self, call: Call, soap: SoapCall) -> Step:
        """Answers the company's invoices that the filter lets through; at most 1,000, or as many
        as maxNumberOfObjects says.
        """
        attributes = {**SHOWN.attributes, **HEADER.attributes}
        matches = read_filter(soap, attributes)
        selection, limit = read_selection(soap, _INVOICE), read_limit(soap, _MAX_LISTED)

        def step(work: Work) -> Answer:
            invoices = self._service.scan(work.within(call.scope), soap.company)
            found = (invoice for invoice in invoices if matches(shown(invoice)))
            return _answer_invoices(soap, islice(found, limit), selection)

        return step

    def process(self, call: Call, soap: SoapCall) -> Step:
        """Registers, matches and approves invoices, as session tfacp7200m000 does.

        Source: docs/reference/ln.md#received-purchase-invoices.
        """
        keys, selection = read_keys(soap), read_selection(soap, _INVOICE)

        def step(work: Work) -> Answer:
            invoices = self._service.process(work.within(call.scope), keys)
            return _answer_invoices(soap, invoices, selection, effects=_names(invoices))

        return step

    def list_partners(self, call: Call, soap: SoapCall) -> Step:
        """Answers the business partners that the sandbox has from the start."""
        matches = read_filter(soap, PARTNER.attributes)
        selection, limit = read_selection(soap, _PARTNER), read_limit(soap, _MAX_LISTED)
        root, part = response(soap)
        partners = [
            {name: value for name, value in partner.items() if selection.has("", name)}
            for partner in PARTNERS
            if matches(partner)
        ]
        _add_entities(part, soap.service, partners[:limit])
        answer = Answer(200, rendered(root), MEDIA_TYPE)
        return lambda _work: answer

    def _find(self, call: Call) -> tuple[str, SoapService]:
        wanted = call.path_params["service"].lower()
        for name, found in self._services.items():
            if name.lower() == wanted:
                return name, found
        raise NotFound(
            "The sandbox does not imitate this service; it has"
            f" {', '.join(sorted(self._services))}.",
            code="service_not_imitated",
        )


def _answer_invoices(
    soap: SoapCall,
    invoices: Iterable[Invoice],
    selection: Selection,
    effects: tuple[str, ...] = (),
) -> Answer:
    root, part = response(soap)
    area = etree.SubElement(part, "DataArea")
    for invoice in invoices:
        entity = etree.SubElement(area, soap.service)
        own = shown(invoice)
        _fill(entity, {name: own[name] for name in own if selection.has("", name)})
        for component in LINES:
            for line in invoice.draft.lines.get(component.name, ()):
                names = [name for name in line if selection.has(component.name, name)]
                if names:
                    element = etree.SubElement(entity, component.name)
                    _fill(element, {name: line[name] for name in names})
    return Answer(200, rendered(root), MEDIA_TYPE, effects=effects)


def _add_entities(part: etree._Element, name: str, entities: Iterable[Values]) -> None:
    area = etree.SubElement(part, "DataArea")
    for values in entities:
        _fill(etree.SubElement(area, name), values)


def _fill(element: etree._Element, values: Values) -> None:
    for name, value in values.items():
        etree.SubElement(element, name).text = value


def _key_of(invoice: Invoice) -> Values:
    return {KEY_COMPANY: str(invoice.company), KEY_NUMBER: str(invoice.number)}


def _names(invoices: Sequence[Invoice]) -> tuple[str, ...]:
    return tuple(f"ln invoice {invoice.key}" for invoice in invoices)
