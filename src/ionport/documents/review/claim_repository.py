"""The only SQL of invoices' identities and claims."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, bindparam, exists, insert, select, update

from ionport.documents.model import DocumentStatus
from ionport.documents.review.identity import InvoiceIdentity, near
from ionport.documents.review.tables import invoice_claims, invoice_identities, invoice_numbers
from ionport.documents.tables import documents
from ionport.store import OrganizationScope
from ionport.store.locks import lock_name
from ionport.store.repository import Repository, in_scope

Named = tuple[str, str]
"""A document's id and file name."""

_i = invoice_identities.c
_n = invoice_numbers.c
_c = invoice_claims.c

# Built once: each first delivery runs these.
_DO_NOT_COUNT = (DocumentStatus.REJECTED.value, DocumentStatus.DELETED.value)
_HAS_CLAIM = exists().where(
    _c.organization_id == _i.organization_id, _c.document_id == _i.document_id
)
_UNCLAIMED = select(invoice_identities).where(
    _i.organization_id == bindparam("organization"),
    _i.document_id == bindparam("document"),
    ~exists().where(
        _c.organization_id == bindparam("organization"), _c.document_id == bindparam("document")
    ),
)
_ADD_IDENTITY = insert(invoice_identities)
_DATED = select(invoice_identities, documents.c.filename, documents.c.invoice_date).join(
    documents, documents.c.id == _i.document_id
)


def _counting(column: ColumnElement[str]) -> Select[Any]:
    """Return the query of identities by their kind and a column, the oldest first.

    Rejected and deleted documents do not count, unless something of them was sent.
    """
    return _DATED.where(
        _i.organization_id == bindparam("of_organization_id"),
        _i.kind.in_(bindparam("of_kinds", expanding=True)),
        column.in_(bindparam("of_keys", expanding=True)),
        documents.c.status.not_in(_DO_NOT_COUNT) | _HAS_CLAIM,
    ).order_by(documents.c.created_at, documents.c.id)


_SAME_AS, _NEAR_AS = _counting(_i.number), _counting(_i.likeness)
_LOCK_NUMBER = (
    select(_n.number)
    .where(
        _n.organization_id == bindparam("of_organization_id"),
        _n.kind == bindparam("of_kind"),
        _n.number == bindparam("of_number"),
    )
    .with_for_update()
)
_CLAIMED = (
    select(invoice_claims, documents.c.filename)
    .join(documents, documents.c.id == _c.document_id)
    .where(
        _c.organization_id == bindparam("of_organization_id"),
        _c.kind == bindparam("of_kind"),
        _c.number == bindparam("of_number"),
    )
    .order_by(_c.claimed_at, _c.id)
)


class SameInvoices:
    """Identities of documents, the oldest first, by kind and number."""

    def __init__(self, identities: Iterable[InvoiceIdentity]) -> None:
        self._wanted: dict[tuple[str, str], list[InvoiceIdentity]] = {}
        self._found: dict[tuple[str, str], list[tuple[InvoiceIdentity, Named]]] = {}
        for identity in identities:
            # Invoices without a supplier are never the same.
            if identity.suppliers:
                self._wanted.setdefault((identity.kind, identity.number), []).append(identity)

    @property
    def keys(self) -> Sequence[tuple[str, str]]:
        """The kinds and numbers that are compared."""
        return list(self._wanted)

    def add(self, identity: InvoiceIdentity, document_id: str, filename: str) -> None:
        """Add a document; one that is none of the invoices that may be asked for is left out."""
        key = identity.kind, identity.number
        if any(one.is_same_invoice(identity) for one in self._wanted.get(key, ())):
            self._found.setdefault(key, []).append((identity, (document_id, filename)))

    def of(self, identity: InvoiceIdentity, limit: int) -> list[Named]:
        """Return the oldest documents with this identity."""
        found = self._found.get((identity.kind, identity.number), ())
        same = dict(named for other, named in found if identity.is_same_invoice(other))
        return list(same.items())[:limit]


class NearInvoices:
    """Documents that may be nearly one of some invoices, the oldest first, by kind and likeness."""

    def __init__(self, identities: Iterable[InvoiceIdentity]) -> None:
        self._wanted = {
            (one.kind, one.likeness) for one in identities if one.likeness and one.suppliers
        }
        self._found: dict[tuple[str, str], list[tuple[InvoiceIdentity, Named]]] = {}

    @property
    def keys(self) -> Collection[tuple[str, str]]:
        """The kinds and likenesses that are compared."""
        return self._wanted

    def add(self, identity: InvoiceIdentity, document_id: str, filename: str) -> None:
        """Add a document; one that is like none of the invoices is left out."""
        key = identity.kind, identity.likeness
        if key in self._wanted:
            self._found.setdefault(key, []).append((identity, (document_id, filename)))

    def of(self, identity: InvoiceIdentity, limit: int) -> list[tuple[str, Named]]:
        """Return the oldest documents that are nearly this one, each with the rule's code."""
        found = self._found.get((identity.kind, identity.likeness), ())
        alike = ((near(identity, other), named) for other, named in found)
        return [(code, named) for code, named in alike if code][:limit]


_Others = TypeVar("_Others", SameInvoices, NearInvoices)


