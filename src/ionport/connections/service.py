"""Connections: upload, show, prove and remove `.ionapi` credentials."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ionport.connections.check_repository import CheckRepository
from ionport.connections.checks import TIMEOUTS, new_check, prove
from ionport.connections.credential_ends import CredentialEnds
from ionport.connections.intake import PreparedConnection
from ionport.connections.model import (
    STAGES,
    Check,
    CheckStatus,
    Connection,
    ConnectionAction,
    TargetKind,
)
from ionport.connections.pauses import PauseService
from ionport.connections.ports import ConnectionUse
from ionport.connections.quota.service import UsageService
from ionport.connections.repository import ConnectionRepository, TokenRepository
from ionport.connections.targets import target_type_of
from ionport.connections.targets.model import Results
from ionport.connections.targets.service import (
    NAME_LENGTH,
    TargetService,
    checked_name,
    owner_of,
)
from ionport.connections.tokens import DatabaseTokenStore
from ionport.connections.versions.service import FileVersions
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, NotFound, existing
from ionport.core.i18n import _, ngettext
from ionport.core.ids import new_id
from ionport.core.paging import Following, Page, PageRequest
from ionport.core.sealing import KeyRing
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.groups.permissions import Permission
from ionport.identity.model import Actor
from ionport.ionapi import IonApiFile
from ionport.ionapi.addresses import PUBLIC_ONLY, AddressPolicy
from ionport.ionapi.file.model import shorten
from ionport.ionapi.probe import probe
from ionport.store import Database, OrganizationScope, ScopedWork, SystemScope

_LOOK_AGAIN_SECONDS = 0.2
_logger = logging.getLogger(__name__)


class ConnectionService:
    """Keeps uploaded credentials sealed; only `credential` opens one, for the server's own use."""

    def __init__(
        self,
        clock: Clock,
        keys: KeyRing,
        audit: AuditLog,
        *,
        policy: AddressPolicy = PUBLIC_ONLY,
        uses: ConnectionUse | None = None,
        export_root: Path | None = None,
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._audit = audit
        self.policy = policy
        self.uses = uses
        self.files = FileVersions(clock, keys, audit)
        self.ends = CredentialEnds(clock, audit)
        self.usage = UsageService(clock, audit, uses)
        self.pauses = PauseService(clock, audit, uses)
        self.targets = TargetService(clock, keys, audit, policy, export_root)

    def upload(
        self,
        access: Access[OrganizationScope],
        filename: str,
        prepared: PreparedConnection,
        *,
        name: str | None = None,
    ) -> Connection:
        """Keep an `.ionapi` file. The same credential again gives the connection it has made.

        `prepare_connection` has read it, outside the transaction.
        """
        access.require(Permission.MANAGE_CONNECTIONS)
        file = prepared.file
        proposed = name or (file.cn or filename.removesuffix(".ionapi"))[:NAME_LENGTH]
        repository = ConnectionRepository(access.connection)
        known = repository.by_fingerprint(access.scope, file.fingerprint)
        if known is not None:
            return known
        connection = Connection(
            id=new_id("con"),
            organization_id=access.scope.organization_id,
            name=checked_name(proposed or file.ti),
            tenant_id=file.ti,
            app_name=file.cn or "",
            environment=file.environment,
            gateway=file.iu,
            authorization_server=file.pu,
            client_id=shorten(file.ci),
            kind=file.kind.value,
            fingerprint=file.fingerprint,
            remarks=prepared.remarks,
            uploaded_by=access.actor.name,
            uploaded_at=self._clock.now(),
        )
        sealed = self._keys.seal(
            file.to_bytes(), owner_of(access.scope.organization_id, connection.id)
        )
        if not repository.add(access.scope, connection, sealed):
            # The same file was uploaded between our query and our insert.
            return repository.by_fingerprint(access.scope, file.fingerprint) or connection
        details = {"name": connection.name, "tenant": file.ti, "fingerprint": file.fingerprint}
        self._audit.record(access, ConnectionAction.UPLOADED, connection.id, details)
        return connection

    def list(
        self,
        access: Access[OrganizationScope],
        page: PageRequest,
        text: str = "",
        target: TargetKind | None = None,
    ) -> Page[Connection]:
        """Return a page of connections, sorted by name, of one kind of target or of all."""
        access.require_organization_member()
        return ConnectionRepository(access.connection).list(access.scope, page, text, target)

    def following(
        self, access: Access[OrganizationScope], limit: int, after: tuple[str, str] | None
    ) -> Following[Connection]:
        """Return what follows a name and id in the list by name."""
        access.require_organization_member()
        return ConnectionRepository(access.connection).following(access.scope, limit, after)

    def get(self, access: Access[OrganizationScope], connection_id: str) -> Connection:
        """Return one connection."""
        access.require_organization_member()
        return self._get(access, connection_id)

    def shown(self, access: ScopedWork[OrganizationScope], connection_id: str) -> Connection:
        """Return one connection to another service; raises NotFound."""
        return self._get(access, connection_id)

    def fingerprint(self, access: ScopedWork[OrganizationScope], connection_id: str) -> str | None:
        """Return the fingerprint of a connection's file; None where there is no such connection."""
        return ConnectionRepository(access.connection).fingerprint(access.scope, connection_id)

    def rename(
        self, access: Access[OrganizationScope], connection_id: str, name: str
    ) -> Connection:
        """Change the name that people see."""
        access.require(Permission.MANAGE_CONNECTIONS)
        connection = self._get(access, connection_id)
        new = checked_name(name)
        ConnectionRepository(access.connection).update(access.scope, connection.id, {"name": new})
        details = {"old": connection.name, "new": new}
        self._audit.record(access, ConnectionAction.RENAMED, connection.id, details)
        return self._get(access, connection_id)

    def delete(self, access: Access[OrganizationScope], connection_id: str) -> None:
        """Remove a connection with its tokens and checks.

        Raises:
            Conflict: a configuration uses it, or the ledger names it.
        """
        access.require(Permission.MANAGE_CONNECTIONS)
        connection = self._get(access, connection_id)
        if kept := self.why_kept(access, connection_id):
            raise kept
        if not ConnectionRepository(access.connection).delete(access.scope, connection_id):
            raise Conflict(_("The connection was used a moment ago."), code="connection_in_use")
        details = {"name": connection.name, "fingerprint": connection.fingerprint}
        self._audit.record(access, ConnectionAction.DELETED, connection.id, details)

    def why_kept(
        self, access: ScopedWork[OrganizationScope], connection_id: str
    ) -> Conflict | None:
        """Return why a connection cannot be deleted; None when it can."""
        if self.uses is None:
            return None
        if users := self.uses.titles(access, connection_id):
            text = _("The connection is used by: {titles}. Choose another one there first.")
            return Conflict(text.format(titles=", ".join(users)), code="connection_in_use")
        sent, deleted = self.uses.named_by(access, connection_id)
        if sent:
            text = ngettext(
                "The connection stays: the ledger holds {n} delivery over it.",
                "The connection stays: the ledger holds {n} deliveries over it.",
                sent,
            )
            return Conflict(text.format(n=sent), code="connection_in_ledger")
        if deleted:
            text = ngettext(
                "The connection stays: {n} deleted configuration used it.",
                "The connection stays: {n} deleted configurations used it.",
                deleted,
            )
            return Conflict(text.format(n=deleted), code="connection_in_ledger")
        return None

    def credential(self, access: ScopedWork[OrganizationScope], connection_id: str) -> IonApiFile:
        """Open the sealed file: for calls to Infor, never for a page.

        Raises:
            NotFound: no such connection.
            Unavailable: the key it was sealed with is not in the key ring.
        """
        found = ConnectionRepository(access.connection).sealed(access.scope, connection_id)
        if found is None:
            raise _not_found()
        organization_id, sealed = found
        return IonApiFile.parse(self._keys.open(sealed, owner_of(organization_id, connection_id)))

    def token_store(
        self, database: Database, scope: OrganizationScope, connection_id: str
    ) -> DatabaseTokenStore:
        """Return the store that keeps this connection's tokens."""
        return DatabaseTokenStore(
            database, self._keys, self._clock, scope, connection_id, self.usage
        )

    def start_check(self, access: Access[OrganizationScope], connection_id: str) -> Check:
        """Store a check whose stages are all pending; `run_check` runs it after the commit.

        A check of the connection that is running already is returned instead of a new one,
        however many ask at once: Infor counts sign-ons. One whose process has ended is marked as
        interrupted, and a new one begins.
        """
        access.require(Permission.MANAGE_CONNECTIONS)
        connection = self._get(access, connection_id)
        repository, now = CheckRepository(access.connection), self._clock.now()
        latest = repository.latest(access.scope, connection_id)
        if latest is not None and not latest.is_over:
            if not latest.as_seen_at(now).is_over:
                return latest
            repository.finish(access.scope, latest, CheckStatus.INTERRUPTED, now)
        stages = STAGES if connection.is_infor else target_type_of(connection.target).stages
        check = new_check(connection.id, access.actor.name, now, stages)
        if not repository.add(access.scope, check):
            # Another one was started between our query and our insert.
            return repository.latest(access.scope, connection_id) or check
        self._audit.record(
            access, ConnectionAction.CHECKED, connection.id, {"name": connection.name}
        )
        return check

    def run_check(self, database: Database, scope: OrganizationScope, check_id: str) -> Check:
        """Prove the connection, writing each stage as it begins and ends.

        Takes as long as the calls take, and opens its own short transactions. One caller runs
        a check; to all others, and when it has run already, it is only returned as it is.
        """
        operator = Actor.operator("check")
        runner = new_id("run")
        with database.write() as work:
            check = self.get_check(Access(work, scope, operator), check_id)
            claimed = not check.is_over and CheckRepository(work.connection).claim(
                scope, check_id, runner, self._clock.now()
            )
        if not claimed:
            return check
        check = replace(check, runner=runner)
        try:
            with database.read() as work:
                proving = self._proving(work.within(scope), check.connection_id)
            prove(database, scope, self._clock, check, proving, self.uses)
        except BaseException:
            with database.write() as work:
                CheckRepository(work.connection).finish(
                    scope, check, CheckStatus.INTERRUPTED, self._clock.now()
                )
            raise
        with database.read() as work:
            return self.get_check(Access(work, scope, operator), check_id)

    def _proving(self, access: ScopedWork[OrganizationScope], connection_id: str) -> Results:
        """Return the proof of a connection, of which nothing is made yet."""
        if self._get(access, connection_id).is_infor:
            file = self.credential(access, connection_id)
            counted = self.usage.observer(connection_id)
            return probe(file, policy=self.policy, timeout=TIMEOUTS, on_exchange=counted)
        target = self.targets.open(access, connection_id)
        return target_type_of(target.kind).probe(target, self.policy, self._clock)

    def wait_for_check(self, database: Database, scope: OrganizationScope, check_id: str) -> Check:
        """Wait for a check that another caller runs, and return it; an interrupted one is over."""
        operator = Actor.operator("check")
        while True:
            with database.read() as work:
                check = self.get_check(Access(work, scope, operator), check_id)
            if check.is_over:
                return check
            time.sleep(_LOOK_AGAIN_SECONDS)

    def run_check_in_background(
        self, database: Database, scope: OrganizationScope, check_id: str
    ) -> threading.Thread:
        """Run a check in a thread of its own, for a page that polls; returns the thread."""
        thread = threading.Thread(
            target=self._run_check_quietly,
            args=(database, scope, check_id),
            name=f"check-{check_id}",
            daemon=True,
        )
        thread.start()
        return thread

    def _run_check_quietly(
        self, database: Database, scope: OrganizationScope, check_id: str
    ) -> None:
        try:
            self.run_check(database, scope, check_id)
        except Exception:
            # Nobody waits for this thread; the page shows the check as interrupted.
            _logger.exception("check %s broke off", check_id)

    def latest_check(self, access: Access[OrganizationScope], connection_id: str) -> Check | None:
        """Return the check that was started last, as far as it has come."""
        access.require_organization_member()
        found = CheckRepository(access.connection).latest(access.scope, connection_id)
        return found.as_seen_at(self._clock.now()) if found else None

    def latest_checks(
        self, access: Access[OrganizationScope], connection_ids: Sequence[str]
    ) -> Mapping[str, Check]:
        """Return what `latest_check` does for several connections; without one it is absent."""
        access.require_organization_member()
        found = CheckRepository(access.connection).latest_of(access.scope, connection_ids)
        now = self._clock.now()
        return {connection_id: check.as_seen_at(now) for connection_id, check in found.items()}

    def proofs(self, access: Access[OrganizationScope], connection_id: str) -> Sequence[Check]:
        """Return the checks of a connection that are over, the newest first; at most twenty."""
        access.require_organization_member()
        return CheckRepository(access.connection).ended(
            access.scope, connection_id, of_any_file=True
        )

    def get_check(self, access: Access[OrganizationScope], check_id: str) -> Check:
        """Return one check, as far as it has come."""
        access.require_organization_member()
        found = CheckRepository(access.connection).get(access.scope, check_id)
        found = existing(found, _("There is no such check."))
        return found.as_seen_at(self._clock.now())

    def reseal(self, access: ScopedWork[SystemScope]) -> int:
        """Seal every credential with the current key; returns how many were sealed again.

        Tokens are dropped instead: the next call signs on anew.
        """
        repository = ConnectionRepository(access.connection)
        count = 0
        for connection_id, organization_id, sealed in repository.all_sealed(access.scope):
            if self._keys.is_current(sealed):
                continue
            owner = owner_of(organization_id, connection_id)
            again = self._keys.seal(self._keys.open(sealed, owner), owner)
            repository.set_sealed(access.scope, connection_id, again)
            count += 1
        TokenRepository(access.connection).delete_all(access.scope)
        return count + self.files.reseal(access)

    def _get(self, access: ScopedWork[OrganizationScope], connection_id: str) -> Connection:
        found = ConnectionRepository(access.connection).get(access.scope, connection_id)
        if found is None:
            raise _not_found()
        return found


def _not_found() -> NotFound:
    return NotFound(_("There is no such connection."))
