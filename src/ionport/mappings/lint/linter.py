"""Finds what will not work in a mapping file, before anything is exported with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice

from ionport.core.i18n import _
from ionport.mappings.grammars.encodings import TextEncoding
from ionport.mappings.grammars.files import recognise_kind
from ionport.mappings.grammars.properties import Properties, parse_properties
from ionport.mappings.lint.bod import lint_bod
from ionport.mappings.lint.common import check_lines, found
from ionport.mappings.lint.idm import lint_idm
from ionport.mappings.lint.ln import lint_ln
from ionport.mappings.lint.m3 import lint_m3
from ionport.mappings.lint.rules.model import Severity
from ionport.mappings.lint.stylesheets import lint_stylesheet
from ionport.mappings.lint.toml import lint_toml
from ionport.mappings.model import Finding, MappingKind

_OF_PROPERTIES: Mapping[MappingKind, Callable[[Properties], Iterator[Finding]]] = {
    MappingKind.IDM: lint_idm,
    MappingKind.BOD: lint_bod,
    MappingKind.M3: lint_m3,
    MappingKind.LN: lint_ln,
}
_OF_TEXT: Mapping[MappingKind, Callable[[str], Iterator[Finding]]] = {
    MappingKind.TOML: lint_toml,
    MappingKind.XSLT: lint_stylesheet,
}
MAX_FINDINGS = 200
# As many are made before the first ones are chosen, so that no error hides behind hints.
_MAX_MADE = 1_000
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def lint(kind: MappingKind, text: str, encoding: TextEncoding = TextEncoding.UTF8) -> list[Finding]:
    """Return at most `MAX_FINDINGS` findings, errors first and each severity by line."""
    recognised = recognise_kind(text)
    if recognised is not kind:
        return [_other_kind(kind, recognised)]
    if kind in _OF_TEXT:
        checks = _OF_TEXT[kind](text)
    else:
        properties = parse_properties(text)
        # The kind's own first: what blocks is found before the list is full.
        checks = chain(_OF_PROPERTIES[kind](properties), check_lines(properties))
    findings = list(islice(chain(checks, _check_encoding(encoding)), _MAX_MADE))
    findings.sort(key=lambda f: (_ORDER[f.severity], f.line or 0, f.column or 0, f.key))
    return findings[:MAX_FINDINGS]


def _check_encoding(encoding: TextEncoding) -> Iterator[Finding]:
    if encoding not in (TextEncoding.UTF8, TextEncoding.UTF8_MARKED):
        yield found("not_utf8", encoding=encoding.value)


def _other_kind(wanted: MappingKind, recognised: MappingKind | None) -> Finding:
    what = recognised.value if recognised else _("no mapping file that ionport knows")
    return found("other_kind", wanted=wanted.value, found=what)
