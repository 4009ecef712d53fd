"""Write the manual's table of the rules that invoices are judged by, from the rules themselves.

Run as `python -m tools.rules_page` after a rule was added or changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ionport.documents.invoice.rules.model import Effect, Rule
from ionport.documents.invoice.rules.table import rules
from ionport.documents.review.organization_rules import (
    ORGANIZATION_RULES,
    OTHER_FINDINGS,
    OrganizationRule,
)
from ionport.documents.type_settings.rule_words import rule_words

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "ionport" / "manual" / "rules.md"

_HEAD = """\
# Rules and findings

What a rule notices is a **finding**. One that *holds* keeps its document from every delivery
until a person decides; one that *notes* is told and holds nothing. The tolerances are those of
the official artefacts (CEN 1.3.16, KoSIT of July 2026, Peppol BIS 3 of May 2025, Factur-X 1.09),
which differ at places between UBL and CII.

A rule runs where the profile that an invoice claims (BT-24) has its terms: those of XRechnung,
Peppol and EXTENDED only on invoices that claim them, those of lines not on MINIMUM and BASIC WL.
Of ZUGFeRD 1.0 and FatturaPA only what every invoice must have is asked, and of documents that are
made of fields ([by hand](/manual/decisions), JSON, CSV) what fields can say. A rule that replaces
another runs in its place. The rules named *ionport* are ours, and run on every invoice; the last
ones need what the organization knows ([companies](/manual/companies),
[suppliers](/manual/suppliers), other invoices), what it demands
([document types](/manual/document-types)), or are noticed by deliveries and in PDFs, and
`document check` does not run them.

`ionport document check FILE…` judges files by them without an account, a server or a data folder;
`--json` prints one object a file, and the exit status is 1 when something holds and 2 when a file
cannot be read.

| rule | effect | of | terms | what it says |
|---|---|---|---|---|
"""


def rules_page() -> str:
    """Return the page."""
    rows = [_row(rule) for rule in rules().values() if rule.check != "untestable"]
    own = [_organization_row(code, rule) for code, rule in ORGANIZATION_RULES.items()]
    other = [_organization_row(code, OrganizationRule(Effect.HOLDS)) for code in OTHER_FINDINGS]
    return _HEAD + "\n".join([*rows, *own, *other]) + "\n"


def _organization_row(code: str, rule: OrganizationRule) -> str:
    """Return the row of a rule that needs what the organization knows."""
    return f"| {code} | {rule.effect} | ionport | {', '.join(rule.terms)} | {_words(code)} |"


def _row(rule: Rule) -> str:
    of = ", ".join(sorted(rule.sets))
    replaced = f" (replaces {rule.replaces})" if rule.replaces else ""
    terms = ", ".join(rule.terms)
    return f"| {rule.id}{replaced} | {rule.effect} | {of} | {terms} | {_words(rule.id)} |"


def _words(code: str) -> str:
    return rule_words(code).replace("|", "\\|")


def main() -> int:
    """Write the page."""
    PAGE.write_text(rules_page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
