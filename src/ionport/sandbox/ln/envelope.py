"""SOAP 1.1 envelopes, rpc/literal: reading calls and writing answers.

Source: docs/reference/ln.md#soap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from ionport.core import xml
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.ln.model import DEFAULT_COMPANY, read_company, refused

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_SERVICE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
# Exact enough for a name in a list of calls; what is executed is read by the parser.
_FIRST_IN_BODY = re.compile(
    rb"<(?:[\w.-]{1,80}:)?Body\b[^<>]{0,2000}>\s{0,2000}<(?:[\w.-]{1,80}:)?([A-Za-z]\w{0,60})\b"
)
_NAMESPACE = "http://www.infor.com/businessinterface/"


@dataclass(frozen=True, slots=True)
class SoapCall:
    """An operation of a service.

    Attributes:
        company: the one that the Activation header names.
        request: the part `<operation>Request`; its children are told by their local names.
    """

    service: str
    operation: str
    company: int
    request: etree._Element


def is_service_name(name: str) -> bool:
    """Tell whether a service may be called so at all."""
    return _SERVICE_NAME.fullmatch(name) is not None


def namespace_of(service: str) -> str:
    """Return the target namespace of a service's WSDL; what is no name stays out of it."""
    return _NAMESPACE + (service if is_service_name(service) else "unknown")


def operation_named(body: bytes) -> str | None:
    """Return the SOAP operation that a request seems to call, without parsing it."""
    found = _FIRST_IN_BODY.search(body)
    return None if found is None else found[1].decode()


def read_call(service: str, body: bytes) -> SoapCall:
    """Read an envelope.

    The namespace of the Activation header is not checked: inforion makes it from the name of the
    operation. Parts may be qualified or not, for the same reason.

    Raises:
        RequestRefused: no SOAP 1.1 envelope, no Activation, or not one operation of the service.
        InvalidInput: not well-formed, or with a DOCTYPE.
    """
    root = xml.parse(body)
    if root.tag != f"{{{SOAP}}}Envelope":
        raise refused(f"A SOAP 1.1 envelope was expected, not {_shown(root)}.")
    activation = first(first(root, "Header"), "Activation")
    if activation is None:
        raise refused("The SOAP header has no Activation; it names the company.")
    operations = list(elements(first(root, "Body")))
    if len(operations) != 1:
        raise refused("The SOAP body holds one operation.")
    wrapper = operations[0]
    if etree.QName(wrapper).namespace != namespace_of(service):
        raise refused(
            f"The operation {_shown(wrapper)} is not of the namespace {namespace_of(service)}."
        )
    operation = local(wrapper)
    request = first(wrapper, f"{operation}Request")
    if request is None:
        raise refused(f"The part {f'{operation}Request'[:90]} is missing.")
    company = first(activation, "company")
    return SoapCall(
        service,
        operation,
        DEFAULT_COMPANY if company is None else read_company(company.text or ""),
        request,
    )


def local(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return etree.QName(element).localname


def elements(parent: etree._Element | None) -> Iterator[etree._Element]:
    """Return the child elements; none when there is no parent."""
    return iter(()) if parent is None else parent.iterchildren(tag=etree.Element)


def named(parent: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """Return the children of that local name."""
    return (child for child in elements(parent) if local(child) == name)


def first(parent: etree._Element | None, name: str) -> etree._Element | None:
    """Return the first child of that local name, or None."""
    return next(named(parent, name), None)


def envelope() -> tuple[etree._Element, etree._Element]:
    """Return a new envelope and its body; without a header, for inforion takes the first child."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    return root, etree.SubElement(root, f"{{{SOAP}}}Body")


def response(call: SoapCall) -> tuple[etree._Element, etree._Element]:
    """Return an envelope and the part `<operation>Response` in it."""
    root, body = envelope()
    namespace = namespace_of(call.service)
    wrapper = etree.SubElement(
        body, f"{{{namespace}}}{call.operation}Response", nsmap={"bo": namespace}
    )
    return root, etree.SubElement(wrapper, f"{call.operation}Response")


def rendered(root: etree._Element) -> bytes:
    """Return the bytes of an envelope."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _shown(element: etree._Element) -> str:
    return quoted(str(element.tag), 200)
