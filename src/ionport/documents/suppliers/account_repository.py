"""The only SQL of accounts that are known of suppliers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, select

from ionport.documents.parties.model import Parties
from ionport.documents.parties.tables import document_parties
from ionport.documents.review.tables import invoice_identities
from ionport.documents.suppliers.model import KnownAccount
from ionport.documents.suppliers.tables import (
    account_locks,
    known_accounts,
    supplier_identities,
    suppliers,
)
from ionport.store import OrganizationScope
from ionport.store.repository import Repository, in_scope

_AT_A_TIME = 500
_MAX_LEARNT = 500
_k = known_accounts.c
_i = supplier_identities.c
_d = invoice_identities.c
_l = account_locks.c

# Built once: each delivery that is made runs these.
_OF_DOCUMENT = (
    select(_d.suppliers, document_parties.c.buyer_ids, document_parties.c.accounts)
    .join(
        document_parties,
        and_(
            document_parties.c.document_id == _d.document_id,
            document_parties.c.organization_id == _d.organization_id,
        ),
        isouter=True,
    )
    .where(_d.organization_id == bindparam("organization"), _d.document_id == bindparam("document"))
)
_KNOWN = select(_k.identity, _k.account).where(
    _k.organization_id == bindparam("organization"),
    _k.identity.in_(bindparam("identities", expanding=True)),
)
_LEARNT = (
    select(_k.account, _k.document_id, _k.known_at)
    .where(
        _k.organization_id == bindparam("organization"),
        _k.identity.in_(bindparam("identities", expanding=True)),
    )
    .order_by(_k.known_at, _k.account)
    .limit(_MAX_LEARNT)
)
_MASTER_DATA = (
    select(_i.identity, suppliers.c.accounts)
    .join(suppliers, suppliers.c.id == _i.supplier_id)
    .where(
        _i.organization_id == bindparam("organization"),
        _i.identity.in_(bindparam("identities", expanding=True)),
    )
)
_LOCK = (
    select(_l.identity)
    .where(
        _l.organization_id == bindparam("organization"),
        _l.identity.in_(bindparam("identities", expanding=True)),
    )
    .order_by(_l.identity)
    .with_for_update()
)


class AccountRepository(Repository):
    """Accounts by what identifies a supplier."""

    def of_document(
        self, scope: OrganizationScope, document_id: str
    ) -> tuple[frozenset[str], Parties]:
        """Return the identities of a document's supplier, and its parties."""
        parameters = {"organization": scope.organization_id, "document": document_id}
        row = self._run(_OF_DOCUMENT, parameters).one_or_none()
        if row is None:
            return frozenset(), Parties()
        parties = Parties(tuple(row.buyer_ids or ()), tuple(row.accounts or ()))
        return frozenset(row.suppliers), parties

    def known(
        self, scope: OrganizationScope, identities: Collection[str]
    ) -> Mapping[str, frozenset[str]]:
        """Return the accounts that are known under each identity, where there are any."""
        found: dict[str, set[str]] = {}
        for parameters in _parts(scope, identities):
            for identity, account in self._connection.execute(_KNOWN, parameters):
                found.setdefault(identity, set()).add(account)
            for identity, accounts in self._connection.execute(_MASTER_DATA, parameters):
                if accounts:
                    found.setdefault(identity, set()).update(accounts)
        return {identity: frozenset(accounts) for identity, accounts in found.items()}

    def lock(self, scope: OrganizationScope, identities: Collection[str]) -> None:
        """Lock a supplier's identities, so that others add known accounts after the commit."""
        new = self._insert(account_locks).on_conflict_do_nothing()
        rows = [
            {"organization_id": scope.organization_id, "identity": one}
            for one in sorted(identities)
        ]
        self._run(new, rows)
        for parameters in _parts(scope, identities):
            self._run(_LOCK, parameters).all()

    def add(
        self,
        scope: OrganizationScope,
        identities: Collection[str],
        accounts: Sequence[str],
        document_id: str,
        at: datetime,
    ) -> None:
        """Make the accounts known under each identity."""
        new = self._insert(known_accounts).on_conflict_do_nothing()
        rows = [
            {
                "organization_id": scope.organization_id,
                "identity": identity,
                "account": account,
                "document_id": document_id,
                "known_at": at,
            }
            for identity in sorted(identities)
            for account in accounts
        ]
        self._run(new, rows)

    def learnt(
        self, scope: OrganizationScope, identities: Collection[str]
    ) -> Mapping[str, KnownAccount]:
        """Return the accounts that invoices made known under any identity, the first ones first."""
        found: dict[str, KnownAccount] = {}
        for parameters in _parts(scope, identities):
            for account, document_id, at in self._connection.execute(_LEARNT, parameters):
                found.setdefault(account, KnownAccount(account, False, document_id, at))
        return found

    def unlearn(self, scope: OrganizationScope, identities: Collection[str], account: str) -> bool:
        """Forget an account that invoices of a supplier made known; False where none did.

        It is deleted under every identity of those invoices: otherwise the account would stay known
        by one that the master data lacks, such as a GLN.
        """
        rows = self._run(
            select(_k.identity, _d.suppliers)
            .join(
                invoice_identities,
                and_(_d.document_id == _k.document_id, _d.organization_id == _k.organization_id),
                isouter=True,
            )
            .where(in_scope(known_accounts, scope, account=account))
        ).all()
        own = frozenset(identities)
        gone = {
            row.identity
            for row in rows
            if row.identity in own or not own.isdisjoint(row.suppliers or ())
        }
        for identity in sorted(gone):
            self._delete(known_accounts, scope, identity=identity, account=account)
        return bool(gone)

    def remove(self, scope: OrganizationScope, document_id: str) -> None:
        """Forget what this document made known."""
        self._delete(known_accounts, scope, document_id=document_id)


def _parts(scope: OrganizationScope, identities: Collection[str]) -> Iterator[dict[str, object]]:
    rest = sorted(identities)
    while rest:
        part, rest = rest[:_AT_A_TIME], rest[_AT_A_TIME:]
        yield {"organization": scope.organization_id, "identities": part}
