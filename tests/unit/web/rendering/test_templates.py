"""Every template compiles, and stands in the folder of the page that shows it."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from jinja2 import meta

import ionport.web
from ionport.manual import page_names
from ionport.web.rendering.templating import ENVIRONMENT

_WEB = Path(ionport.web.__file__).parent
_TEMPLATES = _WEB / "templates"
_NAMES = sorted(path.relative_to(_TEMPLATES).as_posix() for path in _TEMPLATES.rglob("*.html"))
_PAGES = sorted(
    path.relative_to(_WEB / "pages").with_suffix("").as_posix()
    for path in (_WEB / "pages").rglob("*.py")
    if path.stem != "__init__"
)
# Layouts and partial templates that pages of several areas use.
_SHARED = re.compile(r"shared/|macros/|(base|error|error_fragment)\.html$")


@pytest.mark.parametrize("name", _NAMES)
def test_every_template_compiles(name: str) -> None:
    ENVIRONMENT.get_template(name)
    source = (_TEMPLATES / name).read_text(encoding="utf-8")
    named = set(meta.find_referenced_templates(ENVIRONMENT.parse(source)))
    assert named <= set(_NAMES)


@pytest.mark.parametrize("page", _PAGES)
def test_the_templates_of_a_page_stand_in_the_folder_of_its_name(page: str) -> None:
    text = (_WEB / "pages" / f"{page}.py").read_text()
    for name in re.findall(r'"([\w/{}]+\.html)"', text):
        assert name.startswith((f"{page}.html", f"{page}/", "shared/")), name


def test_every_template_belongs_to_a_page() -> None:
    strays = [
        name
        for name in _NAMES
        if not _SHARED.match(name)
        and name.removesuffix(".html") not in _PAGES
        and name.rpartition("/")[0] not in _PAGES
        and not ("/_" in name and any(page.startswith(name.partition("/_")[0]) for page in _PAGES))
    ]
    assert strays == []


def test_what_asks_for_news_keeps_what_it_shows_while_the_server_fails() -> None:
    for name in _NAMES:
        for tag in re.findall(r"<[^<]*hx-trigger=\"every [^\n]*", (_TEMPLATES / name).read_text()):
            assert 'hx-status:5xx="swap:none"' in tag, name


@pytest.mark.parametrize("page", _PAGES)
def test_every_page_names_its_page_of_the_manual(page: str) -> None:
    module = importlib.import_module(f"ionport.web.pages.{page.replace('/', '.')}")
    # The manual's own pages are the manual.
    if hasattr(module, "ROUTES") and page != "general/manual":
        assert module.MANUAL in page_names()


def test_no_folder_of_pages_holds_more_than_fourteen_modules() -> None:
    folders = {path.parent for path in _WEB.rglob("*.py")}
    counts = {
        folder.relative_to(_WEB).as_posix(): len(set(folder.glob("*.py"))) - 1 for folder in folders
    }
    assert {name: count for name, count in counts.items() if count > 14} == {}
