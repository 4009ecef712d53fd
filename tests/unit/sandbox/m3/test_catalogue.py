from __future__ import annotations

import pytest

from ionport.sandbox.m3.catalogue import FieldType, program_named
from ionport.sandbox.m3.programs.general import GENERAL_BEHAVIOURS, USER_BOUND
from ionport.sandbox.m3.service import BEHAVIOURS
from tests.support.reference import FOLDER, needs_reference_data
from tools import m3_catalogue


@needs_reference_data
def test_the_catalogue_is_what_the_reference_data_says() -> None:
    made = m3_catalogue.catalogue(m3_catalogue.read_rows(FOLDER))
    assert m3_catalogue.RESOURCE.read_text(encoding="utf-8") == made


@needs_reference_data
def test_the_catalogue_has_no_descriptions() -> None:
    text = m3_catalogue.RESOURCE.read_text(encoding="utf-8")
    descriptions = {row.description for row in m3_catalogue.read_rows(FOLDER)}
    assert len(descriptions) > 1000
    assert not any(text_ in text for text_ in descriptions if " " in text_)


def test_a_transaction_knows_its_fields() -> None:
    program = program_named("APS450MI")
    assert program is not None
    transaction = program.transaction("AddHead")
    assert transaction is not None
    supplier, date, amount = (transaction.inputs[name] for name in ("SUNO", "IVDT", "CUAM"))
    assert (supplier.type, supplier.length, supplier.is_mandatory) == (FieldType.TEXT, 10, True)
    assert (date.type, amount.type) == (FieldType.DATE, FieldType.NUMBER)
    assert list(transaction.outputs) == ["INBN"]


def test_every_imitated_transaction_is_in_the_catalogue() -> None:
    for name, behaviours in BEHAVIOURS.items():
        program = program_named(name)
        assert program is not None
        known = {each.name for each in program.transactions.values()}
        assert set(behaviours) <= known


@pytest.mark.parametrize("name", ["CMS535MI", "APS450MI", "cms535mi", "GENERAL"])
def test_every_known_program_has_the_general_transactions(name: str) -> None:
    program = program_named(name)
    assert program is not None
    for general in GENERAL_BEHAVIOURS:
        transaction = program.transaction(general)
        assert transaction is not None
        assert transaction.is_general
    assert set(GENERAL_BEHAVIOURS) >= USER_BOUND


def test_an_unknown_program_is_none() -> None:
    assert program_named("XXX999MI") is None
    assert program_named("") is None
