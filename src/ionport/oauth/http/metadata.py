"""The metadata document of a tenant's authorization server (RFC 8414, RFC 9207 §3)."""

from __future__ import annotations

from typing import Any

from ionport.oauth.apps.bridge.keys import ALGORITHM
from ionport.oauth.grants import GRANTS
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.oauth.tenant.settings import TenantSettings

_CONFIDENTIAL_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]


def metadata(endpoints: Endpoints, tenant_id: str, settings: TenantSettings) -> dict[str, Any]:
    """Return the document of the well-known addresses, in the tenant's flavour of URLs."""
    flavour = settings.url_flavour
    grants, responses = [*GRANTS], ["code"]
    if settings.implicit_allowed:
        grants, responses = [*grants, "implicit"], ["code", "token"]
    return {
        "issuer": endpoints.issuer(tenant_id),
        "authorization_endpoint": endpoints.authorization_url(tenant_id, flavour),
        "token_endpoint": endpoints.token_url(tenant_id, flavour),
        "revocation_endpoint": endpoints.revocation_url(tenant_id, flavour),
        "introspection_endpoint": endpoints.introspection_url(tenant_id, flavour),
        "jwks_uri": endpoints.jwks_url(tenant_id),
        "response_types_supported": responses,
        "response_modes_supported": ["query", "fragment"][: len(responses)],
        "grant_types_supported": grants,
        "token_endpoint_auth_methods_supported": [*_CONFIDENTIAL_METHODS, "none"],
        "token_endpoint_auth_signing_alg_values_supported": [ALGORITHM],
        "revocation_endpoint_auth_methods_supported": [*_CONFIDENTIAL_METHODS, "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": [ALGORITHM],
        "introspection_endpoint_auth_methods_supported": _CONFIDENTIAL_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": [ALGORITHM],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        # OpenID Connect Discovery 1.0 §3 requires both; libraries read no document without them.
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
    }
