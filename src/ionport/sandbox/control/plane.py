"""The control plane's services, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ionport.core.blobs import Blobs
from ionport.core.caching.once import once
from ionport.core.clock import Clock
from ionport.core.sealing import KeyRing
from ionport.identity.audit import AuditLog
from ionport.sandbox.control.controls.clock import SandboxClock
from ionport.sandbox.control.controls.controls import Controls
from ionport.sandbox.control.controls.fault_service import FaultService
from ionport.store import Database

if TYPE_CHECKING:
    from ionport.sandbox.control.controls.clock_service import ClockService
    from ionport.sandbox.control.keys.service import ControlKeyService
    from ionport.sandbox.control.state.seeds import SeedService
    from ionport.sandbox.control.state.service import StateService
    from ionport.sandbox.control.state.snapshots import SnapshotService


class ControlPlane:
    """What a tester does to a tenant's sandbox, beside calling it.

    `clock` is the machine's, which `infor_clock` runs ahead of. What no call needs is made when it
    is first asked for.
    """

    def __init__(
        self, database: Database, clock: Clock, keys: KeyRing, blobs: Blobs, audit: AuditLog
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._blobs = blobs
        self._audit = audit
        self.controls = Controls(database)
        self.infor_clock = SandboxClock(clock, self.controls)
        self.faults = FaultService(clock, audit, self.controls)

    @once
    def state(self) -> StateService:
        from ionport.sandbox.control.state.service import StateService

        return StateService(self._clock, self._audit, self.controls)

    @once
    def seeds(self) -> SeedService:
        from ionport.sandbox.control.state.seeds import SeedService

        return SeedService(self.infor_clock, self._audit, self._blobs)

    @once
    def snapshots(self) -> SnapshotService:
        from ionport.sandbox.control.state.snapshots import SnapshotService

        return SnapshotService(self._clock, self._audit, self._blobs)

    @once
    def clock(self) -> ClockService:
        from ionport.sandbox.control.controls.clock_service import ClockService

        return ClockService(self.infor_clock, self._audit)

    @once
    def keys(self) -> ControlKeyService:
        from ionport.sandbox.control.keys.service import ControlKeyService

        return ControlKeyService(self._clock, self._keys, self._audit)
