"""SQL of the filters of a list of deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, literal, not_, or_, select

from ionport.connections.tables import connections
from ionport.documents.listing.conditions import of_search, own
from ionport.documents.model import DocumentFilter, ErpStatus
from ionport.documents.tables import documents
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import DeliveryStatus
from ionport.exports.tables import deliveries
from ionport.store import OrganizationScope

_d = deliveries.c
# The ERP's status of a done delivery is a cause, too.
_OF_ERP: Final = frozenset(each.value for each in ErpStatus if each.needs_person)
_IDS: Final = (
    _d.id,
    _d.document_id,
    _d.correlation_id,
    _d.message_id,
    _d.idm_pid,
    _d.erp_reference,
    _d.erp_voucher,
)


def is_held() -> ColumnElement[bool]:
    """Return the condition that a delivery waits, and not for a time (`Delivery.is_held`).

    What waits for a time over a connection that a person has paused is shown as held, too.
    """
    paused = select(connections.c.id).where(connections.c.paused_at.is_not(None))
    has_no_time = or_(_d.due_at.is_(None), _d.connection_id.in_(paused))
    return and_(_d.status == DeliveryStatus.WAITING, has_no_time)


def matching(
    connection: Connection, scope: OrganizationScope, wanted: DeliveryFilter
) -> list[ColumnElement[bool]]:
    """Return the conditions that deliveries meet which a filter finds."""
    found = list(_of_filter(wanted))
    if wanted.text:
        found.append(_of_search(connection, scope, wanted.text))
    return found


def _of_filter(wanted: DeliveryFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.status:
        yield _d.status == wanted.status
    if wanted.is_held is not None:
        yield is_held() if wanted.is_held else not_(is_held())
    if wanted.error_code in _OF_ERP:
        yield _d.erp_status == literal(wanted.error_code, literal_execute=True)
    elif wanted.error_code:
        yield _d.error_code == wanted.error_code
    if wanted.configuration_id:
        yield _d.configuration_id == wanted.configuration_id
    if wanted.document_id:
        yield _d.document_id == wanted.document_id
    if wanted.created_from:
        yield _d.created_at >= wanted.created_from
    if wanted.created_to:
        yield _d.created_at < wanted.created_to


def _of_search(connection: Connection, scope: OrganizationScope, text: str) -> ColumnElement[bool]:
    """Return the condition of the search: in ids and texts of deliveries, and as for documents."""
    of_document = select(documents.c.id).where(
        own(scope), *of_search(connection, scope, DocumentFilter(text=text))
    )
    return or_(
        _d.document_name.icontains(text, autoescape=True),
        _d.configuration_title.icontains(text, autoescape=True),
        _d.error_text.icontains(text, autoescape=True),
        _d.erp_text.icontains(text, autoescape=True),
        *(each == text for each in _IDS),
        _d.document_id.in_(of_document),
    )
