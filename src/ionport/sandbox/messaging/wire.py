"""What ION's clients send, for the OpenAPI document.

Source: docs/reference/ion-messaging.md#forms-of-a-message.
"""

from __future__ import annotations

from collections.abc import Mapping

from ionport.sandbox.kit.operations import PLAIN_TEXT, Wire

_ENCODING: Mapping[str, object] = {"type": "string", "enum": ["NONE", "DEFLATE"]}
_NAMES = ("documentName", "messageId", "fromLogicalId", "toLogicalId")
_ROUTING = {
    **dict.fromkeys(_NAMES, PLAIN_TEXT),
    "documentName": {"type": "string", "enum": ["Sync.CaptureDocument"]},
    "toLogicalId": {"type": "string", "enum": ["lid://default"]},
}
_DOCUMENT = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": PLAIN_TEXT, "encoding": _ENCODING, "characterSet": {"enum": ["UTF-8"]}},
}

MESSAGE = Wire(
    takes=("application/json",),
    schema={
        "type": "object",
        "required": ["documentName", "fromLogicalId", "toLogicalId", "document"],
        "properties": {**_ROUTING, "document": _DOCUMENT},
    },
    example=(
        '{"documentName": "Sync.CaptureDocument", "messageId": "m-1",'
        ' "fromLogicalId": "lid://infor.ims.example", "toLogicalId": "lid://default",'
        ' "document": {"value": "<SyncCaptureDocument/>", "encoding": "NONE",'
        ' "characterSet": "UTF-8"}}'
    ),
)
PARTS = Wire(
    takes=("multipart/form-data",),
    schema={
        "type": "object",
        "required": ["ParameterRequest", "MessagePayload"],
        "properties": {"ParameterRequest": PLAIN_TEXT, "MessagePayload": PLAIN_TEXT},
    },
)
PAYLOAD = Wire(
    takes=("multipart/form-data",),
    schema={
        "type": "object",
        "required": ["MessagePayload"],
        "properties": {"MessagePayload": PLAIN_TEXT},
    },
)
