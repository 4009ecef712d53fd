"""The port of export methods: a destination is one object, and so is each of its calls.

A new method is one module with its destination, its template and its tests: no other code depends
on a delivery's method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from ionport.connections.model import TargetKind
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.model import Document
from ionport.exports.destinations.questions.model import ErpQuestion
from ionport.exports.model import Delivery, ExportMethod, StepKind
from ionport.ionapi import SendPermit
from ionport.ionapi.transport.exchange import Observer
from ionport.mappings.model import BodEnvelope, MappingKind, MappingVersion, RenderSource
from ionport.mappings.rendering.model import PlannedCall

T = TypeVar("T")
C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)
AMOUNT_SIGN = "amount_sign"
"""The option of every method for the sign of a credit note's amounts, an `AmountSign`."""
CREDIT_NOTE_REASON = "credit_note_reason"
"""The option with the reason to send credit notes to ION, whose published flow reads none."""
BOD_NAME = "bod_name"
"""The parameter of a step with the BODID by which Infor's answers name the delivery."""
ReadContent = Callable[[str], bytes]
"""Returns stored content by its digest; raises IonportError."""


class TargetClient(Protocol):
    """Makes the calls to one target: for Infor the client library."""

    def guarded_by(self, permit: SendPermit) -> TargetClient:
        """Return one that asks for the right to send before it changes something."""
        ...

    def observed_by(self, on_exchange: Observer) -> TargetClient:
        """Return one that reports each exchange."""
        ...


