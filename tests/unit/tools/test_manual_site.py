"""The manual as plain files: every page, every link and anchor, and nothing of a server."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html

from ionport.manual import page_names
from tools.manual_site.__main__ import build

ADDRESS = "https://manual.example/"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "manual"
    build(folder, ADDRESS)
    return folder


def _targets(site: Path) -> Iterator[tuple[str, str]]:
    for page in site.rglob("*.html"):
        for _element, _attribute, link, _at in html.parse(str(page)).getroot().iterlinks():
            yield page.relative_to(site).as_posix(), link


def test_every_page_stands_there_as_html_and_as_markdown(site: Path) -> None:
    for name in page_names():
        assert (site / "fr" / f"{name}.html").is_file()
        assert (site / f"{name}.html").is_file()
        assert (site / f"{name}.md").read_text(encoding="utf-8").startswith("# ")


def test_every_link_of_the_site_leads_to_a_file_and_an_anchor_of_it(site: Path) -> None:
    ids: dict[str, set[str]] = {}
    for page in site.rglob("*.html"):
        root = html.parse(str(page)).getroot()
        name = page.relative_to(site).as_posix()
        ids[name] = {str(each) for each in root.xpath("//@id")}
    assert "de/the-walk.html" in ids
    for page_name, link in _targets(site):
        if re.match(r"https?:|mailto:", link):
            continue
        name, _hash, anchor = link.partition("#")
        name = posixpath.normpath(
            posixpath.join(posixpath.dirname(page_name), name or page_name.rpartition("/")[2])
        )
        assert (site / name).is_file(), (page_name, link)
        assert not anchor or anchor in ids[name], (page_name, link)


@pytest.mark.parametrize("folder", ["", "de", "fr"])
def test_the_markdown_of_the_site_names_pictures_beside_it(site: Path, folder: str) -> None:
    text = (site / folder / "the-walk.md").read_text(encoding="utf-8")
    named = re.findall(r"!\[.+\]\((.+)\)", text)
    assert len(named) > 5
    assert all((site / folder / name).is_file() for name in named)


def test_the_index_of_the_search_box_names_pages_that_are_there(site: Path) -> None:
    index = json.loads((site / "search.json").read_text(encoding="utf-8"))
    assert {entry["url"].partition(".html")[0] for entry in index} == set(page_names())


def test_site_map_and_list_name_every_page_by_its_address(site: Path) -> None:
    mapped = (site / "sitemap.xml").read_text(encoding="utf-8")
    listed = (site / "llms.txt").read_text(encoding="utf-8")
    assert f'hreflang="de" href="{ADDRESS}de/the-walk.html"' in mapped
    assert f"]({ADDRESS}de/the-walk.md)" in (site / "de" / "llms.txt").read_text(encoding="utf-8")
    for name in page_names():
        assert f"<loc>{ADDRESS}{name}.html</loc>" in mapped
        assert f"]({ADDRESS}{name}.md)" in listed


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "invoice.xml").write_text("<Invoice/>", encoding="utf-8")
    with pytest.raises(SystemExit, match="not empty"):
        build(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["invoice.xml"]
