"""Recorded calls: what is kept of a request and of its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# The status of a call whose connection was cut.
NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A request as the recorder keeps it, known before it is answered.

    Attributes:
        query: the query string as sent, with dots for the values of parameters whose names mean
            secrets.
        headers: values outside a list of harmless headers are dots.
        request_sha256: of the body that an imitated service got; that of nothing for every other
            call, whose body passes by.
        request_kept: whether the body lies in the blobs under its digest.
    """

    request_id: str
    client_id: str
    service: str
    operation: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    request_sha256: str
    request_size: int
    request_kept: bool
    received_at: datetime

    @property
    def has_passed_by(self) -> bool:
        """Whether the call had a body of which the recorder knows the size alone."""
        return self.request_size > 0 and self.request_sha256 == digest_of(b"")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a request.

    Attributes:
        status: of the answer; 0 when the connection was cut instead.
        effects: the ids of what it made, changed or removed.
        fault: what a fault rule did to it; empty: nothing.
        response_type: the Content-Type of the answer.
        response_body: of an answer up to 16 kB; None when there is none or it was not kept.
    """

    status: int
    response_sha256: str
    response_size: int
    duration_ms: int
    effects: tuple[str, ...]
    fault: str = ""
    response_type: str = ""
    response_body: bytes | None = None


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call that reached the sandbox."""

    id: str
    tenant_id: str
    facts: CallFacts
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls a list shows.

    Attributes:
        service: the API context, letter case aside, as fault rules have it.
        failed_only: leaves out those that were answered with a status from 100 to 399.
        text: looked for in path and query, letter case aside.
        body: looked for in the request bodies that were kept, letter case aside.
        since, until: when a call was received, by the Infor side's clock.
    """

    service: str | None = None
    operation: str | None = None
    status: int | None = None
    failed_only: bool = False
    text: str | None = None
    body: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ascending: bool = False


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of `content` in hex."""
    return hashlib.sha256(content).hexdigest()
