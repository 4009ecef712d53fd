"""The SQL of signing keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ionport.oauth.tokens.keys.model import SigningKeyRow
from ionport.oauth.tokens.keys.tables import signing_keys
from ionport.store import SystemScope
from ionport.store.repository import Repository, columns_of, reader


class SigningKeyRepository(Repository):
    """The installation's signing keys."""

    def add(self, scope: SystemScope, key: SigningKeyRow) -> bool:
        """Store a new current key; False when there is one already."""
        try:
            with self._connection.begin_nested():
                self._run(insert(signing_keys).values(columns_of(signing_keys, key)))
        except IntegrityError:
            if not any(stored.is_current for stored in self.list(scope)):
                raise
            return False
        return True

    def list(self, scope: SystemScope) -> Sequence[SigningKeyRow]:
        """Return every key, newest first: a handful at most."""
        query = select(signing_keys).order_by(signing_keys.c.created_at.desc())
        return self._all(query, reader(SigningKeyRow))

    def retire_current(self, scope: SystemScope, at: datetime) -> None:
        """Let the current key only verify from now on."""
        self._run(
            update(signing_keys)
            .where(signing_keys.c.is_current.is_(True))
            .values(is_current=False, retired_at=at)
        )

    def delete_retired(self, scope: SystemScope, before: datetime) -> int:
        """Delete the keys that were retired before a moment; return how many."""
        result = self._run(
            delete(signing_keys)
            .where(signing_keys.c.is_current.is_(False))
            .where(signing_keys.c.retired_at < before)
        )
        return result.rowcount

    def replace_sealed(self, scope: SystemScope, key_id: str, sealed: str) -> None:
        self._run(
            update(signing_keys)
            .where(signing_keys.c.id == key_id)
            .values(sealed_private_key=sealed)
        )
