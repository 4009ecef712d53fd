"""Which tables hold the state of a tenant's sandbox, and how to empty them.

Every imitated service names its own in `STATE_TABLES` of its `tables.py`; nothing else needs to
know them.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from sqlalchemy import Table

from ionport import sandbox
from ionport.core.clock import Clock
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.sandbox.control import tables as control_tables
from ionport.sandbox.control.controls.controls import Controls
from ionport.sandbox.control.controls.repository import ControlRepository
from ionport.sandbox.control.rights import require_control
from ionport.sandbox.control.state.model import StateAction
from ionport.sandbox.control.state.repository import StateRepository
from ionport.store import SystemScope, TenantScope, metadata

_SYSTEM = SystemScope("the clock of the installation")


@cache
def service_tables() -> Sequence[Table]:
    """Return the tables of the imitated services, a parent before what belongs to it."""
    found: set[Table] = set()
    for package in pkgutil.iter_modules(sandbox.__path__, f"{sandbox.__name__}."):
        name = f"{package.name}.tables"
        if package.ispkg and importlib.util.find_spec(name) is not None:
            module = importlib.import_module(name)
            if module is not control_tables:
                found.update(module.STATE_TABLES)
    return [table for table in metadata.sorted_tables if table in found]


def state_tables() -> Sequence[Table]:
    """Return every table that a reset empties: the services', and the control plane's own."""
    return [*service_tables(), *control_tables.STATE_TABLES]


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many rows a table holds of a tenant."""

    table: str
    rows: int


class StateService:
    """Tells what a tenant's sandbox holds, and empties it.

    Every method raises Forbidden to who does not administer the tenant and in a production
    tenant.
    """

    def __init__(self, clock: Clock, audit: AuditLog, controls: Controls) -> None:
        self._clock = clock
        self._audit = audit
        self._controls = controls

    def counts(self, access: Access[TenantScope]) -> Sequence[StateCount]:
        """Return how many rows there are, by table."""
        require_control(access.actor, access.scope)
        state = StateRepository(access.connection)
        return [
            StateCount(table.name, state.count(access.scope, table)) for table in state_tables()
        ]

    def reset(self, access: Access[TenantScope]) -> int:
        """Empty the sandbox of a tenant; return how many rows were deleted.

        Items, messages, M3 companies (which come back with their first records), recorded
        calls and fault rules go, and the clock, which is every tenant's, is set back. Apps,
        service accounts, users, snapshots and control keys stay.
        """
        require_control(access.actor, access.scope)
        state = StateRepository(access.connection)
        now = self._clock.now()
        gone = sum(state.empty(access.scope, table, now) for table in reversed(state_tables()))
        ControlRepository(access.connection).set_offset(_SYSTEM, timedelta())
        self._controls.change(access.work)
        details = {"rows": str(gone)}
        self._audit.record(access, StateAction.RESET, access.scope.tenant_id, details)
        return gone
