"""Named templates that call themselves for any document: such a stylesheet never ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lxml import etree

from ionport.core.xslt.stylesheets import NAMESPACE, Reach

_CALL: Final = f"{{{NAMESPACE}}}call-template"
_TEMPLATE: Final = f"{{{NAMESPACE}}}template"
# What is inside may be run never, or not before its value is asked for.
_MAYBE: Final = frozenset(
    f"{{{NAMESPACE}}}{name}"
    for name in (
        "if",
        "when",
        "otherwise",
        "for-each",
        "for-each-group",
        "iterate",
        "analyze-string",
        "matching-substring",
        "non-matching-substring",
        "on-empty",
        "on-non-empty",
        "where-populated",
        "catch",
        "fallback",
        "variable",
        "param",
        "with-param",
        "sort",
    )
)


def endless_templates(root: etree._Element) -> Iterator[Reach]:
    """Yield each named template that always comes back to itself, with the line of its call."""
    calls = {
        str(template.get("name")): dict(_certain_calls(template))
        for template in root.iterchildren(_TEMPLATE)
        if template.get("name")
    }
    for name, called in calls.items():
        for first, line in called.items():
            if _leads_to(name, first, calls):
                yield Reach(name, line)
                break


def _certain_calls(template: etree._Element) -> Iterator[tuple[str, int]]:
    for call in template.iter(_CALL):
        inside = (each.tag for each in call.iterancestors() if each is not template)
        if not _MAYBE.intersection(inside):
            yield str(call.get("name")), int(str(call.sourceline))


def _leads_to(name: str, first: str, calls: Mapping[str, Mapping[str, int]]) -> bool:
    seen: set[str] = set()
    open_names = [first]
    while open_names:
        if (current := open_names.pop()) == name:
            return True
        if current not in seen:
            seen.add(current)
            open_names += calls.get(current, {})
    return False
