"""Mapping files by their names."""

from __future__ import annotations

from ionport.application import Application
from ionport.cli.opening import ALL, documents_side, find_by_name, organization_scope
from ionport.mappings.model import MappingKind


def mapping_id_of(application: Application, name: str, kind: MappingKind | None = None) -> str:
    """Return the id of the mapping file that `name` names, of `kind` when one is given."""
    with application.database.read() as work:
        service, scope = documents_side(application).mappings, organization_scope(application)
        page = service.list(work.within(scope), ALL, kind, name)
        if not page.items:
            # An id, or an unknown name: then the error lists the known ones.
            page = service.list(work.within(scope), ALL, kind)
    return find_by_name({item.id: item.name for item in page.items}, name, "mapping file")
