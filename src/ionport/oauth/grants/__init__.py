"""The grants of the token endpoint, one file each: a list of small named checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ionport.oauth.grants import (
    authorization_code,
    client_credentials,
    password,
    refresh_token,
    saml2_bearer,
)
from ionport.oauth.grants.context import Check, GrantContext

GRANTS: Final[Mapping[str, tuple[Check, ...]]] = {
    password.GRANT_TYPE: password.CHECKS,
    client_credentials.GRANT_TYPE: client_credentials.CHECKS,
    refresh_token.GRANT_TYPE: refresh_token.CHECKS,
    authorization_code.GRANT_TYPE: authorization_code.CHECKS,
    saml2_bearer.GRANT_TYPE: saml2_bearer.CHECKS,
}

# Nothing in these requests can be used only once.
REPEATABLE_GRANTS: Final = frozenset({password.GRANT_TYPE, client_credentials.GRANT_TYPE})

__all__ = ["GRANTS", "REPEATABLE_GRANTS", "Check", "GrantContext"]
