"""Findings of a message: differences that ION accepts, and its sender should know."""

from __future__ import annotations

from ionport.core import xml
from ionport.core.errors import IonportError
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.messaging.bod_shapes import differences
from ionport.sandbox.messaging.model import RECOMMENDED_BYTES, Parameters

_CHECKED = "SyncCaptureDocument"


def findings_of(document: bytes, parameters: Parameters) -> tuple[str, ...]:
    """Return the findings of a document, none of which ION refuses.

    A document whose name has no verb is no BOD, and its content is not checked here.
    """
    found = []
    if len(document) > RECOMMENDED_BYTES:
        found.append(
            "The document is larger than the 5 MB that ION supports with mappings in the flow."
        )
    if parameters.is_bod:
        found += _of_bod(document, parameters.document_name.replace(".", "", 1))
    return tuple(found)


def _of_bod(document: bytes, expected: str) -> list[str]:
    try:
        root = xml.parse(document)
    except IonportError as error:
        return [error.text]
    name = str(root.tag).rpartition("}")[2]
    if name != expected:
        return [f"The root element is {quoted(name)}, not {expected} as documentName says."]
    return differences(root) if name == _CHECKED else []
