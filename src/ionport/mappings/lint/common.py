"""Checks that the linters of `.properties` mappings share."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ionport.core.sentences import shortened, stored
from ionport.documents.invoice.named_terms import header_terms, line_terms
from ionport.documents.types import INVOICE_TABLE
from ionport.mappings.grammars.aliases import column_id, comparable, field_id, term_id
from ionport.mappings.grammars.edits import (
    Edit,
    add_item,
    add_line,
    remove_line,
    remove_repeated_item,
    rename_key,
    set_value,
)
from ionport.mappings.grammars.properties import Properties, Property
from ionport.mappings.grammars.vocabulary import (
    OF_ALL_TYPES,
    PUBLISHED_COLUMNS,
    UNFILLED_FIELDS,
    Vocabulary,
)
from ionport.mappings.lint.rules.table import RULES
from ionport.mappings.model import Finding

_SHOWN = 80
FIELD_LIST = "Index_Fields"
"""The list whose items are fields of documents; those of M3 and LN are fields of the target."""
# Placeholders of the vendor's files: *your entity*, <name>, infor.ln. and the like.
_PLACEHOLDER = re.compile(
    r"\*.+\*|<.+>|infor\.(?:ln|m3|ims)\.?|(?:todo|tbd|xxx+|change.?me|your[ _-].*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ListRule:
    """A list of a grammar: each item needs a line with each of these prefixes.

    With `may_be_unlisted` the lines count without being listed.
    """

    key: str
    prefixes: tuple[str, ...]
    may_be_unlisted: bool = False


def found(
    code: str,
    at: Property | int | None = None,
    key: str = "",
    fix: Iterable[Edit] = (),
    **parameters: str,
) -> Finding:
    """Return a finding of the rule `code`, in the line `at` with its column."""
    line = at.line if isinstance(at, Property) else at
    column = at.column if isinstance(at, Property) else None
    if isinstance(at, Property):
        key = key or at.key
    shown = {name: stored(shortened(value, _SHOWN)) for name, value in parameters.items() if value}
    return Finding(RULES[code].severity, code, line, key[:_SHOWN], shown, column, tuple(fix))


def check_lines(properties: Properties) -> Iterator[Finding]:
    """Report lines without effect: broken ones, and keys that are defined again further down."""
    for number in properties.broken:
        yield found("broken_line", number)
    for duplicate in properties.duplicates:
        yield found(
            "duplicate_key",
            duplicate,
            fix=[remove_line(properties, duplicate.line)],
            other=str(properties.line(duplicate.key)),
        )


def check_placeholders(properties: Properties, prefixes: tuple[str, ...]) -> Iterator[Finding]:
    """Report constants that still have the value of an example."""
    for line in properties:
        if line.key.startswith(prefixes) and _PLACEHOLDER.fullmatch(line.value):
            yield found("placeholder_value", line, value=line.value)


def check_lists(
    properties: Properties, rules: Sequence[ListRule], ignored: Collection[str] = ()
) -> Iterator[Finding]:
    """Report items that are listed but not defined, and lines defined but not listed.

    The keys in `ignored` only look like a definition of an item.
    """
    listed: dict[str, set[str]] = {}
    for rule in rules:
        names = properties.names(rule.key)
        for prefix in () if rule.may_be_unlisted else rule.prefixes:
            listed.setdefault(prefix, set()).update(names)
        for name in names:
            missing = [p + name for p in rule.prefixes if not properties.has(p + name)]
            if missing:
                line = properties.by_key[rule.key]
                yield found("listed_undefined", line, name=name, missing=" / ".join(missing))
        yield from _listed_twice(properties, rule.key)
    for line in properties:
        prefix = "" if line.key in ignored else longest_prefix(line.key, listed)
        if prefix and line.key.removeprefix(prefix) not in listed[prefix]:
            yield _unlisted(
                properties, line, prefix, [rule for rule in rules if prefix in rule.prefixes]
            )


def _listed_twice(properties: Properties, key: str) -> Iterator[Finding]:
    counted = Counter(properties.listed(key))
    for name in (name for name, times in counted.items() if times > 1):
        line = properties.by_key[key]
        yield found("listed_twice", line, fix=[remove_repeated_item(line, name)], name=name)


def _unlisted(
    properties: Properties, line: Property, prefix: str, rules: Sequence[ListRule]
) -> Finding:
    """Return the finding for a line that no list names, with the edit that lists it."""
    name = line.key.removeprefix(prefix)
    # Of several lists it belongs to the one of which it has all lines.
    whole = [rule for rule in rules if all(properties.has(one + name) for one in rule.prefixes)]
    key = max(whole or rules, key=lambda rule: len(rule.prefixes)).key
    # The list may name the same field by another of its names: then the line is meant for it.
    same = [item for item in properties.names(key) if field_id(item) == field_id(name)]
    other = same[0] if same and not properties.has(prefix + same[0]) else ""
    listing = properties.by_key.get(key)
    if other:
        fix = [rename_key(line, prefix + other)]
    elif key == FIELD_LIST and not _is_known_field(name):
        fix = []
    elif listing:
        fix = [add_item(listing, name)]
    else:
        fix = [add_line(properties, line.line, f"{key}={name}")]
    case = "same" if other else ""
    return found("defined_unlisted", line, fix=fix, name=name, list=key, other=other, case=case)


def _is_known_field(name: str) -> bool:
    return bool(term_id(name)) or field_id(name) in UNFILLED_FIELDS


def longest_prefix(key: str, prefixes: Iterable[str]) -> str:
    """Return the longest of `prefixes` that `key` starts with, or an empty text."""
    return max((prefix for prefix in prefixes if key.startswith(prefix)), key=len, default="")


def check_fields(
    properties: Properties, names: Mapping[str, str], of: Vocabulary
) -> Iterator[Finding]:
    """Report fields that documents do not have; `names` gives the key that mentions each."""
    for name, key in names.items():
        yield from check_field(properties.by_key.get(key), name, of)


def check_field(
    at: Property | int | None, name: str, of: Vocabulary, key: str = ""
) -> Iterator[Finding]:
    """Report a field of the document's head that no document has, or that nothing fills."""
    wanted = field_id(name)
    if term := term_id(name):
        if term not in header_terms():
            code = "term_of_lines" if term in line_terms() else "unknown_term"
            yield found(code, at, key, name=term)
    elif wanted not in of.fields:
        code = "unfilled_field" if wanted in UNFILLED_FIELDS else "unknown_field"
        yield _misnamed(code, at, key, name, close_to(wanted, of.fields))
    elif wanted in of.by_hand:
        yield found("filled_by_hand", at, key, name=name)


