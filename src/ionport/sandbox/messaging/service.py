"""What a client does with ION messaging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.ids import new_uuid
from ionport.sandbox.datafabric.model import LakeContent
from ionport.sandbox.datafabric.service import DataLakeService
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.messaging.envelopes import Envelope
from ionport.sandbox.messaging.errors import NotConfigured
from ionport.sandbox.messaging.findings import findings_of
from ionport.sandbox.messaging.flows.service import DocumentFlowService
from ionport.sandbox.messaging.model import Draft, Message
from ionport.sandbox.messaging.payload import digest_of_parameters, unpack
from ionport.sandbox.messaging.points.service import ConnectionPointService
from ionport.sandbox.messaging.repository import MessageRepository, Sender
from ionport.store import ScopedWork, TenantScope


@dataclass(eq=False, repr=False)
class MessagingService:
    """Accepts messages from connection points, and passes them to flows and the Data Lake."""

    _clock: Clock
    _blobs: Blobs
    _points: ConnectionPointService
    _flows: DocumentFlowService
    _lake: DataLakeService

    def draft(self, envelope: Envelope) -> Draft:
        """Unpack a message and keep its bytes; before the transaction.

        Raises:
            InvalidInput: the payload is not what its encoding says.
            TooLarge: the document is over 6 MB.
        """
        parameters, payload = envelope
        document = unpack(payload, parameters.encoding)
        return Draft(
            parameters=parameters,
            parameters_sha256=digest_of_parameters(parameters),
            payload_sha256=self._blobs.put(payload),
            bod_sha256=self._blobs.put(document),
            bod_size=len(document),
            findings=findings_of(document, parameters),
        )

    def publish(self, access: ScopedWork[TenantScope], draft: Draft, sender: Sender) -> Message:
        """Accept and store a message.

        A message id that the same sender used before is the same message, kept once; the
        arrival is noted, and when its bytes differ from the first's, that is a finding. Without
        an id every arrival is a message of its own.

        Raises:
            NotConfigured, Forbidden: the sender has no connection point for it.
        """
        parameters = draft.parameters
        in_catalog = self._lake.knows(access, parameters.document_name)
        if not (parameters.is_bod or in_catalog):
            raise NotConfigured(
                f"documentName {quoted(parameters.document_name)} is neither Verb.Noun nor"
                " the name of an object in the Data Catalog."
            )
        self._points.admit(access, sender.client_id, parameters)
        messages = MessageRepository(access.connection)
        message_id = parameters.message_id or new_uuid()
        now = self._clock.now()
        is_new = messages.add(access.scope, message_id, draft, sender, now)
        arrival = messages.arrive(access.scope, message_id, draft, sender, now)
        message = messages.sent(access.scope, parameters.from_logical_id, message_id)
        if message is None:
            raise RuntimeError("a message that has just been stored is missing")
        if is_new:
            self._flows.start(access, message)
        if is_new and in_catalog:
            content = LakeContent(
                message.document_name, message.from_logical_id, message.bod_sha256, message.bod_size
            )
            self._lake.store(access, content, message=message.id)
        if not arrival.is_identical:
            finding = "The message id was used again with other content."
            messages.add_finding(access.scope, message, finding)
        return message

    def accepted_documents(
        self, access: ScopedWork[TenantScope], client_id: str, logical_id: str
    ) -> Sequence[str]:
        """Return the documents that a logical id may send.

        Raises:
            NotConfigured, Forbidden: it has no active connection point of this app.
        """
        return self._points.accepted_documents(access, client_id, logical_id)
