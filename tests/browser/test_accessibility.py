"""The judge of the pages finds what it is there for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.accessibility import (
    audit,
    broken_letter_by_letter,
    controls_without_visible_focus,
    cut_without_a_cue,
    scrolled_by_a_pixel,
    wider_than_the_window,
)
from tests.browser.axe import pale_texts, require_axe, violations

_PAGE = """<!doctype html><html lang="en"><title>x</title><body><h1>Heading</h1>{}</body></html>"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def test_a_good_page_has_no_findings(page: Page) -> None:
    page.set_content(
        _PAGE.format(
            "<h2>Part</h2><label for=a>Name</label><input id=a><button>Go</button>"
            "<table><caption>Rows</caption><tr><th scope=col>A</th></tr></table>"
        )
    )
    assert audit(page) == []
    assert wider_than_the_window(page) == []
    assert controls_without_visible_focus(page) == []


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ("<h1>Another</h1>", "2 headings of level 1"),
        ("<h3>Deep</h3>", "heading of level 3 after level 1"),
        ("<h2></h2>", "empty heading"),
        ("<input>", "no accessible name"),
        ("<select><option>One</select>", "no accessible name"),
        ("<button><svg aria-hidden=true></svg></button>", "no accessible name"),
        ("<a href=/><img alt='' src=data:></a>", "no accessible name"),
        ("<a>Nowhere</a>", "a link without an address"),
        ("<img src=data:>", "no alt"),
        ("<svg></svg>", "a drawing is read out"),
        ("<table><tr><th scope=col>A</table>", "a table without a caption"),
        ("<table><caption>x</caption><tr><th>A</table>", "th without scope"),
        ("<input aria-label=x aria-describedby=none>", "aria-describedby leads nowhere"),
        ("<label for=none>x</label>", "a label for nothing"),
        ("<p id=a></p><p id=a></p>", "the id occurs twice"),
        ("<p style='color: #888'>Pale</p>", "contrast 3.54 of “Pale”"),
        ("<p style='opacity: .5'>Pale</p>", "contrast 3.9"),
        ("<p style='background: #000'><b>Dark</b></p>", "contrast 1.00 of “Dark”"),
        (
            "<style>::placeholder{color:#aaa}</style><input aria-label=x placeholder=Pale>",
            "of “Pale”",
        ),
    ],
)
def test_a_fault_is_found(page: Page, body: str, finding: str) -> None:
    page.set_content(_PAGE.format(body))
    found = audit(page)
    assert any(finding in text for text in found), found


def test_a_page_that_scrolls_sideways_is_found(page: Page) -> None:
    wide = "<p style='width: 500px'>wide</p>"
    page.set_content(_PAGE.format(f"<main>{wide}</main>"))
    assert wider_than_the_window(page)
    page.set_content(_PAGE.format(f"<main><div style='overflow-x: auto'>{wide}</div></main>"))
    assert not wider_than_the_window(page)


def test_a_table_that_is_cut_without_a_cue_is_found(page: Page) -> None:
    table = "<main><div style='overflow-x: auto; {}'><table><tr><td>{}</table></div></main>"
    page.set_content(_PAGE.format(table.format("", "wide" * 200)))
    assert cut_without_a_cue(page)
    shadow = "background: linear-gradient(red, blue)"
    page.set_content(_PAGE.format(table.format(shadow, "wide" * 200)))
    assert not cut_without_a_cue(page)


def test_a_status_that_its_cell_cuts_is_found(page: Page) -> None:
    row = (
        "<main><table><tr><td style='display: block; width: 40px; {}'><span class='pill'>{}</table>"
    )
    page.set_content(_PAGE.format(row.format("overflow: hidden", "Handedover")))
    assert cut_without_a_cue(page)
    page.set_content(_PAGE.format(row.format("", "Handedover")))
    assert not cut_without_a_cue(page)


def test_what_scrolls_by_a_pixel_is_found(page: Page) -> None:
    box = "<main><div style='height: 40px; overflow: {}'><p style='margin: 0; height: 41px'></div>"
    page.set_content(_PAGE.format(box.format("auto")))
    assert scrolled_by_a_pixel(page)
    page.set_content(_PAGE.format(box.format("auto hidden")))
    assert not scrolled_by_a_pixel(page)


def test_a_word_broken_letter_by_letter_is_found(page: Page) -> None:
    date = "<main><p style='width: {}; overflow-wrap: anywhere'>02.03.2026</p></main>"
    page.set_content(_PAGE.format(date.format("1px")))
    assert broken_letter_by_letter(page)
    page.set_content(_PAGE.format(date.format("auto")))
    assert not broken_letter_by_letter(page)


def test_a_control_whose_focus_cannot_be_seen_is_found(page: Page) -> None:
    page.set_content(_PAGE.format("<button style='outline: none'>Go</button>"))
    assert controls_without_visible_focus(page)


def test_axe_finds_what_is_serious_and_no_more(page: Page) -> None:
    require_axe()
    page.set_content(_PAGE.format("<main><h3>Deep</h3><p>Text</p></main>"))
    assert violations(page) == []
    page.set_content(_PAGE.format("<main><input><p style='color: #888'>Pale</p></main>"))
    found = {text.partition(":")[0] for text in violations(page)}
    assert found == {"color-contrast", "label"}


def test_axe_finds_each_text_that_is_pale_on_its_ground_wherever_it_comes(page: Page) -> None:
    require_axe()
    grey = "<p style='color: #767676'>Grey</p>"
    for body, pale in (
        (grey, 0),
        (grey + "<div style='background: #eee'><p style='color: #767676'>On grey</p></div>", 1),
        (grey + "<div style='opacity: .8'><p style='color: #767676'>Seen through</p></div>", 1),
        ("<p style='color: #777'>Pale</p>" * 2 + grey, 1),
        ("<p style='color: #777'>Pale again</p>" + grey, 1),
        ("<p style='color: #777; font-size: 24px'>Large</p>" + grey, 0),
    ):
        page.set_content(_PAGE.format(body))
        assert len(pale_texts(page)) == pale, body