def _misnamed(code: str, at: Property | int | None, key: str, name: str, close: str) -> Finding:
    """Return the finding, with the edit to the close name where the line's value is the name."""
    fix = [set_value(at, close)] if close and isinstance(at, Property) and at.value == name else []
    return found(code, at, key, fix=fix, name=name, suggestion=close)


def check_column(
    at: Property | int | None,
    table: str,
    name: str,
    of: Vocabulary,
    key: str = "",
    own_table: str = "",
) -> Iterator[Finding]:
    """Report a column that the document's table does not have, or that nothing fills.

    `own_table` is the document's name of the table, where the file has another.
    """
    own, term = comparable(own_table or table), term_id(name)
    if term and own == comparable(INVOICE_TABLE):
        if term not in line_terms():
            code = "term_of_document" if term in header_terms() else "unknown_term"
            yield found(code, at, key, name=term)
    elif (own, column_id(name)) not in of.columns:
        owners = (own, comparable(table))
        known = {
            column
            for owner, column in (*OF_ALL_TYPES.columns, *PUBLISHED_COLUMNS)
            if owner in owners
        }
        code = "unfilled_column" if column_id(name) in known else "unknown_column"
        close = "" if code == "unfilled_column" else close_to(column_id(name), known)
        yield found(code, at, key, table=table, name=name, suggestion=close)


def unknown_key(properties: Properties, key: str, known: Iterable[str]) -> Finding:
    """Return the finding for a key that no rule of the grammar knows."""
    line, words = properties.by_key[key], set(known)
    close = close_to(key, words)
    same = [word for word in words if word.casefold() == key.casefold()]
    # Keys count by letter case: another case is surely a mistake.
    is_free = bool(same) and not properties.has(same[0])
    fix = [rename_key(line, same[0])] if is_free else []
    return found("unknown_key", line, fix=fix, suggestion=same[0] if same else close)


def empty_value(properties: Properties, key: str, case: str) -> Finding:
    """Return the finding for a line without a value."""
    return found("empty_value", properties.by_key.get(key), key, case=case)


def close_to(name: str, known: Iterable[str]) -> str:
    """Return the known name that `name` was probably meant for, or an empty text."""
    return "" if len(name) > _SHOWN else _closest(name, frozenset(known))


@lru_cache(maxsize=1024)
def _closest(name: str, known: frozenset[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.85)
    return close[0] if close else ""
