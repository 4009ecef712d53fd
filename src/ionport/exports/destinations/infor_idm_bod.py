"""The method Infor IDM + ION BOD: the item, then a Sync.CaptureDocument that names it."""

from __future__ import annotations

from ionport.core.i18n import _
from ionport.core.sentences import joined
from ionport.exports.destinations.idm_follow_ups import OPTIONS
from ionport.exports.destinations.infor_idm import InforIdm
from ionport.exports.destinations.infor_ion_bod import InforIonBod, message_text, render_message
from ionport.exports.destinations.port import AnyCall, MethodOption, Rendered, RenderJob
from ionport.exports.destinations.questions.model import ErpQuestion
from ionport.exports.model import Delivery, ExportMethod
from ionport.mappings.model import MappingKind


class InforIdmBod(InforIdm):
    """The method Infor IDM + ION BOD: what Infor IDM does, and the message."""

    method = ExportMethod.INFOR_IDM_BOD
    label = "Infor IDM + ION BOD"
    calls: tuple[AnyCall, ...] = (*InforIdm.calls, *InforIonBod.calls)
    proof_stages: tuple[str, ...] = (*InforIdm.proof_stages, *InforIonBod.proof_stages)
    mapping_kinds: tuple[MappingKind, ...] = (*InforIdm.mapping_kinds, *InforIonBod.mapping_kinds)
    options: tuple[MethodOption, ...] = (*OPTIONS, *InforIonBod.options)
    question: ErpQuestion | None = InforIonBod.question

    @property
    def summary(self) -> str:
        return _(
            "Stores the document in Infor Document Management and publishes a"
            " Sync.CaptureDocument BOD to ION."
        )

    @property
    def second_text(self) -> str:
        return _(
            "A second item appears in IDM and a second message goes to ION: the ERP behind its"
            " document flow may book the invoice twice."
        )

    def render(self, job: RenderJob) -> list[Rendered]:
        message = [render_message(job)] if MappingKind.BOD in job.versions else []
        return [*super().render(job), *message]

    def delivered_text(self, delivery: Delivery) -> str:
        return joined(super().delivered_text(delivery), message_text(delivery))