class ClaimRepository(Repository):
    """Identities of documents, and the claims of delivered ones."""

    def add_identities(
        self, scope: OrganizationScope, said: Iterable[tuple[str, InvoiceIdentity]]
    ) -> None:
        """Store the identities of new documents."""
        rows = [
            {
                "document_id": document_id,
                "organization_id": scope.organization_id,
                "likeness": identity.likeness,
                **_columns(identity),
            }
            for document_id, identity in said
        ]
        self._run(_ADD_IDENTITY, rows)

    def set_identity(
        self, scope: OrganizationScope, document_id: str, identity: InvoiceIdentity
    ) -> None:
        """Store a document's identity after a correction."""
        self._run(
            update(invoice_identities)
            .where(in_scope(invoice_identities, scope, document_id=document_id))
            .values(likeness=identity.likeness, **_columns(identity))
        )

    def identity(self, scope: OrganizationScope, document_id: str) -> InvoiceIdentity | None:
        """Return a document's identity."""
        found = _DATED.where(in_scope(invoice_identities, scope, document_id=document_id))
        return self._one(found, _dated)

    def claimed_by(self, scope: OrganizationScope, document_id: str) -> list[InvoiceIdentity]:
        """Return a document's claims, of its first delivery and of later corrections."""
        return self._all(
            select(invoice_claims).where(in_scope(invoice_claims, scope, document_id=document_id)),
            _identity,
        )

    def remove_claims(self, scope: OrganizationScope, document_id: str) -> None:
        """Remove the claims of a document of which nothing was sent."""
        self._delete(invoice_claims, scope, document_id=document_id)

    def unclaimed(self, scope: OrganizationScope, document_id: str) -> InvoiceIdentity | None:
        """Return the identity of a document without a claim; None when it has one, or no identity.

        A document that was delivered before has claimed its invoice.
        """
        parameters = {"organization": scope.organization_id, "document": document_id}
        return self._one(_UNCLAIMED, _identity, parameters)

    def same_as(
        self, scope: OrganizationScope, identities: Sequence[InvoiceIdentity]
    ) -> SameInvoices:
        """Return the documents with the identity of one of a few dozen invoices.

        Rejected and deleted ones do not count, unless something of them was sent.
        """
        return self._compared(scope, _SAME_AS, SameInvoices(identities))

    def near_as(
        self, scope: OrganizationScope, identities: Sequence[InvoiceIdentity]
    ) -> NearInvoices:
        """Return the documents that may be nearly one of a few dozen invoices; as `same_as`."""
        return self._compared(scope, _NEAR_AS, NearInvoices(identities))

    def _compared(self, scope: OrganizationScope, query: Select[Any], others: _Others) -> _Others:
        if others.keys:
            parameters = {
                "of_organization_id": scope.organization_id,
                "of_kinds": sorted({kind for kind, _key in others.keys}),
                "of_keys": sorted({key for _kind, key in others.keys}),
            }
            for row in self._run(query, parameters):
                others.add(_dated(row), row.document_id, row.filename)
        return others

    def lock_near(self, scope: OrganizationScope, identities: Iterable[InvoiceIdentity]) -> None:
        """Make others with nearly one of these invoices wait until the transaction ends.

        Taken before the number (`lock_number`) and before `near_as` looks: of two that come in or
        are corrected at the same moment the second then finds the first.
        """
        names = {one.likeness for one in identities if one.likeness}
        lock_name(self._connection, *(f"near {scope.organization_id} {one}" for one in names))

    def lock_number(self, scope: OrganizationScope, identity: InvoiceIdentity) -> None:
        """Make others who claim this number wait until the transaction ends."""
        key = _number_key(scope, identity)
        new = self._insert(invoice_numbers)
        self._run(new.on_conflict_do_nothing(), key)
        self._run(_LOCK_NUMBER, {f"of_{name}": key[name] for name in key}).one()

    def same_claimed(
        self, scope: OrganizationScope, identity: InvoiceIdentity, limit: int
    ) -> list[Named]:
        """Return the documents with a claim for this invoice, the first one first."""
        key = _number_key(scope, identity)
        rows = self._run(_CLAIMED, {f"of_{name}": key[name] for name in key})
        return _same(rows, identity, limit)

    def add_claim(
        self,
        scope: OrganizationScope,
        claim_id: str,
        document_id: str,
        identity: InvoiceIdentity,
        at: datetime,
    ) -> None:
        """Add a document's claim for this invoice; the number is locked."""
        values = {
            "id": claim_id,
            "organization_id": scope.organization_id,
            "document_id": document_id,
            "claimed_at": at,
            **_columns(identity),
        }
        self._run(insert(invoice_claims), values)


def _number_key(scope: OrganizationScope, identity: InvoiceIdentity) -> dict[str, str]:
    return {
        "organization_id": scope.organization_id,
        "kind": identity.kind,
        "number": identity.number,
    }


def _columns(identity: InvoiceIdentity) -> dict[str, object]:
    return {
        "kind": identity.kind,
        "number": identity.number,
        "year": identity.year,
        "suppliers": sorted(identity.suppliers),
    }


def _identity(row: Row[Any]) -> InvoiceIdentity:
    return InvoiceIdentity(row.kind, row.number, row.year, frozenset(row.suppliers))


def _dated(row: Row[Any]) -> InvoiceIdentity:
    day = date.fromisoformat(row.invoice_date) if row.invoice_date else None
    return replace(_identity(row), likeness=row.likeness, day=day)


def _same(rows: Iterable[Row[Any]], identity: InvoiceIdentity, limit: int) -> list[Named]:
    found: dict[str, str] = {}
    for row in rows:
        if identity.is_same_invoice(_identity(row)):
            found.setdefault(row.document_id, row.filename)
        if len(found) == limit:
            break
    return list(found.items())
