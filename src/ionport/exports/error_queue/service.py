"""The queue of export errors: what failed or what the ERP has not taken, by its cause.

What failed is tried again, all of one cause at once. What the ERP has rejected, or said nothing of,
is done: it is exported again as new, for which a person gives the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ionport.core.errors import Conflict, IonportError, NotFound
from ionport.core.i18n import _
from ionport.documents.model import ErpStatus
from ionport.documents.review.service import keeping_findings
from ionport.exports.deliveries import DeliveryService, checked_reason
from ionport.exports.error_queue.causes import KnownCause, cause_of, erp_status_of, is_key
from ionport.exports.ledger.failure_repository import Failure, FailureRepository, Failures
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope, Work

# Different texts that are looked at; more of them are groups of few.
_MOST_TEXTS: Final = 1_000
_MOST_GROUPS: Final = 100
_BITE: Final = 500
# What one request acts on: each is a transaction of its own. What is refused does not keep the
# others waiting: the same ones come first each time.
MOST_RETRIED: Final = 500
_MOST_REFUSED: Final = 5_000


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Deliveries with one cause; `text` and `newest_id` are the newest one's."""

    cause: KnownCause
    code: str
    text: str
    remedy: str
    deliveries: int
    oldest: datetime
    newest_id: str

    @property
    def erp_status(self) -> ErpStatus | None:
        """How they stand in the ERP: Infor has them, and none is tried again; None: they failed."""
        return erp_status_of(self.cause.key)


@dataclass(frozen=True, slots=True)
class Retried:
    """How many deliveries were acted on, and why the others not; `left` were not reached."""

    tried: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    left: int = 0


class ErrorQueue:
    """Shows by cause what failed or what the ERP has not taken, and acts on all of one cause."""

    def __init__(self, deliveries: DeliveryService) -> None:
        self._deliveries = deliveries

    def groups(self, access: Access[OrganizationScope]) -> Sequence[ErrorGroup]:
        """Return the causes, the most frequent first; at most a hundred."""
        access.require_organization_member()
        failed = FailureRepository(access.connection).failed(access.scope, _MOST_TEXTS)
        return _grouped([*failed, *_not_taken(access)])

    def not_taken(self, access: Access[OrganizationScope]) -> Sequence[ErrorGroup]:
        """Return the causes for which the ERP has not taken what is delivered, as `groups` does."""
        access.require_organization_member()
        return _grouped(_not_taken(access))

    def not_taken_for(self, access: Access[OrganizationScope], key: str) -> ErrorGroup:
        """Return one of `not_taken`; raises NotFound."""
        found = next((each for each in self.not_taken(access) if each.cause.key == key), None)
        if found is None:
            raise _nothing_rejected()
        return found

    def retry(
        self, database: Database, scope: OrganizationScope, actor: Actor, key: str
    ) -> Retried:
        """Try all deliveries of one cause again, 500 at most, each in its own transaction.

        What cannot be tried again (its document is held, its content was removed, the right is
        missing) stays and is counted by the reason.

        Raises:
            NotFound: no delivery has failed with this cause.
            Conflict: they are done; the ERP has rejected them, or said nothing of them.
        """
        status = erp_status_of(key)
        if status is ErpStatus.NO_WORD:
            raise Conflict(
                _(
                    "Infor has these deliveries, and only the word of the ERP is missing. Look"
                    " whether it has them; what it does not have is exported again as new with a"
                    " reason."
                ),
                code="no_word_from_erp",
            )
        if status is not None:
            raise Conflict(
                _(
                    "The ERP has rejected these deliveries, and a repetition would change nothing."
                    " Mend the cause, then export them again as new with a reason."
                ),
                code="rejected_by_erp",
            )

        def again(work: Work, one: Failure) -> None:
            self._deliveries.retry(Access(work, scope, actor), one.id)

        found = self._of_cause(database, scope, actor, key)
        return _each(database.write, found, again)

    def re_export(
        self, database: Database, scope: OrganizationScope, actor: Actor, key: str, reason: str
    ) -> Retried:
        """Export all that the ERP has not taken for one cause again as new, 500 at most.

        Each in its own transaction. What findings hold, or the right is missing for, stays and is
        counted by the reason.

        Raises:
            InvalidInput: no reason is given.
            NotFound: the ERP has rejected nothing for this cause.
        """
        reason = checked_reason(reason)

        def anew(work: Work, one: Failure) -> None:
            access = Access(work, scope, actor)
            self._deliveries.re_export(access, one.document_id, reason, one.configuration_id)

        if erp_status_of(key) is None:
            raise _nothing_rejected()
        found = self._of_cause(database, scope, actor, key)
        return _each(lambda: keeping_findings(database), found, anew)

    def _of_cause(
        self, database: Database, scope: OrganizationScope, actor: Actor, key: str
    ) -> Sequence[Failure]:
        found: list[Failure] = []
        after = ""
        with database.read() as work:
            access = Access(work, scope, actor)
            access.require_organization_member()
            failures = FailureRepository(access.connection)
            status = erp_status_of(key)
            while is_key(key):
                bite = (
                    failures.failed_behind(access.scope, after, _BITE)
                    if status is None
                    else failures.told_behind(access.scope, status, after, _BITE)
                )
                found += [one for one in bite if cause_of(one.code, one.text).key == key]
                if len(bite) < _BITE:
                    break
                after = bite[-1].id
        if not found:
            raise NotFound(_("No export error has this cause; it may be under way again."))
        return found


def _not_taken(access: Access[OrganizationScope]) -> Sequence[Failures]:
    failures = FailureRepository(access.connection)
    return [
        each
        for status in ErpStatus
        if status.needs_person
        for each in failures.told(access.scope, status, _MOST_TEXTS)
    ]


def _nothing_rejected() -> NotFound:
    return NotFound(_("The ERP has rejected nothing for this cause."))


def _grouped(all_said: Sequence[Failures]) -> Sequence[ErrorGroup]:
    found: dict[str, ErrorGroup] = {}
    for said in all_said:
        cause = cause_of(said.code, said.text)
        group = found.get(cause.key)
        if group is None:
            found[cause.key] = ErrorGroup(
                cause=cause,
                code=said.code,
                text=said.text,
                remedy=cause.remedy or said.remedy,
                deliveries=said.deliveries,
                oldest=said.oldest,
                newest_id=said.newest_id,
            )
            continue
        is_newer = said.newest_id > group.newest_id
        found[cause.key] = replace(
            group,
            deliveries=group.deliveries + said.deliveries,
            oldest=min(group.oldest, said.oldest),
            newest_id=said.newest_id if is_newer else group.newest_id,
            text=said.text if is_newer else group.text,
        )
    groups = sorted(found.values(), key=lambda group: (-group.deliveries, group.cause.key))
    return groups[:_MOST_GROUPS]


def _each(
    transaction: Callable[[], AbstractContextManager[Work]],
    found: Sequence[Failure],
    act: Callable[[Work, Failure], None],
) -> Retried:
    refused: Counter[str] = Counter()
    tried = 0
    for one in found:
        if tried == MOST_RETRIED or refused.total() == _MOST_REFUSED:
            break
        try:
            with transaction() as work:
                act(work, one)
            tried += 1
        except IonportError as error:
            refused[error.text] += 1
    return Retried(tried, refused, len(found) - tried - refused.total())
