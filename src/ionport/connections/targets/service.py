"""Targets that are no Infor tenant: add, change, open for the server's own use."""

from __future__ import annotations

import json
from pathlib import Path

from ionport.connections.model import Connection, ConnectionAction, TargetKind
from ionport.connections.repository import ConnectionRepository
from ionport.connections.targets import target_type_of
from ionport.connections.targets.model import Target
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound, existing
from ionport.core.files import OwnFolder
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.sealing import KeyRing, SealedFor
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.identity.repository import OrganizationRepository
from ionport.ionapi.addresses import AddressPolicy
from ionport.store import OrganizationScope, ScopedWork

NAME_LENGTH = 200
MOST = 500
"""How many connections an organization may have, of all kinds."""


class TargetService:
    """Keeps targets as connections, their secrets sealed; `open` is for calls, never for a page."""

    def __init__(
        self,
        clock: Clock,
        keys: KeyRing,
        audit: AuditLog,
        policy: AddressPolicy,
        root: Path | None = None,
    ) -> None:
        """`root` is the folder below which administrators may name local folders."""
        self._clock = clock
        self._keys = keys
        self._audit = audit
        self._policy = policy
        self._root = root

    def root_of(self, access: ScopedWork[OrganizationScope]) -> OwnFolder | None:
        """Return where administrators may name local folders, if anywhere."""
        return OrganizationRepository(access.connection).own_folder(access.scope, self._root)

    def prepare(self, target: Target) -> Target:
        """Return a target as it is kept; without a transaction.

        Raises:
            InvalidInput: names every field that does not fit.
            Unavailable: what the kind needs is not installed.
        """
        return target_type_of(target.kind).checked(target, self._policy)

    def add(self, access: Access[OrganizationScope], name: str, prepared: Target) -> Connection:
        """Store a target that `prepare` has checked as a connection.

        Raises:
            Forbidden: no right to manage connections; or a local folder, and there is no root.
            InvalidInput: no name, or a local folder that is not below the root.
            Conflict: there are too many connections.
        """
        access.require(Permission.MANAGE_CONNECTIONS)
        self._require_below(access, prepared)
        repository = ConnectionRepository(access.connection)
        if repository.count(access.scope) >= MOST:
            raise Conflict(_("There are {n} connections, and no more.").format(n=MOST))
        connection_id = new_id("con")
        connection = Connection(
            id=connection_id,
            organization_id=access.scope.organization_id,
            name=checked_name(name),
            tenant_id="",
            app_name="",
            environment=None,
            gateway=target_type_of(prepared.kind).place(prepared.parameters),
            authorization_server="",
            client_id=prepared.parameters.get("username", ""),
            kind=prepared.kind.value,
            # Two connections may have the same place: each has its own secret, limits and circuit.
            fingerprint=connection_id,
            remarks=(),
            uploaded_by=access.actor.name,
            uploaded_at=self._clock.now(),
            target=prepared.kind,
            parameters=prepared.parameters,
        )
        sealed = self._sealed(access, connection_id, prepared.secret)
        if not repository.add(access.scope, connection, sealed):
            raise Conflict(_("The connection cannot be added: choose another name."))
        details = {"name": connection.name, "place": connection.gateway}
        self._audit.record(access, ConnectionAction.ADDED, connection.id, details)
        return connection

    def change(
        self, access: Access[OrganizationScope], connection_id: str, name: str, prepared: Target
    ) -> Connection:
        """Change a target; the configurations that use it stay as they are. Errors as `add`."""
        access.require(Permission.MANAGE_CONNECTIONS)
        self._require_below(access, prepared)
        connection = self._get(access, connection_id)
        if connection.target is not prepared.kind:
            raise InvalidInput(_("The kind of a connection cannot be changed."))
        details = {
            "name": checked_name(name),
            "place": target_type_of(prepared.kind).place(prepared.parameters),
        }
        values = {
            "name": details["name"],
            "gateway": details["place"],
            "client_id": prepared.parameters.get("username", ""),
            "parameters": dict(prepared.parameters),
            "sealed": self._sealed(access, connection_id, prepared.secret),
        }
        ConnectionRepository(access.connection).update(access.scope, connection.id, values)
        self._audit.record(access, ConnectionAction.CHANGED, connection.id, details)
        return self._get(access, connection_id)

    def open(self, access: ScopedWork[OrganizationScope], connection_id: str) -> Target:
        """Return a target with its secret: for calls, never for a page.

        Raises:
            NotFound: no such connection.
            Unavailable: the key it was sealed with is not in the key ring.
        """
        connection = self._get(access, connection_id)
        found = ConnectionRepository(access.connection).sealed(access.scope, connection_id)
        organization_id, sealed = existing(found, _("There is no such connection."))
        content = json.loads(self._keys.open(sealed, owner_of(organization_id, connection_id)))
        return Target(connection.target, connection.parameters, Secret(content["secret"]))

    def _sealed(self, access: Access[OrganizationScope], connection_id: str, secret: Secret) -> str:
        owner = owner_of(access.scope.organization_id, connection_id)
        return self._keys.seal(json.dumps({"secret": secret.reveal()}).encode(), owner)

    def _get(self, access: ScopedWork[OrganizationScope], connection_id: str) -> Connection:
        found = ConnectionRepository(access.connection).get(access.scope, connection_id)
        if found is None or found.is_infor:
            raise NotFound(_("There is no such connection."))
        return found

    def _require_below(self, access: Access[OrganizationScope], target: Target) -> None:
        """Whoever owns the data folder may name any folder; administrators one below the root."""
        if target.kind is not TargetKind.FOLDER or access.actor.is_operator:
            return
        root = self.root_of(access)
        if root is None:
            raise Forbidden(
                _("Local folders are added by command only: ionport connection add-folder."),
                code="needs_operator",
            )
        if not root.holds(target.parameters["folder"]):
            wrong = _("Name a folder below {root}.").format(root=root.path)
            raise InvalidInput(wrong, fields={"folder": wrong})


def owner_of(organization_id: str, connection_id: str) -> SealedFor:
    """Return what a connection's secret is sealed for."""
    return SealedFor("connection", organization_id, connection_id)


def checked_name(text: str) -> str:
    """Return a connection's name without needless blanks; raises InvalidInput."""
    name = " ".join(text.split())
    if not name or len(name) > NAME_LENGTH:
        wrong = _("Give a name of 1 to 200 characters.")
        raise InvalidInput(wrong, fields={"name": wrong})
    return name
