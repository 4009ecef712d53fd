"""Ordering what goes wrong: `infor.faults.add(status=503, service="IDM", times=2)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ionport.core.errors import InvalidInput
from ionport.identity.access import Access
from ionport.sandbox.control.controls.faults import (
    FaultDraft,
    FaultKind,
    FaultRule,
    FaultTarget,
    Trigger,
)
from ionport.store import Work
from ionport.testing.parts import ACTOR, Parts


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that a test has added."""

    id: str
    label: str
    _faults: Faults = field(repr=False, compare=False)

    @property
    def hits(self) -> int:
        """To how many calls it has applied until now."""
        return self._faults.rule(self.id).hits

    @property
    def seen(self) -> int:
        """How many calls it matched, applied or not."""
        return self._faults.rule(self.id).seen

    def remove(self) -> None:
        """Let calls pass again."""
        self._faults.remove(self.id)


class Faults:
    """The fault rules of the tenant. A reset removes them all."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._service = parts.side.control.faults

    def add(
        self,
        kind: str = FaultKind.STATUS,
        *,
        service: str = "",
        operation: str = "",
        method: str = "",
        path: str = "",
        times: int | None = None,
        every: int | None = None,
        probability: float | None = None,
        **details: Any,
    ) -> Fault:
        """Let calls go wrong from the next one on.

        Args:
            kind: `status` (an answer of your own), `too-many-requests`, `latency`, `slow-body`,
                `cut-before-commit`, `cut-after-commit`, `broken-json`, `html`, `token-refused` or
                `search-lag`.
            service: only calls of that API context, such as `IDM`.
            operation: only that operation, by the recorder's name, such as `create item`.
            method: only that HTTP method.
            path: only such paths behind the tenant; `*` stands for any letters.
            times: only the next `times` calls.
            every: only every `every`-th call.
            probability: only some of the calls, always the same for the same `seed`.
            details: `status`, `body`, `media_type`, `seconds`, `after_commit`, `seed`, `name`.

        Raises:
            InvalidInput: something is out of range; every text says what.
            ValueError: no such kind, or more than one of times, every and probability.
        """
        trigger, figure = _trigger(times, every, probability)
        target = FaultTarget(service=service, operation=operation, method=method, path=path)
        draft = FaultDraft(
            FaultKind(kind), target=target, trigger=trigger, figure=figure, **details
        )
        try:
            rule = self._do(self._service.add, draft)
        except InvalidInput as error:
            texts = (f"{name}: {text}" for name, text in error.fields.items())
            error.add_note("\n".join(texts))
            raise
        return Fault(rule.id, rule.label, self)

    def clear(self) -> None:
        """Remove every rule."""
        self._do(self._service.delete_all)

    def rules(self) -> Sequence[FaultRule]:
        """Return the rules in the order in which they are tried."""
        rules: Sequence[FaultRule] = self._do(self._service.list)
        return rules

    def rule(self, fault_id: str) -> FaultRule:
        """Return one rule as it stands now; raises NotFound."""
        rule: FaultRule = self._do(self._service.get, fault_id)
        return rule

    def remove(self, fault_id: str) -> None:
        """Remove one rule; raises NotFound."""
        self._do(self._service.delete, fault_id)

    def _do(self, step: Callable[..., Any], *arguments: object) -> Any:
        work: Work
        with self._parts.database.write() as work:
            return step(Access(work, self._parts.scope, ACTOR), *arguments)


def _trigger(
    times: int | None, every: int | None, probability: float | None
) -> tuple[Trigger, float]:
    given = [
        (trigger, float(figure))
        for trigger, figure in (
            (Trigger.NEXT, times),
            (Trigger.EVERY, every),
            (Trigger.PROBABILITY, probability),
        )
        if figure is not None
    ]
    if len(given) > 1:
        raise ValueError("choose one of times, every and probability")
    return given[0] if given else (Trigger.ALWAYS, 1.0)
