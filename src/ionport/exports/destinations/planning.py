"""The calls that a mapping makes of a document, as they would be made: nothing is sent.

A file is shown by its name, size and type; values that the target answers in between (M3's batch
number) by a placeholder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePath

from ionport.core.i18n import _
from ionport.exports.destinations.erp_invoices.m3 import VALIDATE, VALIDATION_PROGRAM
from ionport.exports.destinations.infor_idm_ln import payload_of, render_invoice
from ionport.exports.destinations.infor_idm_m3 import VALIDATE_OPTION
from ionport.exports.destinations.infor_ion_bod import message_parameters
from ionport.ionapi import idm, ln, m3, messaging
from ionport.mappings.grammars.m3_fields import ADD_HEAD, BATCH_NUMBER
from ionport.mappings.model import BodEnvelope, MappingKind, RenderSource
from ionport.mappings.rendering.bod import (
    bod_address,
    explain_bod,
    parse_bod_mapping,
    render_bod,
)
from ionport.mappings.rendering.files import render_by_stylesheet
from ionport.mappings.rendering.idm import explain_idm, parse_idm_mapping, render_idm_item
from ionport.mappings.rendering.ln import parse_ln_mapping
from ionport.mappings.rendering.m3 import parse_m3_mapping, render_m3
from ionport.mappings.rendering.m3_toml import parse_m3_toml
from ionport.mappings.rendering.model import M3Call, PlannedCall, Traced

PARAMETER = "ParameterRequest"
"""Begins the target of a value that goes beside the payload of an ION message."""
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class PlanSource:
    """The source of planned calls: the document, and the values that the delivery adds.

    `options` are those of the configuration, empty for a mapping file alone.
    """

    source: RenderSource
    envelope: BodEnvelope
    message_id: str
    options: Mapping[str, str] = field(default_factory=dict)


def planned_calls(kind: MappingKind, text: str, planned: PlanSource) -> tuple[PlannedCall, ...]:
    """Return the calls that a mapping of this kind makes of a document, in their order.

    Raises:
        InvalidInput: the mapping cannot be rendered with this document; names line and value.
        RequestRefused: the client library would not send it.
    """
    return tuple(_PLANNERS[kind](text, planned))


def _idm(text: str, planned: PlanSource) -> Iterable[PlannedCall]:
    mapping = parse_idm_mapping(text)
    item = render_idm_item(mapping, planned.source)
    draft = idm.ItemDraft(item.entity_name, item.attributes, ((item.filename, b""),), item.acl)
    content = _("[the file, {type}]").format(type=item.mime_type)
    yield PlannedCall(
        title=_("IDM: create the item"),
        method="POST",
        path=f"{idm.BASE}/items",
        content_type=_JSON,
        body=idm.item_json(draft, [content]).decode(),
        values=explain_idm(mapping, planned.source),
        mapping_kind=MappingKind.IDM,
    )


def _bod(text: str, planned: PlanSource) -> Iterable[PlannedCall]:
    mapping = parse_bod_mapping(text)
    address = bod_address(mapping, planned.source)
    parameters = message_parameters(address, planned.message_id)
    payload = render_bod(mapping, planned.source, planned.envelope)
    message = messaging.BodMessage(
        document_name=parameters["document_name"],
        message_id=parameters["message_id"],
        from_logical_id=parameters.get("from_logical_id", ""),
        accounting_entity=parameters.get("accounting_entity"),
        location=parameters.get("location"),
        document_id=parameters.get("document_id"),
        payload=payload,
    )
    beside = messaging.parameters_of(message)
    yield PlannedCall(
        title=_("ION: publish the BOD"),
        method="POST",
        path=f"{messaging.BASE}/v2/multipartMessage",
        content_type="multipart/form-data",
        body=payload.decode(),
        values=(
            *(Traced(f"{PARAMETER} {name}", str(each), None, "") for name, each in beside.items()),
            *explain_bod(mapping, planned.source, planned.envelope),
        ),
        mapping_kind=MappingKind.BOD,
    )


def _m3(text: str, planned: PlanSource) -> Iterable[PlannedCall]:
    return _m3_calls(render_m3(parse_m3_mapping(text), planned.source), MappingKind.M3, planned)


def _toml(text: str, planned: PlanSource) -> Iterable[PlannedCall]:
    return _m3_calls(render_m3(parse_m3_toml(text), planned.source), MappingKind.TOML, planned)


def _m3_calls(
    calls: Sequence[M3Call], kind: MappingKind, planned: PlanSource
) -> Iterable[PlannedCall]:
    """Yield the head alone, because the lines need its answer, then the lines in bulk calls."""
    batch = _("[{field} of the answer to {call}]").format(field=BATCH_NUMBER, call=ADD_HEAD)
    for is_head, group in groupby(calls, key=lambda call: call.row is None):
        rows = list(group)
        program, company, division = rows[0].program, rows[0].company, rows[0].division
        requests = [
            m3.M3Request(
                call.transaction,
                call.values() if is_head else {BATCH_NUMBER: batch, **call.values()},
            )
            for call in rows
        ]
        for some in m3.chunks(requests):
            start = requests.index(some[0])
            yield PlannedCall(
                title=_("M3: {program} {transaction}").format(
                    program=program, transaction=rows[0].transaction
                ),
                method="POST",
                path=m3.BASE,
                content_type=_JSON,
                body=m3.bulk_body(program, some, company=company, division=division).decode(),
                values=tuple(
                    _of_row(value, call)
                    for call in rows[start : start + len(some)]
                    for value in (*call.parameters, *call.record)
                ),
                mapping_kind=kind,
            )
    if planned.options.get(VALIDATE_OPTION):
        company, division = calls[0].company, calls[0].division
        validate = [m3.M3Request(VALIDATE, {BATCH_NUMBER: batch})]
        body = m3.bulk_body(VALIDATION_PROGRAM, validate, company=company, division=division)
        title = f"M3: {VALIDATION_PROGRAM} {VALIDATE}"
        yield PlannedCall(title, "POST", m3.BASE, _JSON, body.decode())


def _of_row(value: Traced, call: M3Call) -> Traced:
    if call.row is None:
        return value
    target = f"{value.target} ({call.section} {call.row})"
    return Traced(target, value.value, value.line, value.key, value.sources)


def _ln(text: str, planned: PlanSource) -> Iterable[PlannedCall]:
    made = render_invoice(parse_ln_mapping(text), planned.source)
    sent = payload_of(made, planned.options)
    item_id = _("[id of the item in IDM]")
    body = ln.create_envelope(
        sent.service, sent.entity(item_id), company=sent.company, operation=sent.create
    )
    yield PlannedCall(
        title=_("LN: create the received purchase invoice"),
        method="POST",
        path=f"{ln.BASE}/{sent.service}",
        content_type="text/xml;charset=utf-8",
        body=body.decode(),
        values=made.every_value(),
        mapping_kind=MappingKind.LN,
    )


def _stylesheet(text: str, planned: PlanSource) -> Iterable[PlannedCall]:
    """Yield the file that the stylesheet makes: no call to Infor is made of it."""
    made = render_by_stylesheet(text, planned.source)
    yield PlannedCall(
        title=_("The file that is made"),
        method="",
        path=f"{PurePath(planned.source.file_name).stem}{made.suffix}",
        content_type=made.media_type,
        body=made.content.decode("utf-8", "replace"),
        mapping_kind=MappingKind.XSLT,
    )


_PLANNERS: Mapping[MappingKind, Callable[[str, PlanSource], Iterable[PlannedCall]]] = {
    MappingKind.IDM: _idm,
    MappingKind.BOD: _bod,
    MappingKind.M3: _m3,
    MappingKind.TOML: _toml,
    MappingKind.LN: _ln,
    MappingKind.XSLT: _stylesheet,
}
