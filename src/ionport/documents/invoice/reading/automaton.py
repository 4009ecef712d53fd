"""The table compiled for one syntax: the terms of each element of a file.

All paths of a syntax are one tree of states, so that one walk over the elements fills all terms.
A state says which terms an element is (`productions`), which attributes are terms, and which
state each child leads to. The node that a term belongs to is found by a number, its *slot*: the
reader keeps the latest node of each slot, as a parser keeps its open rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache

from lxml import etree

from ionport.documents.invoice.reading.guards import Guard, PathError, Step, steps
from ionport.documents.invoice.table import PREFIXES, Syntax, Term, terms
from ionport.documents.invoice.vocabulary import NAMESPACES

ROOT_SLOT = 0
NO_SLOT = -1
LINES, ATTACHMENTS = "lines", "attachments"
_LIMITED = {"BG-25": LINES, "BG-DEX-01": LINES, "BT-125": ATTACHMENTS, "BT-X-31": ATTACHMENTS}
"""What is counted while reading, by term."""


class TermKind(IntEnum):
    """How the text of a term is normalised."""

    GROUP = 0
    TEXT = 1
    AMOUNT = 2
    DATE = 3
    INDICATOR = 4
    BINARY = 5
    SUBJECT = 6
    NOTE = 7


_KINDS = {
    "Group": TermKind.GROUP,
    "Amount": TermKind.AMOUNT,
    "Unit price": TermKind.AMOUNT,
    "Date": TermKind.DATE,
    "Indicator": TermKind.INDICATOR,
    "Binary object": TermKind.BINARY,
}


@dataclass(slots=True)
class Lookup:
    """A term that stands elsewhere than below the element of the term it belongs to."""

    term: str
    kind: TermKind
    path: tuple[Step, ...]
    attribute: str = ""
    nested: list[Lookup] = field(default_factory=list)


@dataclass(slots=True)
class Production:
    """A term that an element is. `joint`: what stands between matches that make one value."""

    term: str
    kind: TermKind
    owner: int
    slot: int = NO_SLOT
    guard: Guard | None = None
    joint: str | None = None
    lookups: list[Lookup] = field(default_factory=list)
    limited: str = ""

    @property
    def is_simple(self) -> bool:
        """Whether it is a text or an amount that nothing else depends on."""
        is_plain = self.kind in (TermKind.TEXT, TermKind.AMOUNT) and self.slot == NO_SLOT
        return is_plain and self.guard is None and self.joint is None and not self.lookups

    @property
    def is_simple_group(self) -> bool:
        """Whether it is a group on no condition, neither counted nor with terms from elsewhere."""
        is_plain = self.kind is TermKind.GROUP and self.slot != NO_SLOT and not self.limited
        return is_plain and self.guard is None and not self.lookups


@dataclass(slots=True, eq=False)
class State:
    """What is known at one element. `is_looked_up`: a term may take it from elsewhere.

    `simple` and `group` are its only production, where that is a simple one. `direct` are the
    children's states that need no condition, `edges` all of them.
    """

    parent: State | None = None
    productions: list[Production] = field(default_factory=list)
    simple: Production | None = None
    group: Production | None = None
    attributes: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    edges: dict[str, list[tuple[Guard | None, State]]] = field(default_factory=dict)
    direct: dict[str, State] = field(default_factory=dict)
    is_looked_up: bool = False
    _steps: dict[tuple[str, str], State] = field(default_factory=dict)
    _united: dict[tuple[int, ...], State] = field(default_factory=dict)

    def step(self, step: Step) -> State:
        """Return the state one step down, made when it is new."""
        key = (step.name, step.conditions)
        if key not in self._steps:
            state = self._steps[key] = State(parent=self)
            self.edges.setdefault(step.name, []).append((step.guard, state))
        return self._steps[key]

    def choose(self, element: etree._Element, currency: str) -> State | None:
        """Return the state of a child that has conditions, None when none is met."""
        found = self.edges.get(element.tag, ())
        states = [to for guard, to in found if guard is None or guard(element, currency)]
        return self._union(states) if len(states) > 1 else states[0] if states else None

    def finish(self) -> None:
        """Prepare for reading, this state and all below it."""
        if self.direct:
            return
        if len(self.productions) == 1:
            (only,) = self.productions
            self.simple = only if only.is_simple else None
            self.group = only if only.is_simple_group else None
        for name, found in self.edges.items():
            if len(found) == 1 and found[0][0] is None:
                self.direct[name] = found[0][1]
            for _guard, state in found:
                state.finish()

    def take(self, other: State) -> None:
        """Take over the children and attributes of `other`."""
        self.edges, self.direct, self._united = other.edges, other.direct, other._united
        self.attributes = other.attributes

    def _union(self, states: list[State]) -> State:
        """Return the state of an element that is several of this state's children at once."""
        key = tuple(id(state) for state in states)
        if key not in self._united:
            union = State(parent=self)
            for state in states:
                union.productions += state.productions
                for name, found in state.attributes.items():
                    union.attributes.setdefault(name, []).extend(found)
                for name, edges in state.edges.items():
                    union.edges.setdefault(name, []).extend(edges)
                union.is_looked_up = union.is_looked_up or state.is_looked_up
            union.finish()
            self._united[key] = union
        return self._united[key]


