"""The rule about accounts: an invoice is paid to an account that is known of its supplier.

Known are those of the master data and of invoices that were delivered or accepted. A supplier is
recognised by any identity (decision record 0020). Where more than one identity of an invoice has
known accounts, each of them must have this one: so an invoice that bears another supplier's name
or VAT id beside the sender's own is not paid to the sender's account.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from ionport.core.clock import Clock
from ionport.documents.intake.reading import Intake
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.model import Document, Row
from ionport.documents.parties.model import Parties, comparable_account
from ionport.documents.repository import DocumentRepository
from ionport.documents.review.model import NewFinding
from ionport.documents.suppliers.account_repository import AccountRepository
from ionport.documents.suppliers.repository import SupplierRepository
from ionport.store import OrganizationScope, ScopedWork

UNKNOWN_ACCOUNT = "unknown_account"
FIRST_ACCOUNT = "first_account"
OTHER_PAYEE = "other_payee"
ACCOUNT_RULES = frozenset({UNKNOWN_ACCOUNT, FIRST_ACCOUNT, OTHER_PAYEE})
"""The findings whose acceptance makes the invoice's accounts known."""

_MAX_NAMED = 10
_MAX_ACCOUNTS = 100


class KnownAccounts:
    """Compares an invoice's accounts with the known ones, and makes them known."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def known(
        self, access: ScopedWork[OrganizationScope], reads: Iterable[Intake]
    ) -> Mapping[str, Collection[str]]:
        """Return the accounts that are known under each identity of the suppliers of files."""
        suppliers = frozenset[str]().union(*(read.identity.suppliers for read in reads))
        return AccountRepository(access.connection).known(access.scope, suppliers)

    def judge_delivery(
        self, access: ScopedWork[OrganizationScope], document: Document
    ) -> list[NewFinding]:
        """Return a finding for each account that is not known where a delivery is made.

        For a supplier without known accounts the lock is kept until the transaction ends.
        """
        repository = AccountRepository(access.connection)
        suppliers, parties = repository.of_document(access.scope, document.id)
        accounts = accounts_of(document.fields, parties)
        if not accounts or not suppliers:
            return []
        if not _unknown(accounts, repository.known(access.scope, suppliers)):
            return []
        repository.lock(access.scope, suppliers)
        known = repository.known(access.scope, suppliers)
        return _findings(_unknown(accounts, known), document.fields) if known else []

    def learn(self, access: ScopedWork[OrganizationScope], document_id: str) -> None:
        """Make the accounts of a document that is delivered or accepted known."""
        repository = AccountRepository(access.connection)
        suppliers, parties = repository.of_document(access.scope, document_id)
        document = DocumentRepository(access.connection).find(access.scope, document_id)
        accounts = accounts_of(document.fields, parties) if document else []
        if accounts and suppliers:
            known = repository.known(access.scope, suppliers)
            new = [one for one in accounts if any(one not in known.get(s, ()) for s in suppliers)]
            if new:
                repository.lock(access.scope, suppliers)
                repository.add(access.scope, suppliers, new, document_id, self._clock.now())

    def forget(self, access: ScopedWork[OrganizationScope], document_id: str) -> None:
        """Take back what a document made known by an acceptance that is undone."""
        AccountRepository(access.connection).remove(access.scope, document_id)


def supplier_fields(access: ScopedWork[OrganizationScope], document_id: str) -> Row:
    """Return the master data of a document's supplier, as fields of a document."""
    identities, _parties = AccountRepository(access.connection).of_document(
        access.scope, document_id
    )
    if not identities:
        return {}
    category = SupplierRepository(access.connection).category(access.scope, identities)
    return {"supplier_category": category} if category else {}


def judge_accounts(
    read: Intake, findings: Sequence[NewFinding], of_identities: Mapping[str, Collection[str]]
) -> Sequence[NewFinding]:
    """Return the findings of a document that comes in, with those about its accounts.

    A payee other than the seller only notes when every account is known. `of_identities` are the
    accounts known of suppliers, this one's among them.
    """
    return judge_known(read.fields, read.identity.suppliers, read.parties, findings, of_identities)


def judge_known(
    fields: Row,
    suppliers: Collection[str],
    parties: Parties,
    findings: Sequence[NewFinding],
    of_identities: Mapping[str, Collection[str]],
) -> Sequence[NewFinding]:
    """Return what `judge_accounts` does, for a document that is stored."""
    accounts = accounts_of(fields, parties)
    if not accounts or not suppliers:
        return findings
    known = {one: of_identities[one] for one in suppliers if one in of_identities}
    unknown = _unknown(accounts, known)
    if not unknown:
        return [
            replace(one, own_effect=Effect.NOTES) if one.code == OTHER_PAYEE else one
            for one in findings
        ]
    if not known:
        named = ", ".join(accounts[:_MAX_NAMED])
        return [*findings, _finding(FIRST_ACCOUNT, named, fields)]
    return [*findings, *_findings(unknown, fields)]


def accounts_of(fields: Row, parties: Parties) -> list[str]:
    """Return the accounts to pay to, as they are compared.

    The field counts before the first account that the file named: a person may have corrected it.
    """
    number = comparable_account(fields.get("supplier_iban", ""))
    named = list(parties.accounts)
    if number and not any(one.partition("/")[0] == number for one in named):
        corrected = comparable_account(fields["supplier_iban"], fields.get("bank_id", ""))
        named = [corrected, *named[1:]]
    return named[:_MAX_ACCOUNTS]


def _unknown(accounts: Sequence[str], known: Mapping[str, Collection[str]]) -> list[str]:
    """Return the accounts that are not known under each identity that has any."""
    return [
        account
        for account in accounts
        if not known or any(account not in of_identity for of_identity in known.values())
    ]


def _findings(accounts: Sequence[str], fields: Row) -> list[NewFinding]:
    return [_finding(UNKNOWN_ACCOUNT, account, fields) for account in accounts[:_MAX_NAMED]]


def _finding(code: str, account: str, fields: Row) -> NewFinding:
    supplier = fields.get("supplier_name", "") or fields.get("supplier_tax_id", "")
    return NewFinding(code, {"account": account, "supplier": supplier[:200]})
