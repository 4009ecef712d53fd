"""Mapping files by their names."""

from __future__ import annotations

from ionport.cli.opening import ALL, OpenedDocuments, find_by_name
from ionport.mappings.model import MappingKind


def mapping_id_of(documents: OpenedDocuments, name: str, kind: MappingKind | None = None) -> str:
    """Return the id of the mapping file that `name` names, of `kind` when one is given."""
    with documents.read() as access:
        service = documents.side.mappings
        page = service.list(access, ALL, kind, name)
        if not page.items:
            # An id, or an unknown name: then the error lists the known ones.
            page = service.list(access, ALL, kind)
    return find_by_name({item.id: item.name for item in page.items}, name, "mapping file")
