"""The manual: Markdown pages that the server shows under `/manual`.

A page is a file `<name>.md` whose first line is its title. `CONTENTS` gives their order; a test
holds it against the files. `de/<name>.md` and `fr/<name>.md` are the same page in German and
French: the same headings, blocks, links and code in the same order (docs/translating.md). Their
pictures are `pictures/<language>/<name>.png`, which `make pictures` takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

LANGUAGES = ("en", "de", "fr")
"""Codes of the manual's languages; every page is there in the first one."""
_PICTURE = re.compile(r"/manual/(?:(de|fr)/)?pictures/([a-z0-9-]+)\.png")
# A link of a page's Markdown to another one; code names its addresses in whole.
_LINK = re.compile(r"(?<=\]\()/manual/")

CONTENTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Start", ("the-walk", "when-not-to-use", "words")),
    (
        "Infor side",
        (
            *("choose-a-type", "create-an-app", "download-credentials", "service-accounts"),
            *("rotate-a-secret", "revoke-tokens", "scopes", "saml-issuers", "users", "account"),
            *("token-endpoint", "oauth-errors", "errors-access", "errors-sandbox"),
            *("available-apis", "policies"),
            *("sandbox", "sandbox-idm", "sandbox-ion", "sandbox-datafabric", "sandbox-m3"),
            *("sandbox-ln", "sandbox-control", "sandbox-coverage", "testing", "own-tenant"),
        ),
    ),
    (
        "Document side",
        (
            "intake",
            "document-list",
            "readable-invoice",
            "terms",
            "rules",
            "decisions",
            "life-cycle",
            "companies",
            "suppliers",
            "document-types",
            "retention",
            "errors-documents",
            "infor-setup",
            "prove-a-connection",
            "other-targets",
            "mapping-files",
            "mapping-rules",
            "mapping-keys",
            "export",
            "export-errors",
            "errors-exports",
            "exactly-once",
            "what-the-erp-says",
            "json-api",
            "groups",
            "webhooks",
            "alerts",
            "client",
            "client-services",
            "client-commands",
            "client-mcp",
            "m3-load",
        ),
    ),
    (
        "Operating",
        (
            "install",
            "behind-a-proxy",
            "settings",
            "commands",
            "watch",
            "audit-log",
            "keys-and-backups",
            "operations",
            "architecture",
            "security",
            "troubleshooting",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class ManualPage:
    """A page of the manual: its name in the address, its title, its Markdown.

    `language` is that of the text: English where the page is not translated. `anchors` are the ids
    of its headings but the title, in their order: those of the English page, in every language.
    """

    name: str
    title: str
    text: str
    language: str = LANGUAGES[0]
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a page: a PNG, with its width and height in pixels."""

    content: bytes

    @property
    def size(self) -> tuple[int, int]:
        # The first chunk begins with both (PNG specification, 11.2.1).
        return int.from_bytes(self.content[16:20]), int.from_bytes(self.content[20:24])


def page_names() -> list[str]:
    """Return the names of all pages, in the order of the contents."""
    return [name for _section, names in CONTENTS for name in names]


def read_page(name: str, language: str = LANGUAGES[0]) -> ManualPage:
    """Return a page in a language, in English where it is not translated.

    Its links lead to pages in that language either way. Raises LookupError for a name that is not
    in the contents, and for a language that is not ours.
    """
    if name not in page_names():
        raise LookupError(name)
    if language not in LANGUAGES:
        raise LookupError(language)
    return _page(name, language)


def languages_of(name: str) -> list[str]:
    """Return the languages in which a page is there, English first."""
    return [code for code in LANGUAGES if read_page(name, code).language == code]


def picture_names() -> list[str]:
    """Return the names of the pages' pictures."""
    folder = resources.files(__name__).joinpath("pictures", LANGUAGES[0])
    return sorted(each.name.removesuffix(".png") for each in folder.iterdir())


@cache
def picture_at(address: str) -> Picture:
    """Return the picture that a page names by an address of the server.

    Raises LookupError where there is none.
    """
    found = _PICTURE.fullmatch(address)
    if found is None:
        raise LookupError(address)
    language = found[1] or LANGUAGES[0]
    file = resources.files(__name__).joinpath("pictures", language, f"{found[2]}.png")
    if not file.is_file():
        raise LookupError(address)
    return Picture(file.read_bytes())


def manual_base(language: str) -> str:
    """Return the path of the manual on a server, in a language."""
    return "/manual" if language == LANGUAGES[0] else f"/manual/{language}"


@cache
def _page(name: str, language: str) -> ManualPage:
    folder = resources.files(__name__)
    english, anchors = _english(name)
    translated = folder.joinpath(language, f"{name}.md")
    is_there = language != LANGUAGES[0] and translated.is_file()
    text = translated.read_text(encoding="utf-8") if is_there else english
    return ManualPage(
        name=name,
        title=text.partition("\n")[0].removeprefix("# ").strip(),
        text=_LINK.sub(f"{manual_base(language)}/", text),
        language=language if is_there else LANGUAGES[0],
        anchors=anchors,
    )


@cache
def _english(name: str) -> tuple[str, tuple[str, ...]]:
    text = resources.files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    return text, headings_of(text)


def anchor_of(heading: str) -> str:
    """Return the id that a heading of an English page has."""
    return re.sub(r"[^\w]+", "-", re.sub(r"[`*]", "", heading).casefold()).strip("-")


def headings_of(text: str) -> tuple[str, ...]:
    """Return the ids of a page's headings but its title; `text` is English Markdown."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^#{2,6} +(.*?)#*$", prose, flags=re.MULTILINE)
    return tuple(anchor_of(heading) for heading in found)
