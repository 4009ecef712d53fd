"""The filters of the document list: as its address has them, and a form that acts on all of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ionport.documents.model import DocumentFilter, DocumentStatus
from ionport.documents.types import DOCUMENT_TYPES

NAMES = ("q", "status", "document_type")
"""The parameters of the list's address that narrow it down."""


def filter_of(values: Mapping[str, str], until: datetime | None = None) -> DocumentFilter:
    """Return the filter of a list's parameters; unknown values count for nothing."""
    status, kind = values.get("status", ""), values.get("document_type", "")
    return DocumentFilter(
        statuses=frozenset({DocumentStatus(status)} if status in list(DocumentStatus) else ()),
        document_types=frozenset({kind} if kind in DOCUMENT_TYPES else ()),
        text=values.get("q", ""),
        received_until=until,
    )


def told(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parameters that are set: what a run was selected by."""
    return {name: values[name] for name in NAMES if values.get(name)}