class Prepare(Protocol):
    """Parses a version of a mapping once and keeps it: versions never change."""

    def __call__(self, version: MappingVersion, parse: Callable[[str], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class MethodOption:
    """A field of a method in the form of its configurations, beside connection and mapping files.

    A text, or a switch, whose value is `on` or empty. An empty text counts as `default`.
    """

    name: str
    label: Callable[[], str]
    help: Callable[[], str]
    is_switch: bool = False
    default: str = ""
    pattern: str = ""
    """What a text has to match; empty for any. Source: what the target takes."""
    choices: Callable[[], Sequence[tuple[str, str]]] | None = None
    """What can be chosen, as pairs of value and text; None: a text or a switch."""
    is_name: bool = True
    """Whether it is a name in the target."""

    def value_in(self, options: Mapping[str, str]) -> str:
        """Return its value among those of a configuration."""
        return options.get(self.name) or self.default


class DocumentFiles(Protocol):
    """The files that are made of the document, and those inside it, as stored contents."""

    def page(self, language: Language) -> str | None:
        """Return the digest of the document's PDF; None when it is too large to be made."""
        ...

    def embedded(self) -> Sequence[tuple[str, str]]:
        """Return names and digests of the files inside, the XML that was received first."""
        ...

    def history(self) -> bytes:
        """Return what has happened to the document, as JSON."""
        ...


@dataclass(frozen=True, slots=True)
class RenderJob:
    """What a delivery's payloads are rendered from."""

    delivery: Delivery
    document: Document
    source: RenderSource
    envelope: BodEnvelope
    versions: Mapping[MappingKind, MappingVersion]
    prepare: Prepare
    files: DocumentFiles
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one step will send."""

    kind: StepKind
    payload: bytes
    parameters: dict[str, str] = field(default_factory=dict)
    # Why the step before it is skipped; empty when it is not.
    no_look_up: str = ""
    # Why the step itself is skipped, with its look-up; empty when it is not.
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Planning:
    """What a dry run makes calls from: the connection's target, and stored contents."""

    place: str
    read: ReadContent


@dataclass(frozen=True, slots=True)
class Payload:
    """The rendered payload of a call: the same bytes and parameters on every attempt.

    `earlier` are the target's ids from the steps before it.
    """

    content: bytes
    parameters: Mapping[str, str]
    earlier: Mapping[StepKind, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calling(Generic[C]):
    """What a call is made with.

    `client` may send the one call that changes something; `reader` sends calls that change nothing,
    before it. `read` returns stored content.
    """

    client: C
    reader: C
    read: ReadContent


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a call: the remote id and a sentence.

    One that is not whole has done a part of the step, which is called again for the rest.
    """

    remote_id: str
    summary: str
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class OtherItem:
    """An item of the same invoice that this delivery did not make."""

    pid: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up has found: the items of this delivery, the oldest first, and others."""

    ids: tuple[str, ...] = ()
    others: tuple[OtherItem, ...] = ()


class LookUp(Protocol[C_contra]):
    """How a target is asked for the item that a call may have made; changes nothing there."""

    kind: StepKind
    is_booking: bool
    """Whether an item that another configuration made of the same document holds the delivery.

    True where the invoice would be booked a second time.
    """

    def find(self, client: C_contra, payload: Payload) -> Found:
        """Return the items that carry the delivery's correlation id; raises IonApiError."""
        ...

    def find_before_first(self, client: C_contra, payload: Payload) -> Found:
        """As `find`, and other items of the same invoice: asked before a first call."""
        ...

    def found_text(self) -> str:
        """Return the sentence that the item is there before the first call."""
        ...

    def missing_text(self, others: tuple[OtherItem, ...]) -> str:
        """Return the sentence that the item is not there yet."""
        ...

    def unknown_text(self) -> str:
        """Return the sentence that a lost answer is looked up."""
        ...

    def two_items_text(self, first: str, second: str) -> tuple[str, str]:
        """Return the sentence that a delivery may have made two items, and what to do."""
        ...

    def same_invoice_text(self, item_id: str) -> tuple[str, str]:
        """Return the sentence that an item of the same invoice is there, and what to do."""
        ...


class TargetCall(Protocol[C]):
    """A step that changes something at the target."""

    kind: StepKind
    is_made_in_parts: bool
    """Whether a call asks the target first, and sends only what it lacks.

    A call that has arrived is then no word of the whole step: it is called again for the rest.
    """

    @property
    def look_up(self) -> LookUp[C] | None:
        """How a lost answer is looked up; None: the same bytes go again, under the same id."""
        ...

    def make(self, calling: Calling[C], payload: Payload) -> Answer:
        """Make the call; raises IonApiError, and IonportError of `calling.read`."""
        ...

    def columns(self, remote_id: str) -> Mapping[str, Any]:
        """Return the columns of the delivery in which the target's id stands."""
        ...

    def remote_id(self, delivery: Delivery) -> str:
        """Return the target's id that the delivery has already; empty when it has none."""
        ...


AnyCall: TypeAlias = TargetCall[Any]
AnyLookUp: TypeAlias = LookUp[Any]


class Destination(Protocol):
    """One export method: what it renders, how it calls and looks up, what it shows."""

    method: ExportMethod
    label: str
    """Its name, the same in every language."""
    family: str
    """`infor` or `other`: one active configuration of each for a place.

    Source: docs/reference/document-system.md#one-active-configuration.
    """
    target: TargetKind
    """The kind of connection that it needs."""
    calls: tuple[AnyCall, ...]
    """In their order; never changed once deliveries have them."""
    proof_stages: tuple[str, ...]
    """What a connection's proof asks for it, beside what every call needs."""
    mapping_kinds: tuple[MappingKind, ...]
    """The mapping files that a configuration of it needs."""
    optional_kinds: tuple[MappingKind, ...]
    """Those that one may have beside them."""
    options: tuple[MethodOption, ...]
    """The further options of its configurations."""
    plans_itself: bool
    """Whether it plans the calls of a dry run itself: else its mapping files do."""
    question: ErpQuestion | None
    """How the ERP is asked for the invoice's status afterwards; None where it is not."""

    @property
    def summary(self) -> str:
        """What it does, in one sentence for the form."""
        ...

    @property
    def second_text(self) -> str:
        """What a second delivery of the same document, as something new, makes there."""
        ...

    def page_language(
        self, versions: Mapping[MappingKind, MappingVersion], prepare: Prepare
    ) -> Language | None:
        """Return the language of the invoice's page that it sends; None when it sends none.

        It is made before a delivery asks for it
        (docs/decisions/0031-pages-are-made-before-exports.md).
        """
        ...

    def render(self, job: RenderJob) -> list[Rendered]:
        """Return what the calls send; raises InvalidInput for what cannot be rendered."""
        ...

    def planned(self, rendered: Sequence[Rendered], planning: Planning) -> Sequence[PlannedCall]:
        """Return what would be written or sent, for a dry run, where it `plans_itself`.

        Raises IonportError of `planning.read`.
        """
        ...

    def delivered_text(self, delivery: Delivery) -> str:
        """Return the timeline's sentence about the result of a delivery."""
        ...
