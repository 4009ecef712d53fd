"""The method Infor IDM + LN: the item, then a received purchase invoice in LN.

Infor publishes no names for the service, so that a configuration sets them
(docs/reference/ln.md#received-purchase-invoices).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.core.sentences import joined
from ionport.exports.destinations.erp_invoices.ln import LATER, CreateInvoice, InvoicePayload
from ionport.exports.destinations.infor_idm import InforIdm
from ionport.exports.destinations.port import AnyCall, MethodOption, Rendered, RenderJob
from ionport.exports.destinations.questions.ln import (
    ASK_SWITCH,
    LIST_OPTION,
    PROCESSED_OPTION,
    SERVICE_OPTION,
    AskLn,
    name_option,
)
from ionport.exports.destinations.questions.model import ErpQuestion
from ionport.exports.model import Delivery, ExportMethod, StepKind
from ionport.mappings.grammars.aliases import IDM_REFERENCE
from ionport.mappings.model import MappingKind, RenderSource
from ionport.mappings.rendering.erp import ErpMapping
from ionport.mappings.rendering.ln import LINE_NAMES, parse_ln_mapping, render_ln
from ionport.mappings.rendering.model import LnPayload, Traced

OPTIONS: tuple[MethodOption, ...] = (
    SERVICE_OPTION,
    name_option("create", lambda: _("Operation that creates"), "Create"),
    LIST_OPTION,
    name_option("tax_lines", lambda: _("Element of a tax line"), LINE_NAMES["tax_lines"]),
    name_option(
        "receipt_lines", lambda: _("Element of a receipt line"), LINE_NAMES["receipt_lines"]
    ),
    name_option("cost_lines", lambda: _("Element of a cost line"), LINE_NAMES["cost_lines"]),
    ASK_SWITCH,
    PROCESSED_OPTION,
)


class InforIdmLn(InforIdm):
    """The method Infor IDM + LN: what Infor IDM does, and the invoice in LN."""

    method = ExportMethod.INFOR_IDM_LN
    label = "Infor IDM + LN"
    calls: tuple[AnyCall, ...] = (*InforIdm.calls, CreateInvoice())
    proof_stages: tuple[str, ...] = (*InforIdm.proof_stages, "ln")
    mapping_kinds: tuple[MappingKind, ...] = (*InforIdm.mapping_kinds, MappingKind.LN)
    options: tuple[MethodOption, ...] = OPTIONS
    question: ErpQuestion | None = AskLn()

    @property
    def summary(self) -> str:
        return _(
            "Stores the document in Infor Document Management and creates a received purchase"
            " invoice in LN."
        )

    @property
    def second_text(self) -> str:
        return _(
            "A second item appears in IDM and a second received invoice in LN: the invoice may be"
            " booked twice."
        )

    def render(self, job: RenderJob) -> list[Rendered]:
        mapping = job.prepare(job.versions[MappingKind.LN], parse_ln_mapping)
        payload = payload_of(render_invoice(mapping, job.source), job.options)
        _require_look_up(payload)
        return [*super().render(job), Rendered(StepKind.LN_CREATE, payload.to_bytes())]

    def delivered_text(self, delivery: Delivery) -> str:
        number = delivery.erp_reference
        invoice = _("LN invoice {number}.").format(number=number) if number else ""
        return joined(super().delivered_text(delivery), invoice)


class _WithItem(Mapping[str, str]):
    """The document's fields, and a place for the id of the item in IDM."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return LATER if name == IDM_REFERENCE else self._fields[name]

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
    names = {option.name: option.value_in(options) for option in OPTIONS}
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
