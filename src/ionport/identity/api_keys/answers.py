"""Answers that are kept for a day, so that a request may be repeated and done once.

A program that got no answer sends its request again with the same `Idempotency-Key`: it gets the
first answer, and nothing is done a second time
(draft-ietf-httpapi-idempotency-key-header; kept for 24 hours).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.identity.api_keys.answer_repository import AnswerRepository
from ionport.identity.api_keys.model import Answer
from ionport.store import Database, SystemScope

KEPT_FOR: Final = timedelta(hours=24)
MAX_LENGTH: Final = 200
# A request that was taken up longer ago was lost with its process: no request takes as long.
_LOST_AFTER: Final = timedelta(minutes=5)
_OLD = SystemScope("answers that nobody asks for again")


class Answers:
    """The answers to requests that may be repeated; opens short transactions of its own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, api_key_id: str, idempotency_key: str, request_digest: str) -> Answer | None:
        """Take up a request: None when it is new, or the answer that it had.

        Raises:
            InvalidInput: the same `Idempotency-Key` came with another request before, or it is
                longer than `MAX_LENGTH`.
            Conflict: the first request is still under way (`request_under_way`).
        """
        if not idempotency_key.isprintable() or not 0 < len(idempotency_key) <= MAX_LENGTH:
            raise InvalidInput(
                _("An Idempotency-Key has 1 to {n} printable letters.").format(n=MAX_LENGTH),
                code="idempotency_key_invalid",
            )
        now = self._clock.now()
        with self._database.write() as work:
            repository = AnswerRepository(work.connection)
            repository.remove_before(_OLD, now - KEPT_FOR)
            repository.remove_lost(_OLD, api_key_id, idempotency_key, now - _LOST_AFTER)
            if repository.add(_OLD, api_key_id, idempotency_key, request_digest, now):
                return None
            known = repository.find(_OLD, api_key_id, idempotency_key)
        if known is not None and known[0] != request_digest:
            raise InvalidInput(
                _("This Idempotency-Key was used for another request. Use a new one."),
                code="idempotency_key_reused",
            )
        if known is None or known[1] is None:
            raise Conflict(
                _("The first request with this Idempotency-Key is still under way."),
                code="request_under_way",
            )
        return known[1]

    def keep(self, api_key_id: str, idempotency_key: str, answer: Answer | None) -> None:
        """Keep the answer; with None the request counts as never made and may be sent again."""
        with self._database.write() as work:
            repository = AnswerRepository(work.connection)
            if answer is None:
                repository.remove(_OLD, api_key_id, idempotency_key)
            else:
                repository.finish(_OLD, api_key_id, idempotency_key, answer)
