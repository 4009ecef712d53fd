"""The methods Infor IDM + M3: the item, then the invoice in M3's supplier invoice batch.

The mapping of M3 is a `.properties` file or TOML; otherwise the two are one.
"""

from __future__ import annotations

from collections.abc import Callable

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.sentences import joined
from ionport.exports.destinations.erp_invoices.m3 import (
    AddHead,
    HeadPayload,
    ReadBack,
    Validate,
)
from ionport.exports.destinations.erp_invoices.m3_lines import AddLines, LinesPayload
from ionport.exports.destinations.infor_idm import InforIdm
from ionport.exports.destinations.port import AnyCall, MethodOption, Rendered, RenderJob
from ionport.exports.destinations.questions.m3 import ASK_SWITCH, AskBatch
from ionport.exports.destinations.questions.model import ErpQuestion
from ionport.exports.model import Delivery, ExportMethod, StepKind
from ionport.mappings.model import MappingKind
from ionport.mappings.rendering.erp import ErpMapping
from ionport.mappings.rendering.m3 import parse_m3_mapping, render_m3
from ionport.mappings.rendering.m3_toml import parse_m3_toml
from ionport.mappings.rendering.model import M3Call

VALIDATE_OPTION = "m3_validate"


class InforIdmM3(InforIdm):
    """The method Infor IDM + M3: what Infor IDM does, and the invoice in M3."""

    method = ExportMethod.INFOR_IDM_M3
    label = "Infor IDM + M3"
    calls: tuple[AnyCall, ...] = (
        *InforIdm.calls,
        AddHead(),
        AddLines(),
        Validate(),
        ReadBack(),
    )
    proof_stages: tuple[str, ...] = (*InforIdm.proof_stages, "m3")
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
        ASK_SWITCH,
    )
    question: ErpQuestion | None = AskBatch()

    @property
    def summary(self) -> str:
        return _(
            "Stores the document in Infor Document Management and enters it in M3's supplier"
            " invoice batch (APS450), head and lines. The mapping is a .properties file."
        )

    @property
    def second_text(self) -> str:
        return _(
            "A second item appears in IDM and a second batch in M3: the invoice may be"
            " booked twice."
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

    def delivered_text(self, delivery: Delivery) -> str:
        batch = _("M3 batch {number}.").format(number=delivery.erp_reference)
        return joined(super().delivered_text(delivery), batch)

    def _calls(self, job: RenderJob) -> tuple[M3Call, ...]:
        mapping = job.prepare(job.versions[self.m3_kind], self.parse)
        return render_m3(mapping, job.source)


class InforIdmM3Toml(InforIdmM3):
    """The method Infor IDM + M3 with a mapping in TOML."""

    method = ExportMethod.INFOR_IDM_M3_TOML
    label = "Infor IDM + M3 (TOML)"
    m3_kind = MappingKind.TOML
    mapping_kinds: tuple[MappingKind, ...] = (*InforIdm.mapping_kinds, MappingKind.TOML)
    parse: Callable[[str], ErpMapping] = staticmethod(parse_m3_toml)

    @property
    def summary(self) -> str:
        return _(
            "The same as Infor IDM + M3, with the calls to M3 in one TOML file: for those who have"
            " such a file, or want to name each call themselves."
        )
