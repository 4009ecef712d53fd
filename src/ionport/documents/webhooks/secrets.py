"""The secrets of a webhook endpoint: sealed, and opened where a message is signed."""

from __future__ import annotations

from datetime import datetime

from ionport.core.sealing import KeyRing, SealedFor
from ionport.core.secrets import Secret
from ionport.documents.webhooks.model import WebhookEndpoint


def sealed_for(organization_id: str, endpoint_id: str) -> SealedFor:
    """Return what the secrets of an endpoint belong to."""
    return SealedFor("webhook_endpoint", organization_id, endpoint_id)


def secrets_of(keys: KeyRing, endpoint: WebhookEndpoint, at: datetime) -> list[Secret]:
    """Return what a message is signed with: after a rotation the secret before it as well."""
    owner = sealed_for(endpoint.organization_id, endpoint.id)
    sealed = [endpoint.sealed]
    if endpoint.sealed_previous and endpoint.previous_until and at < endpoint.previous_until:
        sealed.append(endpoint.sealed_previous)
    return [keys.open_secret(each, owner) for each in sealed]
