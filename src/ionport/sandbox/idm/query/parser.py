"""The query language of IDM's search, as far as the sandbox speaks it.

    query      := set [ "SORTBY" "(" sort { "," sort } ")" ]
    set        := part { ("UNION" | "INTERSECT") part }
    part       := path | "(" set ")" | "CONTAINS" "(" path { "|" path } "," text ")"
    path       := "/" name [ "[" either "]" ]
    either     := all { "OR" all }
    all        := single { "AND" single }
    single     := "NOT" single | "(" either ")" | comparison
    comparison := attribute ( sign value | ["NOT"] "LIKE" text | "IS" ["NOT"] "NULL" )
    attribute  := "@" name | name "/" "@" "Value"
    sort       := "@" name [ "ASCENDING" | "DESCENDING" ]

Texts are in " or ', the quote itself doubled inside; numbers, true and false need no quotes.
Spaces are optional, words are matched ignoring case (docs/reference/idm.md#search). AND, =,
IS NOT NULL and UNION are seen in sources; the rest is what query builders of public clients
write, and which of UNION and INTERSECT binds first is not known: they are taken in turn. What
CONTAINS looks through is inferred.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ionport.core.errors import InvalidInput
from ionport.sandbox.idm.query.model import (
    MAX_PARTS,
    Comparison,
    Condition,
    Every,
    Intersection,
    ItemSet,
    Not,
    Path,
    Query,
    Sign,
    Some,
    Sort,
    Union,
    check_size,
    too_large,
)
from ionport.sandbox.kit.texts import quoted

MAX_QUERY = 8_000
MAX_DEPTH = 20

_TOKEN = re.compile(
    r"""(?P<name>[A-Za-z_][\w.-]*)
      | (?P<number>-?[0-9]{1,40}(\.[0-9]{1,40})?)
      | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
      | (?P<sign><=|>=|!=|<>|[/@=<>\[\](),|])""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"\s*")
_ONLY_VALUE = "value"


def parse_query(text: str) -> Query:
    """Read a query.

    Raises:
        InvalidInput: it cannot be read, and the text says where and what was expected there; or
            it is too large.
    """
    if len(text) > MAX_QUERY:
        raise InvalidInput(
            f"The query is longer than {MAX_QUERY} letters.",
            code="query_too_long",
        )
    query = _Parser(text).query()
    check_size(query)
    return query


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int

    def is_sign(self, *signs: str) -> bool:
        return self.kind == "sign" and self.text in signs

    def is_word(self, *words: str) -> bool:
        return self.kind == "name" and self.text.upper() in words


T = TypeVar("T")
_COMPARING = {"=", "!=", "<>", "<", "<=", ">", ">="}


