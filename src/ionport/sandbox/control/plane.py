"""The control plane's services, put together."""

from __future__ import annotations

from dataclasses import dataclass

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.core.sealing import KeyRing
from ionport.identity.audit import AuditLog
from ionport.sandbox.control.clock_service import ClockService
from ionport.sandbox.control.controls import Controls
from ionport.sandbox.control.fault_service import FaultService
from ionport.sandbox.control.keys import ControlKeyService
from ionport.sandbox.control.seeds import SeedService
from ionport.sandbox.control.snapshots import SnapshotService
from ionport.sandbox.control.state import StateService
from ionport.store import Database


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """What a tester does to a tenant's sandbox, beside calling it."""

    controls: Controls
    state: StateService
    seeds: SeedService
    snapshots: SnapshotService
    clock: ClockService
    faults: FaultService
    keys: ControlKeyService


def open_control_plane(
    database: Database, clock: Clock, keys: KeyRing, blobs: Blobs, audit: AuditLog
) -> ControlPlane:
    """Put the services together; `clock` is the machine's, which `controls` runs ahead of."""
    controls = Controls(database, clock)
    return ControlPlane(
        controls=controls,
        state=StateService(clock, audit, controls),
        seeds=SeedService(controls, audit, blobs),
        snapshots=SnapshotService(clock, audit, blobs),
        clock=ClockService(audit, controls),
        faults=FaultService(clock, audit, controls),
        keys=ControlKeyService(clock, keys, audit),
    )
