"""Makes, lists, deletes and recognises API keys: shown once, kept as a digest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from ionport.core.i18n import _
from ionport.core.ids import new_id, random_token
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.api_keys.model import ApiCaller, ApiKey, ApiKeyAction, ApiScope
from ionport.identity.api_keys.repository import ApiKeyRepository
from ionport.identity.audit import AuditLog
from ionport.identity.groups.repository import rights_of_user
from ionport.identity.model import Actor
from ionport.identity.repository import UserRepository
from ionport.store import OrganizationScope, ScopedWork, SystemScope, Work

MAX_KEYS: Final = 100
MAX_DAYS: Final = 3650
PREFIX: Final = "iok_"
_HINT_LETTERS: Final = len(PREFIX) + 4
_MAX_NAME: Final = 80
_MAX_SECRET: Final = 200
_TOUCH_EVERY: Final = timedelta(minutes=1)
_SIGN_IN = SystemScope("whose API key it is")


class ApiKeyService:
    """API keys of an organization.

    Every method but `caller_for` and `touch` raises Forbidden to who does not administer the
    organization.
    """

    def __init__(self, clock: Clock, keys: KeyRing, audit: AuditLog) -> None:
        self._clock = clock
        self._keys = keys
        self._audit = audit

    def list(self, access: Access[OrganizationScope]) -> Sequence[ApiKey]:
        """Return the keys, the newest first, at most `MAX_KEYS`."""
        access.require_organization_administrator()
        return ApiKeyRepository(access.connection).list(access.scope, MAX_KEYS)

    def get(self, access: Access[OrganizationScope], key_id: str) -> ApiKey:
        """Return one key; raises NotFound."""
        found = [key for key in self.list(access) if key.id == key_id]
        if not found:
            raise NotFound(_("There is no such API key."), code="no_api_key")
        return found[0]

    def create(
        self,
        access: Access[OrganizationScope],
        name: str,
        scopes: Collection[str],
        *,
        days: int | None = None,
        user_id: str | None = None,
    ) -> tuple[ApiKey, Secret]:
        """Make a key; only its digest is stored, so that what this returns is the only copy.

        It acts as the user who makes it; the operator names one by `user_id`. `days` is how long
        it can be used, None for as long as it is not deleted.

        Raises:
            InvalidInput: no name or a long one, no scope or an unknown one, no number of days
                from 1 to `MAX_DAYS`, or the user is no member of the organization.
            Conflict: the organization has as many keys as it may have.
        """
        existing = self.list(access)
        name = name.strip()
        wrong = _wrong_fields(name, scopes, days)
        owner = access.actor.user_id or user_id
        if owner is None or self._member(access, owner) is None:
            wrong["user"] = _("Name a user who is a member of the organization.")
        if wrong or owner is None:
            raise InvalidInput(" ".join(wrong.values()), code="api_key_invalid", fields=wrong)
        if len(existing) >= MAX_KEYS:
            text = _("This organization has {count} API keys. Delete one first.")
            raise Conflict(text.format(count=MAX_KEYS), code="too_many_api_keys")
        secret = Secret(PREFIX + random_token(32).reveal())
        now = self._clock.now()
        key = ApiKey(
            id=new_id("key"),
            organization_id=access.scope.organization_id,
            user_id=owner,
            name=name,
            hint=secret.reveal()[:_HINT_LETTERS],
            scopes=frozenset(ApiScope(one) for one in scopes),
            created_at=now,
            created_by=access.actor.name,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        ApiKeyRepository(access.connection).add(access.scope, key, self._digest(secret))
        details = {"name": name, "scopes": " ".join(sorted(key.scopes))}
        self._audit.record(access, ApiKeyAction.CREATED, key.id, details)
        return key, secret

    def delete(self, access: Access[OrganizationScope], key_id: str) -> None:
        """Delete a key: it is refused from the next request on. Raises NotFound."""
        key = self.get(access, key_id)
        ApiKeyRepository(access.connection).remove(access.scope, key.id)
        self._audit.record(access, ApiKeyAction.DELETED, key.id, {"name": key.name})

    def caller_for(self, work: Work, secret: Secret, address: str | None = None) -> ApiCaller:
        """Return who calls with this key.

        Raises:
            Unauthenticated: no such key, it has expired, or its user is disabled or has left the
                organization; the text is the same for all.
        """
        wrong = Unauthenticated(
            _(
                "This API key is unknown, has expired or was deleted. Make one on the page API"
                " keys."
            ),
            code="api_key_wrong",
        )
        if not 0 < len(secret.reveal()) <= _MAX_SECRET:
            raise wrong
        key = ApiKeyRepository(work.connection).find(_SIGN_IN, self._digest(secret))
        if key is None or key.is_expired(self._clock.now()):
            raise wrong
        actor = self._member(work.within(OrganizationScope(key.organization_id)), key.user_id)
        if actor is None:
            raise wrong
        by_key = _("{user} by API key {name}").format(user=actor.name, name=key.name)
        return ApiCaller(
            key,
            replace(actor, name=by_key, address=address),
        )

    def needs_touch(self, key: ApiKey) -> bool:
        """Tell whether `touch` has something new to note: at most once a minute."""
        last = key.last_used_at
        return last is None or self._clock.now() - last >= _TOUCH_EVERY

    def touch(self, work: Work, key: ApiKey) -> None:
        """Note that the key was used just now."""
        scope = OrganizationScope(key.organization_id)
        ApiKeyRepository(work.connection).touch(scope, key.id, self._clock.now())

    def _member(self, access: ScopedWork[OrganizationScope], user_id: str) -> Actor | None:
        users = UserRepository(access.connection)
        found = users.find(_SIGN_IN, user_id)
        if found is None or found[0].is_disabled:
            return None
        roles = frozenset(
            (organization_id, role)
            for organization_id, role in users.organization_roles(_SIGN_IN, user_id)
            if organization_id == access.scope.organization_id
        )
        if not roles:
            return None
        rights = rights_of_user(access.connection, _SIGN_IN, user_id)
        return Actor(user_id, found[0].username, organization_roles=roles, rights=rights)

    def _digest(self, secret: Secret) -> str:
        return self._keys.digest(Secret(f"api-key|{secret.reveal()}"))


def _wrong_fields(name: str, scopes: Collection[str], days: int | None) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        wrong["name"] = _("A name has 1 to {limit} letters.").format(limit=_MAX_NAME)
    known = {one.value for one in ApiScope}
    if not scopes or not set(scopes) <= known:
        wrong["scopes"] = _("Choose at least one of: {scopes}.").format(
            scopes=", ".join(sorted(known))
        )
    if days is not None and not 1 <= days <= MAX_DAYS:
        wrong["days"] = _("Use 1 to {limit} days.").format(limit=MAX_DAYS)
    return wrong
