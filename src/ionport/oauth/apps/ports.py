"""The port through which authorized apps count and delete their service accounts and grants."""

from __future__ import annotations

from typing import Protocol

from ionport.oauth.apps.model import AppUse, AuthorizedApp
from ionport.store import ScopedWork, TenantScope


class AppDependents(Protocol):
    """Service accounts, grants and consents of an app, which are stored above the apps."""

    def count(self, access: ScopedWork[TenantScope], app: AuthorizedApp) -> AppUse:
        """Return how many of each there are."""
        ...

    def delete(self, access: ScopedWork[TenantScope], app: AuthorizedApp) -> None:
        """Mark as deleted, with the app, what does not end by the app's own mark."""
        ...
