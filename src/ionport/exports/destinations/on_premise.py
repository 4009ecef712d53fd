"""The method On-Premise: the document waits until a program fetches it.

Source: docs/reference/document-system.md#on-premise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ionport.connections.model import TargetKind
from ionport.core.i18n import _
from ionport.exports.destinations.files.methods import FILE_OPTIONS, FileMethod
from ionport.exports.destinations.files.rendering import FOLDER, render_files
from ionport.exports.destinations.port import (
    Answer,
    AnyCall,
    Calling,
    MethodOption,
    Payload,
    Rendered,
    RenderJob,
)
from ionport.exports.model import Delivery, ExportMethod, StepKind


class Fetch:
    """A step that a program ends, by `exports/fetching`: ionport calls nothing."""

    kind = StepKind.FETCH
    look_up = None
    is_made_in_parts = False

    def make(self, calling: Calling[Any], payload: Payload) -> Answer:
        raise TypeError("what is fetched is not sent")

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {}

    def remote_id(self, delivery: Delivery) -> str:
        return ""


class OnPremise(FileMethod):
    """The method On-Premise."""

    method = ExportMethod.ON_PREMISE
    label = "On-Premise"
    family = "infor"
    target = TargetKind.PULL
    calls: tuple[AnyCall, ...] = (Fetch(),)
    proof_stages: tuple[str, ...] = ("settings",)
    options: tuple[MethodOption, ...] = tuple(
        option for option in FILE_OPTIONS if option.name != FOLDER
    )

    @property
    def summary(self) -> str:
        return _("The document waits until a program beside your Infor fetches it by the API.")

    @property
    def second_text(self) -> str:
        return _("The document waits once more: the program that fetches it gets it a second time.")

    def render(self, job: RenderJob) -> list[Rendered]:
        return [Rendered(StepKind.FETCH, render_files(job).to_bytes())]
