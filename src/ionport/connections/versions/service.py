"""The file of a connection is replaced by another of the same tenant, and brought back.

The connection stays the same: configurations, deliveries, its endpoint and its history go on.
Proofs of the former file do not count for the new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ionport.connections.check_repository import CheckRepository
from ionport.connections.intake import PreparedConnection
from ionport.connections.model import (
    CheckStatus,
    Connection,
    ConnectionAction,
    ConnectionFile,
    FormerFile,
)
from ionport.connections.repository import ConnectionRepository, TokenRepository
from ionport.connections.targets.service import owner_of
from ionport.connections.versions.repository import FormerFileRepository
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.sealing import KeyRing
from ionport.core.values.alike import taken_from
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.ionapi.file.model import shorten
from ionport.store import OrganizationScope, ScopedWork, SystemScope


@dataclass(frozen=True, slots=True)
class FileVersions:
    """Replaces files of connections, and keeps the former ones sealed."""

    _clock: Clock
    _keys: KeyRing
    _audit: AuditLog

    def former(self, access: Access[OrganizationScope], connection_id: str) -> Sequence[FormerFile]:
        """Return the former files of a connection, the newest first; at most twenty."""
        access.require_organization_member()
        return FormerFileRepository(access.connection).of_connection(access.scope, connection_id)

    def replace(
        self, access: Access[OrganizationScope], connection_id: str, prepared: PreparedConnection
    ) -> Connection:
        """Let a connection use another file of the same tenant; the same file changes nothing.

        Raises:
            Forbidden, NotFound: no right, or no connection with a file.
            InvalidInput: the file leads to another tenant, where earlier deliveries could not be
                looked up.
            Conflict: another connection has this file.
        """
        before = self._locked(access, connection_id)
        file = prepared.file
        if file.fingerprint == before.fingerprint:
            return before
        if file.ti != before.tenant_id:
            raise InvalidInput(
                _(
                    "This file leads to the tenant {new}, the connection to {old}. Upload it as a"
                    " connection of its own."
                ).format(new=file.ti, old=before.tenant_id),
                code="other_tenant",
            )
        owner = owner_of(access.scope.organization_id, connection_id)
        values = {
            "app_name": file.cn or "",
            "environment": file.environment,
            "gateway": file.iu,
            "authorization_server": file.pu,
            "client_id": shorten(file.ci),
            "kind": file.kind.value,
            "fingerprint": file.fingerprint,
            "remarks": [remark.stored() for remark in prepared.remarks],
            "sealed": self._keys.seal(file.to_bytes(), owner),
        }
        return self._put(access, before, values, ConnectionAction.REPLACED)

    def restore(
        self, access: Access[OrganizationScope], connection_id: str, version_id: str
    ) -> Connection:
        """Let a connection use a former file again.

        Raises:
            Forbidden, NotFound: no right, or no such connection or former file.
            Conflict: another connection has this file by now.
        """
        before = self._locked(access, connection_id)
        repository = FormerFileRepository(access.connection)
        former = existing(
            repository.get(access.scope, connection_id, version_id),
            _("There is no such former file."),
        )
        if former[0].fingerprint == before.fingerprint:
            return before
        values = {each.name: getattr(former[0], each.name) for each in fields(ConnectionFile)}
        values["remarks"] = [remark.stored() for remark in former[0].remarks]
        values["sealed"] = former[1]
        return self._put(access, before, values, ConnectionAction.RESTORED)

    def _locked(self, access: Access[OrganizationScope], connection_id: str) -> Connection:
        access.require(Permission.MANAGE_CONNECTIONS)
        repository = ConnectionRepository(access.connection)
        repository.lock(access.scope, connection_id)
        found = repository.get(access.scope, connection_id)
        if found is None or not found.is_infor:
            raise NotFound(_("There is no such connection."))
        return found

    def _put(
        self,
        access: Access[OrganizationScope],
        before: Connection,
        values: Mapping[str, Any],
        action: ConnectionAction,
    ) -> Connection:
        """Write what the connection uses from now on; raises Conflict."""
        repository = ConnectionRepository(access.connection)
        other = repository.by_fingerprint(access.scope, values["fingerprint"])
        if other is not None:
            raise Conflict(
                _("This file is the connection {name} already.").format(name=other.name),
                code="file_of_another_connection",
            )
        self._interrupt_proof(access, before.id)
        self._keep(access, before)
        now = {"uploaded_by": access.actor.name, "uploaded_at": self._clock.now()}
        # The noted end of the former credentials is not that of the new ones.
        unknown = {"credentials_end_on": None, "credentials_told": None}
        repository.update(access.scope, before.id, {**values, **now, **unknown})
        TokenRepository(access.connection).delete(access.scope, before.id, before.fingerprint)
        details = {
            "name": before.name,
            "old": before.fingerprint,
            "new": values["fingerprint"],
        }
        self._audit.record(access, action, before.id, details)
        return repository.get(access.scope, before.id) or before

    def _interrupt_proof(self, access: Access[OrganizationScope], connection_id: str) -> None:
        """End a proof of the former file, so that one of the new file can begin."""
        repository = CheckRepository(access.connection)
        running = repository.latest(access.scope, connection_id)
        if running is not None and not running.is_over:
            now = self._clock.now()
            repository.finish(access.scope, running, CheckStatus.INTERRUPTED, now)

    def _keep(self, access: Access[OrganizationScope], before: Connection) -> None:
        found = ConnectionRepository(access.connection).sealed(access.scope, before.id)
        if found is None:
            return
        former = taken_from(
            FormerFile,
            before,
            id=new_id("cvr"),
            connection_id=before.id,
            replaced_by=access.actor.name,
            replaced_at=self._clock.now(),
        )
        FormerFileRepository(access.connection).add(access.scope, former, found[1])

    def reseal(self, access: ScopedWork[SystemScope]) -> int:
        """Seal former files with the current key; returns how many were sealed again."""
        repository, count = FormerFileRepository(access.connection), 0
        for version_id, connection_id, organization_id, sealed in repository.all_sealed(
            access.scope
        ):
            if not self._keys.is_current(sealed):
                owner = owner_of(organization_id, connection_id)
                again = self._keys.seal(self._keys.open(sealed, owner), owner)
                repository.set_sealed(access.scope, version_id, again)
                count += 1
        return count
