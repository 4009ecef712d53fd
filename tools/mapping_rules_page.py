"""Write the manual's table of the rules that mapping files are checked by, from the rules.

Run as `python -m tools.mapping_rules_page` after a rule was added or changed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from ionport.mappings.lint.rules.model import Rule, Severity
from ionport.mappings.lint.rules.table import GROUPS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "ionport" / "manual" / "mapping-rules.md"
_HEAD = """\
# Rules of mapping files

What the linter says about [mapping files](/manual/mapping-files). An **error** holds the file: no
configuration with it is active and no delivery is made with it, until it is mended in a new version
or a person accepts it with a reason. *Only mended* means that nothing could be made of the file, so
that it cannot be accepted. Warnings and hints note.

`ionport mapping lint FILE…` checks files without an account or a server.
"""
_TITLES = {
    "files": "Every file",
    "lines": "Lines and lists",
    "fields": "Fields and columns",
    "idm": "IDM mappings",
    "bod": "BOD mappings",
    "erp": "M3 and LN mappings",
    "toml": "M3 mappings in TOML",
    "xslt": "Stylesheets",
}
_EFFECTS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "hint"}
_TABLE = "| rule | effect | what it says | what to do |\n|---|---|---|---|\n"


def mapping_rules_page() -> str:
    """Return the page."""
    parts = [
        f"\n## {_TITLES[group]}\n\n{_TABLE}" + "".join(map(_row, rules))
        for group, rules in GROUPS.items()
    ]
    return _HEAD + "".join(parts)


def _row(rule: Rule) -> str:
    effect = _EFFECTS[rule.severity]
    if rule.severity is Severity.ERROR and not rule.acceptable:
        effect += ", only mended"
    remedies = " ".join(filter(None, (rule.remedy, *rule.remedies.values())))
    return f"| {rule.id} | {effect} | {_words(rule.text)} | {_words(remedies)} |\n"


def _words(text: str) -> str:
    """Return a rule's words with its places in italics: `{name}` becomes *name*."""
    return re.sub(r"\{(\w+)\}", r"*\1*", text).replace("|", "\\|").replace("<", "&lt;")


def main() -> int:
    """Write the page."""
    PAGE.write_text(mapping_rules_page(), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
