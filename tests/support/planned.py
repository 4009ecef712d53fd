"""What an export is planned to send, beside what has arrived in the sandbox's M3 and LN."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from lxml import etree

from ionport.documents.readable_pages.service import ReadablePageService
from ionport.exports.dry_run import DryRun, DryRunService
from ionport.ionapi.ln import LnEntity
from ionport.ionapi.m3 import BASE
from tests.support.exporting import OPERATOR, DocumentSide

# Ids of the delivery, of the batch and of the item in IDM, which the plan has none of.
_IDS = frozenset({"CORI", "INBN", "DocumentIDExternalPackage", "IDMReference"})


def planned_calls(side: DocumentSide, document_id: str, configuration_id: str) -> DryRun:
    """Return what an export of a document would send."""
    service = DryRunService(
        side.database,
        side.clock,
        side.documents,
        side.connections,
        side.configurations,
        side.mappings,
        ReadablePageService(side.database, side.documents, side.blobs, side.clock),
    )
    return service.of_configuration(side.scope, OPERATOR, document_id, configuration_id)


def assert_m3_as_planned(
    plan: DryRun, head: Mapping[str, str], entered: Sequence[Mapping[str, str]]
) -> int:
    """Assert that M3 has what was planned, field by field; returns how many fields that were."""
    bodies = [json.loads(call.body) for call in plan.calls if call.path == BASE]
    sent = [each for body in bodies for each in body["transactions"]]
    adds = [each for each in sent if each["transaction"] in ("AddHead", "AddLine")]
    assert [each["transaction"] for each in adds] == ["AddHead", *["AddLine"] * len(entered)]
    return sum(
        _compared(each["record"].items(), there)
        for each, there in zip(adds, [head, *entered], strict=True)
    )


def assert_ln_as_planned(plan: DryRun, service: str, found: LnEntity) -> int:
    """As `assert_m3_as_planned`, for LN and its lines."""
    (body,) = (call.body for call in plan.calls if "/c4ws/" in call.path)
    (entity,) = etree.fromstring(body.encode()).iter(service)
    lines = [each for each in entity if len(each)]
    assert [each.tag for each in lines] == [line.component for line in found.lines]
    number = _compared(_values(entity), dict(found.values))
    return number + sum(
        _compared(_values(each), dict(line.values))
        for each, line in zip(lines, found.lines, strict=True)
    )


def _values(element: etree._Element) -> Iterator[tuple[str, str]]:
    return ((str(each.tag), each.text or "") for each in element if not len(each))


def _compared(sent: Iterable[tuple[str, str]], there: Mapping[str, str]) -> int:
    compared = 0
    for name, value in sent:
        if name in there and name not in _IDS:
            assert _comparable(there[name]) == _comparable(value), name
            compared += 1
    return compared


def _comparable(value: str) -> Decimal | str:
    try:
        return Decimal(value)
    except InvalidOperation:
        return value
