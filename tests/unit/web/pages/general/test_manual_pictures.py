"""The pictures of the manual's walk: there in each language, small, and told in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html
from PIL import Image

import ionport.manual
from ionport.manual import LANGUAGES, manual_base, page_names, picture_at, picture_names, read_page
from ionport.manual.sections import blocks_of, new_parser
from ionport.web.rendering.markdown import page_html
from tests.support.web import Browser

FOLDER = Path(ionport.manual.__file__).parent / "pictures"
WALK = "the-walk"
WIDEST = 1200
ALL_TOGETHER = 1_500_000
_STEP = re.compile(r"^\d+\. .*?(?=^\d+\. |^$)", re.MULTILINE | re.DOTALL)


def _pictures(name: str, language: str) -> list[tuple[str, str]]:
    """Address and alternative text of each picture of a page."""
    tokens = new_parser().parse(read_page(name, language).text)
    inside = (each for token in tokens for each in token.children or ())
    return [(str(one.attrGet("src")), one.content) for one in inside if one.type == "image"]


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_picture_is_there_in_the_page_s_language_and_told_in_words(language: str) -> None:
    shown = [picture for name in page_names() for picture in _pictures(name, language)]
    own = {f"{manual_base(language)}/pictures/{name}.png" for name in picture_names()}
    assert {address for address, _text in shown} == own
    assert {path.stem for path in (FOLDER / language).iterdir()} == set(picture_names())
    for address, text in shown:
        assert len(text.split()) >= 5, address
    english = {text for _address, text in _pictures(WALK, "en")}
    assert language == "en" or not english & {text for _address, text in shown}


def test_all_pictures_together_are_small_and_none_is_wide() -> None:
    files = list(FOLDER.rglob("*.png"))
    assert sum(path.stat().st_size for path in files) < ALL_TOGETHER
    assert all(_size(path)[0] <= WIDEST for path in files)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_step_of_the_walk_and_its_end_has_a_picture(language: str) -> None:
    text = read_page(WALK, language).text
    steps = _STEP.findall(text)
    assert len(steps) == 9
    for step in steps:
        assert "/pictures/" in step, step
    assert "/pictures/" in text.rpartition("\n\n")[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_keeps_the_places_of_its_pictures_free(browser: Browser, language: str) -> None:
    tree = html.fromstring(browser.get(f"{manual_base(language)}/{WALK}").text)
    images = tree.xpath("//article//img")
    assert [str(one.get("src")) for one in images] == [
        address for address, _text in _pictures(WALK, language)
    ]
    for one in images:
        assert one.get("loading") == "lazy"
        assert one.get("alt")
        answer = browser.get(one.get("src"))
        assert answer.headers["content-type"] == "image/png"
        path = FOLDER / language / str(one.get("src")).rpartition("/")[2]
        assert answer.content == path.read_bytes()
        assert (int(one.get("width")), int(one.get("height"))) == _size(path)


@pytest.mark.parametrize(
    "address", ["/manual/pictures/none.png", "/manual/pictures/..%2f..%2f__init__.py"]
)
def test_a_picture_that_is_not_there_is_told_as_not_found(browser: Browser, address: str) -> None:
    answer = browser.http.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    with pytest.raises(LookupError):
        picture_at(address)


def test_answers_are_of_words_alone() -> None:
    blocks = list(blocks_of(read_page(WALK)))
    assert not [block for block in blocks if "/pictures/" in block.text]
    assert [block.number for block in blocks] == list(range(len(blocks)))
    assert "<img" in page_html(read_page(WALK))
