"""What an imitated service is made of: its operations, and the fact behind each.

An operation works in two phases, so that write transactions stay short. Its handler reads the
request, checks it and puts files into the blobs; what it returns, a `Step`, then runs inside
the transaction, and the recorder's row commits with it.

The coverage page and the sandbox's OpenAPI are made from these values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from starlette.datastructures import Headers, QueryParams

from ionport.core.errors import IonportError
from ionport.gateway.caller import Caller
from ionport.store import Database, TenantScope, Work

UNKNOWN_OPERATION = "unknown"

# No service takes control characters (`ionport.sandbox.kit.texts`).
PLAIN_TEXT: Mapping[str, str] = {
    "type": "string",
    "pattern": r"^[^\u0000-\u001f\u007f-\u009f\ufffe\uffff]*$",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request to an imitated service, its body read whole.

    Attributes:
        path: what stands behind the API context, from a slash, as the client spelt it.
        database: for work that takes too long for the step's transaction, in short ones of its own.
        found_until: a search does not find what is younger yet (a fault rule); None: it finds all.
    """

    caller: Caller
    operation: str
    method: str
    path: str
    headers: Headers
    query: QueryParams
    path_params: Mapping[str, str]
    body: bytes
    database: Database
    found_until: datetime | None = None

    @property
    def scope(self) -> TenantScope:
        """The tenant whose rows the call sees."""
        return TenantScope(self.caller.tenant_id)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a service; `effects` are the ids of what the call made, changed or removed."""

    status: int = 200
    body: bytes = b""
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    effects: tuple[str, ...] = ()


Step = Callable[[Work], Answer]
Handler = Callable[[Call], Step]
ErrorShape = Callable[[Call, IonportError], Answer]


class Known(StrEnum):
    """How certain a statement about the real operation is, as docs/reference/README.md marks it.

    `OWN` comes from a file of a tenant's own metadata that the sandbox was given.
    """

    VERIFIED = "verified"
    FROM_CLIENTS = "inferred from public clients"
    INFERRED = "inferred"
    OWN = "told by your tenant"


@dataclass(frozen=True, slots=True)
class Fact:
    """Where it is written how the real operation behaves.

    Attributes:
        section: page and section of the reference, such as `docs/reference/idm.md#create`.
        known: as the statement there is marked; a test compares them.
        left_out: what of the real operation is not imitated; empty when nothing is known.
        successor: Infor has withdrawn the address, and this one, behind the tenant, has taken its
            place; the answers say so in the header `X-Ionport-Withdrawn`.
    """

    section: str
    known: Known
    left_out: str = ""
    successor: str = ""


def verified(section: str, *, left_out: str = "") -> Fact:
    """Return a fact for which the reference links a public source."""
    return Fact(section, Known.VERIFIED, left_out)


def from_clients(section: str, *, left_out: str = "") -> Fact:
    """Return a fact that working public clients show, of which no address is known."""
    return Fact(section, Known.FROM_CLIENTS, left_out)


def inferred(section: str, *, left_out: str = "") -> Fact:
    """Return a fact that was concluded from others."""
    return Fact(section, Known.INFERRED, left_out)


@dataclass(frozen=True, slots=True)
class Wire:
    """The parameters and the body of an operation, for the OpenAPI document.

    Attributes:
        query: names of query parameters; each may be left out.
        takes: media types of the request's body; none when the operation takes none.
        schema: JSON schema of a body; of its parts when it is multipart.
        example: a body that is right.
        spread: the path parameters that name the group and the name of a part. With both, the
            document has an address for each part; with the group alone, it lists the groups.
    """

    query: Sequence[str] = ()
    takes: Sequence[str] = ()
    schema: Mapping[str, object] = field(default_factory=dict)
    example: str = ""
    spread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One imitated operation: method and path (matched ignoring case) to a handler.

    Attributes:
        writes: marks a GET that may change something, as M3's do.
        label: names a call more closely by its body, for the recorder and for fault rules;
            None when it cannot.
    """

    name: str
    method: str
    path: str
    handler: Handler
    fact: Fact
    writes: bool = False
    wire: Wire = Wire()
    label: Callable[[bytes], str | None] | None = None

    @property
    def only_reads(self) -> bool:
        return self.method == "GET" and not self.writes

    def name_of(self, body: bytes) -> str:
        """Return the name of a call with that body."""
        return (self.label and self.label(body)) or self.name


def withdrawn(operations: Iterable[Operation], successor: str) -> list[Operation]:
    """Return operations at addresses that Infor has withdrawn in favour of `successor`."""
    return [replace(each, fact=replace(each.fact, successor=successor)) for each in operations]


@dataclass(frozen=True, slots=True)
class Input:
    """One field of what a part is asked; `length` counts characters."""

    name: str
    length: int
    is_number: bool = False
    is_mandatory: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One of the many things behind an address: a transaction of M3, a SOAP operation of LN.

    Attributes:
        group: what it belongs to, such as the program.
    """

    group: str
    name: str
    fact: Fact
    inputs: Sequence[Input] = ()


def no_parts() -> Sequence[Part]:
    """Return the parts of a service in which every operation has an address of its own."""
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """One imitated service.

    Attributes:
        context: the API context, the first part of its addresses behind the tenant: `IDM`.
        title: the service's name as its users say it.
        operations: tried in order.
        error_answer: turns an error into the service's own answer.
        max_body_bytes: longer request bodies are refused with 413.
        parts: what lies behind operations that do many things.
        error_statuses: how a wrong request is answered; SOAP wants 500 for that.
    """

    context: str
    title: str
    operations: Sequence[Operation]
    error_answer: ErrorShape
    max_body_bytes: int
    parts: Callable[[], Sequence[Part]] = no_parts
    error_statuses: Sequence[str] = ("4XX",)
