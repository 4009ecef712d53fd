"""Fetches the suppliers of the ERP behind a connection into the master data."""

from __future__ import annotations

from typing import Final

from ionport.connections.proof_reader import proof_of
from ionport.connections.proofs import BASE_STAGES, ProofState
from ionport.connections.service import ConnectionService
from ionport.connections.suppliers.model import Erp, FetchedSuppliers
from ionport.connections.suppliers.reading import read_suppliers_of
from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.sentences import joined
from ionport.documents.suppliers.service import SupplierService
from ionport.identity.access import Access
from ionport.identity.groups.permissions import Permission
from ionport.identity.model import Actor
from ionport.ionapi import IonApiFile
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.transport.pool import Timeouts
from ionport.store import Database, OrganizationScope

_BOUND: Final = Timeouts(connect=10, read=30, total=45, login=30)
_COMPANY_DIGITS: Final = {Erp.M3: 3, Erp.LN: 5}


class SupplierFetching:
    """Asks M3 or LN outside of any transaction, and stores what came in one."""

    def __init__(
        self, database: Database, connections: ConnectionService, suppliers: SupplierService
    ) -> None:
        self._database = database
        self._connections = connections
        self._suppliers = suppliers

    def require_rights(self, access: Access[OrganizationScope]) -> None:
        """Raise Forbidden unless the actor may change suppliers and use connections."""
        access.require_organization_administrator()
        access.require(Permission.MANAGE_CONNECTIONS)

    def fetch(
        self,
        scope: OrganizationScope,
        actor: Actor,
        connection_id: str,
        erp: Erp,
        company: str = "",
        *,
        is_check: bool = False,
    ) -> FetchedSuppliers:
        """Add the suppliers of an ERP, and fill what is empty of those that are known.

        With `is_check` only what would change is told. Takes two minutes and one call at most.

        Raises:
            Forbidden: the actor may not change suppliers, or not use connections.
            NotFound: no such connection.
            InvalidInput: it leads to no Infor tenant, or the company is no number.
            Conflict: its proof was refused, or there would be more than 50,000 suppliers.
            Unavailable: its key is away, or it took too long.
            IonApiError: Infor refuses, or is not reached.
        """
        _check_company(erp, company)
        with self._database.read() as work:
            name, file = self._opened(Access(work, scope, actor), connection_id, erp)
        with IonApiClient(
            file,
            store=self._connections.token_store(self._database, scope, connection_id),
            policy=self._connections.policy,
            timeout=_BOUND,
            counter=self._connections.usage.observer(connection_id),
        ) as client:
            found = read_suppliers_of(client, erp, company)
        if is_check:
            with self._database.read() as work:
                access = Access(work, scope, actor)
                result = self._suppliers.compare(access, found.lines, only_completes=True)
        else:
            with self._database.write() as work:
                access = Access(work, scope, actor)
                result = self._suppliers.store_fetched(access, found.lines, name)
        return FetchedSuppliers(result, found)

    def _opened(
        self, access: Access[OrganizationScope], connection_id: str, erp: Erp
    ) -> tuple[str, IonApiFile]:
        """Return name and file of a connection whose proof is not refused."""
        self.require_rights(access)
        connection = self._connections.get(access, connection_id)
        if not connection.is_infor:
            text = _("Choose a connection to an Infor tenant.")
            raise InvalidInput(text, code="no_infor", fields={"connection": text})
        proof = proof_of(access, connection_id, (*BASE_STAGES, erp.value))
        if proof.state is ProofState.REFUSED:
            raise Conflict(joined(proof.text, proof.remedy), code="proof_refused")
        return connection.name, self._connections.credential(access, connection_id)


def _check_company(erp: Erp, company: str) -> None:
    most = _COMPANY_DIGITS[erp]
    if company and not (company.isascii() and company.isdigit() and len(company) <= most):
        text = _("A company is a number of at most {n} digits.").format(n=most)
        raise InvalidInput(text, code="invalid_company", fields={"company": text})
