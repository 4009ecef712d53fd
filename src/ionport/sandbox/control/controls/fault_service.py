"""Fault rules: add, change, switch, delete, and apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.sandbox.control.controls.controls import Controls
from ionport.sandbox.control.controls.fault_repository import FaultRepository
from ionport.sandbox.control.controls.faults import (
    MAX_RULES,
    FaultAction,
    FaultDraft,
    FaultRule,
    applies,
    is_used_up,
)
from ionport.sandbox.control.rights import require_control
from ionport.store import ScopedWork, TenantScope


class FaultService:
    """A tenant's fault rules.

    Every method raises Forbidden to who does not administer the tenant and in a production
    tenant, and NotFound for a rule that is not there.
    """

    def __init__(self, clock: Clock, audit: AuditLog, controls: Controls) -> None:
        self._clock = clock
        self._audit = audit
        self._controls = controls

    def list(self, access: Access[TenantScope]) -> Sequence[FaultRule]:
        """Return the rules in the order in which they are tried."""
        require_control(access.actor, access.scope)
        return FaultRepository(access.connection).list(access.scope, MAX_RULES)

    def get(self, access: Access[TenantScope], fault_id: str) -> FaultRule:
        """Return one rule."""
        require_control(access.actor, access.scope)
        rule = FaultRepository(access.connection).get(access.scope, fault_id)
        return existing(rule, _("There is no such fault rule."), code="fault_not_found")

    def require(self, scope: TenantScope, actor: Actor) -> None:
        """Raise Forbidden to a caller who may not use the rules of the tenant."""
        require_control(actor, scope)

    def add(self, access: Access[TenantScope], draft: FaultDraft) -> FaultRule:
        """Add a rule; it applies from the next call on.

        Raises:
            InvalidInput: a field is out of range.
            Conflict: the tenant has as many rules as it may have.
        """
        require_control(access.actor, access.scope)
        draft.check()
        faults = FaultRepository(access.connection)
        if faults.count(access.scope) >= MAX_RULES:
            raise Conflict(
                _("This tenant has {count} fault rules. Delete one first.").format(count=MAX_RULES),
                code="too_many_faults",
            )
        now = self._clock.now()
        rule = FaultRule(
            new_id("fault"), access.scope.tenant_id, draft, 0, 0, now, access.actor.name
        )
        faults.add(access.scope, rule)
        self._changed(access, FaultAction.ADDED, rule)
        return rule

    def change(self, access: Access[TenantScope], fault_id: str, draft: FaultDraft) -> FaultRule:
        """Put another rule in the place of one; it counts from the start again."""
        rule = self.get(access, fault_id)
        draft.check()
        FaultRepository(access.connection).change(access.scope, rule.id, draft)
        changed = replace(rule, draft=draft, seen=0, hits=0)
        self._changed(access, FaultAction.CHANGED, changed)
        return changed

    def switch(self, access: Access[TenantScope], fault_id: str, *, on: bool) -> FaultRule:
        """Switch a rule on, when it counts from the start again, or off."""
        rule = self.get(access, fault_id)
        faults = FaultRepository(access.connection)
        if on:
            rule = replace(rule, draft=replace(rule.draft, is_enabled=True), seen=0, hits=0)
            faults.change(access.scope, rule.id, rule.draft)
        else:
            rule = replace(rule, draft=replace(rule.draft, is_enabled=False))
            faults.switch_off(access.scope, rule.id)
        action = FaultAction.ENABLED if on else FaultAction.DISABLED
        self._changed(access, action, rule)
        return rule

    def delete(self, access: Access[TenantScope], fault_id: str) -> None:
        """Delete a rule."""
        rule = self.get(access, fault_id)
        FaultRepository(access.connection).delete(access.scope, rule.id)
        self._changed(access, FaultAction.DELETED, rule)

    def delete_all(self, access: Access[TenantScope]) -> None:
        """Delete every rule."""
        for rule in self.list(access):
            self.delete(access, rule.id)

    def apply(
        self, access: ScopedWork[TenantScope], matching: Sequence[FaultRule]
    ) -> Sequence[FaultRule]:
        """Return those of the rules, all of which match a call, that apply to it, and count it.

        Rules that only delay act together; of the others the first decides, and those after it do
        not count the call.
        """
        faults = FaultRepository(access.connection)
        found: list[FaultRule] = []
        for rule in matching:
            number = faults.count_seen(access.scope, rule.id)
            if number is None or not applies(rule, number):
                continue
            faults.count_hit(access.scope, rule.id)
            if is_used_up(rule, number):
                faults.switch_off(access.scope, rule.id)
                self._controls.change(access.work)
            found.append(rule)
            if not rule.draft.kind.only_adds:
                break
        return found

    def _changed(self, access: Access[TenantScope], action: FaultAction, rule: FaultRule) -> None:
        self._controls.change(access.work)
        details = {"kind": rule.draft.kind.value, "name": rule.draft.name}
        self._audit.record(access, action, rule.id, details)
