"""Control keys: what `/_control` asks for. One tenant's each, shown once, kept as a digest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from ionport.core.i18n import _
from ionport.core.ids import new_id, random_token
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, TenantRole
from ionport.sandbox.control.keys.model import ControlKey, ControlKeyAction
from ionport.sandbox.control.keys.repository import ControlKeyRepository
from ionport.sandbox.control.rights import require_control
from ionport.store import ScopedWork, SystemScope, TenantScope

MAX_KEYS: Final = 50
PREFIX: Final = "ctl_"
_MAX_NAME: Final = 80
_SIGN_IN = SystemScope("whose control key it is")


class ControlKeyService:
    """Makes, lists, deletes and recognises control keys.

    Every method but `actor_for` raises Forbidden to who does not administer the tenant and in a
    production tenant.
    """

    def __init__(self, clock: Clock, keys: KeyRing, audit: AuditLog) -> None:
        self._clock = clock
        self._keys = keys
        self._audit = audit

    def list(self, access: Access[TenantScope]) -> Sequence[ControlKey]:
        """Return the keys, the oldest first."""
        require_control(access.actor, access.scope)
        return ControlKeyRepository(access.connection).list(access.scope, MAX_KEYS)

    def get(self, access: Access[TenantScope], key_id: str) -> ControlKey:
        """Return one key; raises NotFound."""
        found = [key for key in self.list(access) if key.id == key_id]
        if not found:
            raise NotFound(_("There is no such control key."), code="control_key_not_found")
        return found[0]

    def create(self, access: Access[TenantScope], name: str) -> tuple[ControlKey, Secret]:
        """Make a key; only its digest is stored, so that what this returns is the only copy.

        Raises:
            InvalidInput: no name, or a long one.
            Conflict: the tenant has as many keys as it may have.
        """
        existing = self.list(access)
        name = name.strip()
        if not name or len(name) > _MAX_NAME or not name.isprintable():
            text = _("A name has 1 to {limit} letters.").format(limit=_MAX_NAME)
            raise InvalidInput(text, code="control_key_name_invalid", fields={"name": text})
        if len(existing) >= MAX_KEYS:
            raise Conflict(
                _("This tenant has {count} control keys. Delete one first.").format(count=MAX_KEYS),
                code="too_many_control_keys",
            )
        secret = Secret(PREFIX + random_token(32).reveal())
        now = self._clock.now()
        key = ControlKey(new_id("ck"), access.scope.tenant_id, name, now, access.actor.name)
        ControlKeyRepository(access.connection).add(access.scope, key, self._keys.digest(secret))
        self._audit.record(access, ControlKeyAction.CREATED, key.id, {"name": name})
        return key, secret

    def delete(self, access: Access[TenantScope], key_id: str) -> None:
        """Delete a key: it is refused from the next request on. Raises NotFound."""
        key = self.get(access, key_id)
        ControlKeyRepository(access.connection).remove(access.scope, key.id)
        self._audit.record(access, ControlKeyAction.DELETED, key.id, {"name": key.name})

    def actor_for(self, access: ScopedWork[TenantScope], secret: Secret) -> Actor:
        """Return the actor of a key: an administrator of its own tenant, and of no other.

        Raises:
            Unauthenticated: no key of this tenant.
        """
        key = ControlKeyRepository(access.connection).find(_SIGN_IN, self._keys.digest(secret))
        if key is None or key.tenant_id != access.scope.tenant_id:
            raise Unauthenticated(
                _("This is no control key of the tenant. Make one on its page Control keys."),
                code="control_key_wrong",
            )
        return Actor(
            user_id=None,
            name=_("control key {name}").format(name=key.name),
            tenant_roles=frozenset({(key.tenant_id, TenantRole.IONAPI_ADMINISTRATOR)}),
        )
