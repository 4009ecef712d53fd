"""SQL of the answers that are kept for requests which may be repeated.

A row belongs to one API key, and through it to an organization.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update

from ionport.identity.api_keys.model import Answer
from ionport.identity.api_keys.tables import api_answers
from ionport.store import SystemScope
from ionport.store.repository import Repository

_answers = api_answers.c


class AnswerRepository(Repository):
    """Answers by API key and `Idempotency-Key`."""

    def add(
        self,
        scope: SystemScope,
        api_key_id: str,
        idempotency_key: str,
        request_digest: str,
        at: datetime,
    ) -> bool:
        """Take up a request; False when it is known already."""
        row = {
            "api_key_id": api_key_id,
            "idempotency_key": idempotency_key,
            "request_digest": request_digest,
            "at": at,
        }
        added = self._insert(api_answers).values(row).on_conflict_do_nothing()
        # psycopg's count of an INSERT is thrown away otherwise.
        return self._run(added.execution_options(preserve_rowcount=True)).rowcount == 1

    def find(
        self, scope: SystemScope, api_key_id: str, idempotency_key: str
    ) -> tuple[str, Answer | None] | None:
        """Return the digest of the request and its answer, None while it is under way."""
        row = self._run(select(api_answers).where(_is(api_key_id, idempotency_key))).one_or_none()
        if row is None:
            return None
        return row.request_digest, None if row.status is None else Answer(row.status, row.body)

    def finish(
        self, scope: SystemScope, api_key_id: str, idempotency_key: str, answer: Answer
    ) -> None:
        """Keep what the request was answered with."""
        self._run(
            update(api_answers)
            .where(_is(api_key_id, idempotency_key))
            .values(status=answer.status, body=answer.body)
        )

    def remove(self, scope: SystemScope, api_key_id: str, idempotency_key: str) -> None:
        """Forget a request."""
        self._run(delete(api_answers).where(_is(api_key_id, idempotency_key)))

    def remove_lost(
        self, scope: SystemScope, api_key_id: str, idempotency_key: str, before: datetime
    ) -> None:
        """Forget a request that was taken up before then and never answered."""
        self._run(
            delete(api_answers).where(
                _is(api_key_id, idempotency_key), _answers.status.is_(None), _answers.at < before
            )
        )

    def remove_before(self, scope: SystemScope, at: datetime) -> None:
        """Forget the requests that were taken up before then."""
        self._run(delete(api_answers).where(_answers.at < at))


def _is(api_key_id: str, idempotency_key: str) -> ColumnElement[bool]:
    return (_answers.api_key_id == api_key_id) & (_answers.idempotency_key == idempotency_key)
