"""The steps by which a supplier invoice is entered in M3: its head, its lines, and what M3 made.

Source: docs/reference/m3.md#supplier-invoices.

M3 is asked for a head by the supplier's invoice number (`LstInvBySupInv`, which knows no year) and
then by its batch number, whose head has the correlation id (`GetHead`, `CORI`). Lines are compared
one by one with those that the batch has: only the missing ones are sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ionport.core.i18n import _
from ionport.core.sentences import joined
from ionport.exports.destinations.port import Answer, Calling, Found, OtherItem, Payload
from ionport.exports.model import Delivery, StepKind
from ionport.ionapi import IonApiError, M3Error, ServiceError
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.m3 import M3Request, M3Result
from ionport.mappings.grammars.m3_fields import (
    ADD_HEAD,
    BATCH_NUMBER,
    PROGRAM,
)

VALIDATION_PROGRAM, VALIDATE = "APS455MI", "ValidByBatchNo"
_SHOWN_REFUSALS = 3
_MOST_HEADS = 20
_WITH_ERRORS = "1"


@dataclass(frozen=True, slots=True)
class HeadPayload:
    """The head as it is entered, and the values of its look-up; years are those of the invoice."""

    record: Mapping[str, str]
    company: str
    division: str
    correlation_id: str

    @property
    def wanted(self) -> dict[str, str]:
        """The input of `LstInvBySupInv`; the payee is the supplier where none is given."""
        supplier = self.record.get("SUNO", "")
        payee = self.record.get("SPYN") or supplier
        return {"SPYN": payee, "SUNO": supplier, "SINO": self.record.get("SINO", "")}

    def to_bytes(self) -> bytes:
        """Return the same bytes for the same payload."""
        return encoded(asdict(self))

    @classmethod
    def from_bytes(cls, content: bytes) -> HeadPayload:
        """Read what `to_bytes` wrote."""
        return cls(**json.loads(content))


def encoded(data: Any) -> bytes:
    """Return the same bytes for the same data."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


class DoubleTexts:
    """The texts of look-ups in M3."""

    def two_items_text(self, first: str, second: str) -> tuple[str, str]:
        return (
            _("The document may be in M3 twice: batch {first} and batch {second}.").format(
                first=first, second=second
            ),
            _(
                "Compare the two in M3 (APS450) and delete the wrong one; then decide on the"
                " document."
            ),
        )

    def same_invoice_text(self, item_id: str) -> tuple[str, str]:
        return (
            _("An invoice of this number and supplier is in M3 already: batch {id}.").format(
                id=item_id
            ),
            _("Compare it with the document (APS450); then decide on the document."),
        )


class HeadLookUp(DoubleTexts):
    """M3 is asked by the supplier's invoice number, and each head for its correlation id."""

    kind = StepKind.M3_LOOK_UP
    is_booking = True

    def find(self, client: IonApiClient, payload: Payload) -> Found:
        return Found(self.find_before_first(client, payload).ids)

    def find_before_first(self, client: IonApiClient, payload: Payload) -> Found:
        wanted = HeadPayload.from_bytes(payload.content)
        ours, others = [], []
        for number in batch_numbers(client, wanted):
            head = head_of_batch(client, wanted.company, wanted.division, number)
            if head.first("CORI") == wanted.correlation_id:
                ours.append(number)
            elif _year(head.records[0] if head.records else {}) in ("", _year(wanted.record)):
                others.append(OtherItem(number, head.first("CORI")))
        return Found(tuple(ours), tuple(others))

    def found_text(self) -> str:
        return _("Found in M3.")

    def missing_text(self, others: tuple[OtherItem, ...]) -> str:
        if not others:
            return _("Not in M3 yet.")
        return _("Not in M3 yet; the same invoice is there as batch {ids}.").format(
            ids=", ".join(other.pid for other in others)
        )

    def unknown_text(self) -> str:
        return _("The answer of a call was lost; M3 is asked whether the head has arrived.")


