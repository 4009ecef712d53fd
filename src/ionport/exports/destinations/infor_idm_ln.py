"""The method Infor IDM + LN: the item, then a received purchase invoice in LN.

Infor publishes no names for the service, so that a configuration says them
(docs/reference/ln.md#received-purchase-invoices). LN is asked for an invoice by supplier and
number. Where its service has no operation that lists, nobody can be asked: the first call is
made all the same, and a lost answer is left to a person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.exports.destinations.infor_idm import InforIdm
from ionport.exports.destinations.port import (
    Answer,
    AnyCall,
    Calling,
    Found,
    MethodOption,
    OtherItem,
    Payload,
    Rendered,
    RenderJob,
)
from ionport.exports.model import Delivery, ExportMethod, StepKind
from ionport.ionapi import IonApiError, LnFault
from ionport.ionapi.client import IonApiClient
from ionport.ionapi.ln import LnEntity, LnLine
from ionport.mappings.model import MappingKind, RenderSource
from ionport.mappings.rendering.erp import ErpMapping
from ionport.mappings.rendering.ln import LINE_NAMES, parse_ln_mapping, render_ln
from ionport.mappings.rendering.model import LnPayload, Traced

IDM_REFERENCE = "idm_reference"
# What stands for the item's id until IDM has given it.
_LATER = "{idm_reference}"
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,79}"
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def _option(name: str, label: Any, default: str) -> MethodOption:
    return MethodOption(
        f"ln_{name}",
        label,
        lambda: _("As your LN calls it; letters, digits and underscores."),
        default=default,
        pattern=_NAME,
    )


OPTIONS: tuple[MethodOption, ...] = (
    _option("service", lambda: _("Service in LN"), "ReceivedPurchaseInvoice"),
    _option("create", lambda: _("Operation that creates"), "Create"),
    _option("list", lambda: _("Operation that lists"), "List"),
    _option("tax_lines", lambda: _("Element of a tax line"), LINE_NAMES["tax_lines"]),
    _option("receipt_lines", lambda: _("Element of a receipt line"), LINE_NAMES["receipt_lines"]),
    _option("cost_lines", lambda: _("Element of a cost line"), LINE_NAMES["cost_lines"]),
)


@dataclass(frozen=True, slots=True)
class InvoicePayload:
    """The invoice as it is created, and by which of its attributes LN is asked for it.

    `wanted` are supplier and number; `correlation` is the attribute with the correlation id, and
    `dated` the one with the issue date, empty where the mapping sends none.
    """

    service: str
    create: str
    list: str
    company: str
    values: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    wanted: tuple[str, ...]
    correlation: str
    dated: str

    def to_bytes(self) -> bytes:
        """Return the same bytes for the same payload."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> InvoicePayload:
        """Read what `to_bytes` wrote."""
        data = json.loads(content)
        return cls(
            **{
                **data,
                "values": tuple((name, value) for name, value in data["values"]),
                "lines": tuple(
                    (component, tuple((name, value) for name, value in values))
                    for component, values in data["lines"]
                ),
                "wanted": tuple(data["wanted"]),
            }
        )

    def entity(self, item_id: str) -> LnEntity:
        """Return what is created, with the id of the item in IDM."""
        return LnEntity(
            _with_item(self.values, item_id),
            tuple(LnLine(component, _with_item(row, item_id)) for component, row in self.lines),
        )


def _with_item(values: tuple[tuple[str, str], ...], item_id: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, item_id if value == _LATER else value) for name, value in values)


class InvoiceLookUp:
    """LN is asked by supplier and invoice number; the correlation id tells whose it is."""

    kind = StepKind.LN_LOOK_UP
    is_booking = True

    def find(self, client: IonApiClient, payload: Payload) -> Found:
        wanted = InvoicePayload.from_bytes(payload.content)
        listed = _listed(client, wanted)
        if listed is None:
            raise _unknown(wanted)
        return Found(self._sorted(listed, wanted).ids)

    def find_before_first(self, client: IonApiClient, payload: Payload) -> Found:
        wanted = InvoicePayload.from_bytes(payload.content)
        return self._sorted(_listed(client, wanted) or (), wanted)

    @staticmethod
    def _sorted(listed: Sequence[LnEntity], wanted: InvoicePayload) -> Found:
        own = dict(wanted.values)
        ours, others = [], []
        for found in listed:
            correlation_id = found.value(wanted.correlation)
            if correlation_id == own[wanted.correlation]:
                ours.append(_key(dict(found.values), wanted))
            elif _is_same_year(found.value(wanted.dated), own.get(wanted.dated, "")):
                others.append(OtherItem(_key(dict(found.values), wanted), correlation_id))
        return Found(tuple(ours), tuple(others))

    def found_text(self) -> str:
        return _("Found in LN.")

    def missing_text(self, others: tuple[OtherItem, ...]) -> str:
        if not others:
            return _("Not in LN yet.")
        return _("Not in LN yet; the same invoice is there as {ids}.").format(
            ids=", ".join(other.pid for other in others)
        )

    def unknown_text(self) -> str:
        return _("The answer of a call was lost; LN is asked whether the invoice has arrived.")

    def two_items_text(self, first: str, second: str) -> tuple[str, str]:
        return (
            _("The document may be in LN twice: {first} and {second}.").format(
                first=first, second=second
            ),
            _("Compare the two in LN and delete the wrong one; then decide on the document."),
        )

    def same_invoice_text(self, item_id: str) -> tuple[str, str]:
        return (
            _("An invoice of this number and supplier is in LN already: {id}.").format(id=item_id),
            _("Compare it with the document; then decide on the document."),
        )


