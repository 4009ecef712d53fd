"""What a client does with ION messaging."""

from __future__ import annotations

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.i18n import _
from ionport.core.ids import new_uuid
from ionport.sandbox.messaging.model import Draft, Message, read_parameters
from ionport.sandbox.messaging.payload import (
    digest_of_parameters,
    findings_of,
    read_parts,
    unpack,
)
from ionport.sandbox.messaging.repository import MessageRepository, Sender
from ionport.sandbox.texts import load_json_object
from ionport.store import TenantScope, Work


class MessagingService:
    """Takes messages in, from any sender.

    A real tenant knows its senders by connection points, and answers 412 to others. The sandbox
    has none configured, so every well-formed logical id may send every document.
    """

    def __init__(self, clock: Clock, blobs: Blobs) -> None:
        self._clock = clock
        self._blobs = blobs

    def draft(self, body: bytes, content_type: str) -> Draft:
        """Read a multipart message and keep its bytes; before the transaction.

        Raises:
            InvalidInput: malformed; the text names what is.
            TooLarge: the document is over 6 MB.
        """
        parameter_request, payload = read_parts(body, content_type)
        parameters = read_parameters(load_json_object(parameter_request))
        document = unpack(payload, parameters.encoding)
        return Draft(
            parameters=parameters,
            parameters_sha256=digest_of_parameters(parameters),
            payload_sha256=self._blobs.put(payload),
            bod_sha256=self._blobs.put(document),
            bod_size=len(document),
            findings=findings_of(document, parameters),
        )

    def publish(self, work: Work, scope: TenantScope, draft: Draft, sender: Sender) -> Message:
        """Take a message in.

        A message id that the same sender used before is the same message, kept once; the
        arrival is noted, and when its bytes differ from the first's, that is a finding. Without
        an id every arrival is a message of its own.
        """
        messages = MessageRepository(work.connection)
        message_id = draft.parameters.message_id or new_uuid()
        now = self._clock.now()
        messages.add(scope, message_id, draft, sender, now)
        arrival = messages.arrive(scope, message_id, draft, sender, now)
        message = messages.sent(scope, draft.parameters.from_logical_id, message_id)
        if message is None:
            raise RuntimeError("a message that has just been stored is missing")
        if not arrival.is_identical:
            finding = _("The message id was used again with other content.")
            messages.add_finding(scope, message, finding)
        return message
