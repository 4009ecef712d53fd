"""All rules by their ids."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.mappings.lint.rules.common import OF_FIELDS, OF_FILES, OF_LINES
from ionport.mappings.lint.rules.model import Rule
from ionport.mappings.lint.rules.targets import OF_BOD, OF_ERP, OF_IDM, OF_TOML, OF_XSLT

GROUPS: Mapping[str, tuple[Rule, ...]] = {
    "files": OF_FILES,
    "lines": OF_LINES,
    "fields": OF_FIELDS,
    "idm": OF_IDM,
    "bod": OF_BOD,
    "erp": OF_ERP,
    "toml": OF_TOML,
    "xslt": OF_XSLT,
}
"""The groups of rules, in the order of the manual."""

RULES: Mapping[str, Rule] = {rule.id: rule for rules in GROUPS.values() for rule in rules}
