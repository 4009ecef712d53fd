"""Pages of a PDF are drawn in a process with limits."""

from __future__ import annotations

import io

import pikepdf
import pytest
from PIL import Image

from ionport.core.errors import InvalidInput
from ionport.core.unpacking.pdf_pages import MAX_PAGES, page_picture, page_sizes
from tests.unit.core.unpacking.test_pdf import _pdf


def test_pages_are_counted_and_measured_up_to_a_bound() -> None:
    assert page_sizes(_pdf()).sizes == ((612.0, 792.0),)
    many = page_sizes(_pdf(pages=MAX_PAGES + 5))
    assert (many.count, len(many.sizes)) == (MAX_PAGES + 5, MAX_PAGES)


def test_a_page_is_drawn_as_wide_as_it_is_asked_for() -> None:
    with Image.open(io.BytesIO(page_picture(_pdf(), 1, 600))) as picture:
        assert (picture.format, picture.size) == ("WEBP", (600, 777))


def test_a_page_as_large_as_a_house_is_drawn_smaller() -> None:
    target = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(10, 14_000))
        pdf.save(target)
    with Image.open(io.BytesIO(page_picture(target.getvalue(), 1, 2_000))) as picture:
        assert picture.width * picture.height < 13_000_000


@pytest.mark.parametrize(
    ("content", "number", "code"),
    [
        (_pdf(password="secret"), 1, "pdf_encrypted"),
        (b"%PDF-1.7 nothing else", 1, "pdf_damaged"),
        (_pdf(), 2, "pdf_damaged"),
    ],
    ids=["encrypted", "damaged", "no such page"],
)
def test_a_page_that_cannot_be_drawn_says_why(content: bytes, number: int, code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        page_picture(content, number, 600)
    assert raised.value.code == code
