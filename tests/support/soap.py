"""SOAP envelopes for LN, as its WSDL says, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "ReceivedPurchaseInvoice"
NAMESPACE = "http://www.infor.com/businessinterface/"
XML_HEADERS = {"Content-Type": "text/xml"}
Line = tuple[str, Mapping[str, str]]


def invoice_xml(header: Mapping[str, str], lines: Sequence[Line] = (), attribute: str = "") -> str:
    """Return one invoice; lines are pairs of component and values."""
    rows = "".join(f"<{name}>{_fields(values)}</{name}>" for name, values in lines)
    return f"<{SERVICE}{attribute}>{_fields(header)}{rows}</{SERVICE}>"


def request(
    operation: str,
    content: str,
    *,
    control: str = "",
    company: str = "200",
    service: str = SERVICE,
) -> str:
    """Return an envelope: `content` is the DataArea's, `control` the ControlArea's."""
    return (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns:bo="{NAMESPACE}{service}">'
        f"<soapenv:Header><bo:Activation><company>{company}</company></bo:Activation>"
        f"</soapenv:Header><soapenv:Body><bo:{operation}><{operation}Request>"
        f"<ControlArea>{control}</ControlArea><DataArea>{content}</DataArea>"
        f"</{operation}Request></bo:{operation}></soapenv:Body></soapenv:Envelope>"
    )


def part_of(content: bytes, operation: str, service: str = SERVICE) -> ElementTree.Element:
    """Return the part `<operation>Response` of an answer."""
    path = f"{{{SOAP}}}Body/{{{NAMESPACE}{service}}}{operation}Response/{operation}Response"
    found = ElementTree.fromstring(content).find(path)
    assert found is not None, content.decode()
    return found


def entities_of(content: bytes, operation: str, service: str = SERVICE) -> list[dict[str, str]]:
    """Return the plain attributes of the entities in an answer."""
    return [
        {child.tag: child.text or "" for child in entity if not len(child)}
        for entity in part_of(content, operation, service).findall(f"DataArea/{service}")
    ]


def messages_of(content: bytes, service: str = SERVICE) -> list[str]:
    """Return the texts of a fault: that of the Result, then those of its details."""
    result = ElementTree.fromstring(content).find(
        f"{{{SOAP}}}Body/{{{SOAP}}}Fault/detail/{{{NAMESPACE}{service}}}Result"
    )
    assert result is not None, content.decode()
    return [found.text or "" for found in result.iter("messageText")]


def _fields(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
