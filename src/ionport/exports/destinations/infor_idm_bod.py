"""The method Infor IDM + ION BOD: the item, then a Sync.CaptureDocument that tells of it.

ION cannot be asked for a message. A call whose answer was lost is made again with the same bytes
under the same message id, by which the receiver knows the repeat (facts/infor-targets.md §2).
"""

from __future__ import annotations

from collections.abc import Mapping

from ionport.exports.destinations import infor_idm
from ionport.exports.model import StepKind
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.messaging import BodMessage, Published
from ionport.mappings.bod import DOCUMENT_NAME
from ionport.mappings.model import BodAddress

STEPS = (*infor_idm.STEPS, StepKind.ION_PUBLISH)


def message_parameters(address: BodAddress, message_id: str) -> dict[str, str]:
    """Return what goes beside the document: kept with it, so that a repeat is the same."""
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
