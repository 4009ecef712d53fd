"""SQL of API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from ionport.identity.api_keys.model import ApiKey, ApiScope
from ionport.identity.api_keys.tables import api_keys
from ionport.store import OrganizationScope, SystemScope
from ionport.store.repository import Repository, columns_of, in_scope, reader

_keys = api_keys.c


class ApiKeyRepository(Repository):
    """API keys of an organization."""

    def add(self, scope: OrganizationScope, key: ApiKey, digest: str) -> None:
        """Keep a new key by its digest."""
        self._run(
            insert(api_keys).values(
                columns_of(
                    api_keys,
                    key,
                    organization_id=scope.organization_id,
                    digest=digest,
                    scopes=sorted(key.scopes),
                )
            )
        )

    def list(self, scope: OrganizationScope, limit: int) -> Sequence[ApiKey]:
        """Return the keys, the newest first."""
        return self._all(
            select(api_keys)
            .where(_keys.organization_id == scope.organization_id)
            .order_by(_keys.id.desc())
            .limit(limit),
            _key,
        )

    def find(self, scope: SystemScope, digest: str) -> ApiKey | None:
        """Return the key of that digest, whichever organization's it is, or None."""
        return self._one(select(api_keys).where(_keys.digest == digest), _key)

    def touch(self, scope: OrganizationScope, key_id: str, at: datetime) -> None:
        """Note that the key was used."""
        self._run(
            update(api_keys).where(in_scope(api_keys, scope, id=key_id)).values(last_used_at=at)
        )

    def remove(self, scope: OrganizationScope, key_id: str) -> None:
        """Delete a key, and the answers that were kept for it."""
        self._delete(api_keys, scope, id=key_id)


_key = reader(
    ApiKey, scopes=lambda row: frozenset(each for each in ApiScope if each.value in row.scopes)
)
