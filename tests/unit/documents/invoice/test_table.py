"""The table of business terms holds together and has every term of the standard."""

from __future__ import annotations

import csv
import re

from ionport.documents.invoice.table import APART, Syntax, terms
from tests.support.reference import needs_reference_data, reference_files

_CARDINALITY = re.compile(r"[01]\.\.[12n]")


def test_every_parent_is_a_row_that_stands_before_its_children() -> None:
    seen = {""}
    for term in terms().values():
        assert term.parent in seen, term.id
        seen.add(term.id)


def test_every_row_says_what_it_is() -> None:
    for term in terms().values():
        assert all((term.name, term.type)), term.id
        assert _CARDINALITY.fullmatch(term.cardinality), term.id
        assert term.is_group == (term.type == "Group")


def test_groups_that_do_not_count_take_the_rows_of_one_that_counts() -> None:
    assert {term.id for term in terms().values() if term.like} == APART
    assert all(terms()[terms()[group].like].is_group for group in APART)


def test_the_whole_standard_has_a_place_in_ubl_and_cii() -> None:
    core = [f"BT-{n}" for n in range(1, 166)] + [f"BG-{n}" for n in range(1, 33)]
    gaps = set()
    for number in core:
        term = terms().get(number)
        if term is None:
            gaps.add(number)
            continue
        assert term.path(Syntax.UBL), number
        assert term.path(Syntax.CII), number
        assert term.path(Syntax.UBL, is_credit_note=True), number
    # The standard leaves this number out.
    assert gaps == {"BT-4"}


@needs_reference_data
def test_each_row_of_the_reference_table_is_kept() -> None:
    (path,) = reference_files("en16931-terms.tsv")
    own = terms()
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if re.fullmatch(r"BG-DEX-0[2-8]", row["id"]):
                # They name the nodes of BG-25's rows a second time.
                continue
            term = own[row["id"]]
            assert (term.parent, term.type, term.cardinality) == (
                row["parent"] or "",
                row["type"],
                row["cardinality"],
            ), term.id
            for syntax, column in (
                (Syntax.UBL, "ubl_invoice"),
                (Syntax.CII, "cii"),
                (Syntax.ZUGFERD_1, "zugferd1"),
                (Syntax.FATTURAPA, "fatturapa"),
            ):
                assert not row[column] or term.path(syntax), (term.id, syntax)
