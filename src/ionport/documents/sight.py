"""Hides ids and names of documents that a person may not see.

Needed where two documents were the same invoice and one has got another type since.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from ionport.core.i18n import _
from ionport.core.sentences import english
from ionport.documents.model import TimelineEntry
from ionport.documents.repository import DocumentRepository
from ionport.store import OrganizationScope

_NAMES = ("document", "filename", "text", "finding")
# Earlier versions stored the sentence, in English, without the id of the document that it names.
_NAMES_ANOTHER = re.compile(r"\bbefore, as \S")


class Sight:
    """Which of the documents that rows name the reader may see."""

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
        if self._sees_all or not self._hides(parameters):
            return parameters
        return {name: value for name, value in parameters.items() if name not in _NAMES}

    def told_entry(self, entry: TimelineEntry) -> TimelineEntry:
        """Return an entry of the timeline without the id and name of a document not seen."""
        if not self._sees_all and _NAMES_ANOTHER.search(english(entry.stored_text)):
            text = _("The invoice was sent before, in a document of a type that you may not see.")
            return replace(entry, stored_text=text)
        return replace(entry, parameters=self.told(entry.parameters))

    def _hides(self, parameters: Mapping[str, str]) -> bool:
        if (other := parameters.get("document")) is not None:
            return not self.sees(other)
        stored = f"{parameters.get('text', '')} {parameters.get('finding', '')}"
        return _NAMES_ANOTHER.search(stored) is not None
