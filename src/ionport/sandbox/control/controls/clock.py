"""The Infor side's clock in a sandbox: a decorator of the clock port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ionport.core.clock import Clock
from ionport.sandbox.control.controls.controls import Controls


@dataclass(frozen=True, slots=True)
class SandboxClock:
    """A clock that is ahead of another one by as much as a tester has set."""

    clock: Clock
    controls: Controls

    def now(self) -> datetime:
        return self.clock.now() + self.controls.offset
