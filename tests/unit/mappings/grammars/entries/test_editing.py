"""Rows of a mapping file are edited without touching any other line."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.mappings.grammars.entries.editing import edited, entries_of
from ionport.mappings.grammars.entries.model import EntryError, Order, Reason, Typed
from ionport.mappings.grammars.entries.reading import Read, reading_of
from ionport.mappings.grammars.files import TEMPLATES, recognise_kind
from ionport.mappings.intake import prepared_template
from ionport.mappings.lint.linter import lint
from ionport.mappings.model import MappingKind
from tests.support.reference import FOLDER
from tests.unit.mappings.lint.test_sections import LN, M3, TOML
from tests.unit.mappings.sources import BOD_TEMPLATE, IDM_TEMPLATE

_OWN = [
    (one.kind, prepared_template(one.kind, one.document_types[0])[1].text)
    for one in TEMPLATES
    if one.kind is not MappingKind.XSLT
]
_IDM = (
    "# Kept\r\nINVOICE=Type\r\n\r\nIndex_Fields=invoice_id:STRING, supplier_id:STRING\n"
    "IF_invoice_id = Number\r\n# Who sent it\r\nIF_supplier_id=Party\r"
)


def _line(text: str, kind: MappingKind, name: str) -> int:
    return next(row.number for row in entries_of(kind, text).rows if row.name == name)


def _changed_lines(before: str, after: str) -> list[str]:
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return [line for line in difflib.ndiff(*lines) if line[0] in "+-"]


@pytest.mark.parametrize(("kind", "text"), _OWN)
def test_a_form_that_is_sent_unchanged_changes_nothing(kind: MappingKind, text: str) -> None:
    rows = entries_of(kind, text).rows
    assert rows
    typed = {row.number: Typed(row.name, row.value) for row in rows}
    assert edited(kind, text, typed, Order()) == text
    assert edited(kind, text.replace("\n", "\r\n"), typed, Order()) == text.replace("\n", "\r\n")


@pytest.mark.parametrize(("kind", "text"), _OWN)
def test_a_value_that_is_typed_changes_its_line_alone(kind: MappingKind, text: str) -> None:
    for row in [row for row in entries_of(kind, text).rows if not row.is_fixed][::7]:
        after = edited(kind, text, {row.number: Typed(row.name, "another")}, Order())
        assert len(_changed_lines(text, after)) == 2
        assert entries_of(kind, after).by_number[row.number].value == "another"


@pytest.mark.parametrize(("kind", "text"), _OWN)
def test_moving_back_and_forth_gives_the_same_text(kind: MappingKind, text: str) -> None:
    for row in entries_of(kind, text).rows[:-1:9]:
        moved = edited(kind, text, {}, Order("down", row.number))
        if moved == text:
            continue
        here = next(
            one.number
            for one in entries_of(kind, moved).rows
            if (one.group, one.name, one.value) == (row.group, row.name, row.value)
        )
        assert edited(kind, moved, {}, Order("up", here)) == text


def test_spacing_line_ends_and_comments_stay() -> None:
    line = _line(_IDM, MappingKind.IDM, "invoice_id")
    after = edited(MappingKind.IDM, _IDM, {line: Typed("invoice_id", "Invoice No")}, Order())
    assert after == _IDM.replace("Number", "Invoice No")


def test_a_renamed_field_is_renamed_in_its_list() -> None:
    line = _line(_IDM, MappingKind.IDM, "supplier_id")
    after = edited(MappingKind.IDM, _IDM, {line: Typed("BT-30", "Party")}, Order())
    assert after == _IDM.replace("supplier_id", "BT-30")


def test_lines_that_belong_together_are_renamed_together() -> None:
    line = next(
        row.number
        for row in entries_of(MappingKind.BOD, BOD_TEMPLATE).rows
        if (row.group.prefix, row.name) == ("SFV_", "ConfirmationCode")
    )
    typed = {line: Typed("OnError", "OnError")}
    after = edited(MappingKind.BOD, BOD_TEMPLATE, typed, Order())
    assert after.count("ConfirmationCode") == 1
    assert {"SFV_OnError=OnError", "SFP_OnError"} <= {
        part for line in after.splitlines() for part in (line, line.partition("=")[0])
    }
    assert lint(MappingKind.BOD, after) == lint(MappingKind.BOD, BOD_TEMPLATE)


@pytest.mark.parametrize(
    ("text", "kind", "group", "name", "value"),
    [
        (IDM_TEMPLATE, MappingKind.IDM, "fields", "BT-22", "Note"),
        (BOD_TEMPLATE, MappingKind.BOD, "fields", "BT-22", "Note"),
        (M3, MappingKind.M3, "header.fields", "PYAD", "BT-22"),
        (M3, MappingKind.M3, "cost_lines.fields", "NLAM", "TF_amount"),
        (LN, MappingKind.LN, "receipt_lines.constants", "OrderSequence", "1"),
        (TOML, MappingKind.TOML, "export_configuration.header.fields", "PYAD", "[BT-22]"),
        (TOML, MappingKind.TOML, "export_configuration.cost_lines.fields", "NLAM", "[[amount]]"),
    ],
)
def test_a_row_is_added_listed_and_removed_without_a_trace(
    text: str, kind: MappingKind, group: str, name: str, value: str
) -> None:
    after = edited(kind, text, {}, Order("add", group=group, typed=Typed(name, value)))
    row = next(row for row in entries_of(kind, after).rows if row.name == name)
    assert (row.group.id, row.value) == (group, value)
    told = [one for one in lint(kind, after) if one.code == "defined_unlisted" and name in one.key]
    assert not told
    if group in {each.group.id for each in entries_of(kind, text).rows}:
        assert edited(kind, after, {}, Order("remove", row.number)) == text


def test_what_has_no_end_of_line_gets_none_at_its_end() -> None:
    text = "INVOICE=T\nIndex_Fields=invoice_id\nIF_invoice_id=No"
    new = Order("add", group="fields", typed=Typed("currency", "Cur"))
    assert edited(MappingKind.IDM, text, {}, new) == (
        "INVOICE=T\nIndex_Fields=invoice_id,currency\nIF_invoice_id=No\nIF_currency=Cur"
    )


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        (MappingKind.IDM, "", Reason.NAME_EMPTY),
        (MappingKind.IDM, "a=b", Reason.NAME_SIGNS),
        (MappingKind.IDM, "a,b", Reason.NAME_SIGNS),
        (MappingKind.IDM, "invoice_id", Reason.NAME_TAKEN),
        (MappingKind.TOML, "SUNO", Reason.NAME_TAKEN),
        (MappingKind.TOML, "", Reason.NAME_EMPTY),
    ],
)
def test_what_cannot_be_written_is_told(kind: MappingKind, name: str, reason: Reason) -> None:
    text = IDM_TEMPLATE if kind is MappingKind.IDM else TOML
    group = "fields" if kind is MappingKind.IDM else "export_configuration.header.fields"
    with pytest.raises(EntryError) as error:
        edited(kind, text, {}, Order("add", group=group, typed=Typed(name, "x")))
    assert error.value.reason is reason


def test_toml_keeps_quotes_comments_and_what_is_no_text() -> None:
    text = (
        "[export_configuration.header.fields]\n'SUNO' = '[supplier_id]' # who\nIBTP = 20\n"
        'LONG = """\nSINO = "[invoice_id]"\n"""\n'
    )
    rows = entries_of(MappingKind.TOML, text).rows
    assert [(row.name, row.value, row.is_fixed) for row in rows] == [
        ("SUNO", "[supplier_id]", False),
        ("IBTP", "20", True),
    ]
    after = edited(MappingKind.TOML, text, {2: Typed("SUNO", "it's \\ \u00fc")}, Order())
    assert after.splitlines()[1] == "'SUNO' = \"it's \\\\ \u00fc\" # who"
    assert entries_of(MappingKind.TOML, after).rows[0].value == "it's \\ \u00fc"
    with pytest.raises(EntryError):
        entries_of(MappingKind.TOML, "[export_configuration\n")


def test_a_row_says_what_it_reads() -> None:
    def reads(kind: MappingKind, text: str, name: str) -> Read | None:
        row = next(row for row in entries_of(kind, text).rows if row.name == name)
        found = reading_of(kind, row)
        return found.read if found else None

    assert reads(MappingKind.IDM, IDM_TEMPLATE, "Searchable_PDF_Name") is Read.EXPRESSION
    m3 = "HeaderFields=SUNO,VTXT\nHF_SUNO=supplier_id\nHF_VTXT=BT-22\nInvoiceCostFields=NLAM,RPLN\n"
    m3 += "ICF_NLAM=TF_amount\nICF_RPLN=auto\nStaticFields=CONO\nSF_CONO=1\n"
    found = [reads(MappingKind.M3, m3, name) for name in ("SUNO", "VTXT", "NLAM", "RPLN", "CONO")]
    assert found == [Read.FIELD, Read.TERM, Read.COLUMN, Read.NUMBER, Read.CONSTANT]
    row = next(row for row in entries_of(MappingKind.M3, m3).rows if row.name == "SUNO")
    assert reading_of(MappingKind.M3, row) is not None


_PIECES = st.text(alphabet="\ufeffab=#,:\r\n \t\"'[]\\\u2028\x85\u00e4", max_size=6)


@given(st.sampled_from(_OWN), st.integers(0, 10_000), _PIECES, _PIECES, st.integers(0, 40))
def test_whatever_is_typed_is_written_or_refused(
    own: tuple[MappingKind, str], place: int, name: str, value: str, number: int
) -> None:
    kind, text = own
    text = text[:place] + value + text[place:]
    try:
        rows = entries_of(kind, text).rows
        chosen = rows[number % len(rows)].number
        for do in ("", "remove", "up", "down"):
            after = edited(kind, text, {chosen: Typed(name, value)}, Order(do, chosen))
            entries_of(kind, after)
    except EntryError:
        return


@pytest.mark.skipif(not FOLDER.is_dir(), reason="needs the published files")
def test_the_published_files_have_rows_and_stay_as_they_are() -> None:
    asked = 0
    for file in sorted((FOLDER / "mappings").rglob("*.*")):
        if file.suffix not in (".properties", ".toml"):
            continue
        text = file.read_bytes().decode("utf-8", "replace")
        kind = recognise_kind(text)
        assert kind is not None
        rows = entries_of(kind, text).rows
        typed = {row.number: Typed(row.name, row.value) for row in rows}
        assert edited(kind, text, typed, Order()) == text
        asked += len(rows)
    assert asked > 500


def test_a_line_of_many_blanks_within_a_text_takes_no_time() -> None:
    blanks = " " * 200_000
    text = f'note = """\nSUNO = 1{blanks}1\n"""\nplain = 1{blanks}# one\n'
    (row,) = entries_of(MappingKind.TOML, text).rows
    assert (row.name, row.value) == ("plain", "1")


@pytest.mark.parametrize("name", ["A\\B", 'A"B', "A'B", "A\ufeff", "\ufeffA", "A\\", "\\u0041"])
def test_a_name_of_any_signs_keeps_its_row_in_toml(name: str) -> None:
    before = entries_of(MappingKind.TOML, TOML).rows
    after = edited(MappingKind.TOML, TOML, {before[0].number: Typed(name, "x")}, Order())
    rows = entries_of(MappingKind.TOML, after).rows
    assert [row.number for row in rows] == [row.number for row in before]
    assert (rows[0].name, rows[0].value) == (name, "x")
    assert edited(MappingKind.TOML, after, {rows[0].number: Typed("NAME", "y")}, Order()) != after


@pytest.mark.parametrize(("kind", "text"), _OWN)
def test_a_byte_order_mark_takes_no_row_away(kind: MappingKind, text: str) -> None:
    marked = entries_of(kind, f"\ufeff{text}").rows
    assert [(row.number, row.name) for row in marked] == [
        (row.number, row.name) for row in entries_of(kind, text).rows
    ]


def test_a_line_behind_a_byte_order_mark_and_a_blank_is_read() -> None:
    (row,) = entries_of(MappingKind.IDM, "\ufeff # a comment\n\ufeff SF_A=1\n").rows
    assert (row.number, row.name, row.value) == (2, "A", "1")
