"""Configuration of a tenant's authorization server (docs/reference/credentials.md#scopes)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, NotFound
from ionport.core.i18n import _
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import TenantAction
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
from ionport.store import ScopedWork, TenantScope

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

    def in_force(self, access: ScopedWork[TenantScope]) -> TenantSettings:
        """Return the settings for the server's own use."""
        return TenantSettingsRepository(access.connection).get(access.scope)

    def get(self, access: Access[TenantScope]) -> TenantSettings:
        """Return the settings for an administrator's page."""
        access.require_tenant_administrator()
        return self.in_force(access)

    def change(self, access: Access[TenantScope], settings: TenantSettings) -> None:
        """Store other settings; they hold from the next request on.

        Raises:
            InvalidInput: a limit is out of range.
        """
        access.require_tenant_administrator()
        settings.check()
        TenantSettingsRepository(access.connection).put(
            access.scope, settings, self._clock.now(), access.actor.name
        )
        details = {
            "scopes": settings.scope_mode.value,
            "implicit": str(settings.implicit_allowed),
            "urls": settings.url_flavour.value,
            "tokens": settings.token_form.value,
            "limits": str(settings.limits.are_on),
            "rotation": str(settings.refresh_tokens_rotate),
            "refusals": settings.refusal_form.value,
        }
        self._audit.record(access, TenantAction.SETTINGS_CHANGED, access.scope.tenant_id, details)
        access.after_commit(self._states.forget)

    def offered_scopes(self, access: Access[TenantScope]) -> Sequence[OfferedScope]:
        """Return the scopes that apps and service accounts can be given: suites' and own."""
        custom = self.list_custom_scopes(access)
        suites = {
            scope_of(context): _("API suite {context}").format(context=context)
            for context in self._api_contexts(access)
        }
        return [
            *(OfferedScope(name, text) for name, text in sorted(suites.items())),
            *(OfferedScope(one.name, one.description) for one in custom),
        ]

    def list_custom_scopes(self, access: Access[TenantScope]) -> Sequence[CustomScope]:
        """Return the tenant's own scopes by name."""
        access.require_tenant_administrator()
        return CustomScopeRepository(access.connection).list(access.scope, MAX_CUSTOM_SCOPES)

    def add_custom_scope(
        self, access: Access[TenantScope], name: str, description: str
    ) -> CustomScope:
        """Add a scope of the tenant's own.

        Raises:
            InvalidInput: see `scopes.check_custom_scope`.
            Conflict: the tenant has that scope, or as many as it may have.
        """
        existing = self.list_custom_scopes(access)
        check_custom_scope(name, description)
        if len(existing) >= MAX_CUSTOM_SCOPES:
            raise Conflict(
                _("This tenant has {count} scopes. Delete one first.").format(count=len(existing)),
                code="too_many_scopes",
            )
        custom = CustomScope(
            tenant_id=access.scope.tenant_id,
            name=name,
            description=description,
            created_at=self._clock.now(),
            created_by=access.actor.name,
        )
        if not CustomScopeRepository(access.connection).add(access.scope, custom):
            raise Conflict(_("This tenant has that scope already."), code="scope_taken")
        self._audit.record(access, ScopeAction.CREATED, access.scope.tenant_id, {"scope": name})
        return custom

    def delete_custom_scope(self, access: Access[TenantScope], name: str) -> None:
        """Delete a scope; apps and service accounts that name it lose nothing else."""
        access.require_tenant_administrator()
        if not CustomScopeRepository(access.connection).remove(access.scope, name):
            raise NotFound(_("There is no such scope in this tenant."))
        self._audit.record(access, ScopeAction.DELETED, access.scope.tenant_id, {"scope": name})
