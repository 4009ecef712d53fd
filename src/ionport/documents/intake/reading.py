"""From a file to a document's fields and tables.

Their ids: docs/reference/document-system.md#fields-and-tables.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from ionport.core.errors import InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.unpacking.pdf import Attachment, attachments, is_pdf
from ionport.documents.intake.imports.files import import_type, read_import
from ionport.documents.intake.other_files import BEFORE_XML, refuse_other_files
from ionport.documents.invoice import rows
from ionport.documents.invoice.corrections import (
    Correction,
    corrected,
    invoice_by_hand,
    laid_over,
)
from ionport.documents.invoice.fields import canonical, header_fields
from ionport.documents.invoice.model import Invoice, Kind
from ionport.documents.invoice.reading.limits import ReadingLimits
from ionport.documents.invoice.reading.reader import read_invoice
from ionport.documents.invoice.rules.check import check_invoice
from ionport.documents.invoice.rules.model import RuleFinding
from ionport.documents.model import Row
from ionport.documents.parties.model import NO_PARTIES, Parties, glns, parties_of
from ionport.documents.review.identity import InvoiceIdentity, invoice_identity, likeness
from ionport.documents.review.model import NewFinding
from ionport.documents.types import (
    ALLOWANCES_CHARGES,
    ATTACHMENTS,
    INVOICE_TABLE,
    NOTES,
    REFERENCES,
    TAX_LINES,
    DocumentType,
    document_type,
)

_MAX_FILENAME = 200
_MAX_NAMED = 5
PDF_TYPE: Final = "application/pdf"
"""The media type of documents that are PDFs as they were received."""
_OTHER_XML = frozenset({"unknown_syntax", "xml_not_well_formed"})
_MAX_FINDINGS = 200
_STANDARD = ReadingLimits()
# VAT id, tax and registration id, and the supplier's own numbers, GLNs among them.
_SUPPLIER_IDS = ("BT-31", "BT-32", "BT-30", "BT-29")


@dataclass(frozen=True, slots=True)
class Intake:
    """The values of a file, before it is stored as a document."""

    document_type: str
    mime_type: str
    fields: Row
    tables: Mapping[str, tuple[Row, ...]]
    findings: tuple[NewFinding, ...]
    identity: InvoiceIdentity
    parties: Parties = NO_PARTIES


def read_file(
    content: bytes,
    today: date = date.max,
    corrections: Sequence[Correction] = (),
    limits: ReadingLimits = _STANDARD,
    choice: str = "",
) -> Intake:
    """Read an e-invoice as XML, a PDF that has one attached, or a document as JSON or CSV.

    Errors as `read_invoice` and `pdf.attachments`, and a clear one for a picture or an archive. A
    PDF without an invoice, or with several, is read all the same and held for a person.

    `today` is what an issue date is compared with; without it none is too far ahead. The
    `corrections` are what persons have made of it since; a PDF without an invoice is one that
    they enter by hand. `choice` names the invoice that counts of a PDF with several; NotFound when
    none is named so.
    """
    if is_pdf(content):
        return _read_pdf(content, today, corrections, limits, choice)
    if mime_type := import_type(content):
        imported = read_import(content, limits.lines)
        return _intake_of(
            imported.invoice, mime_type, today, corrections, laid_under=imported.laid_over
        )
    refuse_other_files(content)
    return _intake_of(read_invoice(content, limits), "application/xml", today, corrections)


def _read_pdf(
    content: bytes,
    today: date,
    corrections: Sequence[Correction],
    limits: ReadingLimits,
    choice: str,
) -> Intake:
    found = invoices_in_pdf(content, limits)
    if choice:
        found = [_chosen(found, choice)]
    if len(found) == 1:
        return _intake_of(found[0][1], PDF_TYPE, today, corrections)
    if corrections:
        return _intake_of(invoice_by_hand(), PDF_TYPE, today, corrections)
    finding = NewFinding("no_invoice_in_pdf", {})
    if found:
        names = ", ".join(name for name, _invoice in found[:_MAX_NAMED])
        finding = NewFinding("invoices_in_pdf", {"count": str(len(found)), "names": names})
    identity = invoice_identity(
        Kind.INVOICE, number="", issue_date=None, supplier_name="", supplier_ids=()
    )
    return Intake("INVOICE", PDF_TYPE, {}, {}, (finding,), identity)


def read_any(content: bytes, limits: ReadingLimits = _STANDARD, choice: str = "") -> Invoice:
    """Return the invoice in an XML, JSON or CSV file, or the one attached to a PDF.

    `choice` is one of several.

    Errors as `read_file`, and InvalidInput `no_single_invoice` for a PDF with none or several.
    """
    if import_type(content):
        return read_import(content, limits.lines).invoice
    if not is_pdf(content):
        refuse_other_files(content)
        return read_invoice(content, limits)
    return _one_in_pdf(content, limits, choice)[1]


def read_corrected(
    content: bytes,
    corrections: Sequence[Correction],
    limits: ReadingLimits = _STANDARD,
    choice: str = "",
) -> Invoice:
    """Return the invoice as people have corrected it; of a PDF without one what they entered.

    Errors as `read_any`.
    """
    try:
        invoice = read_any(content, limits, choice)
    except InvalidInput as error:
        if error.code != "no_single_invoice" or not corrections:
            raise
        invoice = invoice_by_hand()
    return corrected(invoice, corrections)


def xml_of(content: bytes, limits: ReadingLimits = _STANDARD, choice: str = "") -> bytes:
    """Return the XML as it was received: the file, or what is in the PDF; errors as `read_any`."""
    return _one_in_pdf(content, limits, choice)[0].content if is_pdf(content) else content


def _one_in_pdf(content: bytes, limits: ReadingLimits, choice: str) -> tuple[Attachment, Invoice]:
    found = list(_files_in_pdf(content, limits))
    wanted = [each for each in found if choice in ("", each[0])]
    if len(wanted) != 1:
        raise InvalidInput(_not_one(found), code="no_single_invoice")
    _name, attached, invoice = wanted[0]
    return attached, invoice


def _not_one(found: Sequence[tuple[str, Attachment, Invoice]]) -> str:
    if not found:
        return _(
            "The PDF has no invoice attached as XML. Ask the supplier for the XML, or for a"
            " Factur-X or ZUGFeRD file."
        )
    names = ", ".join(name for name, _file, _invoice in found[:_MAX_NAMED])
    return _("The PDF has {count} invoices attached, not one: {names}.").format(
        count=len(found), names=names
    )


def _chosen(found: Sequence[tuple[str, Invoice]], choice: str) -> tuple[str, Invoice]:
    for each in found:
        if each[0] == choice:
            return each
    raise NotFound(
        _("The PDF has no invoice named {name}. It has: {names}").format(
            name=clean_filename(choice), names=", ".join(name for name, _invoice in found) or "-"
        ),
        code="no_such_attachment",
    )


def invoices_in_pdf(content: bytes, limits: ReadingLimits = _STANDARD) -> list[tuple[str, Invoice]]:
    """Return the invoices attached to a PDF with their file names; errors as `read_file`.

    Of two with one name the second is called `name (2)`, so that each can be chosen.
    """
    return [(name, invoice) for name, _file, invoice in _files_in_pdf(content, limits)]


def _files_in_pdf(
    content: bytes, limits: ReadingLimits
) -> Iterator[tuple[str, Attachment, Invoice]]:
    named: Counter[str] = Counter()
    for attached in attachments(content, limits.attachments):
        invoice = _invoice_in(attached.content, limits)
        if invoice is None:
            continue
        name = clean_filename(attached.name)
        named[name] += 1
        yield (f"{name} ({named[name]})" if named[name] > 1 else name), attached, invoice


def _invoice_in(attached: bytes, limits: ReadingLimits) -> Invoice | None:
    """Return the invoice in a file attached to a PDF, None when it is another file."""
    if not attached.lstrip(BEFORE_XML).startswith(b"<"):
        return None
    try:
        return read_invoice(attached, limits)
    except InvalidInput as error:
        if error.code in _OTHER_XML:
            return None
        raise


def _intake_of(
    invoice: Invoice,
    mime_type: str,
    today: date,
    corrections: Sequence[Correction],
    laid_under: Sequence[Correction] = (),
) -> Intake:
    """Return an invoice's values; `laid_under` are values of its file that no term has."""
    invoice = corrected(invoice, corrections)
    fields: Row
    tables: Mapping[str, tuple[Row, ...]]
    fields, tables = laid_over(
        header_fields(invoice),
        {table: tuple(make(invoice)) for table, make in _TABLES.items()},
        (*laid_under, *corrections),
    )
    if not invoice.kind.is_invoiced:
        fields, tables = _of_type(document_type(invoice.kind.document_type), fields, tables)
    return Intake(
        document_type=invoice.kind.document_type,
        mime_type=mime_type,
        fields=fields,
        tables=tables,
        findings=findings_of(invoice, today),
        identity=_identity(invoice),
        parties=parties_of(invoice),
    )


