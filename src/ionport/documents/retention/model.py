"""Values of retention: the periods by document type, and the fields that stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ionport.core.i18n import N_
from ionport.documents.model import DocumentStatus, Row
from ionport.documents.types import FieldType, document_type
from ionport.identity.model import AuditAction

MAX_YEARS = 100
MAX_COUNT = 10_000
"""How far documents are counted."""

PURGED = "purged"
"""The timeline's code of a document whose content was removed."""

DONE = (DocumentStatus.EXPORTED, DocumentStatus.REJECTED, DocumentStatus.DELETED)
"""Only documents in these statuses are purged, counted from when they got them."""

_FIELDS = """
invoice_id invoice_date invoice_type purchase_order due_date
supplier_id supplier_name supplier_tax_id supplier_tax_number supplier_registration
order_confirmation_id delivery_note_id document_date
buyer_name buyer_tax_id sub_org company_id company_name
"""
_KEPT = frozenset(_FIELDS.split())
_MONEY = frozenset({FieldType.AMOUNT, FieldType.CURRENCY})


class RetentionAction(AuditAction):
    """What the audit log tells of retention."""

    CHANGED = "retention.changed", N_("Retention changed")
    PURGED = "document.purged", N_("Content of a document removed by retention")


@dataclass(frozen=True, slots=True)
class Due:
    """Documents of a type that are done since before `before`: their content is removed."""

    document_type: str
    keep_years: int
    before: datetime
    count: int
    """At most `MAX_COUNT` and one."""


@dataclass(frozen=True, slots=True)
class DueDocument:
    """A document whose content is due, and since when it is done."""

    id: str
    done_at: datetime
    content_sha256: str


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of a run: documents whose content was removed, and those that stayed."""

    purged: int = 0
    left: int = 0


def years_before(at: datetime, years: int) -> datetime:
    """Return the moment so many calendar years earlier; of 29 February the day before."""
    day = 28 if (at.month, at.day) == (2, 29) else at.day
    return at.replace(year=at.year - years, day=day)


def kept_fields(kind: str, fields: Row) -> Mapping[str, str]:
    """Return what of the fields stays: number, dates, supplier, buyer, order and amounts."""
    money = {one.id for one in document_type(kind).fields if one.type in _MONEY}
    return {name: text for name, text in fields.items() if name in _KEPT or name in money}
