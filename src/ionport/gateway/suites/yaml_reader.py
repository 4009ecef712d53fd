"""The one place that reads YAML: only what JSON can hold, with everything bounded beforehand.

Aliases are what makes a small YAML document a huge one. The events are counted first, an alias
for as much as what it stands for, and only a document that stays small is built. Only plain
values are built: no dates, no sets, no objects (YAML 1.2 §10.3, core schema).
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _

MAX_DEPTH: Final = 60
MAX_LETTERS: Final = 4_000_000

# libyaml where the wheel has it: about ten times as fast.
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG: Final = "tag:yaml.org,2002:"


class _Loader(_BASE):  # type: ignore[misc]
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own attributes
    yaml_constructors: dict[str, Any] = {}  # noqa: RUF012


for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]{1,30}", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"^(?:{_pattern})$"), list(_first))

_Loader.add_constructor(f"{_TAG}str", _BASE.construct_yaml_str)
_Loader.add_constructor(f"{_TAG}map", _BASE.construct_yaml_map)
_Loader.add_constructor(f"{_TAG}seq", _BASE.construct_yaml_seq)
_Loader.add_constructor(f"{_TAG}int", lambda loader, node: int(loader.construct_scalar(node)))
_Loader.add_constructor(f"{_TAG}float", lambda loader, node: float(loader.construct_scalar(node)))
_Loader.add_constructor(
    f"{_TAG}bool", lambda loader, node: loader.construct_scalar(node).lower() == "true"
)
_Loader.add_constructor(f"{_TAG}null", lambda _loader, _node: None)


def read_yaml(text: str) -> Any:
    """Return the value of a YAML document.

    Raises:
        InvalidInput: not YAML (with line and column), nested too deeply, or too large once its
            aliases are written out.
    """
    try:
        _measure(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - builds plain values only
    except yaml.YAMLError as error:
        raise InvalidInput(_described(error), code="not_yaml") from error
    except ValueError as error:
        raise InvalidInput(
            _("The document has a number that cannot be read."), code="not_yaml", detail=str(error)
        ) from error


def _measure(text: str) -> None:
    """Refuse what would be too deep or too large; an alias counts as what it stands for."""
    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    letters = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            letters += _size_of(sizes, event)
        elif isinstance(event, yaml.ScalarEvent):
            letters += len(event.value) + 1
            if event.anchor:
                sizes[event.anchor] = len(event.value) + 1
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, letters))
            letters += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, start = opened.pop()
            if anchor:
                sizes[anchor] = letters - start
        if letters >= MAX_LETTERS:
            raise InvalidInput(
                _("With its aliases written out the document is too large."), code="yaml_too_large"
            )
        if len(opened) > MAX_DEPTH:
            raise InvalidInput(_("The document is nested too deeply."), code="yaml_too_deep")


def _size_of(sizes: dict[str, int], alias: Any) -> int:
    if alias.anchor not in sizes:
        # Among others an alias inside its own anchor, which would have no end.
        text = _("The alias *{name} stands for nothing that is whole before it (line {line}).")
        line = alias.start_mark.line + 1
        raise InvalidInput(text.format(name=alias.anchor[:80], line=line), code="yaml_alias")
    return sizes[alias.anchor]


def _described(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    reason = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)[:200]
    if mark is None:
        return _("This is no YAML ({reason}).").format(reason=reason)
    return _("This is no YAML: {reason} (line {line}, column {column}).").format(
        reason=reason, line=mark.line + 1, column=mark.column + 1
    )
