"""Operations below `/{TENANT}/IONSERVICES/api/ion/messaging/service` (§2)."""

from __future__ import annotations

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.sandbox.messaging.errors import error_answer, json_answer
from ionport.sandbox.messaging.repository import Sender
from ionport.sandbox.messaging.service import MessagingService
from ionport.sandbox.operations import Answer, Call, Operation, Service, Step, inferred, verified
from ionport.store import Work

CONTEXT = "IONSERVICES"
MAX_BODY_BYTES = 8_000_000
_BASE = "/api/ion/messaging/service"
_DOCUMENTED = verified("infor-targets.md §2")
_UNDOCUMENTED = inferred("infor-targets.md §2")


def service(clock: Clock, blobs: Blobs) -> Service:
    """Return ION's messaging service as one of the sandbox's services."""
    routes = MessagingRoutes(MessagingService(clock, blobs))
    return Service(CONTEXT, "ION", routes.operations(), error_answer, MAX_BODY_BYTES)


class MessagingRoutes:
    """The handlers."""

    def __init__(self, service: MessagingService) -> None:
        self._service = service

    def operations(self) -> list[Operation]:
        """Return the operations in the order in which they are tried."""
        return [
            Operation("ping", "GET", f"{_BASE}/ping", self.ping, _DOCUMENTED),
            Operation("versions", "GET", f"{_BASE}/versions", self.versions, _UNDOCUMENTED),
            Operation("protocol", "GET", f"{_BASE}/protocol", self.protocol, _UNDOCUMENTED),
            Operation("publish", "POST", f"{_BASE}/v2/multipartMessage", self.publish, _DOCUMENTED),
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
