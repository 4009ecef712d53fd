"""The methods Infor IDM + M3: the item, then the invoice in M3's supplier invoice batch.

The mapping of M3 is a `.properties` file or TOML; otherwise the two are one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.exports.destinations.infor_idm import InforIdm
from ionport.exports.destinations.m3_invoice import (
    VALIDATE,
    VALIDATION_PROGRAM,
    AddHead,
    AddLines,
    HeadPayload,
    LinesPayload,
    ReadBack,
    Validate,
)
from ionport.exports.destinations.port import MethodOption, Rendered, RenderJob, TargetCall
from ionport.exports.model import Delivery, ExportMethod, StepKind
from ionport.ionapi.m3 import BASE, M3Request, bulk_body, chunks
from ionport.mappings.grammars.m3_fields import ADD_HEAD, BATCH_NUMBER, PROGRAM
from ionport.mappings.model import MappingKind
from ionport.mappings.rendering.erp import ErpMapping
from ionport.mappings.rendering.m3 import parse_m3_mapping, render_m3
from ionport.mappings.rendering.m3_toml import parse_m3_toml
from ionport.mappings.rendering.model import M3Call, PlannedCall, Traced

VALIDATE_OPTION = "m3_validate"
_JSON = "application/json"
# What stands for the batch number in a plan: M3 gives it.
_LATER = "{INBN}"


class InforIdmM3(InforIdm):
    """The method Infor IDM + M3: what Infor IDM does, and the invoice in M3."""

    method = ExportMethod.INFOR_IDM_M3
    label = "Infor IDM + M3"
    calls: tuple[TargetCall, ...] = (
        *InforIdm.calls,
        AddHead(),
        AddLines(),
        Validate(),
        ReadBack(),
    )
    m3_kind: MappingKind = MappingKind.M3
    mapping_kinds: tuple[MappingKind, ...] = (*InforIdm.mapping_kinds, MappingKind.M3)
    parse: Callable[[str], ErpMapping] = staticmethod(parse_m3_mapping)
    options: tuple[MethodOption, ...] = (
        MethodOption(
            VALIDATE_OPTION,
            lambda: _("Validate in M3"),
            lambda: _("M3 checks the invoice as soon as its lines are there (APS455)."),
            is_switch=True,
        ),
    )

    @property
    def summary(self) -> str:
        return _(
            "Stores the document in Infor Document Management and enters it in M3's supplier"
            " invoice batch (APS450), head and lines."
        )

    def render(self, job: RenderJob) -> list[Rendered]:
        head, *lines = self._calls(job)
        record = head.values()
        correlation_id = job.delivery.correlation_id
        if record.get("CORI") != correlation_id or not record.get("SINO"):
            raise InvalidInput(
                _(
                    "The mapping must send the correlation id as CORI and the invoice's number as"
                    " SINO: otherwise nobody could look up after a break whether it has arrived."
                    " Add HF_CORI=correlation_id and HF_SINO=invoice_id, and list both in"
                    " HeaderFields."
                ),
                code="no_correlation_id",
            )
        place = {"company": head.company, "division": head.division}
        entered = HeadPayload(record, **place, correlation_id=correlation_id)
        rows = [(f"{call.section} {call.row}", call.values()) for call in lines]
        validate = "" if job.options.get(VALIDATE_OPTION) else _("Not asked for.")
        return [
            *super().render(job),
            Rendered(StepKind.M3_HEAD, entered.to_bytes()),
            Rendered(
                StepKind.M3_LINES,
                LinesPayload(rows, **place).to_bytes(),
                skipped="" if rows else _("The document has no lines for M3."),
            ),
            Rendered(StepKind.M3_VALIDATE, b"", place, skipped=validate),
            Rendered(StepKind.M3_READ_BACK, b"", place),
        ]

    def plan(self, job: RenderJob) -> tuple[PlannedCall, ...]:
        self.render(job)
        head, *lines = self._calls(job)
        planned = [self._planned(f"M3: {PROGRAM} {ADD_HEAD}", [head])]
        rest = list(lines)
        requests = [
            M3Request(call.transaction, {**call.values(), BATCH_NUMBER: _LATER}) for call in lines
        ]
        for chunk in chunks(requests):
            own, rest = rest[: len(chunk)], rest[len(chunk) :]
            title = f"M3: {PROGRAM} {own[0].transaction}, {len(own)} lines"
            planned.append(self._planned(title, own, chunk))
        if job.options.get(VALIDATE_OPTION):
            request = M3Request(VALIDATE, {BATCH_NUMBER: _LATER})
            body = _body(VALIDATION_PROGRAM, [request], head)
            planned.append(
                PlannedCall(f"M3: {VALIDATION_PROGRAM} {VALIDATE}", "POST", BASE, _JSON, body)
            )
        return (*super().plan(job), *planned)

    def delivered_text(self, delivery: Delivery) -> str:
        batch = _("M3 batch {number}.").format(number=delivery.erp_reference)
        return f"{super().delivered_text(delivery)} {batch}"

    def _calls(self, job: RenderJob) -> tuple[M3Call, ...]:
        mapping = job.prepare(job.versions[self.m3_kind], self.parse)
        return render_m3(mapping, job.source)

    def _planned(
        self, title: str, calls: Sequence[M3Call], requests: Sequence[M3Request] = ()
    ) -> PlannedCall:
        sent = requests or [M3Request(call.transaction, call.values()) for call in calls]
        values: tuple[Traced, ...] = tuple(value for call in calls for value in call.record)
        body = _body(PROGRAM, sent, calls[0])
        return PlannedCall(title, "POST", BASE, _JSON, body, values, self.m3_kind)


class InforIdmM3Toml(InforIdmM3):
    """The method Infor IDM + M3 with a mapping in TOML."""

    method = ExportMethod.INFOR_IDM_M3_TOML
    label = "Infor IDM + M3 (TOML)"
    m3_kind = MappingKind.TOML
    mapping_kinds: tuple[MappingKind, ...] = (*InforIdm.mapping_kinds, MappingKind.TOML)
    parse: Callable[[str], ErpMapping] = staticmethod(parse_m3_toml)


def _body(program: str, requests: Sequence[M3Request], head: M3Call) -> str:
    return bulk_body(program, requests, company=head.company, division=head.division).decode()