def _of_type(
    kind: DocumentType, fields: Row, tables: Mapping[str, tuple[Row, ...]]
) -> tuple[Row, Mapping[str, tuple[Row, ...]]]:
    """Return the fields, tables and columns that a document type has."""
    known = {field.id for field in kind.fields}
    kept: dict[str, tuple[Row, ...]] = {}
    for table in kind.tables:
        columns = {column.id for column in table.columns}
        kept[table.id] = tuple(
            {name: value for name, value in row.items() if name in columns}
            for row in tables.get(table.id, ())
        )
    return {name: value for name, value in fields.items() if name in known}, kept


_TABLES = {
    INVOICE_TABLE: rows.line_rows,
    TAX_LINES: rows.tax_rows,
    ALLOWANCES_CHARGES: rows.allowance_rows,
    NOTES: rows.note_rows,
    REFERENCES: rows.reference_rows,
    ATTACHMENTS: rows.attachment_rows,
}


def findings_of(invoice: Invoice, today: date = date.max) -> tuple[NewFinding, ...]:
    """Return the findings of the rules, at most 200, each with its place in the file."""
    noticed = check_invoice(invoice, today)
    findings = [
        NewFinding(one.rule.id, {**one.values, **_place(one)}) for one in noticed[:_MAX_FINDINGS]
    ]
    if len(noticed) > _MAX_FINDINGS:
        findings.append(NewFinding("more_findings", {"shown": str(_MAX_FINDINGS)}))
    return tuple(findings)


def _place(noticed: RuleFinding) -> dict[str, str]:
    return {"path": noticed.where, "line": str(noticed.line)} if noticed.where else {}


def _identity(invoice: Invoice) -> InvoiceIdentity:
    tree = invoice.tree
    issued = tree.first("BT-2") or (None if invoice.kind.is_invoiced else tree.first("BT-72"))
    ids = [node.text for term in _SUPPLIER_IDS for node in tree.all(term)]
    day = None if issued is None else issued.day
    identity = invoice_identity(
        invoice.kind,
        number=tree.value("BT-1"),
        issue_date=day,
        supplier_name=tree.value("BT-27"),
        supplier_ids=[*ids, *glns(tree, "BT-34")],
    )
    if not invoice.kind.is_invoiced:
        return identity
    total, currency = canonical(tree.first("BT-112")), tree.value("BT-5")
    return replace(identity, likeness=likeness(identity.number, total, currency), day=day)


def clean_filename(filename: str, default: str = "document.xml") -> str:
    """Return the last part of `filename` without control characters, at most 200 letters."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    letters = (letter for letter in last if unicodedata.category(letter)[0] != "C")
    return "".join(letters).strip()[-_MAX_FILENAME:] or default
