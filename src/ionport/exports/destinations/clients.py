"""Clients of targets, one for each connection, kept so that their sockets stay open."""

from __future__ import annotations

import threading

from cachetools import LRUCache

from ionport.connections.model import TargetKind
from ionport.connections.service import ConnectionService
from ionport.connections.targets import target_type_of
from ionport.connections.targets.model import FileTargetType, Target
from ionport.core.clock import Clock
from ionport.exports.destinations.files.client import FileClient
from ionport.exports.destinations.port import TargetClient
from ionport.exports.destinations.webhook import WebhookClient
from ionport.exports.timing import ExportTiming
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.transport.pool import Timeouts, Transport
from ionport.store import Database, OrganizationScope

_KEPT = 64


class ClientPool:
    """Hands out one client for each connection; threads share it."""

    def __init__(
        self,
        database: Database,
        connections: ConnectionService,
        timing: ExportTiming,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._database = database
        self._connections = connections
        self._timeouts = Timeouts(
            connect=timing.connect,
            read=timing.call_read,
            total=timing.call_total,
            login=timing.login,
        )
        self._transport = Transport(connections.policy)
        self._clients: LRUCache[tuple[str, str], IonApiClient] = LRUCache(_KEPT)
        self._lock = threading.Lock()

    def get(self, scope: OrganizationScope, connection_id: str) -> TargetClient:
        """Return the connection's client.

        Raises:
            NotFound: the connection is gone.
            Unavailable: its file does not open with the present keys.
        """
        # The file may have been replaced, in another process too.
        with self._database.read_once() as work:
            fingerprint = self._connections.fingerprint(work.within(scope), connection_id)
        with self._lock:
            known = self._clients.get((connection_id, fingerprint or ""))
        if known is not None:
            return known
        with self._database.read() as work:
            access = work.within(scope)
            connection = self._connections.shown(access, connection_id)
            if not connection.is_infor:
                # A target is opened for each call: its settings and secret may change.
                return self._of_target(self._connections.targets.open(access, connection_id))
            key = (connection_id, connection.fingerprint)
            file = self._connections.credential(access, connection_id)
        client = IonApiClient(
            file,
            store=self._connections.token_store(self._database, scope, connection_id),
            timeout=self._timeouts,
            transport=self._transport,
            counter=self._connections.usage.observer(connection_id),
        )
        with self._lock:
            # The transport is shared: dropping a client leaves no socket open.
            return self._clients.setdefault(key, client)

    def _of_target(self, target: Target) -> TargetClient:
        kind = target_type_of(target.kind)
        if target.kind is TargetKind.WEBHOOK:
            return WebhookClient(target, self._clock, self._transport, self._timeouts)
        if not isinstance(kind, FileTargetType):
            raise TypeError(f"nothing delivers to a target of the kind {target.kind}")
        return FileClient(kind, target, self._connections.policy, self._timeouts.total)

    def close(self) -> None:
        """Close all sockets."""
        with self._lock:
            self._clients.clear()
        self._transport.close()
        # The counts of a process without a watch, such as a command.
        self._connections.usage.flush_last(self._database)
