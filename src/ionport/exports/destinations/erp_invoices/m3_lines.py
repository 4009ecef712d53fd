"""The lines of a supplier invoice in M3: only those that its batch lacks are sent.

Source: docs/reference/m3.md#supplier-invoices.

Lines are compared one by one with those that the batch has, so that after a lost answer, a refused
line or a part of a call the missing lines are sent next.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ionport.core.i18n import _
from ionport.core.sentences import joined
from ionport.exports.destinations.erp_invoices.m3 import DoubleTexts, encoded, require_processed
from ionport.exports.destinations.port import Answer, Calling, Found, OtherItem, Payload
from ionport.exports.model import Delivery, StepKind
from ionport.ionapi import M3Error, ServiceError
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.m3 import M3Request, M3Result, chunks
from ionport.mappings.grammars.m3_fields import (
    ADD_LINE,
    BATCH_NUMBER,
    M3_FIELDS,
    PROGRAM,
    M3Type,
)

_SHOWN_REFUSALS = 3


@dataclass(frozen=True, slots=True)
class LinesPayload:
    """The lines in their order, each with the section and row of the mapping that it came from."""

    lines: Sequence[tuple[str, Mapping[str, str]]]
    company: str
    division: str

    def to_bytes(self) -> bytes:
        """Return the same bytes for the same payload."""
        return encoded(asdict(self))

    @classmethod
    def from_bytes(cls, content: bytes) -> LinesPayload:
        """Read what `to_bytes` wrote."""
        return cls(**json.loads(content))


class LinesLookUp(DoubleTexts):
    """The batch is asked for its lines; they are there when none is missing."""

    kind = StepKind.M3_LINES_LOOK_UP
    is_booking = True

    def find(self, client: IonApiClient, payload: Payload) -> Found:
        number = payload.earlier[StepKind.M3_HEAD]
        missing = _missing(client, LinesPayload.from_bytes(payload.content), number)
        return Found() if missing else Found((number,))

    def find_before_first(self, client: IonApiClient, payload: Payload) -> Found:
        return self.find(client, payload)

    def found_text(self) -> str:
        return _("All lines are in M3.")

    def missing_text(self, others: tuple[OtherItem, ...]) -> str:
        return _("Lines are missing in M3.")

    def unknown_text(self) -> str:
        return _("The answer of a call was lost; M3 is asked which lines have arrived.")


class AddLines:
    """Enters the lines that the batch does not have, as many at once as M3 takes."""

    kind = StepKind.M3_LINES
    look_up = LinesLookUp()
    is_made_in_parts = True

    def make(self, calling: Calling[IonApiClient], payload: Payload) -> Answer:
        wanted = LinesPayload.from_bytes(payload.content)
        number = payload.earlier[StepKind.M3_HEAD]
        missing = _missing(calling.reader, wanted, number)
        if not missing:
            return Answer(number, self.look_up.found_text())
        requests = [
            M3Request(ADD_LINE, {**record, BATCH_NUMBER: number}, ("TRNO",))
            for _place, record in missing
        ]
        now = next(chunks(requests))
        results = calling.client.m3.bulk(
            PROGRAM, now, company=wanted.company, division=wanted.division
        )
        _raise_refused(number, missing, results)
        require_processed(results)
        done = sum(result.ok for result in results)
        there = len(wanted.lines) - len(missing) + done
        return Answer(
            number,
            _("{count} of {all} lines are in M3.").format(count=there, all=len(wanted.lines)),
            is_whole=done == len(missing),
        )

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {}

    def remote_id(self, delivery: Delivery) -> str:
        return delivery.erp_reference or ""


def _missing(
    client: IonApiClient, wanted: LinesPayload, number: str
) -> list[tuple[str, Mapping[str, str]]]:
    """Return the lines that the batch does not have; raises IonApiError.

    A batch that lacks some and has others is not touched: they may be the same in another form.
    """
    listed = client.m3.execute(
        PROGRAM,
        "LstLines",
        {BATCH_NUMBER: number},
        company=wanted.company,
        division=wanted.division,
        max_records=0,
    )
    there = list(listed.records)
    missing = []
    for place, record in wanted.lines:
        same = next((line for line in there if _is_same_line(record, line)), None)
        if same is None:
            missing.append((place, record))
        else:
            there.remove(same)
    if missing and there:
        numbers = ", ".join(line.get("TRNO", "?") for line in there[:_SHOWN_REFUSALS])
        raise ServiceError(
            _("Batch {number} has lines in M3 that are none of this document: {lines}.").format(
                number=number, lines=numbers
            ),
            service="M3",
            status=409,
            code="m3_other_lines",
            remedy=_(
                "Delete these lines in M3 (APS450), then choose Retry: the missing lines are sent."
            ),
        )
    return missing


def _is_same_line(sent: Mapping[str, str], there: Mapping[str, str]) -> bool:
    """Tell whether a line in M3 has the values that are sent, as far as M3 shows them."""
    return all(_is_same(name, value, there[name]) for name, value in sent.items() if name in there)


def _is_same(name: str, sent: str, there: str) -> bool:
    field = M3_FIELDS[ADD_LINE].get(name)
    if field is not None and field.type is M3Type.NUMBER:
        try:
            return Decimal(sent or "0") == Decimal(there or "0")
        except InvalidOperation:
            return False
    return sent.strip().casefold() == there.strip().casefold()


def _raise_refused(
    number: str,
    sent: Sequence[tuple[str, Mapping[str, str]]],
    results: Sequence[M3Result],
) -> None:
    refused = [
        (place, result.error)
        for (place, _record), result in zip(sent, results, strict=False)
        if result.error is not None
    ]
    if not refused:
        return
    said = joined(
        *(
            joined(place, error.remote_message or error.message, by=": ")
            for place, error in refused[:_SHOWN_REFUSALS]
        ),
        by="; ",
    )
    first = refused[0][1]
    raise M3Error(
        _("M3 refused {count} lines of batch {number}. {said}").format(
            count=len(refused), number=number, said=said
        ),
        program=first.program,
        transaction=first.transaction,
        field=first.field,
        kind=first.kind,
        remote_code=first.remote_code,
        remote_message=first.remote_message,
        remedy=_(
            "Batch {number} and its other lines stay in M3. Correct the document, the mapping or"
            " what M3 misses, then choose Retry: only the missing lines are sent."
        ).format(number=number),
    )
