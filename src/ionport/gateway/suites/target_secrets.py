"""The sealed secrets of target endpoints: what they are bound to, and when they are kept."""

from __future__ import annotations

from ionport.core.sealing import KeyRing, SealedFor
from ionport.gateway.suites.model import EndpointDraft, TargetEndpoint
from ionport.gateway.targets.addresses import origin_of
from ionport.gateway.targets.security import OpenedSecurity


def sealed_for(tenant_id: str, endpoint_id: str) -> SealedFor:
    """Return what the secrets of an endpoint are bound to."""
    return SealedFor("target", tenant_id, endpoint_id)


def open_security(keys: KeyRing, endpoint: TargetEndpoint, sealed: str | None) -> OpenedSecurity:
    """Return an endpoint's security with its secrets, for calls to the target.

    Raises:
        Unavailable: the key it was sealed with is not in the key ring.
    """
    owner = sealed_for(endpoint.tenant_id, endpoint.id)
    return OpenedSecurity.of(endpoint.security, keys.open(sealed, owner) if sealed else b"")


def keeps_receiver(old: TargetEndpoint, draft: EndpointDraft) -> bool:
    """Tell whether a changed endpoint sends its secrets to the same receiver as before."""
    try:
        same_target = origin_of(old.target_url) == origin_of(draft.target_url)
    except (ValueError, KeyError):
        return False
    same_issuer = old.security.values.get("token_endpoint") == draft.security.values.get(
        "token_endpoint"
    )
    safer = old.ignore_certificate_errors or not draft.ignore_certificate_errors
    return same_target and same_issuer and safer
