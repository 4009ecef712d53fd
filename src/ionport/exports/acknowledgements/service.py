"""Takes the ERP's acknowledgements, and makes the endpoints for them.

Source: docs/reference/ion-messaging.md#confirm-and-acknowledge.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from ionport.connections.service import ConnectionService
from ionport.core.clock import Clock
from ionport.core.errors import Unauthenticated
from ionport.core.i18n import _, labelled
from ionport.core.ids import new_id, random_token
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.core.sentences import joined
from ionport.documents.model import ErpStatus
from ionport.documents.service import DocumentService
from ionport.exports.acknowledgements.expected import Expected, expected_of
from ionport.exports.acknowledgements.follow_up import follow_up
from ionport.exports.acknowledgements.model import (
    AcknowledgementEndpointAction,
    Endpoint,
    Kind,
    Received,
    Result,
    Told,
    result_of,
)
from ionport.exports.acknowledgements.repository import EndpointRepository, ReceivedRepository
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations.questions.model import ErpAnswer
from ionport.exports.ledger.question_repository import QuestionRepository
from ionport.exports.ledger.record_repository import RecordRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import GONE_FROM_ERP, Delivery
from ionport.exports.status import record_document_status, tell_of_erp
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.store import OrganizationScope, ScopedWork, SystemScope, Work

PREFIX: Final = "ioa_"
ACTOR: Final = "Infor"
POSTED_BEFORE: Final = "posted_before"
SHOWN: Final = 20
_EXPECTED: Final = timedelta(seconds=30)
_HINT_LETTERS: Final = len(PREFIX) + 4
_SIGN_IN: Final = SystemScope("whose endpoint for acknowledgements it is")


class AcknowledgementService:
    """Endpoints of connections, and the documents that they receive."""

    def __init__(
        self,
        clock: Clock,
        keys: KeyRing,
        audit: AuditLog,
        connections: ConnectionService,
        documents: DocumentService,
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._audit = audit
        self._connections = connections
        self._documents = documents

    def endpoint(self, access: Access[OrganizationScope], connection_id: str) -> Endpoint | None:
        """Return a connection's endpoint; None before its first token."""
        access.require_organization_member()
        return EndpointRepository(access.connection).get(access.scope, connection_id)

    def make_token(self, access: Access[OrganizationScope], connection_id: str) -> Secret:
        """Give a connection's endpoint a new token; only its digest is stored.

        The one before it is no longer good. Raises Forbidden, and NotFound without such a
        connection.
        """
        access.require(Permission.MANAGE_CONNECTIONS)
        connection = self._connections.get(access, connection_id)
        secret = Secret(PREFIX + random_token(32).reveal())
        endpoint = Endpoint(
            connection.id,
            access.scope.organization_id,
            secret.reveal()[:_HINT_LETTERS],
            access.actor.name,
            self._clock.now(),
        )
        EndpointRepository(access.connection).put(access.scope, endpoint, self._keys.digest(secret))
        details = {"name": connection.name}
        self._audit.record(access, AcknowledgementEndpointAction.TOKEN_MADE, connection.id, details)
        return secret

    def remove(self, access: Access[OrganizationScope], connection_id: str) -> None:
        """Let a connection's endpoint take nothing any more; raises Forbidden and NotFound."""
        access.require(Permission.MANAGE_CONNECTIONS)
        connection = self._connections.get(access, connection_id)
        EndpointRepository(access.connection).remove(access.scope, connection.id)
        details = {"name": connection.name}
        self._audit.record(access, AcknowledgementEndpointAction.REMOVED, connection.id, details)

    def received(self, access: Access[OrganizationScope], connection_id: str) -> Sequence[Received]:
        """Return the last documents of a connection, the newest first; at most `SHOWN`."""
        access.require_organization_member()
        return ReceivedRepository(access.connection).of_connection(
            access.scope, connection_id, SHOWN
        )

    def of_delivery(
        self, access: Access[OrganizationScope], delivery_id: str
    ) -> Sequence[Received]:
        """Return the documents received for a delivery, the newest first; at most `SHOWN`."""
        access.require_organization_member()
        return ReceivedRepository(access.connection).of_delivery(access.scope, delivery_id, SHOWN)

    def is_awaited(self, access: Access[OrganizationScope], deliveries: Iterable[Delivery]) -> bool:
        """Whether the ERP may answer one of them in a moment: within seconds, or much later."""
        access.require_organization_member()
        since = self._clock.now() - _EXPECTED
        return any(
            each.erp_status is ErpStatus.HANDED_OVER
            and each.updated_at > since
            and self.expected(access, each).is_heard
            for each in deliveries
        )

    def expected(self, access: Access[OrganizationScope], delivery: Delivery) -> Expected:
        """Return how a delivery's ERP status is learned; nothing once it is final."""
        access.require_organization_member()
        if delivery.erp_status not in (ErpStatus.HANDED_OVER, ErpStatus.NO_WORD):
            return Expected(None, False, None)
        configuration = ConfigurationRepository(access.connection).get_any(
            access.scope, delivery.configuration_id
        )
        found = expected_of(access, configuration)
        return found if delivery.erp_ask_at else replace(found, asked=None)

    def posted_name(
        self, access: Access[OrganizationScope], configurations: Iterable[ExportConfiguration]
    ) -> str | None:
        """Return the ERP's name of a posted invoice's number; empty before the first.

        None where the ERP's status of these configurations' deliveries is never learned.
        """
        access.require_organization_member()
        is_closed = any(expected_of(access, each).is_heard for each in configurations)
        return RecordRepository(access.connection).posted_name(access.scope) if is_closed else None

    def caller(self, work: Work, connection_id: str, secret: Secret) -> Endpoint:
        """Return the endpoint whose token it is; raises Unauthenticated."""
        found = EndpointRepository(work.connection).with_digest(_SIGN_IN, connection_id)
        digest = self._keys.digest(secret)
        if found is None or not hmac.compare_digest(found[1], digest):
            raise Unauthenticated(
                "The token in X-API-KEY is not that of this endpoint. Make one on the page of the"
                " connection, and enter it in the Target Endpoint Security of the registered API.",
                code="token_refused",
            )
        return found[0]

    def receive(self, work: Work, endpoint: Endpoint, told: Told) -> Received:
        """Apply a document that `read_acknowledgement` has read, in one transaction.

        A replay is counted, and one that names no delivery over this connection is kept; neither
        changes anything.
        """
        access = work.within(OrganizationScope(endpoint.organization_id))
        received = ReceivedRepository(access.connection)
        now = self._clock.now()
        again = received.came_again(access.scope, endpoint.connection_id, told.digest, now)
        if again is not None:
            return again
        delivery = self._delivery(access, endpoint.connection_id, told)
        result = Result.UNKNOWN if delivery is None else self._apply(access, delivery, told, now)
        came = Received(
            id=new_id("eak"),
            connection_id=endpoint.connection_id,
            delivery_id=delivery.id if delivery else None,
            kind=told.kind,
            status=told.status,
            result=result,
            correlation_id=delivery.correlation_id if delivery else next(iter(told.ids), ""),
            bod_id=told.bod_id,
            number=told.number,
            voucher=told.voucher,
            reason=told.reason,
            content_digest=told.digest,
            times=1,
            received_at=now,
            last_received_at=now,
        )
        if not received.add(access.scope, came):
            # The same bytes came at the same moment: the first of them was applied.
            again = received.came_again(access.scope, endpoint.connection_id, told.digest, now)
        if delivery is None:
            received.forget_unmatched(access.scope, endpoint.connection_id)
        return again or came

    def asked(self, work: Work, delivery: Delivery, answer: ErpAnswer) -> Result:
        """Apply the ERP's answer about a delivery, as if it had sent it."""
        told = Told(
            Kind.ASKED, answer.status, (), "", answer.number, answer.voucher, answer.reason, ""
        )
        access = work.within(OrganizationScope(delivery.organization_id))
        return self._apply(access, delivery, told, self._clock.now())

    def _delivery(
        self, access: ScopedWork[OrganizationScope], connection_id: str, told: Told
    ) -> Delivery | None:
        deliveries = DeliveryRepository(access.connection)
        for correlation_id in told.ids:
            found = deliveries.by_correlation_id(access.scope, correlation_id)
            if found is not None and found.connection_id == connection_id:
                return found
        questions = QuestionRepository(access.connection)
        for name in told.bod_names:
            named = questions.by_bod_name(access.scope, connection_id, name)
            # A BODID holds the invoice's number and not its supplier: two may have one.
            if named and len({each.document_id for each in named}) == 1:
                return named[0]
        return None

    def _apply(
        self,
        access: ScopedWork[OrganizationScope],
        delivery: Delivery,
        told: Told,
        now: datetime,
    ) -> Result:
        """Set the ERP's status of a delivery and its document."""
        deliveries = DeliveryRepository(access.connection)
        deliveries.lock_exports(access.scope, delivery.document_id)
        delivery = deliveries.get(access.scope, delivery.id) or delivery
        is_newest = not any(
            each.configuration_id == delivery.configuration_id
            and each.generation > delivery.generation
            for each in deliveries.states(access.scope, delivery.document_id)
        )
        result = result_of(delivery.erp_status, told.status, is_newest=is_newest)
        if result is Result.APPLIED:
            self._write(access, delivery, told, now)
        if result is Result.SUPERSEDED and told.status is not ErpStatus.REJECTED:
            # A re-exported document may be booked twice: no further step is made without a person.
            parameters = {"number": told.number, "delivery_id": delivery.id}
            self._documents.add_finding(access, delivery.document_id, POSTED_BEFORE, parameters)
        text = _sentence(told)
        is_noted = result is not Result.KNOWN and told.status is not ErpStatus.NO_WORD
        if result is not Result.APPLIED and not is_noted:
            return result
        if result is not Result.APPLIED:
            text = _("{text} It changes nothing: {why}.").format(text=text, why=result.label)
        record_document_status(access, self._documents, delivery.document_id, text, ACTOR)
        return result

    def _write(
        self, access: ScopedWork[OrganizationScope], delivery: Delivery, told: Told, now: datetime
    ) -> None:
        """Write what the ERP says into a delivery, tell of it, and do what it asks for."""
        values: dict[str, Any] = {
            "erp_status": told.status,
            "erp_text": told.reason,
            "erp_reference": told.number or delivery.erp_reference,
            "erp_voucher": told.voucher or delivery.erp_voucher,
            "erp_changed_at": now,
            "erp_missed_at": None,
            "updated_at": now,
        }
        if told.status in (ErpStatus.POSTED, ErpStatus.REJECTED):
            values["erp_ask_at"] = None
        DeliveryRepository(access.connection).update(access.scope, delivery.id, values)
        details = {
            "erp_reference": values["erp_reference"] or "",
            "erp_voucher": values["erp_voucher"] or "",
            "erp_text": told.reason,
        }
        tell_of_erp(access, self._documents, delivery, now, told.status, details)
        if told.reason != GONE_FROM_ERP:
            # M3 not finding it any more is no reason to delete anything.
            follow_up(access, replace(delivery, **values), now)


def _sentence(told: Told) -> str:
    """Return the timeline's sentence about the ERP's status."""
    voucher = _("voucher {number}").format(number=told.voucher) if told.voucher else ""
    number = joined(told.number, voucher, by=", ")
    if told.status is ErpStatus.NO_WORD:
        return _("The ERP has said nothing in the time that was given for it.")
    if told.reason == GONE_FROM_ERP:
        return labelled(_("Rejected by the ERP"), _(GONE_FROM_ERP))
    if told.status is ErpStatus.REJECTED:
        reason = told.reason.rstrip(".") or _("no reason is given")
        return _("Rejected by the ERP: {reason}.").format(reason=reason)
    if told.status is ErpStatus.POSTED:
        text = _("Posted in the ERP as {number}.") if number else _("Posted in the ERP.")
    else:
        text = _("Accepted by the ERP as {number}.") if number else _("Accepted by the ERP.")
    return text.format(number=number)
