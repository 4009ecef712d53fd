"""Which values of a document are not sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ionport.documents.invoice.fields import FIELD_TERMS
from ionport.mappings.grammars.aliases import CORRELATION_ID, IDM_REFERENCE, document_field
from ionport.mappings.model import RenderSource
from ionport.mappings.rendering.model import Traced, sources_of
from ionport.mappings.rendering.tables import other_ids

# Made by ionport for the delivery: no part of the document.
_OWN = frozenset({CORRELATION_ID, IDM_REFERENCE})


def unsent(
    source: RenderSource, values: Iterable[Traced], terms: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return the ids of fields, columns (`TABLE.COLUMN`) and terms with a value that is not sent.

    A field counts as sent when the term that it is made from is, and the other way round. `terms`
    are the values of the invoice's head by term, where the caller has read them; columns are listed
    once for all rows.
    """
    sent = set(sources_of(values))
    sent |= {document_field(name) for name in sent}
    sent |= {FIELD_TERMS[name] for name in sent if name in FIELD_TERMS}
    sent |= {other for name in sent for other in other_ids(name)}
    fields = [name for name, value in source.fields.items() if value and name not in _OWN]
    columns = dict.fromkeys(
        f"{table}.{column}"
        for table, rows in source.tables.items()
        for row in rows
        for column, value in row.items()
        if value
    )
    own = {FIELD_TERMS.get(name, "") for name in fields}
    named = [term for term, value in (terms or {}).items() if value and term not in own]
    return tuple(name for name in (*fields, *columns, *named) if name not in sent)
