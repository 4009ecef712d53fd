"""A document as a program writes it: values of fields and rows, each checked where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ionport.core.errors import InvalidInput, TooLarge
from ionport.core.i18n import _, labelled
from ionport.documents.invoice.corrections import (
    CORRECTABLE_TABLES,
    HEADER_VAT_FIELDS,
    TYPE_CODES,
    Correction,
    Target,
    add_rows,
    corrected,
    invoice_by_hand,
    is_laid_over,
)
from ionport.documents.invoice.model import Invoice, NotUnderstood
from ionport.documents.review.decisions.values import checked_value, field_of
from ionport.documents.types import DOCUMENT_TYPES, INVOICE_TYPES, TAX_LINES, DocumentType

MAX_BYTES: Final = 20_000_000
MAX_INVOICES: Final = 500
"""How many documents one file may hold: as many as files an archive may."""

_MAX_MISTAKES = 50
_TYPES = {kind.document_type: code for kind, code in TYPE_CODES.items()}
_MAX_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong where: `line 3, column 7 (total_amount)` or `[0].fields.total_amount`."""

    where: str
    what: str


class RefusedImport(InvalidInput):
    """What is wrong in a file, at most 50 mistakes; nothing of the file counts then."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        shown = mistakes[:_MAX_MISTAKES]
        super().__init__(
            " ".join(labelled(one.where, one.what) for one in shown), code="invalid_import"
        )
        self.mistakes = tuple(shown)


@dataclass(slots=True)
class ImportedDocument:
    """The values of one document as a file has them, each with its place in that file."""

    document_type: str = "INVOICE"
    fields: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    not_understood: tuple[NotUnderstood, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """A document that was read: its tree, and the values that no term has."""

    invoice: Invoice
    laid_over: tuple[Correction, ...]


class Checker:
    """Checks values by the fields that they are given for, and collects what is wrong."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def note(self, where: str, what: str) -> None:
        """Collect a mistake; after 50 nothing more is looked at."""
        self.mistakes.append(Mistake(where, what))
        if len(self.mistakes) >= _MAX_MISTAKES:
            raise RefusedImport(self.mistakes)

    def kind(self, text: str, where: str) -> str:
        """Return the document type that a text names."""
        if text in DOCUMENT_TYPES:
            return text
        known = ", ".join(DOCUMENT_TYPES)
        self.note(where, _("The document type is one of {types}.").format(types=known))
        return "INVOICE"

    def value(self, kind: DocumentType, target: Target, text: str, where: str) -> str:
        """Return a value in its canonical form, ``""`` for none or a wrong one."""
        try:
            return checked_value(target, field_of(kind, target), text)
        except InvalidInput as error:
            self.note(where, error.text)
            return ""

    def end(self) -> None:
        """Raise RefusedImport when something was wrong."""
        if self.mistakes:
            raise RefusedImport(self.mistakes)


def made_of(document: ImportedDocument, max_lines: int) -> Imported:
    """Return the document's tree of terms; its values were checked.

    Raises TooLarge when a table has more than `max_lines` rows.
    """
    if any(len(rows) > max_lines for rows in document.rows.values()):
        raise TooLarge(
            _("The invoice has more than {limit} lines, which are not read.").format(
                limit=max_lines
            ),
            code="too_many_lines",
        )
    values = dict(document.fields)
    if (code := _TYPES.get(document.document_type)) is not None:
        given = values.setdefault("invoice_type", code)
        if document.document_type not in INVOICE_TYPES and given != code:
            raise RefusedImport(
                [
                    Mistake(
                        "invoice_type", _("Of this document type it is {code}.").format(code=code)
                    )
                ]
            )
    header = [Correction(Target(name), value) for name, value in values.items()]
    invoice = corrected(invoice_by_hand(), header)
    for node in invoice.tree.walk():
        # They are values of the file, and no person's corrections.
        node.was = None
    for table in CORRECTABLE_TABLES:
        add_rows(invoice, table, document.rows.get(table, ()))
    invoice = replace(invoice, not_understood=document.not_understood)
    return Imported(invoice, (*header, *_cells_laid_over(document.rows)))


def vat_given_twice(fields: Iterable[str], tables: Iterable[str]) -> bool:
    """Tell whether VAT stands in header fields and in the table of tax lines."""
    return TAX_LINES in tables and not HEADER_VAT_FIELDS.isdisjoint(fields)


def shown(text: object) -> str:
    """Return a text shortened for a message, without characters that cannot be shown."""
    words = " ".join(str(text).split())[:_MAX_SHOWN]
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in words)


def _cells_laid_over(rows: Mapping[str, Sequence[Mapping[str, str]]]) -> list[Correction]:
    return [
        Correction(target, value)
        for table, of_table in rows.items()
        for number, cells in enumerate(of_table, start=1)
        for name, value in cells.items()
        if is_laid_over(target := Target(name, table, number))
    ]
