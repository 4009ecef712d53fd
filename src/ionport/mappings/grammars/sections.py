"""The sections of M3 and LN mappings: their keys, their prefixes and the lines that they make.

Source: docs/reference/mapping-files.md#m3, docs/reference/mapping-files.md#ln.

A section has a list of constants and a list of fields, each with a prefix for the lines that
define them. The prefix of one section may begin another's (`SF_`, `DN_SF_`): the longest counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Note(StrEnum):
    """Which document a section is for."""

    INVOICE = "invoice"
    DEBIT = "debit_note"
    CREDIT = "credit_note"


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the grammar.

    `id` is its word in TOML. Of a list's spellings the first is the right one, the others are
    those of published files. `table` is the document's table that is read where the file names
    none; empty for a head. `line_type` is what M3 expects as RDTP.
    """

    id: str
    constants: str
    constant_prefix: str
    fields: tuple[str, ...]
    field_prefix: str
    table_keys: tuple[str, ...] = ()
    table: str = ""
    line_type: str = ""
    note: Note = Note.INVOICE

    @property
    def is_head(self) -> bool:
        """Whether it makes one record for the document instead of one for each row."""
        return not self.table


M3_SECTIONS: Mapping[str, Section] = {
    section.id: section
    for section in (
        Section("header", "StaticFields", "SF_", ("HeaderFields",), "HF_"),
        Section(
            "tax_lines",
            "InvoiceTaxStaticFields",
            "IT_SF_",
            ("InvoiceTaxFields",),
            "ITF_",
            table="tax_lines",
            line_type="3",
        ),
        Section(
            "order_header_charges",
            "OrderExtraChargeStaticFields",
            "OEC_SF_",
            ("OrderExtraChargeFields",),
            "OECF_",
            ("OrderHeaderExtraCharges",),
            "order_xtra_header_charges",
            "2",
        ),
        Section(
            "receipt_lines",
            "InvoiceReceiptStaticFields",
            "IR_SF_",
            ("InvoiceReceiptFields",),
            "IRF_",
            ("InvoiceReceipt",),
            "invoice_table",
            "1",
        ),
        Section(
            "order_line_charges",
            "OrderLineChargeStaticFields",
            "OLC_SF_",
            ("OrderLineChargeFields",),
            "OLCF_",
            ("OrderLineCharge",),
            "order_charges",
            "5",
        ),
        Section(
            "order_charges",
            "OrderChargeStaticFields",
            "OC_SF_",
            ("OrderChargeFields",),
            "OCF_",
            ("OrderCharge",),
            "order_charges",
            "2",
        ),
        Section(
            "cost_lines",
            "InvoiceCostStaticFields",
            "IC_SF_",
            ("InvoiceCostFields",),
            "ICF_",
            ("InvoiceCost",),
            "cost_lines",
            "8",
        ),
        Section(
            "debit_note_header",
            "DNStaticFields",
            "DN_SF_",
            ("DNHeaderFields",),
            "DN_HF_",
            note=Note.DEBIT,
        ),
        Section(
            "debit_note_receipt_lines",
            "DebitNoteReceiptStaticFields",
            "DNR_SF_",
            ("DebitNoteReceiptFields",),
            "DNRF_",
            ("DebitNoteReceipt",),
            "invoice_table",
            "1",
            Note.DEBIT,
        ),
        Section(
            "debit_note_cost_lines",
            "DebitNoteCostStaticFields",
            "DNC_SF_",
            ("DebitNoteInvoiceCostFields",),
            "DNCF_",
            ("DebitNoteInvoiceCost", "DebiteNoteInvoiceCost"),
            "debite_note_cost_lines",
            "8",
            Note.DEBIT,
        ),
        Section(
            "credit_note_header",
            "CNStaticFields",
            "CN_SF_",
            ("CNHeaderFields",),
            "CN_HF_",
            note=Note.CREDIT,
        ),
        Section(
            "credit_note_receipt_lines",
            "CreditNoteReceiptStaticFields",
            "CNR_SF_",
            ("CreditNoteReceiptFields", "CeeditNoteReceiptFields"),
            "CNRF_",
            ("CreditNoteReceipt",),
            "invoice_table",
            "1",
            Note.CREDIT,
        ),
        Section(
            "credit_note_cost_lines",
            "CreditNoteCostStaticFields",
            "CNC_SF_",
            ("CreditNoteInvoiceCostFields",),
            "CNCF_",
            ("CreditNoteInvoiceCost",),
            "credit_note_cost_lines",
            "8",
            Note.CREDIT,
        ),
    )
}
"""The sections of an M3 mapping, in the order of their calls; ids are those of TOML too."""

LN_SECTIONS: Mapping[str, Section] = {
    name: M3_SECTIONS[name] for name in ("header", "tax_lines", "receipt_lines", "cost_lines")
}
"""The sections of an LN mapping: the same keys, without line types."""