def _listed(client: IonApiClient, wanted: InvoicePayload) -> Sequence[LnEntity] | None:
    """Return LN's invoices of this supplier and number; None where its service lists none."""
    own = dict(wanted.values)
    matching = {name: own[name] for name in wanted.wanted}
    try:
        return client.ln.list(
            wanted.service, matching, company=wanted.company, operation=wanted.list
        )
    except LnFault:
        offered = client.ln.operations(wanted.service)
        if not offered or wanted.list in offered:
            raise
    return None


def _unknown(wanted: InvoicePayload) -> IonApiError:
    return IonApiError(
        _(
            "The answer of LN was lost, and its service {service} has no operation {list} to ask"
            " whether the invoice has arrived."
        ).format(service=wanted.service, list=wanted.list),
        code="ln_answer_unknown",
        sent=False,
        remedy=_(
            "Look for the invoice in LN. If it is there, leave the delivery as it is; if not,"
            " choose Re-export as new. An operation of another name stands in the configuration."
        ),
    )


def _is_same_year(theirs: str, ours: str) -> bool:
    one, other = _YEAR.search(theirs), _YEAR.search(ours)
    return one is None or other is None or one[0] == other[0]


def _key(values: Mapping[str, str], payload: InvoicePayload) -> str:
    """Return company and number, by which LN names an invoice (inferred, as its names are)."""
    number = values.get(payload.service, "")
    company = values.get("ReceivedInvoiceCompany") or payload.company
    return f"{company}-{number}" if company else number


class CreateInvoice:
    """Creates the invoice; company and number stand in the delivery."""

    kind = StepKind.LN_CREATE
    look_up = InvoiceLookUp()

    def make(self, calling: Calling[IonApiClient], payload: Payload) -> Answer:
        wanted = InvoicePayload.from_bytes(payload.content)
        created = calling.client.ln.create(
            wanted.service,
            wanted.entity(payload.earlier.get(StepKind.IDM_CREATE, "")),
            company=wanted.company,
            operation=wanted.create,
        )
        key = _key(created.keys[0], wanted)
        said = " ".join(message.text for message in created.messages[:3])
        text = _("Created in LN as {key}.").format(key=key)
        return Answer(key, f"{text} {said}".strip())

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        return {"erp_reference": remote_id}

    def remote_id(self, delivery: Delivery) -> str:
        return delivery.erp_reference or ""


class InforIdmLn(InforIdm):
    """The method Infor IDM + LN: what Infor IDM does, and the invoice in LN."""

    method = ExportMethod.INFOR_IDM_LN
    label = "Infor IDM + LN"
    calls: tuple[AnyCall, ...] = (*InforIdm.calls, CreateInvoice())
    proof_stages: tuple[str, ...] = (*InforIdm.proof_stages, "ln")
    mapping_kinds: tuple[MappingKind, ...] = (*InforIdm.mapping_kinds, MappingKind.LN)
    options: tuple[MethodOption, ...] = OPTIONS

    @property
    def summary(self) -> str:
        return _(
            "Stores the document in Infor Document Management and creates a received purchase"
            " invoice in LN."
        )

    def render(self, job: RenderJob) -> list[Rendered]:
        mapping = job.prepare(job.versions[MappingKind.LN], parse_ln_mapping)
        payload = payload_of(render_invoice(mapping, job.source), job.options)
        _require_look_up(payload)
        return [*super().render(job), Rendered(StepKind.LN_CREATE, payload.to_bytes())]

    def delivered_text(self, delivery: Delivery) -> str:
        invoice = _("LN invoice {number}.").format(number=delivery.erp_reference)
        return f"{super().delivered_text(delivery)} {invoice}"


class _WithItem(Mapping[str, str]):
    """The document's fields, and a place for the id of the item in IDM."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return _LATER if name == IDM_REFERENCE else self._fields[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._fields
        if IDM_REFERENCE not in self._fields:
            yield IDM_REFERENCE

    def __len__(self) -> int:
        return len(list(iter(self)))


def render_invoice(mapping: ErpMapping, source: RenderSource) -> LnPayload:
    """Return the invoice, with a place for the id of the item in IDM; raises as `render_ln`."""
    return render_ln(mapping, replace(source, fields=_WithItem(source.fields)))


def payload_of(made: LnPayload, options: Mapping[str, str]) -> InvoicePayload:
    """Return what is created."""
    correlation = _attribute(made.header, "correlation_id")
    number = _attribute(made.header, "invoice_id")
    names = {option.name: options.get(option.name) or option.default for option in OPTIONS}
    supplier = _attribute(made.header, "supplier_id")
    return InvoicePayload(
        service=names["ln_service"],
        create=names["ln_create"],
        list=names["ln_list"],
        company=made.company,
        values=tuple((value.target, value.value) for value in made.header),
        lines=tuple(
            (names[f"ln_{section}"], tuple((value.target, value.value) for value in row))
            for section, rows in made.lines.items()
            for row in rows
        ),
        wanted=tuple(name for name in (supplier, number) if name) if number else (),
        correlation=correlation,
        dated=_attribute(made.header, "invoice_date"),
    )


def _attribute(header: tuple[Traced, ...], source: str) -> str:
    """Return the attribute that is made of one field alone; empty when there is none."""
    return next((value.target for value in header if value.sources == (source,)), "")


def _require_look_up(payload: InvoicePayload) -> None:
    """Raise InvalidInput when LN could not be asked for the invoice afterwards."""
    if not payload.correlation or not payload.wanted:
        raise InvalidInput(
            _(
                "The mapping must send the correlation id and the invoice's number: otherwise"
                " nobody could look up after a break whether it has arrived. Add"
                " HF_DocumentIDExternalPackage=correlation_id and"
                " HF_InvoiceNumberSupplier=invoice_id, and list both in HeaderFields."
            ),
            code="no_correlation_id",
        )
