from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionport.sandbox.m3.catalogue import Transaction, program_named
from ionport.sandbox.m3.errors import ErrorType, TransactionFailed
from ionport.sandbox.m3.fields import DateFormat, check_inputs, read_date, write_date
from ionport.sandbox.m3.model import numbered


def transaction(program: str, name: str) -> Transaction:
    known = program_named(program)
    assert known is not None
    found = known.transaction(name)
    assert found is not None
    return found


ADD_HEAD = transaction("APS450MI", "AddHead")
HEAD = {"SUNO": "20001", "IVDT": "20260301"}


@pytest.mark.parametrize(
    ("date_format", "text"),
    [
        (DateFormat.YMD8, "20260305"),
        (DateFormat.YMD6, "260305"),
        (DateFormat.MDY6, "030526"),
        (DateFormat.DMY6, "050326"),
        (DateFormat.YWD5, "26104"),
        (DateFormat.YMD8_DASHED, "2026-03-05"),
    ],
)
def test_a_date_is_read_and_written_in_its_format(date_format: DateFormat, text: str) -> None:
    assert read_date(text, date_format) == "20260305"
    assert write_date("20260305", date_format) == text


@given(
    day=st.dates(date(1970, 1, 1), date(2067, 12, 31)),
    date_format=st.sampled_from(list(DateFormat)),
)
def test_every_date_comes_back(day: date, date_format: DateFormat) -> None:
    value = f"{day:%Y%m%d}"
    assert read_date(write_date(value, date_format), date_format) == value


@given(text=st.text(max_size=10), date_format=st.sampled_from(list(DateFormat)))
def test_what_is_no_date_is_refused(text: str, date_format: DateFormat) -> None:
    try:
        value = read_date(text, date_format)
    except ValueError:
        return
    assert write_date(value, date_format) == text


def test_right_input_is_taken_without_its_blanks() -> None:
    record = {**HEAD, "SINO": "R-1  ", "CUAM": " -12.50", "PUNO": "   ", "DUDT": "0"}
    values = check_inputs(ADD_HEAD, record, DateFormat.YMD8)
    assert values == {**HEAD, "SINO": "R-1", "CUAM": "-12.50"}


@pytest.mark.parametrize(
    ("changes", "kind", "code", "field"),
    [
        ({"SUNO": " "}, ErrorType.MANDATORY, "WSUNO02", "SUNO"),
        ({"SINO": "x" * 25}, ErrorType.TOO_LONG, "CPF9898", "SINO"),
        ({"AIT1": "4711"}, ErrorType.UNKNOWN_FIELD, "CPF9898", "AIT1"),
        ({"CUAM": "12,50"}, ErrorType.NOK, "XNU0000", "CUAM"),
        ({"CUAM": "1e5"}, ErrorType.NOK, "XNU0000", "CUAM"),
        ({"IVDT": "2026-03-05"}, ErrorType.NOK, "XDT0001", "IVDT"),
        ({"IVDT": "20260230"}, ErrorType.NOK, "XDT0001", "IVDT"),
        ({"IVDT": "00000000"}, ErrorType.MANDATORY, "WIVDT02", "IVDT"),
    ],
)
def test_wrong_input_is_refused_with_its_field(
    changes: dict[str, str], kind: ErrorType, code: str, field: str
) -> None:
    with pytest.raises(TransactionFailed) as caught:
        check_inputs(ADD_HEAD, {**HEAD, **changes}, DateFormat.YMD8)
    assert (caught.value.kind, caught.value.code, caught.value.field) == (kind, code, field)


@pytest.mark.parametrize(
    ("number", "key"), [("7", "007"), ("007", "007"), ("7.0", "007"), ("+7", "007"), (0, "000")]
)
def test_equal_numbers_have_one_key(number: str | int, key: str) -> None:
    assert numbered(number, 3) == key


@pytest.mark.parametrize("number", ["7.5", "-7", "", ".", "x"])
def test_what_is_no_whole_number_has_no_key(number: str) -> None:
    assert numbered(number, 3) == "-"
