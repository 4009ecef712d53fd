"""Blocks of code and commands of the project's pages, as Markdown reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ionport.manual.sections import new_parser

ROOT: Final = Path(__file__).parents[2]
MANUAL: Final = ROOT / "src/ionport/manual"
PAGES: Final = (
    *sorted(MANUAL.glob("*.md")),
    *sorted((ROOT / "docs/reference").glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/*.md")),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page; `line` counts from one."""

    page: str
    line: int
    text: str


def blocks_of_file(path: Path) -> Iterator[Block]:
    """Yield the fenced and the indented blocks of a page; the manual's go by their name."""
    page = path.stem if path.parent == MANUAL else path.relative_to(ROOT).as_posix()
    for token in new_parser().parse(path.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block"):
            yield Block(page, (token.map or [0])[0] + 1, token.content)


def block(path: str, beginning: str) -> str:
    """Return the only block of a page of the manual, or of a file, that begins so."""
    file = MANUAL / f"{path}.md"
    found = blocks_of_file(file if file.is_file() else ROOT / path)
    (text,) = [each.text for each in found if each.text.startswith(beginning)]
    return text
