"""The page of an invoice in the usual order.

Every child of the tree's root belongs to one section, and a section shows all that is below it:
what belongs to no section is shown in the last one, so that nothing is left out. Two values are
implied by their place: that a tax is VAT, and whether an amount is an allowance or a charge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ionport.documents.invoice.model import Invoice
from ionport.documents.invoice.rendering import tables
from ionport.documents.invoice.rendering.model import (
    Block,
    Columns,
    Fact,
    Facts,
    Language,
    Row,
    Sheet,
    Table,
)
from ionport.documents.invoice.rendering.tables import Tables
from ionport.documents.invoice.rendering.values import Values, before
from ionport.documents.invoice.rendering.words import Words
from ionport.documents.invoice.table import terms
from ionport.documents.invoice.tree import Node

_DATES = ("BT-1", "BT-3", "BT-X-2", "BT-2", "BT-9", "BT-7", "BT-8", "BG-14", "BT-5", "BT-6")
_REFERENCES = (
    *("BT-10", "BT-13", "BT-14", "BT-12", "BT-11", "BT-11-0", "BT-15", "BT-16", "BT-17", "BT-18"),
    *("BT-19", "BG-3"),
)
_PARTIES = ("BG-10", "BG-11", "BG-13")
_NOTES = ("BG-1",)
_LINES = ("BG-25",)
_ALLOWANCES = ("BG-20", "BG-21", "BG-X-42", "OWN-G2")
_VAT, _OTHER_VAT = ("BG-23",), ("OWN-G1",)
_TOTALS = ("BG-22", "BT-179", "BG-DEX-09")
_PAYMENT = ("BT-20", "BT-20-00", "BG-16")
_ATTACHMENTS = ("BG-24",)
_PROCESS = ("BG-2",)
_PLACED = frozenset(
    (
        *("BG-4", "BG-7"),
        *(_DATES + _REFERENCES + _PARTIES + _NOTES + _LINES + _ALLOWANCES + _VAT + _OTHER_VAT),
        *(_TOTALS + _PAYMENT + _ATTACHMENTS + _PROCESS),
    )
)


def make_sheet(invoice: Invoice, language: Language) -> Sheet:
    """Return the page of an invoice."""
    return _Maker(invoice, language).sheet()


class _Maker:
    def __init__(self, invoice: Invoice, language: Language) -> None:
        self._invoice = invoice
        self._words = Words(language, is_invoice=invoice.kind.is_invoiced)
        self._values = Values(self._words, invoice.currency)
        self._tables = Tables(self._words, self._values)

    def sheet(self) -> Sheet:
        words = self._words
        title = words.word(self._invoice.kind.value)
        return Sheet(
            language=words.language,
            title=f"{title} {self._invoice.tree.value('BT-1')}".strip(),
            blocks=tuple(block for block in self._blocks() if block is not None),
            page=words.word("page"),
            made_from=words.word("made_from"),
            not_printed=words.word("not_printed"),
        )

    def _blocks(self) -> Iterator[Block | None]:
        words = self._words
        yield from self._side_by_side([*self._parties(("BG-4",)), *self._parties(("BG-7",))])
        yield from self._side_by_side(
            [*self._facts("dates", _DATES), *self._facts("references", _REFERENCES)]
        )
        others = [*self._parties(_PARTIES), *self._parties(self._unplaced(is_group=True))]
        yield from self._side_by_side(others)
        yield from self._notes()
        yield self._tables.of_lines(self._nodes(_LINES), self._amounts_in())
        allowances = words.word("allowances")
        yield self._tables.of_groups(
            allowances, self._nodes(_ALLOWANCES), tables.ALLOWANCES, names=True
        )
        for group in (_VAT, _OTHER_VAT):
            yield self._tables.of_groups(words.label(group[0]), self._nodes(group), tables.VAT)
        yield from self._totals()
        yield from self._facts("payment", _PAYMENT)
        yield self._tables.of_groups(
            words.word("attachments"), self._nodes(_ATTACHMENTS), tables.ATTACHMENTS
        )
        yield from self._facts("further", (*self._unplaced(is_group=False), *_PROCESS))
        yield self._not_understood()

    def _nodes(self, ids: Sequence[str]) -> list[Node]:
        """Return the root's children of these terms, in their order and then the file's."""
        found = [node for node in self._invoice.tree.children if node.term in ids]
        return sorted(found, key=lambda node: ids.index(node.term))

    def _unplaced(self, *, is_group: bool) -> tuple[str, ...]:
        ids = dict.fromkeys(node.term for node in self._invoice.tree.children)
        return tuple(one for one in ids if one not in _PLACED and terms()[one].is_group is is_group)

    def _facts(self, word: str, ids: Sequence[str]) -> Iterator[Facts]:
        rows = tuple(self._values.of(self._nodes(ids)))
        if rows:
            yield Facts(self._words.word(word), rows)

    def _parties(self, ids: Sequence[str]) -> Iterator[Facts]:
        for node in self._nodes(ids):
            rows = tuple(self._values.facts(node))
            if rows:
                yield Facts(self._words.label(node.term), rows)

    def _side_by_side(self, parts: Sequence[Facts]) -> Iterator[Columns]:
        for n in range(0, len(parts), 2):
            yield Columns(tuple(parts[n : n + 2]))

    def _notes(self) -> Iterator[Facts]:
        rows = []
        for note in self._nodes(_NOTES):
            subject = note.first("BT-21")
            shown = () if subject is None else (id(subject),)
            label = self._values.text(subject) if subject is not None else ""
            rest = [*self._values.facts(note, shown)]
            texts = [f.text if f.term == "BT-22" else f"{f.label}: {f.text}" for f in rest]
            rows.append(Fact(label or self._words.label("BT-22"), "\n".join(texts), "BT-22"))
        if rows:
            yield Facts(self._words.word("notes"), tuple(rows))

    def _totals(self) -> Iterator[Facts]:
        rows = []
        for node in self._nodes(_TOTALS):
            inside = (
                node.children if terms()[node.term].is_group and node.term == "BG-22" else [node]
            )
            for each in sorted(inside, key=lambda one: list(terms()).index(one.term)):
                if each.is_number and not each.children:
                    label = self._words.label(each.term)
                    was = self._values.amount(before(each)) if each.was else each.was
                    rows.append(Fact(label, self._values.amount(each), each.term, was))
                else:
                    rows.extend(self._values.of([each]))
        if rows:
            yield Facts(self._words.label("BG-22"), tuple(rows), is_numeric=True)

    def _amounts_in(self) -> str:
        currency = self._invoice.currency
        name = self._words.code_name("ISO 4217", currency)
        if not currency:
            return ""
        shown = f"{name} ({currency})" if name else currency
        return f"{self._words.word('amounts_in')} {shown}"

    def _not_understood(self) -> Table | None:
        words = self._words
        rows = tuple(
            Row(
                (
                    f"{one.place.path}, {words.word('line_of_file')} {one.place.line}",
                    one.text,
                )
            )
            for one in self._invoice.not_understood
        )
        if not rows:
            return None
        return Table(
            title=words.word("not_understood"),
            heads=(words.word("where"), words.word("value")),
            numeric=(False, False),
            rows=rows,
            remark=words.word("not_understood_help"),
        )
