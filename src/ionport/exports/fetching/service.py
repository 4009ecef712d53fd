"""What a program does that fetches deliveries: look, take, read, confirm or refuse."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from ionport.connections.pauses import pause_of
from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.paging import Page, PageRequest
from ionport.documents.service import DocumentService
from ionport.exports.destinations.files.payload import FilesPayload
from ionport.exports.fetching.model import (
    LONGEST,
    REFUSED,
    SHORTEST,
    Taken,
    TakenFile,
    digest_of,
    is_taken,
)
from ionport.exports.ledger.attempts import changed
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.life_cycle import DeliveryCause, sources
from ionport.exports.listing import DeliveryFilter, DeliverySort
from ionport.exports.model import (
    PAUSED_BY_PERSON,
    WAITS_TO_BE_FETCHED,
    Attempt,
    AttemptState,
    Delivery,
    DeliveryStatus,
    StepKind,
)
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.store import Database, OrganizationScope, SystemScope

# Of deliveries that the caller's scope was asked for before.
_SYSTEM = SystemScope("fetched deliveries")
_MOST_TEXT = 500


class FetchingService:
    """Gives out deliveries to be fetched; opens its own transactions around the stored files."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        blobs: Blobs,
        documents: DocumentService,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._documents = documents
        self._wake = wake

    def waiting(self, access: Access[OrganizationScope], page: PageRequest) -> Page[Delivery]:
        """Return the deliveries that wait to be fetched, the oldest first, also taken ones."""
        access.require_organization_member()
        return DeliveryRepository(access.connection).list(
            access.scope,
            DeliveryFilter(error_code=WAITS_TO_BE_FETCHED, status=DeliveryStatus.WAITING),
            page,
            sort=DeliverySort.CREATED,
            descending=False,
        )

    def take(self, access: Access[OrganizationScope], delivery_id: str, seconds: int) -> Taken:
        """Take a delivery for some seconds: no other program gets it meanwhile.

        One that was taken and never confirmed can be taken again when the time is over.

        Raises:
            InvalidInput: not from 30 to 3,600 seconds.
            NotFound: no such delivery.
            Conflict: `not_waiting`, `document_held`, `paused_by_person`, or `taken` by another.
        """
        if not SHORTEST <= seconds <= LONGEST:
            raise InvalidInput(_("Take a delivery for 30 to 3600 seconds."))
        delivery = self._waiting(access, delivery_id)
        if pause_of(access, delivery.connection_id):
            raise Conflict(_("The connection is paused."), code=PAUSED_BY_PERSON)
        self._require_free(access, delivery)
        ledger, now = LedgerRepository(access.connection), self._clock.now()
        (step,) = [s for s in ledger.steps(access.scope, delivery.id) if s.kind is StepKind.FETCH]
        last = ledger.last_attempt(_SYSTEM, delivery.id, StepKind.FETCH)
        if last is not None and last.state is AttemptState.SENT:
            if is_taken(last, now):
                raise Conflict(_("Another program has taken the delivery."), code="taken")
            lapsed = changed(last, AttemptState.UNKNOWN, now, _("It was not confirmed in time."))
            if not ledger.settle_attempt(_SYSTEM, lapsed, expected=AttemptState.SENT):
                raise _not_waiting()
        elif last is not None and last.state is AttemptState.SUCCEEDED:
            raise _not_waiting()
        lease, until = secrets.token_urlsafe(32), now + timedelta(seconds=seconds)
        attempt = Attempt(
            id=new_id("att"),
            delivery_id=delivery.id,
            step=StepKind.FETCH,
            number=step.attempts + 1,
            state=AttemptState.SENT,
            history=(),
            worker_id=access.actor.name,
            sent_at=now,
            request={
                "payload": step.payload_digest or "",
                "lease": digest_of(lease),
                "until": until.isoformat(),
            },
        )
        taken = changed(attempt, AttemptState.SENT, now, access.actor.name)
        if not ledger.add_attempt(_SYSTEM, taken):
            raise Conflict(_("Another program has taken the delivery."), code="taken")
        return Taken(delivery.id, delivery.document_id, delivery.correlation_id, lease, until, ())

    def files(self, taken: Taken, payload_digest: str) -> Taken:
        """Return it with its files; outside a transaction. Raises Unavailable, NotFound."""
        payload = FilesPayload.from_bytes(self._blobs.get(payload_digest))
        files = [TakenFile(file.name, file.digest) for file in payload.files]
        return replace(taken, files=files)

    def payload_of(self, access: Access[OrganizationScope], delivery_id: str, lease: str) -> str:
        """Return by which digest the files of a taken delivery are stored.

        Raises NotFound, and Conflict: `lease_lapsed`, or `document_held` since it was taken.
        """
        delivery, attempt = self._taken(access, delivery_id, lease)
        if attempt.state is AttemptState.UNKNOWN and attempt.error_code != REFUSED:
            raise _lapsed()
        self._require_free(access, delivery)
        return str(attempt.request["payload"])

    def content(self, payload_digest: str, number: int) -> tuple[str, bytes]:
        """Return name and content of a file; outside a transaction. Raises NotFound."""
        payload = FilesPayload.from_bytes(self._blobs.get(payload_digest))
        if not 0 <= number < len(payload.files):
            raise NotFound(_("There is no such file."))
        file = payload.files[number]
        return file.name, file.bytes(self._blobs.get)

    def confirm(
        self, access: Access[OrganizationScope], delivery_id: str, lease: str, reference: str
    ) -> None:
        """Confirm that the document has arrived; it is never given out again.

        A second confirmation with the same lease is no error. `reference` is the receiver's name
        for it. It counts for a delivery too that a person cancelled after it was taken: it has
        arrived.

        Raises:
            InvalidInput: the reference is too long.
            NotFound: no such delivery, or the lease is of none.
            Conflict: `lease_lapsed`, another program has taken it since; or the delivery is over.
        """
        self._settle(
            access, delivery_id, lease, AttemptState.SUCCEEDED, {"remote_id": _text(reference)}
        )

    def refuse(
        self, access: Access[OrganizationScope], delivery_id: str, lease: str, reason: str
    ) -> None:
        """Refuse the document with a reason: the delivery fails. Errors as `confirm`."""
        if not _text(reason):
            raise InvalidInput(_("Say why the document is refused."))
        self._settle(access, delivery_id, lease, AttemptState.UNKNOWN, {}, _text(reason))

    def _settle(
        self,
        access: Access[OrganizationScope],
        delivery_id: str,
        lease: str,
        state: AttemptState,
        response: dict[str, str],
        reason: str = "",
    ) -> None:
        self._locked(access, delivery_id)
        delivery, attempt = self._taken(access, delivery_id, lease)
        is_refused = attempt.error_code == REFUSED
        if attempt.state is AttemptState.SUCCEEDED or is_refused:
            if is_refused is bool(reason):
                return
            raise _over()
        if attempt.state is not AttemptState.SENT:
            raise _lapsed()
        is_cancelled = delivery.status is DeliveryStatus.CANCELLED
        if delivery.status.is_over and (reason or not is_cancelled):
            raise _over()
        now = self._clock.now()
        settled = replace(
            changed(attempt, state, now, reason),
            answered_at=now,
            response=response,
            error_code=REFUSED if reason else "",
            error_text=reason,
        )
        ledger = LedgerRepository(access.connection)
        if not ledger.settle_attempt(_SYSTEM, settled, expected=AttemptState.SENT):
            raise _lapsed()
        if is_cancelled:
            DeliveryRepository(access.connection).update(
                access.scope,
                delivery.id,
                {"status": DeliveryStatus.PENDING, "due_at": now, "finished_at": None},
                while_status=sources(DeliveryCause.CONFIRMED_LATE),
            )
        PassRepository(access.connection).free(
            access.scope, WAITS_TO_BE_FETCHED, now, delivery_id=delivery.id
        )
        access.work.after_commit(self._wake)

    def _taken(
        self, access: Access[OrganizationScope], delivery_id: str, lease: str
    ) -> tuple[Delivery, Attempt]:
        delivery = self._get(access, delivery_id)
        wanted = digest_of(lease)
        attempts = LedgerRepository(access.connection).attempts(access.scope, delivery.id)
        for attempt in attempts:
            if attempt.step is StepKind.FETCH and attempt.request.get("lease") == wanted:
                return delivery, attempt
        raise NotFound(_("The delivery was not taken with this lease."), code="no_such_lease")

    def _waiting(self, access: Access[OrganizationScope], delivery_id: str) -> Delivery:
        delivery = self._locked(access, delivery_id)
        if not delivery.waits_to_be_fetched:
            raise _not_waiting()
        return delivery

    def _locked(self, access: Access[OrganizationScope], delivery_id: str) -> Delivery:
        """Return a delivery, locked until the transaction ends."""
        document_id = self._get(access, delivery_id).document_id
        DeliveryRepository(access.connection).lock_exports(access.scope, document_id)
        return self._get(access, delivery_id)

    def _require_free(self, access: Access[OrganizationScope], delivery: Delivery) -> None:
        if self._documents.is_held(access, delivery.document_id):
            raise Conflict(
                _("Something holds the document: decide on it first."), code="document_held"
            )

    def _get(self, access: Access[OrganizationScope], delivery_id: str) -> Delivery:
        found = DeliveryRepository(access.connection).get(access.scope, delivery_id)
        if found is None:
            raise NotFound(_("There is no such delivery."))
        document = self._documents.get(access, found.document_id)
        access.require(Permission.EXPORT, document.document_type)
        return found


def _not_waiting() -> Conflict:
    return Conflict(_("The delivery does not wait to be fetched."), code="not_waiting")


def _over() -> Conflict:
    return Conflict(_("The delivery is over."), code="not_waiting")


def _lapsed() -> Conflict:
    return Conflict(
        _("The time is over, and another program has taken the delivery since."),
        code="lease_lapsed",
    )


def _text(text: str) -> str:
    told = " ".join(text.split())
    if len(told) > _MOST_TEXT:
        raise InvalidInput(_("Write at most {n} characters.").format(n=_MOST_TEXT))
    return told
