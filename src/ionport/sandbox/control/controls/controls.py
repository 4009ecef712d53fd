"""The settings of the control plane as this process has read them: clock, token marks, fault rules.

A change raises the generation in the same transaction. This process reads it
after its own changes, and once a second while a server runs, so that calls need not read the
database.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ionport.core.i18n import N_
from ionport.core.repeating import Repeating
from ionport.identity.model import AuditAction
from ionport.sandbox.control.controls.fault_repository import FaultRepository
from ionport.sandbox.control.controls.faults import FaultRule
from ionport.sandbox.control.controls.repository import ControlRepository
from ionport.store import Database, SystemScope, Work

WATCH_SECONDS: Final = 1.0
_SYSTEM = SystemScope("what the control plane has set")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _State:
    generation: int = 0
    offset: timedelta = timedelta()
    expired_before: Mapping[str, datetime] = field(default_factory=dict)
    faults: Mapping[str, Sequence[FaultRule]] = field(default_factory=dict)


class Controls:
    """The controls of one process; thread safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._state = _State()
        self._refreshing = threading.Lock()

    @property
    def offset(self) -> timedelta:
        """How far the Infor side's clock is ahead of the machine's."""
        return self._state.offset

    def expired_before(self, tenant_id: str) -> datetime | None:
        """Return the moment before which every access token of a tenant counts as expired."""
        return self._state.expired_before.get(tenant_id)

    def faults(self, tenant_id: str) -> Sequence[FaultRule]:
        """Return a tenant's rules that are switched on."""
        return self._state.faults.get(tenant_id, ())

    def refresh(self) -> None:
        """Read what has been set, if anything has changed."""
        with self._refreshing, self._database.read() as work:
            controls = ControlRepository(work.connection)
            generation, offset = controls.generation_and_offset(_SYSTEM)
            if generation == self._state.generation:
                return
            faults: dict[str, list[FaultRule]] = defaultdict(list)
            for rule in FaultRepository(work.connection).enabled(_SYSTEM):
                faults[rule.tenant_id].append(rule)
            marks = controls.token_marks(_SYSTEM)
            self._state = _State(generation, offset, marks, dict(faults))

    def repeating(self, every_seconds: float = WATCH_SECONDS) -> Repeating:
        """Return what refreshes them in a thread of its own: others may change them."""
        return Repeating("control-watch", self.refresh, every_seconds, at_once=True)

    def change(self, work: Work) -> None:
        """Let every process know, once `work` is committed, that something has been set."""
        ControlRepository(work.connection).raise_generation(_SYSTEM)
        work.after_commit(self.refresh)


class ClockAction(AuditAction):
    """What the audit log tells of the sandbox's clock."""

    MOVED = "sandbox.clock_moved", N_("Clock moved forward")
    SET_BACK = "sandbox.clock_set_back", N_("Clock set back to the real time")
    TOKENS_EXPIRED = "sandbox.tokens_expired", N_("All access tokens expired")
