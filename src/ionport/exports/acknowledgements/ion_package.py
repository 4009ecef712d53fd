"""Makes an import file for ION Desk: the point that posts acknowledgements, and the flow.

Source: docs/reference/ion-messaging.md#import-files-of-ion-desk.

There is no secret in it: ION exports none either, so the credentials of the connection point are
set after the import. Its form is that of published files, that of the flow is inferred.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from lxml import etree

from ionport.core.errors import refuse_wrong
from ionport.core.i18n import _

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_NOUN, _VERB = "SupplierInvoice", "Acknowledge"
_PATH: Final = "/acknowledgements"
_CALL: Final = f"{_VERB}.{_NOUN}"


@dataclass(frozen=True, slots=True)
class IonNames:
    """The names of the tenant's objects.

    Attributes:
        point: the connection point that posts acknowledgements.
        suite, proxy: API suite and proxy context of the registered endpoint.
        flow: the document flow.
        sender: the connection point of type IMS via API Gateway that sends invoices.
        erp: the connection point of the ERP.
    """

    point: str = "ionport_acknowledgements"
    suite: str = "ionport"
    proxy: str = "acknowledgements"
    flow: str = "ionport_supplier_invoices"
    sender: str = "ionport_export"
    erp: str = "m3"

    def check(self) -> None:
        """Raise InvalidInput, with a text for each wrong name."""
        wrong = _("Use a letter, then letters, digits, dots, dashes and underscores; 100 at most.")
        found = {
            each.name: None if _NAME.fullmatch(getattr(self, each.name)) else wrong
            for each in fields(self)
        }
        refuse_wrong(found, _("The file cannot be made. Correct the marked names."))


def ion_package(names: IonNames, at: datetime) -> bytes:
    """Return the file; raises InvalidInput for a name that ION would not take."""
    names.check()
    root = etree.Element("DocumentFlows")
    root.set("creationDate", at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    root.set("versionNumber", "ionport")
    _add_flow(root, names, at)
    _add_point(etree.SubElement(root, "ConnectionPoints"), names, at)
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return content


def _add_flow(root: etree._Element, names: IonNames, at: datetime) -> None:
    flow = etree.SubElement(root, "DocumentFlow")
    _texts(
        flow,
        Name=names.flow,
        Description="Invoices to the ERP, and its acknowledgement back",
        Type="DOCUMENT_FLOW",
        **_updated(at),
        ProtectOnExport="false",
    )
    parts = _container(flow, "START_END")
    parts = _container(parts, "SEQUENTIAL_FLOW")
    capture, answer = ("CaptureDocument", "Sync"), (_NOUN, _VERB)
    _activity(parts, 0, "ionport", "APPLICATION", {"ConnectionPoints": names.sender}, capture)
    _activity(parts, 1, "ERP", "APPLICATION", {"ConnectionPoints": names.erp}, answer)
    called = {"IonApiConnectionPoint": names.point, "ProcedureName": _CALL, "Intermediate": "false"}
    _activity(parts, 2, "Acknowledgement", "ION_API", called, None)


def _container(parent: etree._Element, kind: str) -> etree._Element:
    part = etree.SubElement(parent, "FlowPart")
    container = etree.SubElement(part, "FlowPartContainer")
    _texts(container, SequenceNumber="0", FlowPartContainerType=kind)
    return etree.SubElement(container, "FlowParts")


def _activity(
    parts: etree._Element,
    number: int,
    name: str,
    kind: str,
    more: dict[str, str],
    document: tuple[str, str] | None,
) -> None:
    activity = etree.SubElement(etree.SubElement(parts, "FlowPart"), "Activity")
    _texts(activity, SequenceNumber=str(number), Name=name, Description="", ActivityType=kind)
    _texts(activity, **more)
    documents = etree.SubElement(activity, "ActivityDocuments")
    if document is not None:
        noun, verb = document
        one = etree.SubElement(documents, "ActivityDocument")
        _texts(one, Noun=noun, Verb=verb, DocumentType="BOD")


def _add_point(points: etree._Element, names: IonNames, at: datetime) -> None:
    point = etree.SubElement(points, "ConnectionPoint")
    _texts(
        point,
        Name=names.point,
        Description="Posts what the ERP says to ionport",
        ConnectorType="infor.api",
        Type="ION_API",
        **_updated(at),
        LogicalIdType="infor.api",
        ConnectionPointProperties="",
    )
    groups = etree.SubElement(point, "ConnectionPointDocumentGroups")
    group = etree.SubElement(groups, "ConnectionPointDocumentGroup")
    documents = etree.SubElement(group, "ConnectionPointDocuments")
    document = etree.SubElement(documents, "ConnectionPointDocument")
    _texts(document, noun=_NOUN, verb=_VERB, DocumentType="BOD")
    _pairs(
        document,
        "DocumentProperties",
        "DocumentProperty",
        ("name", "value"),
        {"in": "true", "out": "false", "inputVariables": "[]"},
    )
    _pairs(
        group,
        "ConnectionPointDocumentGroupProperties",
        "ConnectionPointDocumentGroupProperty",
        ("Name", "Value"),
        _call_properties(names),
    )


def _call_properties(names: IonNames) -> dict[str, str]:
    proxy = f"CustomerApi/{names.suite}/{names.proxy}"
    return {
        "callName": _CALL,
        "scenario": "RECEIVE",
        "operationProxyPath": proxy,
        "operationRestPath": _PATH,
        "productLogicalId": f"non-infor.customerapi.{names.suite.lower()}",
        "RequestFormat": "Form Data",
        "availableInputContentTypes": '[["multipart/form-data","MULTIPART"]]',
        "availableOutputContentTypes": '[["application/json","JSON"]]',
        "inputBodyMappingRequired": "false",
        "schedule": "P1D",
        "ionApiDef": json.dumps(_api_definition(names, proxy), separators=(",", ":")),
    }


_FILE: Final[Mapping[str, object]] = {
    "path": None,
    "literalValue": None,
    "name": "file",
    "description": None,
    "swaggerDatatype": "string",
    "swaggerFormat": "binary",
    "required": True,
    "type": "PAYLOAD",
    "contentType": "",
    "contentEncoding": "none",
}
_BODY: Final[Mapping[str, object]] = {
    "required": True,
    "body": None,
    "ignore": False,
    "variableNames": [],
}


def _api_definition(names: IonNames, proxy: str) -> dict[str, object]:
    method = {
        "productLogicalId": None,
        "operationProxyPath": None,
        "operationRestPath": None,
        "productName": names.suite,
        "operationPath": f"{proxy}{_PATH}",
        "summary": "Takes an acknowledgement",
        "httpMethod": "POST",
        "availableOutputContentTypes": [],
        "outputContentType": "JSON",
        "input": [_FILE],
        "output": [],
        "outputHeaders": [],
        "inputBody": {
            "name": "body",
            "bodyContentType": "MULTIPART",
            "contentEncoding": "none",
            **_BODY,
        },
        "outputBody": {
            "name": "OutputBody",
            "description": "Output body description",
            "bodyContentType": "JSON",
            "contentEncoding": None,
            **_BODY,
            "required": False,
        },
    }
    return {
        "timeout": 3600,
        "retryCodes": None,
        "confirmBodCodes": None,
        "methodDefinition": method,
    }


def _updated(at: datetime) -> dict[str, str]:
    moment = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"
    return {"LastUpdatedBy": "ionport", "LastUpdatedOn": moment}


def _pairs(
    parent: etree._Element,
    whole: str,
    part: str,
    names: tuple[str, str],
    values: dict[str, str],
) -> None:
    place = etree.SubElement(parent, whole)
    for name, value in values.items():
        _texts(etree.SubElement(place, part), **dict(zip(names, (name, value), strict=True)))


def _texts(parent: etree._Element, **values: str) -> None:
    for name, value in values.items():
        etree.SubElement(parent, name).text = value or None
