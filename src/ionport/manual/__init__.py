"""The manual: Markdown pages that the server shows under `/manual`.

A page is a file `<name>.md` whose first line is its title. `CONTENTS` gives their order; a test
holds it against the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

CONTENTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Start", ("the-walk", "words")),
    (
        "Infor side",
        (
            *("choose-a-type", "create-an-app", "download-credentials", "service-accounts"),
            *("rotate-a-secret", "revoke-tokens", "scopes", "saml-issuers", "users", "account"),
            *("token-endpoint", "oauth-errors", "available-apis", "policies"),
            *("sandbox", "sandbox-idm", "sandbox-ion", "sandbox-m3", "sandbox-ln"),
            *("sandbox-control", "sandbox-coverage", "testing", "own-tenant"),
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
            "prove-a-connection",
            "other-targets",
            "mapping-files",
            "mapping-rules",
            "mapping-keys",
            "export",
            "export-errors",
            "exactly-once",
            "what-the-erp-says",
            "json-api",
            "groups",
            "webhooks",
            "alerts",
            "client-commands",
            "m3-load",
        ),
    ),
    (
        "Operating",
        (
            "install",
            "behind-a-proxy",
            "settings",
            "watch",
            "audit-log",
            "keys-and-backups",
            "operations",
            "troubleshooting",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class ManualPage:
    """A page of the manual: its name in the address, its title, its Markdown."""

    name: str
    title: str
    text: str


def page_names() -> list[str]:
    """Return the names of all pages, in the order of the contents."""
    return [name for _section, names in CONTENTS for name in names]


def read_page(name: str) -> ManualPage:
    """Return a page; raises LookupError for a name that is not in the contents."""
    if name not in page_names():
        raise LookupError(name)
    text = resources.files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("# ").strip()
    return ManualPage(name=name, title=title, text=text)
