"""The method Webhook: the document's values, signed, to a receiver of others.

A receiver knows a repeat by the message id: a call whose answer was lost is made again with the
same bytes under the same id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ionport.connections.model import TargetKind
from ionport.connections.targets.model import Target
from ionport.connections.targets.webhook import Posting, post, shown_headers
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.invoice.rendering.model import Language
from ionport.exports.destinations.port import (
    Answer,
    AnyCall,
    Calling,
    MethodOption,
    Payload,
    Planning,
    Prepare,
    Rendered,
    RenderJob,
)
from ionport.exports.destinations.questions.model import ErpQuestion
from ionport.exports.model import Delivery, ExportMethod, StepKind
from ionport.ionapi import SendPermit
from ionport.ionapi.transport.exchange import Observer
from ionport.ionapi.transport.pool import Timeouts, Transport
from ionport.mappings.model import MappingKind, MappingVersion
from ionport.mappings.rendering.files import FileForm, render_file
from ionport.mappings.rendering.model import PlannedCall, Traced

FORM = "webhook_form"


@dataclass(frozen=True, slots=True)
class WebhookClient:
    """Posts to one receiver (`TargetClient`)."""

    target: Target
    clock: Clock
    transport: Transport
    timeouts: Timeouts
    permit: SendPermit | None = None
    observer: Observer | None = None

    def guarded_by(self, permit: SendPermit) -> WebhookClient:
        """Return one that asks for the right to send first."""
        return replace(self, permit=permit)

    def observed_by(self, on_exchange: Observer) -> WebhookClient:
        """Return one that reports each exchange."""
        return replace(self, observer=on_exchange)

    def post(self, posting: Posting) -> None:
        """Post a signed message; raises TargetError."""
        window = self.permit() if self.permit is not None else None
        post(
            self.target,
            posting,
            self.clock.now(),
            self.transport,
            self.timeouts,
            window=window,
            observer=self.observer,
        )


class PostWebhook:
    """Posts the message, which the receiver knows by its id."""

    kind = StepKind.WEBHOOK_POST
    look_up = None
    is_made_in_parts = False

    def make(self, calling: Calling[WebhookClient], payload: Payload) -> Answer:
        message_id = payload.parameters["message_id"]
        calling.client.post(Posting(message_id, payload.content, payload.parameters["media_type"]))
        return Answer(message_id, _("Taken by the receiver."))

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {}

    def remote_id(self, delivery: Delivery) -> str:
        return ""


def _forms() -> Sequence[tuple[str, str]]:
    return [(FileForm.JSON, "JSON"), (FileForm.XML, "XML")]


class Webhook:
    """The method Webhook."""

    method = ExportMethod.WEBHOOK
    label = "Webhook"
    family = "other"
    target = TargetKind.WEBHOOK
    calls: tuple[AnyCall, ...] = (PostWebhook(),)
    proof_stages: tuple[str, ...] = ("network", "certificate", "ping")
    mapping_kinds: tuple[MappingKind, ...] = ()
    optional_kinds: tuple[MappingKind, ...] = (MappingKind.XSLT,)
    options: tuple[MethodOption, ...] = (
        MethodOption(
            FORM,
            lambda: _("Content"),
            lambda: _("A stylesheet says itself what comes out."),
            choices=_forms,
            is_name=False,
        ),
    )
    plans_itself = True
    question: ErpQuestion | None = None

    @property
    def summary(self) -> str:
        return _("Posts the document's values to a program, signed, as JSON or XML.")

    @property
    def second_text(self) -> str:
        return _(
            "The receiver gets a second message with a new id, and cannot know it for a repetition."
        )

    def page_language(
        self, versions: Mapping[MappingKind, MappingVersion], prepare: Prepare
    ) -> Language | None:
        return None

    def render(self, job: RenderJob) -> list[Rendered]:
        form = FileForm(job.options.get(FORM) or FileForm.JSON)
        made = render_file(job.source, job.versions.get(MappingKind.XSLT), form)
        try:
            made.content.decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(
                _("What is posted must be UTF-8: let the stylesheet's xsl:output say so."),
                code="webhook_not_utf8",
            ) from error
        parameters = {"message_id": job.delivery.message_id, "media_type": made.media_type}
        return [Rendered(StepKind.WEBHOOK_POST, made.content, parameters)]

    def planned(self, rendered: Sequence[Rendered], planning: Planning) -> Sequence[PlannedCall]:
        (one,) = rendered
        headers = shown_headers(one.parameters["message_id"], one.parameters["media_type"])
        return [
            PlannedCall(
                title=_("Webhook: post the document"),
                method="POST",
                path=planning.place,
                content_type=one.parameters["media_type"],
                body=one.payload.decode(),
                values=(
                    *(Traced(name, value, None, "") for name, value in headers.items()),
                    Traced(_("Bytes"), str(len(one.payload)), None, ""),
                ),
                headers=tuple(headers.items()),
            )
        ]

    def delivered_text(self, delivery: Delivery) -> str:
        return _("Delivered through “{title}”: message {message}.").format(
            title=delivery.configuration_title, message=delivery.message_id
        )
