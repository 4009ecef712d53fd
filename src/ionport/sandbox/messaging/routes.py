"""Operations below `/{TENANT}/IONSERVICES/api/ion/messaging/service` (§2)."""

from __future__ import annotations

from ionport.sandbox.calls import Answer, Call, Operation, Step
from ionport.sandbox.messaging.errors import json_answer
from ionport.sandbox.messaging.repository import Sender
from ionport.sandbox.messaging.service import MessagingService
from ionport.store import Work

CONTEXT = "IONSERVICES"
MAX_BODY_BYTES = 8_000_000
_BASE = "/api/ion/messaging/service"


class MessagingRoutes:
    """The handlers."""

    def __init__(self, service: MessagingService) -> None:
        self._service = service

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""
        return [
            Operation("ping", "GET", f"{_BASE}/ping", self.ping),
            Operation("versions", "GET", f"{_BASE}/versions", self.versions),
            Operation("protocol", "GET", f"{_BASE}/protocol", self.protocol),
            Operation("publish", "POST", f"{_BASE}/v2/multipartMessage", self.publish),
        ]

    def ping(self, call: Call) -> Step:
        """Answers 200; the body is inferred."""
        return lambda _work: json_answer(200, {"status": "OK"})

    def versions(self, call: Call) -> Step:
        """The versions that are imitated; the shape is inferred."""
        return lambda _work: json_answer(200, {"versions": ["v2"]})

    def protocol(self, call: Call) -> Step:
        """How messages are taken; the shape is inferred."""
        return lambda _work: json_answer(200, {"protocol": "multipartMessage", "version": "v2"})

    def publish(self, call: Call) -> Step:
        """Answers 201 with what both generations of clients look for (§8.1)."""
        draft = self._service.draft(call.body, call.headers.get("content-type", ""))
        sender = Sender(call.caller.client_id, call.caller.request_id)

        def step(work: Work) -> Answer:
            message = self._service.publish(work, call.scope, draft, sender)
            answer = json_answer(201, {"status": "OK", "message": "Published successfully"})
            return Answer(answer.status, answer.body, answer.media_type, effects=(message.id,))

        return step
