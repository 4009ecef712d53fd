"""Lists are bounded, whatever a request asks for."""

from __future__ import annotations

import pytest

from ionport.core.paging import Page, PageRequest


@pytest.mark.parametrize(
    ("asked", "given"),
    [(50, 50), (200, 200), (201, 200), (10**9, 200), (0, 1), (-5, 1)],
)
def test_a_page_has_between_one_row_and_the_most(asked: int, given: int) -> None:
    assert PageRequest(per_page=asked).limit == given


@pytest.mark.parametrize(("number", "offset"), [(1, 0), (3, 100), (0, 0), (-1, 0)])
def test_a_page_begins_where_the_one_before_ends(number: int, offset: int) -> None:
    assert PageRequest(number, 50).offset == offset


def test_the_offset_is_bounded() -> None:
    assert PageRequest(10**12, 200).offset == 999_999 * 200


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (50, 1), (51, 2)])
def test_the_number_of_pages_counts_the_last_one(total: int, pages: int) -> None:
    assert Page([], total, PageRequest()).pages == pages
