"""What the authorization server needs from others: which API suites scopes are given for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ionport.identity.access import Access
from ionport.store import TenantScope


class ApiContexts(Protocol):
    """Knows the API suites that a tenant's clients can call; the gateway's side fills it."""

    def __call__(self, access: Access[TenantScope], /) -> Sequence[str]:
        """Return their API contexts, a few hundred at most."""
        ...


def no_api_contexts(_access: Access[TenantScope]) -> Sequence[str]:
    """There is no gateway."""
    return ()
