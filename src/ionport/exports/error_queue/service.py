"""The queue of export errors: groups of failed deliveries, and *Retry all with this cause*."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from ionport.core.errors import IonportError, NotFound
from ionport.core.i18n import _
from ionport.exports.deliveries import DeliveryService
from ionport.exports.error_queue.causes import KnownCause, cause_of, is_key
from ionport.exports.ledger.failure_repository import FailureRepository
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import Database, OrganizationScope

# Different texts that are looked at; more of them are groups of few.
_MOST_TEXTS: Final = 1_000
_MOST_GROUPS: Final = 100
_BITE: Final = 500
# What one request tries again: each is a transaction of its own.
MOST_RETRIED: Final = 500


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Failed deliveries of one cause; `text` and `newest_id` are the newest one's."""

    cause: KnownCause
    code: str
    text: str
    remedy: str
    deliveries: int
    oldest: datetime
    newest_id: str


@dataclass(frozen=True, slots=True)
class Retried:
    """How many deliveries are tried again, and why the others are not; `left` were not reached."""

    tried: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    left: int = 0


class ErrorQueue:
    """Shows failed deliveries by cause and tries all of one cause again."""

    def __init__(self, deliveries: DeliveryService) -> None:
        self._deliveries = deliveries

    def groups(self, access: Access[OrganizationScope]) -> Sequence[ErrorGroup]:
        """Return the causes, the most frequent first; at most a hundred."""
        access.require_organization_member()
        found: dict[str, ErrorGroup] = {}
        for said in FailureRepository(access.connection).said(access.scope, _MOST_TEXTS):
            cause = cause_of(said.code, said.text)
            group = found.get(cause.key)
            if group is None:
                remedy = cause.remedy or said.remedy
                found[cause.key] = ErrorGroup(
                    cause=cause,
                    code=said.code,
                    text=said.text,
                    remedy=remedy,
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

    def retry(
        self, database: Database, scope: OrganizationScope, actor: Actor, key: str
    ) -> Retried:
        """Try all deliveries of one cause again, 500 at most, each in its own transaction.

        What cannot be tried again (its document is held, its content was removed, the right is
        missing) stays and is counted by the reason.

        Raises:
            NotFound: no delivery has failed with this cause.
        """
        ids = self._ids(database, scope, actor, key)
        refused: Counter[str] = Counter()
        tried = 0
        for delivery_id in ids[:MOST_RETRIED]:
            try:
                with database.write() as work:
                    self._deliveries.retry(Access(work, scope, actor), delivery_id)
                tried += 1
            except IonportError as error:
                refused[error.text] += 1
        return Retried(tried, refused, len(ids) - len(ids[:MOST_RETRIED]))

    def _ids(
        self, database: Database, scope: OrganizationScope, actor: Actor, key: str
    ) -> Sequence[str]:
        found: list[str] = []
        after = ""
        with database.read() as work:
            access = Access(work, scope, actor)
            access.require_organization_member()
            while is_key(key):
                bite = FailureRepository(access.connection).following(access.scope, after, _BITE)
                found += [each for each, code, text in bite if cause_of(code, text).key == key]
                if len(bite) < _BITE:
                    break
                after = bite[-1][0]
        if not found:
            raise NotFound(_("No delivery has failed with this cause; it may be tried again now."))
        return found
