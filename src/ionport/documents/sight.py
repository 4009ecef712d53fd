"""A document that a person may not see is not named beside those that they may.

It is met where two documents were the same invoice and one became of another type since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from ionport.documents.repository import DocumentRepository
from ionport.store import OrganizationScope

_NAMES = ("document", "filename")


class Sight:
    """Which of the documents that rows name may be told to whoever reads them."""

    def __init__(
        self, connection: Connection, scope: OrganizationScope, named: Iterable[str | None]
    ) -> None:
        """Look up the documents `named`, where the scope does not see all types."""
        self._sees_all = scope.document_types is None
        ids = set() if self._sees_all else {one for one in named if one}
        self._seen = DocumentRepository(connection).filenames(scope, ids) if ids else {}

    def sees(self, document_id: str | None) -> bool:
        """Tell whether a document may be named."""
        return self._sees_all or document_id in self._seen

    def told(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        """Return parameters of a sentence without the id and name of a document not seen."""
        other = parameters.get("document")
        if other is None or self.sees(other):
            return parameters
        return {name: value for name, value in parameters.items() if name not in _NAMES}