def batch_numbers(client: IonApiClient, wanted: HeadPayload) -> list[str]:
    """Return the numbers of the batches of a supplier's invoice number; raises IonApiError."""
    try:
        listed = client.m3.execute(
            PROGRAM,
            "LstInvBySupInv",
            wanted.wanted,
            company=wanted.company,
            division=wanted.division,
            max_records=_MOST_HEADS,
        )
    except M3Error as error:
        if is_nothing_there(error):
            return []
        raise
    return [number for record in listed.records if (number := record.get(BATCH_NUMBER, ""))]


def is_nothing_there(error: M3Error) -> bool:
    """M3's ids end in 03 for what does not exist (docs/reference/m3.md#addresses-and-errors)."""
    return error.remote_code.startswith("W") and error.remote_code.endswith("03")


def head_of_batch(client: IonApiClient, company: str, division: str, number: str) -> M3Result:
    """Return the head of a batch; raises IonApiError."""
    record = {BATCH_NUMBER: number}
    return client.m3.execute(PROGRAM, "GetHead", record, company=company, division=division)


def _year(record: Mapping[str, str]) -> str:
    return record.get("YEA4") or record.get("IVDT", "")[:4]


class AddHead:
    """Enters the head; its batch number stands in the delivery."""

    kind = StepKind.M3_HEAD
    look_up = HeadLookUp()
    is_made_in_parts = False

    def make(self, calling: Calling[IonApiClient], payload: Payload) -> Answer:
        wanted = HeadPayload.from_bytes(payload.content)
        request = M3Request(ADD_HEAD, wanted.record)
        (made,) = calling.client.m3.bulk(
            PROGRAM, [request], company=wanted.company, division=wanted.division
        )
        require_processed([made])
        if made.error is not None:
            raise made.error
        number = made.first(BATCH_NUMBER)
        if not number:
            raise IonApiError(_("M3 answered without a batch number."), code="bad_shape", sent=True)
        return Answer(number, _("Entered in M3 as batch {number}.").format(number=number))

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {"erp_reference": remote_id}

    def remote_id(self, delivery: Delivery) -> str:
        return delivery.erp_reference or ""


def require_processed(results: Sequence[M3Result]) -> None:
    """Raise ServiceError when M3 ended the batch before its first transaction."""
    if not any(result.processed for result in results):
        raise ServiceError(
            _("M3 ended the call before it did anything."),
            service="M3",
            status=503,
            code="m3_not_processed",
            sent=False,
        )


class Validate:
    """Lets M3 validate the batch; doing so once more changes nothing."""

    kind = StepKind.M3_VALIDATE
    look_up = None
    is_made_in_parts = False

    def make(self, calling: Calling[IonApiClient], payload: Payload) -> Answer:
        number = payload.earlier[StepKind.M3_HEAD]
        (result,) = calling.client.m3.bulk(
            VALIDATION_PROGRAM,
            [M3Request(VALIDATE, {BATCH_NUMBER: number})],
            company=payload.parameters.get("company", ""),
            division=payload.parameters.get("division", ""),
        )
        require_processed([result])
        if result.error is not None:
            raise result.error
        return Answer(number, _("M3 has validated batch {number}.").format(number=number))

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {}

    def remote_id(self, delivery: Delivery) -> str:
        return ""


class ReadBack:
    """Reads the invoice's head and lines back from M3; changes nothing."""

    kind = StepKind.M3_READ_BACK
    look_up = None
    is_made_in_parts = False

    def make(self, calling: Calling[IonApiClient], payload: Payload) -> Answer:
        number = payload.earlier[StepKind.M3_HEAD]
        company, division = (payload.parameters.get(name, "") for name in ("company", "division"))
        head = head_of_batch(calling.client, company, division, number)
        text = _("Batch {number} in M3: status {status}.").format(
            number=number, status=head.first("SUPA") or "?"
        )
        if _WITH_ERRORS in (head.first("IBHE"), head.first("IBLE")):
            text = joined(text, _("M3 marks errors in it: open it in APS450."))
        return Answer(number, text)

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {}

    def remote_id(self, delivery: Delivery) -> str:
        return ""
