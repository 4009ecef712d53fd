"""Operations below `/{TENANT}/IONSERVICES/api/ion/messaging/service`.

Source: docs/reference/ion-messaging.md#endpoints.
"""

from __future__ import annotations

from ionport.sandbox.kit.operations import (
    Answer,
    Call,
    Fact,
    Handler,
    Operation,
    Step,
    Wire,
    from_clients,
    inferred,
    verified,
)
from ionport.sandbox.messaging.envelopes import (
    Envelope,
    read_header_form,
    read_message,
    read_multipart,
)
from ionport.sandbox.messaging.errors import json_answer
from ionport.sandbox.messaging.repository import Sender
from ionport.sandbox.messaging.service import MessagingService
from ionport.sandbox.messaging.wire import MESSAGE, PARTS, PAYLOAD
from ionport.store import Work

_BASE = "/api/ion/messaging/service"
_SECTION = "docs/reference/ion-messaging.md#endpoints"
_PUBLISHED = {"status": "OK", "message": "Published successfully"}

_PING = verified(_SECTION, left_out="the body of the answer is inferred")
_VERSIONS = verified(_SECTION, left_out="the body of the answer is inferred")
_ACCEPTED = verified(_SECTION, left_out="the list's shape is inferred: names in a JSON array")
_UNCROPPED = "messageId is not cropped to 128 characters"
_V2 = from_clients(_SECTION, left_out=_UNCROPPED)
_V2_PARTS = verified(_SECTION, left_out=_UNCROPPED)
_PROTOCOL = inferred(_SECTION)
_V1 = inferred(_SECTION, left_out="answers are taken to be those of v2")
_V3 = verified(_SECTION, left_out="the body of the answer is inferred; X-ClientId may be missing")
_HEADERS = verified(_SECTION, left_out="that toLogicalId and messageId may be missing is inferred")


class MessagingRoutes:
    """The handlers."""

    def __init__(self, service: MessagingService) -> None:
        self._service = service

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""
        accepted = f"{_BASE}/v3/{{logical_id:path}}/acceptedDocuments"
        headers = f"{_BASE}/v3/message/multipart"
        return [
            Operation("ping", "GET", f"{_BASE}/ping", self.ping, _PING),
            Operation("versions", "GET", f"{_BASE}/versions", self.versions, _VERSIONS),
            Operation("protocol", "GET", f"{_BASE}/protocol", self.protocol, _PROTOCOL),
            Operation("accepted documents", "GET", accepted, self.accepted_documents, _ACCEPTED),
            _publishing("publish v1 message", f"{_BASE}/v1/message", self.message, _V1, MESSAGE),
            _publishing("publish v2 message", f"{_BASE}/v2/message", self.message, _V2, MESSAGE),
            _publishing(
                "publish", f"{_BASE}/v2/multipartMessage", self.multipart, _V2_PARTS, PARTS
            ),
            _publishing("publish v3", f"{_BASE}/v3/multipartMessage", self.v3, _V3, PARTS),
            _publishing("publish v3 by headers", headers, self.v3_by_headers, _HEADERS, PAYLOAD),
        ]

    def ping(self, call: Call) -> Step:
        """Answers 200; the body is inferred."""
        return lambda _work: json_answer(200, {"status": "OK"})

    def versions(self, call: Call) -> Step:
        """The versions that are imitated; the shape is inferred."""
        return lambda _work: json_answer(200, {"versions": ["v1", "v2", "v3"]})

    def protocol(self, call: Call) -> Step:
        """How messages are taken; the shape is inferred."""
        return lambda _work: json_answer(200, {"protocol": "multipartMessage", "version": "v3"})

    def accepted_documents(self, call: Call) -> Step:
        """The documents that a connection point may send."""
        logical_id = _logical_id(call.path_params["logical_id"])

        def step(work: Work) -> Answer:
            client_id = call.caller.client_id
            found = self._service.accepted_documents(work.within(call.scope), client_id, logical_id)
            return json_answer(200, list(found))

        return step

    def message(self, call: Call) -> Step:
        """One message as JSON or XML, with its document inside."""
        return self._publish(call, read_message(call.body, _content_type(call)), 201)

    def multipart(self, call: Call) -> Step:
        """One message in two parts."""
        return self._publish(call, read_multipart(call.body, _content_type(call)), 201)

    def v3(self, call: Call) -> Step:
        """One message in two parts, answered 202."""
        return self._publish(call, read_multipart(call.body, _content_type(call)), 202)

    def v3_by_headers(self, call: Call) -> Step:
        """One message whose parameters are headers."""
        envelope = read_header_form(call.headers, call.body, _content_type(call))
        return self._publish(call, envelope, 202)

    def _publish(self, call: Call, envelope: Envelope, status: int) -> Step:
        """Answers with the fields that old and new clients read.

        Source: docs/reference/ion-messaging.md#answers.
        """
        draft = self._service.draft(envelope)
        sender = Sender(call.caller.client_id, call.caller.request_id)

        def step(work: Work) -> Answer:
            message = self._service.publish(work.within(call.scope), draft, sender)
            return json_answer(status, _PUBLISHED, effects=(message.id,))

        return step


def _publishing(name: str, path: str, handler: Handler, fact: Fact, wire: Wire) -> Operation:
    return Operation(name, "POST", path, handler, fact, wire=wire)


def _content_type(call: Call) -> str:
    return call.headers.get("content-type", "")


def _logical_id(text: str) -> str:
    """Return a logical id from a path, where proxies make one slash of two."""
    rest = text.removeprefix("lid:").lstrip("/")
    return f"lid://{rest}"
