"""The data model of IDM behind a connection, asked with a bound and kept for some minutes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from cachetools import TTLCache

from ionport.connections.service import ConnectionService
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.transport.pool import Timeouts
from ionport.mappings.lint.targets import EntityModel
from ionport.store import Database, OrganizationScope

_BOUND: Final = Timeouts(connect=3, read=5, total=8, login=5)
_KEPT: Final = 64
_KEPT_SECONDS: Final = 300


class TenantDataModels:
    """Fills `DataModels` by `idm.list_entities` (docs/reference/idm.md#data-model)."""

    def __init__(self, database: Database, connections: ConnectionService) -> None:
        self._database = database
        self._connections = connections
        self._kept: TTLCache[tuple[str, str], Mapping[str, EntityModel]] = TTLCache(
            _KEPT, _KEPT_SECONDS
        )
        self._lock = threading.Lock()

    def entities(self, scope: OrganizationScope, connection_id: str) -> Mapping[str, EntityModel]:
        """Return the document types of IDM by name, as the tenant told within five minutes.

        Takes 13 seconds at most. Raises NotFound, Unavailable and IonApiError.
        """
        key = (scope.organization_id, connection_id)
        with self._lock:
            known = self._kept.get(key)
        if known is not None:
            return known
        with self._database.read() as work:
            file = self._connections.credential(work.within(scope), connection_id)
        store = self._connections.token_store(self._database, scope, connection_id)
        with IonApiClient(
            file,
            store=store,
            policy=self._connections.policy,
            timeout=_BOUND,
            counter=self._connections.usage.observer(connection_id),
        ) as client:
            entities = client.idm.list_entities()
        model = {
            one.name: EntityModel(frozenset(name for name, _text in one.attributes), one.required)
            for one in entities
        }
        with self._lock:
            self._kept[key] = model
        return model
