"""The results of a connection's proof, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..wording import values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

State = Literal["running", "passed", "failed", "not_applicable", "skipped"]
Details = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StageResult:
    """One stage, as it starts (`running`) or as it ended.

    `cause` and `remedy` explain a failure; a `remedy` on another state is advice. `code` is a
    stable word for how it ended: the error's where it failed, else what the stage found; empty
    where no stage has ended. Texts are English, each a `Sentence` with its template and its values
    where it has any. `details` are rows of label and value. Nothing here contains a secret.
    """

    id: str
    title: str
    state: State
    milliseconds: int = 0
    summary: str = ""
    cause: str = ""
    remedy: str = ""
    details: Details = ()
    code: str = ""

    @property
    def parameters(self) -> Mapping[str, str]:
        """The values of the texts' placeholders, by name: hosts, numbers, words of a server."""
        return values_of(self.summary, self.cause, self.remedy)


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The results of all stages."""

    stages: tuple[StageResult, ...]

    @classmethod
    def collect(cls, results: Iterator[StageResult]) -> ProbeReport:
        """Run a probe to its end."""
        return cls(tuple(result for result in results if result.state != "running"))

    @property
    def ok(self) -> bool:
        """Whether the connection is proved: no stage failed or had to be skipped."""
        return all(stage.state in {"passed", "not_applicable"} for stage in self.stages)

    @property
    def failed(self) -> StageResult | None:
        """The first stage that failed."""
        return next((stage for stage in self.stages if stage.state == "failed"), None)
