"""The method Infor ION BOD: a Sync.CaptureDocument of the document, without an item.

ION cannot be asked for a message. A call whose answer was lost is made again with the same bytes
under the same message id, by which the receiver knows the repeat
(docs/reference/ion-messaging.md#endpoints).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ionport.connections.model import TargetKind
from ionport.core.i18n import _
from ionport.core.sentences import joined
from ionport.documents.invoice.rendering.model import Language
from ionport.exports.destinations.port import (
    BOD_NAME,
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
from ionport.exports.destinations.questions.flow import ASK_OPTIONS, AskErpOfFlow
from ionport.exports.destinations.questions.model import WORD_OPTION, ErpQuestion
from ionport.exports.model import Delivery, ExportMethod, StepKind
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.messaging import BodMessage, Published
from ionport.mappings.model import BodAddress, MappingKind, MappingVersion
from ionport.mappings.rendering.bod import (
    DOCUMENT_NAME,
    bod_address,
    bod_name,
    parse_bod_mapping,
    render_bod,
)
from ionport.mappings.rendering.model import PlannedCall

WORD_HOURS = MethodOption(
    WORD_OPTION,
    lambda: _("The ERP's word is expected within (hours)"),
    lambda: _(
        "From 1 to 999, counted from the delivery; then it stands under Export errors, and alerts"
        " tell of it. Empty: 24, where an endpoint takes the ERP's word or the ERP is asked. 0:"
        " never."
    ),
    pattern="[0-9]{1,3}",
    is_name=False,
)


def message_parameters(address: BodAddress, message_id: str) -> dict[str, str]:
    """Return the parameters beside the document: stored with it, so that a repeat is the same."""
    parameters = {
        "document_name": DOCUMENT_NAME,
        "message_id": message_id,
        "from_logical_id": address.logical_id,
        "accounting_entity": address.accounting_entity,
        "location": address.location,
        "document_id": address.document_id,
    }
    return {name: value for name, value in parameters.items() if value}


def publish(client: IonApiClient, parameters: Mapping[str, str], payload: bytes) -> Published:
    """Hand the message to ION; raises IonApiError."""
    return client.messaging.publish(
        BodMessage(
            document_name=parameters["document_name"],
            message_id=parameters["message_id"],
            from_logical_id=parameters.get("from_logical_id", ""),
            accounting_entity=parameters.get("accounting_entity"),
            location=parameters.get("location"),
            document_id=parameters.get("document_id"),
            payload=payload,
        )
    )


class IonPublish:
    """Hands the message to ION, which knows a repeat by the message id."""

    kind = StepKind.ION_PUBLISH
    look_up = None
    is_made_in_parts = False

    def make(self, calling: Calling[IonApiClient], payload: Payload) -> Answer:
        published = publish(calling.client, payload.parameters, payload.content)
        return Answer(published.message_id, _("Taken by ION."))

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {}

    def remote_id(self, delivery: Delivery) -> str:
        return ""


def render_message(job: RenderJob) -> Rendered:
    """Render the message that is published; raises InvalidInput."""
    mapping = job.prepare(job.versions[MappingKind.BOD], parse_bod_mapping)
    address = bod_address(mapping, job.source)
    parameters = message_parameters(address, job.delivery.message_id)
    parameters[BOD_NAME] = bod_name(mapping, job.source, job.envelope)
    message = render_bod(mapping, job.source, job.envelope)
    return Rendered(StepKind.ION_PUBLISH, message, parameters)


def message_text(delivery: Delivery) -> str:
    """Return the timeline's sentence about the message that a delivery has published."""
    return _("ION message {message}.").format(message=delivery.message_id)


class InforIonBod:
    """The method Infor ION BOD."""

    method = ExportMethod.INFOR_ION_BOD
    label = "Infor ION BOD"
    family = "infor"
    target = TargetKind.INFOR
    calls: tuple[AnyCall, ...] = (IonPublish(),)
    proof_stages: tuple[str, ...] = ("ion",)
    mapping_kinds: tuple[MappingKind, ...] = (MappingKind.BOD,)
    optional_kinds: tuple[MappingKind, ...] = ()
    options: tuple[MethodOption, ...] = (*ASK_OPTIONS, WORD_HOURS)
    plans_itself = False
    question: ErpQuestion | None = AskErpOfFlow()

    @property
    def summary(self) -> str:
        return _(
            "Publishes a Sync.CaptureDocument BOD to ION; nothing is stored in Infor Document"
            " Management."
        )

    @property
    def second_text(self) -> str:
        return _(
            "A second message goes to ION, and the ERP behind its document flow may book the"
            " invoice twice."
        )

    def page_language(
        self, versions: Mapping[MappingKind, MappingVersion], prepare: Prepare
    ) -> Language | None:
        return None

    def render(self, job: RenderJob) -> list[Rendered]:
        return [render_message(job)]

    def planned(self, rendered: Sequence[Rendered], planning: Planning) -> Sequence[PlannedCall]:
        return ()

    def delivered_text(self, delivery: Delivery) -> str:
        return joined(
            _("Delivered through “{title}”.").format(title=delivery.configuration_title),
            message_text(delivery),
        )
