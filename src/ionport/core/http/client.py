"""Calls to servers of others: by the address policy, bounded in time and in bytes.

Source: docs/decisions/0012-foreign-addresses-are-checked-and-pinned.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ionport.core.errors import Unavailable
from ionport.core.i18n import _
from ionport.ionapi.addresses import AddressPolicy
from ionport.ionapi.errors import IonApiError
from ionport.ionapi.transport.intake import EXTENSION, Options
from ionport.ionapi.transport.pool import build_client


@dataclass(frozen=True, slots=True)
class ForeignAnswer:
    """What a server of others answered, whatever its status."""

    status: int
    content: bytes

    def json_object(self) -> dict[str, Any]:
        """Return the JSON object; empty when it is none."""
        try:
            value = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class ForeignClient:
    """Sends one request at a time: no redirects, no cookies, nothing kept of an exchange.

    `seconds` bound a call as a whole, `most_bytes` the body of its answer.
    """

    def __init__(self, policy: AddressPolicy, *, seconds: float, most_bytes: int) -> None:
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._client = build_client(policy, timeout=seconds)

    def send(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ForeignAnswer:
        """Send a request and return its answer, whatever its status.

        Raises:
            Unavailable: the address is not allowed, nobody answers there in time, or the answer
                is none that is taken; the detail says which.
        """
        options = Options(limit=self._most_bytes, total=self._seconds)
        try:
            answer = self._client.request(
                method,
                url,
                data=None if form is None else dict(form),
                headers=dict(headers or {}),
                extensions={EXTENSION: options},
            )
        except IonApiError as error:
            raise Unavailable(
                _("Another server cannot be reached at the moment."),
                code="foreign_server_away",
                detail=f"{error.code}: {error.message}",
            ) from error
        return ForeignAnswer(answer.status_code, answer.content)

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()
