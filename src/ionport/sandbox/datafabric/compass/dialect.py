"""A query as Compass takes it, made into one that SQLite takes.

Source: docs/reference/data-fabric.md#sql-of-compass.

Changed are what the two spell differently: `TOP n`, `infor.lastmodified(…)`, the types of CAST,
and names in double quotes, which SQLite would take for texts where no column is called so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ionport.sandbox.datafabric.compass.model import READS_ONLY, QueryFailed
from ionport.sandbox.kit.texts import quoted

MAX_STATEMENT: Final = 100_000
_MAX_DEPTH: Final = 50
_TOKEN = re.compile(
    r"""(?P<blank>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<text>N?'(?:[^']|'')*')
      | (?P<name>"(?:[^"]|"")+"|\[[^\]]+\])
      | (?P<word>[^\W\d]\w*)
      | (?P<number>(?:\d+(?:\.\d*)?|(?<![\w"\]])\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<mark><=|>=|<>|!=|\|\||.)""",
    re.VERBOSE | re.DOTALL,
)
_SET_OPERATORS: Final = frozenset(("union", "except", "intersect"))
_COMPARED: Final = frozenset(("=", "<", ">", "<=", ">=", "<>", "!="))
# The types of CAST: what the sandbox's function or SQLite's type is called.
_FUNCTIONS: Mapping[str, str] = {
    "date": "infor_date",
    "datetime": "infor_datetime",
    "datetime2": "infor_datetime",
    "decimal": "infor_decimal",
    "varchar": "infor_varchar",
}
# Compass's functions for rows that are not the latest, and the schema that its objects are in.
_ROWS_OF: Final = frozenset(
    (
        *("includedeleted", "includearchivedanddeleted", "allvariations"),
        "allvariationsincludearchived",
    )
)
SCHEMA: Final = "default"
INFORMATION: Final = "information_schema"
_TYPES: Mapping[str, str] = {"int": "INTEGER", "integer": "INTEGER", "bigint": "INTEGER"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else ""


@dataclass(frozen=True, slots=True)
class _Group:
    """What stands between two parentheses."""

    nodes: Sequence[_Node]
    kind: str = "group"
    text: str = ""
    word: str = ""


_Node = _Token | _Group


@dataclass(frozen=True, slots=True)
class Translated:
    """A query for SQLite.

    Attributes:
        names: in lower case; those of objects are among them.
        readings: function and object, in lower case, of each call such as
            `infor.AllVariations('…')`; the table of its rows is called after both.
    """

    sql: str
    names: frozenset[str]
    readings: frozenset[tuple[str, str]] = frozenset()


def translate(statement: str) -> Translated:
    """Return a query of Compass as one of SQLite; raises QueryFailed."""
    if len(statement) > MAX_STATEMENT:
        raise QueryFailed(f"A query has at most {MAX_STATEMENT} characters.")
    tokens = list(_tokens(statement))
    names = frozenset(_plain(each) for each in tokens if each.kind in ("word", "name", "text"))
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    if not tokens:
        raise QueryFailed("The query is empty.")
    if any(each.text == ";" for each in tokens):
        raise QueryFailed("A job runs one query: leave out what stands behind the semicolon.")
    if tokens[0].word not in ("select", "with"):
        # SQLite would explain its own plan, or answer VALUES, which Compass has not.
        raise QueryFailed(READS_ONLY)
    nodes, rest = _grouped(tokens, 0, 0)
    if rest != len(tokens):
        raise QueryFailed("The query has a closing parenthesis too many.")
    return Translated(_query(nodes), names, _readings(tokens))


def table_of(function: str, name: str) -> str:
    """Return the name of the table with the rows that a function returns of an object."""
    return f"{function} of {name}".lower()


def _readings(tokens: Sequence[_Token]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (function.word, _plain(argument))
        for infor, _dot, function, _opening, argument in zip(
            tokens, tokens[1:], tokens[2:], tokens[3:], tokens[4:], strict=False
        )
        if infor.word == "infor" and function.word in _ROWS_OF and argument.kind == "text"
    )


def _tokens(statement: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(statement):
        kind = match.lastgroup or ""
        if kind == "mark" and match[0] in "'\"[":
            raise QueryFailed(f"A quote is not closed: {quoted(statement[match.start() :])}.")
        if match[0] == "\0":
            raise QueryFailed("The query has a NUL character.")
        if kind != "blank":
            yield _Token(kind, match[0])


def _plain(token: _Token) -> str:
    if token.kind == "word":
        return token.text.lower()
    if token.kind == "text":
        # The argument of a function that gives the rows of an object.
        return _without_schema(token.text.removeprefix("N")[1:-1]).lower()
    return token.text[1:-1].replace('""', '"').lower()


def _grouped(tokens: Sequence[_Token], start: int, depth: int) -> tuple[list[_Node], int]:
    """Return the nodes from `start` to the closing parenthesis, and where that stands."""
    if depth > _MAX_DEPTH:
        raise QueryFailed("The query is nested too deeply.")
    nodes: list[_Node] = []
    position = start
    while position < len(tokens) and tokens[position].text != ")":
        if tokens[position].text == "(":
            inner, position = _grouped(tokens, position + 1, depth + 1)
            if position == len(tokens):
                raise QueryFailed("The query has an opening parenthesis too many.")
            nodes.append(_Group(inner))
        else:
            nodes.append(tokens[position])
        position += 1
    return nodes, position


def _query(nodes: Sequence[_Node]) -> str:
    """Return the SQL of one level of parentheses, where each SELECT may have a TOP."""
    is_compound = any(each.word in _SET_OPERATORS for each in nodes)
    parts: list[str] = []
    start, position, limit = 0, 0, ""
    while position < len(nodes):
        node = nodes[position]
        if node.word in _SET_OPERATORS:
            _close(parts, start, limit, is_compound=is_compound)
            limit = ""
        if node.word == "select":
            start = len(parts)
            parts.append(node.text)
            position, limit = _after_top(nodes, position + 1, parts)
            continue
        text, position = _expression(nodes, position)
        parts.append(text)
    _close(parts, start, limit, is_compound=is_compound)
    return " ".join(parts)


def _after_top(nodes: Sequence[_Node], position: int, parts: list[str]) -> tuple[int, str]:
    """Return where a SELECT goes on behind `DISTINCT` and `TOP n`, and n."""
    if position < len(nodes) and nodes[position].word in ("distinct", "all"):
        parts.append(nodes[position].text)
        position += 1
    if position >= len(nodes) or nodes[position].word != "top":
        return position, ""
    number = nodes[position + 1] if position + 1 < len(nodes) else _Token("", "")
    if isinstance(number, _Group) and len(number.nodes) == 1:
        number = number.nodes[0]
    if number.kind != "number" or not number.text.isdigit():
        # A column may be called so.
        return position, ""
    following = nodes[position + 2].word if position + 2 < len(nodes) else ""
    if following in ("percent", "with"):
        raise QueryFailed("The sandbox does not imitate TOP with PERCENT or WITH TIES.")
    return position + 2, number.text


def _close(parts: list[str], start: int, limit: str, *, is_compound: bool) -> None:
    """End a SELECT: a part of a UNION takes its limit along into a subquery of its own."""
    if not limit:
        return
    if is_compound:
        parts[start:] = ["SELECT * FROM (", *parts[start:], f"LIMIT {limit} )"]
    else:
        parts.append(f"LIMIT {limit}")


def _expression(nodes: Sequence[_Node], position: int) -> tuple[str, int]:
    """Return the SQL of what stands at `position`, and where the next thing stands."""
    node = nodes[position]
    following = nodes[position + 1] if position + 1 < len(nodes) else None
    if isinstance(node, _Group):
        return f"( {_query(node.nodes)} )", position + 1
    dotted = [each.text.lower() for each in nodes[position + 1 : position + 3]]
    if node.word == "infor" and len(dotted) == 2 and dotted[1] in _ROWS_OF:
        return _rows_of(nodes, position + 3)
    if node.word == INFORMATION and dotted[:1] == ["."] and len(dotted) == 2:
        return f"[{INFORMATION}.{dotted[1]}]", position + 3
    if _plain_name(node) == SCHEMA and dotted[:1] == ["."]:
        named = nodes[position + 2] if position + 2 < len(nodes) else _Token("mark", "")
        if named.kind == "mark" or _plain_name(named) == SCHEMA:
            raise QueryFailed(f"Behind the schema {SCHEMA} stands the name of an object.")
        return _expression(nodes, position + 2)
    if node.word == "cast" and isinstance(following, _Group):
        return _cast(following.nodes), position + 2
    if node.word == "infor" and [
        each.text.lower() for each in nodes[position + 1 : position + 3]
    ] == [".", "lastmodified"]:
        return _last_modified(nodes, position + 3)
    if node.kind == "name":
        return _name(node.text), position + 1
    if node.kind == "text":
        return node.text.removeprefix("N"), position + 1
    return node.text, position + 1


def _plain_name(node: _Node) -> str:
    return _plain(node) if isinstance(node, _Token) and node.kind in ("word", "name") else ""


def _without_schema(name: str) -> str:
    schema, dot, rest = name.partition(".")
    return rest if dot and schema.lower() == SCHEMA else name


def _rows_of(nodes: Sequence[_Node], position: int) -> tuple[str, int]:
    """Return the object whose rows a function such as `infor.AllVariations('…')` gives."""
    arguments = nodes[position] if position < len(nodes) else None
    if not isinstance(arguments, _Group) or [each.kind for each in arguments.nodes] != ["text"]:
        raise QueryFailed("infor's functions for variations take the name of an object as a text.")
    name = _without_schema(arguments.nodes[0].text.removeprefix("N")[1:-1])
    return _name(f'"{table_of(nodes[position - 1].word, name)}"'), position + 1


def _name(text: str) -> str:
    """Return a quoted name in brackets; SQLite never takes such a name for a text."""
    plain = text[1:-1].replace('""', '"') if text[0] == '"' else text[1:-1]
    if "]" in plain:
        raise QueryFailed(f"A name with a bracket is not imitated: {quoted(plain)}.")
    return f"[{plain}]"


def _cast(nodes: Sequence[_Node]) -> str:
    places = [place for place, each in enumerate(nodes) if each.word == "as"]
    kind = nodes[places[-1] + 1].word if places and places[-1] + 1 < len(nodes) else ""
    if kind not in _FUNCTIONS and kind not in _TYPES:
        known = ", ".join(sorted({*_FUNCTIONS, *_TYPES}))
        raise QueryFailed(f"CAST(… AS {quoted(kind)}) is not known; known are {known}.")
    value = _query(nodes[: places[-1]])
    if kind in _TYPES:
        return f"CAST ( {value} AS {_TYPES[kind]} )"
    sizes = nodes[places[-1] + 2 :]
    inner = sizes[0].nodes if len(sizes) == 1 and isinstance(sizes[0], _Group) else []
    given = [each.text for each in inner if each.text.isdigit() and len(each.text) < 6]
    return f"{_FUNCTIONS[kind]} ( {', '.join([value, *given[:2]])} )"


def _last_modified(nodes: Sequence[_Node], position: int) -> tuple[str, int]:
    """Return the call that `infor.lastmodified(…)` becomes, with what it is compared with."""
    arguments = nodes[position] if position < len(nodes) else None
    if not isinstance(arguments, _Group):
        raise QueryFailed("infor.lastmodified is a function: write infor.lastmodified().")
    owner = _query(arguments.nodes)
    parts = [f"infor_lastmodified ( {owner + '.' if owner else ''}rowid )"]
    position += 1
    if position < len(nodes) and nodes[position].text in _COMPARED:
        parts.append(nodes[position].text)
        position = _moment(nodes, position + 1, parts)
    elif position < len(nodes) and nodes[position].word == "between":
        parts.append("BETWEEN")
        position = _moment(nodes, position + 1, parts)
        if position < len(nodes) and nodes[position].word == "and":
            parts.append("AND")
            position = _moment(nodes, position + 1, parts)
    return " ".join(parts), position


def _moment(nodes: Sequence[_Node], position: int, parts: list[str]) -> int:
    """Add what a moment is compared with, in the form of `infor.lastmodified`."""
    if position < len(nodes):
        text, position = _expression(nodes, position)
        parts.append(f"infor_moment ( {text} )")
    return position
