"""Configuration of a tenant's authorization server (docs/reference/credentials.md#scopes)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import _
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, TenantAction
from ionport.oauth.states import TokenStates
from ionport.oauth.tenant.ports import ApiContexts, no_api_contexts
from ionport.oauth.tenant.repository import CustomScopeRepository, TenantSettingsRepository
from ionport.oauth.tenant.scopes import (
    CustomScope,
    OfferedScope,
    ScopeAction,
    check_custom_scope,
    scope_of,
)
from ionport.oauth.tenant.settings import TenantSettings
from ionport.store import TenantScope, Work

MAX_CUSTOM_SCOPES: Final = 500


class TenantSettingsService:
    """A tenant's settings and custom scopes; changing them needs IONAPI-Administrator there."""

    def __init__(
        self,
        clock: Clock,
        audit: AuditLog,
        states: TokenStates,
        api_contexts: ApiContexts = no_api_contexts,
    ) -> None:
        self._clock = clock
        self._audit = audit
        self._states = states
        self._api_contexts = api_contexts

    def in_force(self, work: Work, scope: TenantScope) -> TenantSettings:
        """Return the settings for the server's own use."""
        return TenantSettingsRepository(work.connection).get(scope)

    def get(self, work: Work, scope: TenantScope, actor: Actor) -> TenantSettings:
        """Return the settings for an administrator's page."""
        actor.require_tenant_administrator(scope.tenant_id)
        return self.in_force(work, scope)

    def change(
        self, work: Work, scope: TenantScope, actor: Actor, settings: TenantSettings
    ) -> None:
        """Store other settings; they hold from the next request on.

        Raises:
            InvalidInput: a limit is out of range.
        """
        actor.require_tenant_administrator(scope.tenant_id)
        settings.check()
        TenantSettingsRepository(work.connection).put(
            scope, settings, self._clock.now(), actor.name
        )
        details = {
            "scopes": settings.scope_mode.value,
            "implicit": str(settings.implicit_allowed),
            "urls": settings.url_flavour.value,
            "tokens": settings.token_form.value,
            "limits": str(settings.limits.are_on),
        }
        self._audit.record(
            Access(work, scope, actor), TenantAction.SETTINGS_CHANGED, scope.tenant_id, details
        )
        work.after_commit(self._states.forget)

    def offered_scopes(
        self, work: Work, scope: TenantScope, actor: Actor
    ) -> Sequence[OfferedScope]:
        """Return the scopes that apps and service accounts can be given: suites' and own."""
        custom = self.list_custom_scopes(work, scope, actor)
        suites = {
            scope_of(context): _("API suite {context}").format(context=context)
            for context in self._api_contexts(work, scope, actor)
        }
        return [
            *(OfferedScope(name, text) for name, text in sorted(suites.items())),
            *(OfferedScope(one.name, one.description) for one in custom),
        ]

    def list_custom_scopes(
        self, work: Work, scope: TenantScope, actor: Actor
    ) -> Sequence[CustomScope]:
        """Return the tenant's own scopes by name."""
        actor.require_tenant_administrator(scope.tenant_id)
        return CustomScopeRepository(work.connection).list(scope, MAX_CUSTOM_SCOPES)

    def add_custom_scope(
        self, work: Work, scope: TenantScope, actor: Actor, name: str, description: str
    ) -> CustomScope:
        """Add a scope of the tenant's own.

        Raises:
            InvalidInput: see `scopes.check_custom_scope`.
            Conflict: the tenant has that scope, or as many as it may have.
        """
        existing = self.list_custom_scopes(work, scope, actor)
        check_custom_scope(name, description)
        if len(existing) >= MAX_CUSTOM_SCOPES:
            raise Conflict(
                _("This tenant has {count} scopes. Delete one first.").format(count=len(existing)),
                code="too_many_scopes",
            )
        custom = CustomScope(
            tenant_id=scope.tenant_id,
            name=name,
            description=description,
            created_at=self._clock.now(),
            created_by=actor.name,
        )
        if not CustomScopeRepository(work.connection).add(scope, custom):
            raise Conflict(_("This tenant has that scope already."), code="scope_taken")
        self._audit.record(
            Access(work, scope, actor), ScopeAction.CREATED, scope.tenant_id, {"scope": name}
        )
        return custom

    def delete_custom_scope(self, work: Work, scope: TenantScope, actor: Actor, name: str) -> None:
        """Delete a scope; apps and service accounts that name it lose nothing else."""
        actor.require_tenant_administrator(scope.tenant_id)
        if not CustomScopeRepository(work.connection).remove(scope, name):
            raise NotFound(_("There is no such scope in this tenant."))
        self._audit.record(
            Access(work, scope, actor), ScopeAction.DELETED, scope.tenant_id, {"scope": name}
        )
