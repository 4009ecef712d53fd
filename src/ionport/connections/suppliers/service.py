"""Fetches the suppliers of the ERP behind a connection into the master data."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import Final

from ionport.connections.proof_reader import proof_of
from ionport.connections.proofs import BASE_STAGES, ProofState
from ionport.connections.service import ConnectionService
from ionport.connections.suppliers.model import (
    Erp,
    FetchedSuppliers,
    FetchOutcome,
    FetchRequest,
    FetchState,
    FoundSuppliers,
    SupplierFetch,
)
from ionport.connections.suppliers.reading import Progress, read_suppliers_of
from ionport.connections.suppliers.repository import FetchRepository
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, IonportError, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.sentences import joined
from ionport.documents.suppliers.service import SupplierService
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.identity.model import Actor
from ionport.ionapi import IonApiFile
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.errors import IonApiError
from ionport.ionapi.transport.pool import Timeouts
from ionport.store import Database, OrganizationScope, ScopedWork

_BOUND: Final = Timeouts(connect=10, read=30, total=45, login=30)
_COMPANY_DIGITS: Final = {Erp.M3: 3, Erp.LN: 5}
_AT_ONCE_SECONDS: Final = 1.0
_logger = logging.getLogger(__name__)


class _Over(Exception):
    """A fetch in the background was cancelled, or counts as broken off."""


class SupplierFetching:
    """Asks M3 or LN outside of any transaction, and stores what came in one."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        connections: ConnectionService,
        suppliers: SupplierService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._connections = connections
        self._suppliers = suppliers

    def require_rights(self, access: Access[OrganizationScope]) -> None:
        """Raise Forbidden unless the actor may change suppliers and use connections."""
        access.require_organization_administrator()
        access.require(Permission.MANAGE_CONNECTIONS)

    def fetch(
        self, scope: OrganizationScope, actor: Actor, wanted: FetchRequest
    ) -> FetchedSuppliers:
        """Add the suppliers of an ERP, and fill what is empty of those that are known.

        Takes two minutes and one call at most.

        Raises:
            Forbidden: the actor may not change suppliers, or not use connections.
            NotFound: no such connection.
            InvalidInput: it leads to no Infor tenant, or the company is no number.
            Conflict: its proof was refused, or there would be more than 50,000 suppliers.
            Unavailable: its key is away, or it took too long.
            IonApiError: Infor refuses, or is not reached.
        """
        _check_company(wanted)
        with self._database.read() as work:
            name, file = self._opened(Access(work, scope, actor), wanted)
        found = self._read(scope, file, wanted, lambda *_numbers: None)
        with self._database.read() if wanted.is_check else self._database.write() as work:
            return self._taken(Access(work, scope, actor), name, found, wanted)

    def start(self, scope: OrganizationScope, actor: Actor, wanted: FetchRequest) -> SupplierFetch:
        """Begin what `fetch` does in a thread of its own; return it after a second at most.

        One over the same connection that is running is returned instead. Errors as `fetch`; what
        happens later is told by the fetch.
        """
        _check_company(wanted)
        now = self._clock.now()
        new = SupplierFetch(
            id=new_id("sft"),
            organization_id=scope.organization_id,
            connection_id=wanted.connection_id,
            erp=wanted.erp,
            company=wanted.company,
            is_check=wanted.is_check,
            state=FetchState.RUNNING,
            person=actor.name,
            started_at=now,
            updated_at=now,
        )
        with self._database.write() as work:
            access = Access(work, scope, actor)
            name, file = self._opened(access, wanted)
            begun = self._add(access, new)
        if begun is new:
            arguments = (new, actor, name, file)
            thread = threading.Thread(target=self._run, args=arguments, name=new.id, daemon=True)
            thread.start()
            thread.join(_AT_ONCE_SECONDS)
        return begun

    def get(self, access: Access[OrganizationScope], fetch_id: str) -> SupplierFetch:
        """Return a fetch, as far as it is; raises Forbidden and NotFound."""
        self.require_rights(access)
        found = FetchRepository(access.connection).get(access.scope, fetch_id)
        return existing(found, _("There is no such fetch.")).as_seen_at(self._clock.now())

    def cancel(self, access: Access[OrganizationScope], fetch_id: str) -> None:
        """End a fetch before anything of it is stored; raises as `get`, or Conflict: it is over."""
        self.get(access, fetch_id)
        repository, now = FetchRepository(access.connection), self._clock.now()
        if not repository.change(access.scope, fetch_id, now, state=FetchState.CANCELLED):
            raise Conflict(_("This fetch is over already."), code="fetch_over")

    def _add(self, access: ScopedWork[OrganizationScope], new: SupplierFetch) -> SupplierFetch:
        """Store a fetch, unless one over its connection is running: then that is returned."""
        repository = FetchRepository(access.connection)
        running = repository.running(access.scope, new.connection_id)
        if running is not None:
            seen = running.as_seen_at(new.started_at)
            if seen.state is FetchState.RUNNING:
                return running
            values = {"state": seen.state, "error": seen.error}
            repository.change(access.scope, running.id, new.started_at, **values)
        if repository.add(access.scope, new):
            return new
        # Another one was begun between our query and our insert, and may be over by now.
        return self._add(access, new)

    def _run(self, fetch: SupplierFetch, actor: Actor, name: str, file: IonApiFile) -> None:
        try:
            self._do(fetch, actor, name, file)
        except _Over:
            return
        except Exception as error:  # noqa: BLE001 told on the page
            with suppress(_Over):
                self._change(fetch, state=FetchState.FAILED, error=_told(fetch, error))

    def _do(self, fetch: SupplierFetch, actor: Actor, name: str, file: IonApiFile) -> None:
        scope = OrganizationScope(fetch.organization_id)
        wanted = FetchRequest(fetch.connection_id, fetch.erp, fetch.company, fetch.is_check)

        def progress(suppliers: int, asked: int, to_ask: int) -> None:
            self._change(fetch, suppliers=suppliers, asked=asked, to_ask=to_ask)

        found = self._read(scope, file, wanted, progress)
        with self._database.write() as work:
            repository, now = FetchRepository(work.connection), self._clock.now()
            # It is locked by this: who cancels is before it, or too late.
            if not repository.change(scope, fetch.id, now, suppliers=len(found.lines)):
                return
            fetched = self._taken(Access(work, scope, actor), name, found, wanted)
            outcome = FetchOutcome.of(fetched).stored()
            repository.change(scope, fetch.id, now, state=FetchState.DONE, outcome=outcome)

    def _change(self, fetch: SupplierFetch, **values: object) -> None:
        """Write what is new of a fetch; raises _Over where it is over."""
        scope = OrganizationScope(fetch.organization_id)
        with self._database.write() as work:
            repository = FetchRepository(work.connection)
            if not repository.change(scope, fetch.id, self._clock.now(), **values):
                raise _Over

    def _read(
        self, scope: OrganizationScope, file: IonApiFile, wanted: FetchRequest, progress: Progress
    ) -> FoundSuppliers:
        connections, connection_id = self._connections, wanted.connection_id
        with IonApiClient(
            file,
            store=connections.token_store(self._database, scope, connection_id),
            policy=connections.policy,
            timeout=_BOUND,
            counter=connections.usage.observer(connection_id),
        ) as client:
            return read_suppliers_of(client, wanted.erp, wanted.company, progress)

    def _taken(
        self,
        access: Access[OrganizationScope],
        name: str,
        found: FoundSuppliers,
        wanted: FetchRequest,
    ) -> FetchedSuppliers:
        """Store what was found, or tell what that would change."""
        if wanted.is_check:
            result = self._suppliers.compare(access, found.lines, only_completes=True)
        else:
            result = self._suppliers.store_fetched(access, found.lines, name)
        return FetchedSuppliers(result, found)

    def _opened(
        self, access: Access[OrganizationScope], wanted: FetchRequest
    ) -> tuple[str, IonApiFile]:
        """Return name and file of a connection whose proof is not refused."""
        self.require_rights(access)
        connection_id, erp = wanted.connection_id, wanted.erp
        connection = self._connections.get(access, connection_id)
        if not connection.is_infor:
            text = _("Choose a connection to an Infor tenant.")
            raise InvalidInput(text, code="no_infor", fields={"connection": text})
        proof = proof_of(access, connection_id, (*BASE_STAGES, erp.value))
        if proof.state is ProofState.REFUSED:
            raise Conflict(joined(proof.text, proof.remedy), code="proof_refused")
        return connection.name, self._connections.credential(access, connection_id)


def _check_company(wanted: FetchRequest) -> None:
    most, company = _COMPANY_DIGITS[wanted.erp], wanted.company
    if company and not (company.isascii() and company.isdigit() and len(company) <= most):
        text = _("A company is a number of at most {n} digits.").format(n=most)
        raise InvalidInput(text, code="invalid_company", fields={"company": text})


def _told(fetch: SupplierFetch, error: Exception) -> str:
    if isinstance(error, IonportError):
        return error.text
    if isinstance(error, IonApiError):
        return joined(error.message, error.remedy)
    _logger.error("fetch %s of suppliers broke off", fetch.id, exc_info=error)
    return _("An error of ionport's own; the log has it. Nothing was stored.")
