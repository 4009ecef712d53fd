"""The only SQL of buyers' identifiers and payment accounts."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, insert, select

from ionport.documents.parties.model import Parties
from ionport.documents.parties.tables import document_parties
from ionport.store import OrganizationScope
from ionport.store.repository import Repository

_p = document_parties.c
# Built once: each delivery that is made runs it.
_ADD = insert(document_parties)
_OF_DOCUMENT = select(_p.buyer_ids, _p.accounts).where(
    _p.organization_id == bindparam("organization"), _p.document_id == bindparam("document")
)


class PartyRepository(Repository):
    """Identifiers of buyers and accounts to pay to, by document."""

    def put(self, scope: OrganizationScope, document_id: str, parties: Parties) -> None:
        """Store a document's parties in place of those before a correction."""
        self._delete(document_parties, scope, document_id=document_id)
        self.add_all(scope, [(document_id, parties)])

    def add_all(self, scope: OrganizationScope, said: Iterable[tuple[str, Parties]]) -> None:
        """Store the parties of documents that have none stored yet."""
        rows = [
            {
                "document_id": document_id,
                "organization_id": scope.organization_id,
                "buyer_ids": list(parties.buyer_ids),
                "accounts": list(parties.accounts),
            }
            for document_id, parties in said
        ]
        self._run(_ADD, rows)

    def of_document(self, scope: OrganizationScope, document_id: str) -> Parties:
        """Return a document's parties; empty for a document that an earlier version received."""
        parameters = {"organization": scope.organization_id, "document": document_id}
        row = self._run(_OF_DOCUMENT, parameters).one_or_none()
        return Parties(tuple(row.buyer_ids), tuple(row.accounts)) if row else Parties()
