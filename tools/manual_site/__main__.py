"""Builds the manual as plain files: `python -m tools.manual_site [FOLDER] [--address URL]`.

Each page stands there as HTML and as Markdown, beside `llms.txt`, an index for the search box,
the style sheets that the server uses and, where the site's address is known, a site map.
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
from ionport.manual import CONTENTS, page_names, read_page
from ionport.manual.sections import blocks_of
from ionport.manual.site import language_model_list, site_map
from ionport.web.rendering.markdown import html_of

_HERE: Final = Path(__file__).parent
_STATIC: Final = Path(web.__file__).parent / "static"
_COPIED: Final = ("logo.svg", "app.css", "manual.css", "vendor/tabler.min.css")
# Addresses of the server that the files name by their own names.
_LINK: Final = re.compile(r"/manual/([a-z0-9-]+)(?=[#\")])")


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
    template = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined
    ).get_template("page.html")
    contents = [(name, [read_page(page) for page in pages]) for name, pages in CONTENTS]
    for name in page_names():
        page = read_page(name)
        html = _LINK.sub(r"\1.html", html_of(page.text, page.name))
        shown = template.render(page=page, html=html, contents=contents)
        (folder / f"{name}.html").write_text(shown, encoding="utf-8")
        (folder / f"{name}.md").write_text(_LINK.sub(r"\1.md", page.text), encoding="utf-8")
    shutil.copy(folder / f"{page_names()[0]}.html", folder / "index.html")
    (folder / "search.json").write_text(json.dumps(_index()), encoding="utf-8")
    listed = language_model_list(lambda name: f"{address}{name}.md", can_be_asked=False)
    (folder / "llms.txt").write_text(listed, encoding="utf-8")
    if address:
        mapped = site_map([f"{address}{name}.html" for name in page_names()])
        (folder / "sitemap.xml").write_text(mapped, encoding="utf-8")
    return len(page_names())


def _clear(folder: Path) -> None:
    """Empty the folder of an earlier site; what is none is left alone."""
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / "search.json").is_file():
            raise SystemExit(f"{folder} is not empty, and no manual stands in it. Name another.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _index() -> list[dict[str, str]]:
    """Return what the search box looks in: each block with its page and heading."""
    found = []
    for name in page_names():
        page = read_page(name)
        for block in blocks_of(name, page.title, page.text):
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
