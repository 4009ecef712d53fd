from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from invoice_exporter.invoices import ListError, read_invoices

LIST = Path(__file__).parent / "data" / "invoices.csv"


def test_a_list_is_read_row_by_row() -> None:
    first, second = read_invoices(LIST)
    assert (first.number, first.total) == ("471102", Decimal("119.00"))
    assert first.correlation_id != second.correlation_id
    assert first.correlation_id == read_invoices(LIST)[0].correlation_id


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("number,file\n1,x\n", "has no column currency, date, supplier, total"),
        ("number,supplier,date,currency,total,file\n1,2,tomorrow,EUR,1,x\n", "line 2"),
        ("number,supplier,date,currency,total,file\n1,2,2026-01-01,EUR,1,x\n", "'x' is missing"),
    ],
)
def test_a_list_that_cannot_be_read_says_where(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ListError, match=text):
        read_invoices(path)