@dataclass(frozen=True, slots=True)
class Automaton:
    """A syntax ready to read: the state of the root element, and how many slots there are."""

    root: State
    slots: int


@cache
def automaton(syntax: Syntax, *, is_credit_note: bool = False) -> Automaton:
    """Return the compiled table of `syntax`; `is_credit_note`: of UBL's other root."""
    return _Compiler(syntax, is_credit_note=is_credit_note).compiled()


class _Compiler:
    def __init__(self, syntax: Syntax, *, is_credit_note: bool) -> None:
        self._syntax = syntax
        self._is_credit_note = is_credit_note
        self._namespaces = NAMESPACES[syntax]
        self._root = State()
        top = self._root
        if syntax is Syntax.FATTURAPA:
            top = self._root.step(steps("FatturaElettronicaBody", {})[0])
        self._states: dict[str, list[State]] = {"": [top]}
        self._productions: dict[str, list[Production]] = {"": []}
        self._lookups: dict[str, list[Lookup]] = {"": []}
        self._slots: dict[str, int] = {"": ROOT_SLOT}

    def compiled(self) -> Automaton:
        table = terms()
        parents = {term.parent for term in table.values()}
        for term in table.values():
            self._add(term, is_parent=term.id in parents or bool(term.like))
        for term in table.values():
            if term.like and self._states[term.id]:
                self._share(term)
        self._root.finish()
        return Automaton(self._root, max(self._slots.values()) + 1)

    def _add(self, term: Term, *, is_parent: bool) -> None:
        self._states[term.id], self._productions[term.id] = [], []
        self._lookups[term.id] = []
        if term.like:
            self._slots[term.id] = self._slots[term.like]
        elif is_parent:
            self._slots[term.id] = max(self._slots.values()) + 1
        path = term.path(self._syntax, is_credit_note=self._is_credit_note)
        joint = None
        kind = _KINDS.get(term.type, TermKind.TEXT)
        for word, between in (("joined:", ""), ("words:", " ")):
            if path.startswith(word):
                path, joint = path.removeprefix(word), between
        for word, other in (("subject:", TermKind.SUBJECT), ("note:", TermKind.NOTE)):
            if path.startswith(word):
                path, kind = path.removeprefix(word), other
        for one in filter(None, path.split(" | ")):
            self._place(term, kind, joint, self._steps(one))

    def _steps(self, path: str) -> tuple[Step, ...]:
        for word, long in PREFIXES.get(self._syntax, {}).items():
            if path.startswith(word) and path[len(word) : len(word) + 1] in ("", "/", "["):
                path = long + path.removeprefix(word)
        return steps(path, self._namespaces)

    def _place(self, term: Term, kind: TermKind, joint: str | None, path: tuple[Step, ...]) -> None:
        attribute = ""
        if path[-1].name.startswith("@"):
            path, attribute = path[:-1], path[-1].name[1:]
        is_elsewhere = bool(path) and path[0].name == ".." and term.parent != ""
        for state in self._states[term.parent]:
            target, guard = _go(state, path)
            if is_elsewhere:
                target.is_looked_up = True
            elif attribute:
                place = (term.id, self._slots[term.parent])
                target.attributes.setdefault(attribute, []).append(place)
            else:
                self._produce(term, kind, joint, target, guard)
        lookup = Lookup(term.id, kind, path, attribute)
        if is_elsewhere:
            for production in self._productions[term.parent]:
                production.lookups.append(lookup)
            self._lookups[term.id].append(lookup)
        for above in self._lookups[term.parent]:
            above.nested.append(lookup)

    def _produce(
        self, term: Term, kind: TermKind, joint: str | None, state: State, guard: Guard | None
    ) -> None:
        slot = self._slots.get(term.id, NO_SLOT)
        owner = self._slots[term.parent]
        production = Production(term.id, kind, owner, slot, guard, joint)
        production.limited = _LIMITED.get(term.id, "")
        state.productions.append(production)
        self._states[term.id].append(state)
        self._productions[term.id].append(production)

    def _share(self, term: Term) -> None:
        """Let a group's element lead on like the group whose rows it takes."""
        (like,) = self._states[term.like]
        for state in self._states[term.id]:
            state.take(like)


def _go(state: State, path: Iterable[Step]) -> tuple[State, Guard | None]:
    """Return the state at `path`; a guard when the path is a condition on the element itself."""
    guard = None
    for step in path:
        if step.name == ".":
            guard = step.guard
        elif step.name == "..":
            if state.parent is None:
                raise PathError(step.name)
            state = state.parent
        else:
            state = state.step(step)
    return state, guard
