"""The step by which a received purchase invoice is created in LN, and how LN is asked for it.

Source: docs/reference/ln.md#received-purchase-invoices. LN is asked by supplier and number. Where
its service has no operation that lists, it cannot be asked: the first call is made all the same,
and a lost answer is left to a person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from ionport.core.i18n import _
from ionport.core.sentences import joined
from ionport.exports.destinations.port import Answer, Calling, Found, OtherItem, Payload
from ionport.exports.model import Delivery, StepKind
from ionport.ionapi import IonApiError, LnFault
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.ln import LnEntity, LnLine

LATER: Final = "{idm_reference}"
"""The placeholder of the item's id until IDM has given it."""
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


@dataclass(frozen=True, slots=True)
class InvoicePayload:
    """The invoice as it is created, and by which of its attributes LN is asked for it.

    `wanted` are supplier and number; `correlation` is the attribute with the correlation id, and
    `dated` the one with the issue date, empty where the mapping sends none.
    """

    service: str
    create: str
    list: str
    company: str
    values: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    wanted: tuple[str, ...]
    correlation: str
    dated: str

    def to_bytes(self) -> bytes:
        """Return the same bytes for the same payload."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> InvoicePayload:
        """Read what `to_bytes` wrote."""
        data = json.loads(content)
        return cls(
            **{
                **data,
                "values": tuple((name, value) for name, value in data["values"]),
                "lines": tuple(
                    (component, tuple((name, value) for name, value in values))
                    for component, values in data["lines"]
                ),
                "wanted": tuple(data["wanted"]),
            }
        )

    def entity(self, item_id: str) -> LnEntity:
        """Return what is created, with the id of the item in IDM."""
        return LnEntity(
            _with_item(self.values, item_id),
            tuple(LnLine(component, _with_item(row, item_id)) for component, row in self.lines),
        )


def _with_item(values: tuple[tuple[str, str], ...], item_id: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, item_id if value == LATER else value) for name, value in values)


class InvoiceLookUp:
    """LN is asked by supplier and invoice number; the correlation id tells whose it is."""

    kind = StepKind.LN_LOOK_UP
    is_booking = True

    def find(self, client: IonApiClient, payload: Payload) -> Found:
        wanted = InvoicePayload.from_bytes(payload.content)
        listed = listed_in_ln(client, wanted)
        if listed is None:
            raise _unknown(wanted)
        return Found(self._sorted(listed, wanted).ids)

    def find_before_first(self, client: IonApiClient, payload: Payload) -> Found:
        wanted = InvoicePayload.from_bytes(payload.content)
        return self._sorted(listed_in_ln(client, wanted) or (), wanted)

    @staticmethod
    def _sorted(listed: Sequence[LnEntity], wanted: InvoicePayload) -> Found:
        own = dict(wanted.values)
        ours, others = [], []
        for found in listed:
            correlation_id = found.value(wanted.correlation)
            if correlation_id == own[wanted.correlation]:
                ours.append(key_in_ln(dict(found.values), wanted))
            elif _is_same_year(found.value(wanted.dated), own.get(wanted.dated, "")):
                others.append(OtherItem(key_in_ln(dict(found.values), wanted), correlation_id))
        return Found(tuple(ours), tuple(others))

    def found_text(self) -> str:
        return _("Found in LN.")

    def missing_text(self, others: tuple[OtherItem, ...]) -> str:
        if not others:
            return _("Not in LN yet.")
        return _("Not in LN yet; the same invoice is there as {ids}.").format(
            ids=", ".join(other.pid for other in others)
        )

    def unknown_text(self) -> str:
        return _("The answer of a call was lost; LN is asked whether the invoice has arrived.")

    def two_items_text(self, first: str, second: str) -> tuple[str, str]:
        return (
            _("The document may be in LN twice: {first} and {second}.").format(
                first=first, second=second
            ),
            _("Compare the two in LN and delete the wrong one; then decide on the document."),
        )

    def same_invoice_text(self, item_id: str) -> tuple[str, str]:
        return (
            _("An invoice of this number and supplier is in LN already: {id}.").format(id=item_id),
            _("Compare it with the document; then decide on the document."),
        )


def listed_in_ln(client: IonApiClient, wanted: InvoicePayload) -> Sequence[LnEntity] | None:
    """Return LN's invoices of this supplier and number; None where its service lists none."""
    own = dict(wanted.values)
    matching = {name: own[name] for name in wanted.wanted}
    try:
        return client.ln.list(
            wanted.service, matching, company=wanted.company, operation=wanted.list
        )
    except LnFault:
        offered = client.ln.operations(wanted.service)
        if not offered or wanted.list in offered:
            raise
    return None


def _unknown(wanted: InvoicePayload) -> IonApiError:
    return IonApiError(
        _(
            "The answer of LN was lost, and its service {service} has no operation {list} to ask"
            " whether the invoice has arrived."
        ).format(service=wanted.service, list=wanted.list),
        code="ln_answer_unknown",
        sent=False,
        remedy=_(
            "Look for the invoice in LN, then choose Decide whether it is there. Where LN's service"
            " lists under another name, write that into the configuration and choose Retry."
        ),
    )


def _is_same_year(theirs: str, ours: str) -> bool:
    one, other = _YEAR.search(theirs), _YEAR.search(ours)
    return one is None or other is None or one[0] == other[0]


def key_in_ln(values: Mapping[str, str], payload: InvoicePayload) -> str:
    """Return company and number, by which LN names an invoice (inferred, as its names are)."""
    number = values.get(payload.service, "")
    company = values.get("ReceivedInvoiceCompany") or payload.company
    return f"{company}-{number}" if company else number


class CreateInvoice:
    """Creates the invoice; company and number stand in the delivery."""

    kind = StepKind.LN_CREATE
    look_up = InvoiceLookUp()
    is_made_in_parts = False

    def make(self, calling: Calling[IonApiClient], payload: Payload) -> Answer:
        wanted = InvoicePayload.from_bytes(payload.content)
        created = calling.client.ln.create(
            wanted.service,
            wanted.entity(payload.earlier.get(StepKind.IDM_CREATE, "")),
            company=wanted.company,
            operation=wanted.create,
        )
        key = key_in_ln(created.keys[0], wanted)
        said = " ".join(message.text for message in created.messages[:3])
        text = _("Created in LN as {key}.").format(key=key)
        return Answer(key, joined(text, said))

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {"erp_reference": remote_id}

    def remote_id(self, delivery: Delivery) -> str:
        return delivery.erp_reference or ""
