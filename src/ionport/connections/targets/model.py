"""A target, and the port of its kinds."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ionport.connections.model import TargetKind
from ionport.connections.targets.errors import TargetError
from ionport.core.clock import Clock
from ionport.core.secrets import Secret
from ionport.ionapi.addresses import AddressPolicy
from ionport.ionapi.probe import StageResult

Results = Generator[StageResult, None, None]
"""A proof as it is made: each stage as it begins and as it ends."""
PROBE_SECONDS = 30.0
"""How long one step of a proof may take: a person is looking at the page."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where something is delivered, with its secret; `parameters` are by the kind's fields."""

    kind: TargetKind
    parameters: Mapping[str, str] = field(hash=False)
    secret: Secret = field(default_factory=lambda: Secret(""))


@dataclass(frozen=True, slots=True)
class TargetField:
    """A parameter as a form asks for it."""

    name: str
    label: Callable[[], str]
    help: Callable[[], str] = str
    required: bool = True
    limit: int = 500
    is_number: bool = False
    has_lines: bool = False
    default: str = ""


class TargetType(Protocol):
    """One kind of target."""

    kind: TargetKind
    fields: tuple[TargetField, ...]
    stages: tuple[tuple[str, str], ...]
    """Keys and titles of its proof, in their order."""

    @property
    def summary(self) -> str:
        """What it is, in one sentence for the form."""
        ...

    def secret_label(self) -> str:
        """Return the label of its secret in a form; empty: a person gives none."""
        return ""

    def proposed_secret(self) -> Secret:
        """Return a new secret that a form proposes; empty: the target's owner has made it."""
        return Secret("")

    def checked(self, target: Target, policy: AddressPolicy) -> Target:
        """Return the target as it is kept; raises InvalidInput that names the fields."""
        ...

    def place(self, parameters: Mapping[str, str]) -> str:
        """Return where it is, as a text for people without a secret."""
        ...

    def probe(self, target: Target, policy: AddressPolicy, clock: Clock) -> Results:
        """Prove it: each stage as it begins and as it ends."""
        ...


class FileStore(Protocol):
    """The files of one folder, by plain names. Every method raises TargetError."""

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        ...

    def read(self, name: str, most: int) -> bytes:
        """Return a file, but no more of it than `most` bytes and one."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file anew, as durably as the target can."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, at once and never over another file."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...


@runtime_checkable
class FileTargetType(TargetType, Protocol):
    """A kind whose targets take files."""

    def open(
        self, target: Target, folder: str, policy: AddressPolicy, seconds: float
    ) -> AbstractContextManager[FileStore]:
        """Open a folder below the target's own for the block; each call may take `seconds`.

        Raises TargetError; the folder is never made.
        """
        ...


class Stages:
    """Yields the results of a proof's stages one after the other."""

    def __init__(self, stages: tuple[tuple[str, str], ...]) -> None:
        self._left = list(stages)
        self._began = time.monotonic()

    def begin(self) -> StageResult:
        """Begin the next stage."""
        self._began = time.monotonic()
        return StageResult(*self._left[0], "running")

    def passed(self, summary: str = "") -> StageResult:
        """End the stage as passed."""
        stage = self._left.pop(0)
        return StageResult(*stage, "passed", self._milliseconds(), summary, code=stage[0])

    def passed_to(self, key: str) -> Iterator[StageResult]:
        """End all stages before one as passed: one call has made them together.

        Yields nothing where that stage has passed already.
        """
        while any(key == left for left, _title in self._left[1:]):
            yield self.passed()

    def failed(self, error: TargetError) -> Iterator[StageResult]:
        """End the stage with an error, and the rest as not reached."""
        yield StageResult(
            *self._left.pop(0),
            "failed",
            self._milliseconds(),
            cause=error.text,
            remedy=error.remedy,
            code=error.code,
        )
        for stage in self._left:
            yield StageResult(*stage, "skipped", code="waits")

    def _milliseconds(self) -> int:
        return round((time.monotonic() - self._began) * 1000)
