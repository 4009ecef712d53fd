from __future__ import annotations

import csv
from itertools import combinations

from ionport.mappings.grammars.m3_fields import M3_FIELDS, PROGRAM, M3Type, m3_length
from ionport.mappings.grammars.sections import M3_SECTIONS
from tests.support.reference import FOLDER, needs_reference_data


def test_no_key_of_the_grammar_belongs_to_two_sections() -> None:
    keys = [
        {section.constants, *section.fields, *section.table_keys, section.field_prefix}
        | {section.constant_prefix}
        for section in M3_SECTIONS.values()
    ]
    assert not [one & other for one, other in combinations(keys, 2) if one & other]


def test_m3_counts_what_is_sent_and_a_sign_beyond_the_basic_plane_twice() -> None:
    assert m3_length("4711  ") == 4
    assert m3_length("Größe") == 5
    assert m3_length("\N{ROCKET}") == 2


@needs_reference_data
def test_the_fields_of_head_and_line_are_those_of_the_published_metadata() -> None:
    kinds = {M3Type.TEXT: "string", M3Type.DATE: "string", M3Type.NUMBER: "number"}
    with (FOLDER / "m3-fields.tsv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["program"] == PROGRAM]
    for transaction, fields in M3_FIELDS.items():
        published = [
            (row["field"], row["type"], row["length"], row["mandatory"])
            for row in rows
            if (row["transaction"], row["direction"]) == (transaction, "in")
        ]
        assert [
            (field.name, kinds[field.type], str(field.length), str(int(field.is_mandatory)))
            for field in fields.values()
        ] == published