class _Parser:
    """Recursive descent over the tokens, one method a rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0
        self._parts = 0

    def query(self) -> Query:
        items = self._set()
        sorts = self._sorts() if self._skip_word("SORTBY") else ()
        self._take("end", "the end of the query")
        return Query(items, sorts)

    def _set(self) -> ItemSet:
        found = self._part()
        while self._peek().is_word("UNION", "INTERSECT"):
            kind = Union if self._take("name", "").text.upper() == "UNION" else Intersection
            part = self._part()
            before = found.sets if isinstance(found, kind) else (found,)
            found = kind((*before, part))
        return found

    def _part(self) -> ItemSet:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise too_large("parts", MAX_PARTS)
        if self._skip_word("CONTAINS"):
            return self._in_brackets("(", self._containing, ")")
        if self._peek().is_sign("("):
            return self._in_brackets("(", self._set, ")")
        return self._path()

    def _containing(self) -> ItemSet:
        paths = [self._path()]
        while self._peek().is_sign("|"):
            self._next += 1
            paths.append(self._path())
        self._sign(",")
        text = Comparison("", Sign.CONTAINS, self._text())
        found = [Path(each.entity_name, Every((each.condition, text))) for each in paths]
        return found[0] if len(found) == 1 else Union(tuple(found))

    def _path(self) -> Path:
        self._sign("/")
        name = self._take("name", "a document type").text
        if not self._peek().is_sign("["):
            return Path(name)
        return Path(name, self._in_brackets("[", self._either, "]"))

    def _either(self) -> Condition:
        found = [self._all()]
        while self._skip_word("OR"):
            found.append(self._all())
        return found[0] if len(found) == 1 else Some(tuple(found))

    def _all(self) -> Condition:
        found = [self._single()]
        while self._skip_word("AND"):
            found.append(self._single())
        return found[0] if len(found) == 1 else Every(tuple(found))

    def _single(self) -> Condition:
        if self._skip_word("NOT"):
            return Not(self._deeper(self._single))
        if self._peek().is_sign("("):
            return self._in_brackets("(", self._either, ")")
        return self._comparison()

    def _comparison(self) -> Comparison:
        attribute = self._attribute()
        token = self._peek()
        if token.is_word("IS"):
            self._next += 1
            sign = Sign.IS_NOT_NULL if self._skip_word("NOT") else Sign.IS_NULL
            self._word("NULL")
            return Comparison(attribute, sign)
        if token.is_word("LIKE", "NOT"):
            sign = Sign.NOT_LIKE if self._skip_word("NOT") else Sign.LIKE
            self._word("LIKE")
            return Comparison(attribute, sign, self._text())
        if not token.is_sign(*_COMPARING):
            raise _unreadable(token, "=")
        self._next += 1
        sign = Sign.NOT_EQUAL if token.text == "<>" else Sign(token.text)
        return Comparison(attribute, sign, self._value())

    def _attribute(self) -> str:
        if self._peek().kind != "name":
            self._sign("@")
            return self._take("name", "an attribute").text
        name = self._take("name", "").text
        self._sign("/")
        self._sign("@")
        token = self._take("name", "Value")
        if token.text.lower() != _ONLY_VALUE:
            raise _unreadable(token, "Value")
        return name

    def _value(self) -> str:
        token = self._peek()
        if token.kind == "number" or token.is_word("TRUE", "FALSE"):
            self._next += 1
            return token.text
        return self._text()

    def _text(self) -> str:
        literal = self._take("text", "a text in quotes").text
        quote = literal[0]
        return literal[1:-1].replace(quote * 2, quote)

    def _sorts(self) -> tuple[Sort, ...]:
        self._sign("(")
        found = [self._sort()]
        while self._peek().is_sign(","):
            self._next += 1
            found.append(self._sort())
        self._sign(")")
        return tuple(found)

    def _sort(self) -> Sort:
        name = self._attribute()
        descending = self._skip_word("DESCENDING")
        if not descending:
            self._skip_word("ASCENDING")
        return Sort(name, descending)

    def _in_brackets(self, opening: str, rule: Callable[[], T], closing: str) -> T:
        self._sign(opening)
        found = self._deeper(rule)
        self._sign(closing)
        return found

    def _deeper(self, rule: Callable[[], T]) -> T:
        if self._depth == MAX_DEPTH:
            raise InvalidInput("The query is nested too deeply.", code="query_too_deep")
        self._depth += 1
        found = rule()
        self._depth -= 1
        return found

    def _skip_word(self, word: str) -> bool:
        is_there = self._peek().is_word(word)
        self._next += is_there
        return is_there

    def _word(self, word: str) -> None:
        if not self._skip_word(word):
            raise _unreadable(self._peek(), word)

    def _sign(self, sign: str) -> None:
        if not self._peek().is_sign(sign):
            raise _unreadable(self._peek(), sign)
        self._next += 1

    def _take(self, kind: str, expected: str) -> _Token:
        token = self._peek()
        if token.kind != kind:
            raise _unreadable(token, expected)
        self._next += 1
        return token

    def _peek(self) -> _Token:
        return self._tokens[min(self._next, len(self._tokens) - 1)]


def _tokens(text: str) -> list[_Token]:
    """Return the tokens, the last of them the end or what cannot be read."""
    tokens = []
    position = 0
    while True:
        blanks = _BLANKS.match(text, position)
        position = blanks.end() if blanks else position
        match = _TOKEN.match(text, position)
        if match is None:
            kind = "end" if position == len(text) else "unreadable"
            tokens.append(_Token(kind, text[position:], position))
            return tokens
        tokens.append(_Token(str(match.lastgroup), match[0], position))
        position = match.end()


def _unreadable(token: _Token, expected: str) -> InvalidInput:
    found = quoted(token.text, 40) if token.text else "the end"
    return InvalidInput(
        f"The query cannot be read at position {token.position + 1}: {expected} was expected,"
        f' found {found}. A query looks like /Entity[@Attribute = "value" AND …].',
        code="query_unreadable",
    )
