"""The query language of IDM's search, as far as the sandbox speaks it.

    query      := "/" name [ "[" comparison { "AND" comparison } "]" ]
    comparison := "@" name "=" text
    text       := quoted by " or ', the quote itself doubled inside

facts/infor-targets.md §1.5; spaces are optional, AND is matched ignoring case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.sandbox.texts import quoted

MAX_QUERY = 8_000
MAX_COMPARISONS = 50

_TOKEN = re.compile(
    r"""(?P<name>[A-Za-z_][\w.-]*)
      | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
      | (?P<sign>[/@=\[\]])""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition: the attribute has exactly this value."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Query:
    """Items of one document type that meet all conditions."""

    entity_name: str
    comparisons: tuple[Comparison, ...]


def parse_query(text: str) -> Query:
    """Read a query.

    Raises:
        InvalidInput: it cannot be read; the text says where, and what was expected there.
    """
    if len(text) > MAX_QUERY:
        raise InvalidInput(
            _("The query is longer than {limit} letters.").format(limit=MAX_QUERY),
            code="query_too_long",
        )
    return _Parser(text).query()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int

    def is_sign(self, sign: str) -> bool:
        return self.kind == "sign" and self.text == sign


class _Parser:
    """Recursive descent over the tokens, one method a rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = 0

    def query(self) -> Query:
        self._sign("/")
        name = self._take("name", _("a document type")).text
        comparisons = self._conditions() if self._peek().is_sign("[") else ()
        self._take("end", _("the end of the query"))
        return Query(name, comparisons)

    def _conditions(self) -> tuple[Comparison, ...]:
        self._sign("[")
        found = [self._comparison()]
        while not self._peek().is_sign("]"):
            conjunction = self._take("name", _("AND or ]"))
            if conjunction.text.upper() != "AND" or len(found) == MAX_COMPARISONS:
                raise _unreadable(conjunction, _("AND or ]"))
            found.append(self._comparison())
        self._sign("]")
        return tuple(found)

    def _comparison(self) -> Comparison:
        self._sign("@")
        name = self._take("name", _("an attribute")).text
        self._sign("=")
        literal = self._take("text", _("a text in quotes")).text
        quote = literal[0]
        return Comparison(name, literal[1:-1].replace(quote * 2, quote))

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
    found = quoted(token.text, 40) if token.text else _("the end")
    return InvalidInput(
        _(
            "The query cannot be read at position {position}: {expected} was expected, found"
            ' {found}. The sandbox understands /Entity[@Attribute = "value" AND …].'
        ).format(position=token.position + 1, expected=expected, found=found),
        code="query_unreadable",
    )
