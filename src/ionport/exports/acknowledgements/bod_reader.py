"""Reads Acknowledge.SupplierInvoice and ConfirmBOD as they may come.

No real instance is published (docs/reference/ion-messaging.md#what-is-not-published): elements are
found by their local names, in any namespace and order. A document that means neither accepted nor
rejected is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from ionport.core import xml
from ionport.core.errors import InvalidInput
from ionport.core.http.texts import storable
from ionport.documents.model import ErpStatus
from ionport.exports.acknowledgements.model import Kind, Told

_ROOTS: Final = {
    "AcknowledgeSupplierInvoice": Kind.ACKNOWLEDGE,
    "ConfirmBOD": Kind.CONFIRM,
}
_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)
_STATES: Final = {
    "accepted": ErpStatus.ACCEPTED,
    "rejected": ErpStatus.REJECTED,
    "posted": ErpStatus.POSTED,
}
_NUMBERS: Final = ("INBN", "ReceivedPurchaseInvoice")
_VOUCHER: Final = "VONO"
_BODID: Final = "infor-nid:"
_MAX_TEXT: Final = 500
_MAX_IDS: Final = 20


def read_acknowledgement(content: bytes) -> Told:
    """Read a document; raises InvalidInput when it is neither of the two, or has no status."""
    root = xml.parse(content)
    kind = _ROOTS.get(_local(root))
    if kind is None:
        raise InvalidInput(
            "Send an Acknowledge.SupplierInvoice or a ConfirmBOD.", code="not_an_acknowledgement"
        )
    properties = {
        each.get("name", ""): _text(each) for each in _named(root, "NameValue") if each.get("name")
    }
    return Told(
        kind=kind,
        status=_status(root, kind),
        ids=_ids(root),
        bod_id=next((_text(each) for each in _named(root, "BODID")), ""),
        number=next((properties[name] for name in _NUMBERS if properties.get(name)), ""),
        voucher=properties.get(_VOUCHER, ""),
        reason=_reason(root, kind),
        digest=hashlib.sha256(content).hexdigest(),
        bod_names=_bod_names(root),
    )


def _status(root: etree._Element, kind: Kind) -> ErpStatus:
    if kind is Kind.CONFIRM:
        if next(_named(root, "BODSuccessMessage"), None) is not None:
            return ErpStatus.ACCEPTED
        if next(_named(root, "BODFailureMessage"), None) is not None:
            return ErpStatus.REJECTED
        raise InvalidInput(
            "The ConfirmBOD has neither a BODSuccessMessage nor a BODFailureMessage.",
            code="no_confirmation",
        )
    said = [each.get("actionCode", "") for each in _named(root, "ResponseExpression")]
    said += [each.get("actionCode", "") for each in _named(root, "ActionExpression")]
    states = [_STATES[each.lower()] for each in said if each.lower() in _STATES]
    # Of an invoice that is taken in part a person has to know.
    found = ErpStatus.REJECTED if ErpStatus.REJECTED in states else next(iter(states), None)
    if found is None:
        raise InvalidInput(
            "The actionCode of the acknowledgement is neither Accepted nor Rejected.",
            code="no_action_code",
        )
    header = next(_named(root, "SupplierInvoiceHeader"), None)
    if found is ErpStatus.ACCEPTED and header is not None:
        codes = (_text(each) for each in _named(header, "Code"))
        if any(_STATES.get(code.lower()) is ErpStatus.POSTED for code in codes):
            return ErpStatus.POSTED
    return found


def _ids(root: etree._Element) -> tuple[str, ...]:
    """Return what may be the correlation id: marked so, else any id of that form."""
    places = ("AlternateDocumentID", "ReferenceID", "OriginalApplicationArea")
    texts = [text for name in places for text in _texts_within(root, name)]
    found = (match.lower() for text in texts for match in _UUID.findall(text))
    return tuple(dict.fromkeys(found))[:_MAX_IDS]


def _bod_names(root: etree._Element) -> tuple[str, ...]:
    """Return the BODIDs up to their query: that of the original, then the answer's own.

    An answer's BODID is the request's with another verb:
    docs/reference/ion-messaging.md#synccapturedocument.
    """
    original = [
        _text(bod_id)
        for area in _named(root, "OriginalApplicationArea")
        for bod_id in _named(area, "BODID")
    ]
    own = [_text(each) for each in _named(root, "BODID")]
    names = (text.partition("?")[0] for text in (*original, *own) if text.startswith(_BODID))
    return tuple(dict.fromkeys(names))[:_MAX_IDS]


def _reason(root: etree._Element, kind: Kind) -> str:
    name = "Description" if kind is Kind.CONFIRM else "Reason"
    reason = next((_text(each) for each in _named(root, name) if _text(each)), "")
    code = next((_text(each) for each in _named(root, "ReasonCode") if _text(each)), "")
    return ": ".join(part for part in (code, reason) if part)[:_MAX_TEXT]


def _texts_within(root: etree._Element, name: str) -> Iterator[str]:
    """Yield the texts of all elements of a name and below, each once however they are nested."""
    inside = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        is_place = _local(element) == name
        if event == "end":
            inside -= is_place
            continue
        inside += is_place
        if inside:
            yield _text(element)


def _named(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return (each for each in element.iter() if isinstance(each.tag, str) and _local(each) == name)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _text(element: etree._Element) -> str:
    return storable((element.text or "").strip())[:_MAX_TEXT]
