"""Signs webhooks as Standard Webhooks asks, and makes the secrets they are signed with.

Source: docs/decisions/0025-webhooks-sftp-and-blobs-by-known-libraries.md,
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ionport.core.secrets import Secret

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32
_FEWEST_BYTES: Final = 24


def new_webhook_secret() -> Secret:
    """Return a random secret: `whsec_` and 256 bits in base64."""
    return Secret(_PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode())


def is_webhook_secret(secret: Secret) -> bool:
    """Tell whether a secret is one of the specification: base64 of at least 24 bytes."""
    text = secret.reveal().removeprefix(_PREFIX)
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False
    return len(content) >= _FEWEST_BYTES


def signed_headers(
    message_id: str, at: datetime, body: str, secrets: Sequence[Secret]
) -> dict[str, str]:
    """Return the headers of a webhook that is sent `at`; one signature for each secret."""
    # Here, because the sandbox runs without this package.
    from standardwebhooks import Webhook

    signatures = [Webhook(secret.reveal()).sign(message_id, at, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
