"""Client credentials of an app with that Grant Type.

Source: RFC 6749 §4.4, docs/reference/credentials.md#backend-service.

A refresh token is issued when the app's switch says so, although RFC 6749 §4.4.3 advises against
it: Infor's own walkthrough for such an app switches it on.
"""

from __future__ import annotations

from typing import Final

from ionport.oauth.apps.model import GrantType
from ionport.oauth.grants.context import Check, GrantContext, require_grant_type

GRANT_TYPE: Final = "client_credentials"


def _app_allows_it(context: GrantContext) -> None:
    require_grant_type(context, GrantType.CLIENT_CREDENTIALS)


CHECKS: Final[tuple[Check, ...]] = (_app_allows_it,)
