"""Who acts when a person does: their roles and rights, as they stand now."""

from __future__ import annotations

from ionport.identity.groups.repository import rights_of_user
from ionport.identity.model import Actor, User
from ionport.identity.repository import UserRepository
from ionport.store import ScopedWork, SystemScope


def actor_of_user(access: ScopedWork[SystemScope], user: User, address: str | None = None) -> Actor:
    """Return who acts when `user` does, from `address`."""
    users = UserRepository(access.connection)
    return Actor(
        user_id=user.id,
        name=user.username,
        tenant_roles=frozenset(users.tenant_roles(access.scope, user.id)),
        organization_roles=frozenset(users.organization_roles(access.scope, user.id)),
        address=address,
        rights=rights_of_user(access.connection, access.scope, user.id),
    )


def find_actor(access: ScopedWork[SystemScope], user_id: str) -> Actor | None:
    """Return the actor of a user by id; None for one who is gone or disabled."""
    found = UserRepository(access.connection).find(access.scope, user_id)
    if found is None or found[0].is_disabled:
        return None
    return actor_of_user(access, found[0])
