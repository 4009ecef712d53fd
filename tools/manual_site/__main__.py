"""Builds the manual as plain files: `python -m tools.manual_site [FOLDER] [--address URL]`.

Each page stands there as HTML and as Markdown, beside `llms.txt`, an index for the search box,
the style sheets that the server uses, the pages' pictures and, where the site's address is known, a
site map. German and French pages stand in folders of their own.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ionport import web
from ionport.core.i18n import LANGUAGE_NAMES, gettext, ngettext, speaking
from ionport.manual import (
    CONTENTS,
    LANGUAGES,
    ManualPage,
    languages_of,
    manual_base,
    page_names,
    picture_at,
    picture_names,
    read_page,
)
from ionport.manual.sections import blocks_of
from ionport.manual.site import language_model_list, site_map
from ionport.web.locales import speech_of
from ionport.web.rendering.markdown import html_of, page_html

_HERE: Final = Path(__file__).parent
_STATIC: Final = Path(web.__file__).parent / "static"
_COPIED: Final = ("logo.svg", "app.css", "manual.css", "vendor/tabler.min.css")
# Addresses of the server that the files name by their own names.
_LINK: Final = re.compile(r"/manual/(?:(?:de|fr)/)?([a-z0-9-]+)(?=[#\")])")
_PICTURE: Final = re.compile(r"/manual/(?:(?:de|fr)/)?(?=pictures/)")


def build(folder: Path, address: str = "") -> int:
    """Write the site into `folder`, which is made anew; returns the number of pages.

    Raises:
        SystemExit: the folder holds something else, or the front-end files are missing.
    """
    _clear(folder)
    for name in _COPIED:
        source = _STATIC / name
        if not source.is_file():
            raise SystemExit(f"{source.name} is missing: run make assets first.")
        shutil.copy(source, folder / source.name)
    shutil.copy(_HERE / "search.js", folder)
    for language in LANGUAGES:
        with speaking(speech_of(language)):
            _build_language(_folder_of(folder, language), language, address)
    if address:
        pages = [_addresses(name, address) for name in page_names()]
        (folder / "sitemap.xml").write_text(site_map(pages), encoding="utf-8")
    return len(page_names())


def _folder_of(folder: Path, language: str) -> Path:
    return folder if language == LANGUAGES[0] else folder / language


def _addresses(name: str, address: str) -> dict[str, str]:
    """Return where a page will be, by the languages in which it is there."""
    return {code: f"{address}{_path(code)}{name}.html" for code in languages_of(name)}


def _path(language: str) -> str:
    """Return the folder of a language below the site's address: ``""``, ``de/``."""
    return "" if language == LANGUAGES[0] else f"{language}/"


def _build_language(folder: Path, language: str, address: str) -> None:
    folder.mkdir(exist_ok=True)
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True
    )
    template = environment.get_template("page.html")
    contents = [
        (gettext(section), [read_page(name, language) for name in names])
        for section, names in CONTENTS
    ]
    for name in page_names():
        page = read_page(name, language)
        shown = template.render(
            page=page,
            language=language,
            html=_PICTURE.sub("", _LINK.sub(r"\1.html", page_html(page))),
            contents=contents,
            up="" if language == LANGUAGES[0] else "../",
            editions=_editions(page, language),
        )
        (folder / f"{name}.html").write_text(shown, encoding="utf-8")
        text = _PICTURE.sub("", _LINK.sub(r"\1.md", page.text))
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "pictures").mkdir()
    for name in picture_names():
        picture = picture_at(f"{manual_base(language)}/pictures/{name}.png")
        (folder / "pictures" / f"{name}.png").write_bytes(picture.content)
    shutil.copy(folder / f"{page_names()[0]}.html", folder / "index.html")
    (folder / "search.json").write_text(json.dumps(_index(language)), encoding="utf-8")
    listed = language_model_list(
        lambda name: f"{address}{_path(language) if address else ''}{name}.md",
        can_be_asked=False,
        language=language,
    )
    (folder / "llms.txt").write_text(listed, encoding="utf-8")


def _editions(page: ManualPage, language: str) -> list[tuple[str, str, str]]:
    """Return code, name and file of the page in each language, seen from its own folder."""
    up = "" if language == LANGUAGES[0] else "../"
    return [
        (code, LANGUAGE_NAMES[code], f"{up}{_path(code)}{page.name}.html") for code in LANGUAGES
    ]


def _clear(folder: Path) -> None:
    """Empty the folder of an earlier site; what is none is left alone."""
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / "search.json").is_file():
            raise SystemExit(f"{folder} is not empty, and no manual stands in it. Name another.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _index(language: str) -> list[dict[str, str]]:
    """Return what the search box looks in: each block with its page and heading."""
    found = []
    for name in page_names():
        for block in blocks_of(read_page(name, language)):
            anchor = f"#{block.anchor}" if block.anchor else ""
            found.append(
                {
                    "url": f"{name}.html{anchor}",
                    "title": block.title,
                    "heading": block.heading,
                    "html": _LINK.sub(r"\1.html", html_of(block.text)),
                }
            )
    return found


def main() -> int:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("dist/manual"))
    parser.add_argument("--address", default="", help="where the site will be, for its site map")
    options = parser.parse_args()
    address = options.address and options.address.rstrip("/") + "/"
    number = build(options.folder, address)
    sys.stdout.write(f"{number} pages; open {options.folder / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
