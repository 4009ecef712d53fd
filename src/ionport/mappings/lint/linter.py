"""Tells the owner of a mapping file what will not work, before anything is exported with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice

from ionport.core.i18n import _
from ionport.mappings.grammars.files import recognise_kind
from ionport.mappings.grammars.properties import Properties, parse_properties
from ionport.mappings.lint.bod import lint_bod
from ionport.mappings.lint.common import check_lines
from ionport.mappings.lint.idm import lint_idm
from ionport.mappings.model import Finding, MappingKind, Severity

_LINTERS: Mapping[MappingKind, Callable[[Properties], Iterator[Finding]]] = {
    MappingKind.IDM: lint_idm,
    MappingKind.BOD: lint_bod,
}
MAX_FINDINGS = 200
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def lint(kind: MappingKind, text: str) -> list[Finding]:
    """Return at most `MAX_FINDINGS` findings, errors first and each severity by line.

    Of kinds that no export method uses yet, only the lines are checked.
    """
    found = recognise_kind(text)
    if found is not kind:
        return [_other_kind(kind, found)]
    if kind is MappingKind.TOML:
        return []
    properties = parse_properties(text)
    checks = [check_lines(properties)]
    if kind in _LINTERS:
        # First, so that what blocks is found before the list is full.
        checks.insert(0, _LINTERS[kind](properties))
    findings = islice(chain.from_iterable(checks), MAX_FINDINGS)
    return sorted(findings, key=lambda f: (_ORDER[f.severity], f.line or 0, f.key))


def _other_kind(wanted: MappingKind, found: MappingKind | None) -> Finding:
    what = found.label if found else _("no mapping file that ionport knows")
    return Finding(
        Severity.ERROR,
        "other_kind",
        None,
        "",
        _("Needed is a file of the kind {wanted}; by its content this one is: {found}.").format(
            wanted=wanted.label, found=what
        ),
        _("Choose the file with the {wanted}.").format(wanted=wanted.label),
        blocks_activation=True,
    )
