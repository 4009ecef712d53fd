"""The call to a receiver: to checked and pinned addresses, without redirects, bounded."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2

from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput
from ionport.core.http.signed_webhooks import signed_headers
from ionport.core.http.texts import storable
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.documents.webhooks.model import MAX_ADDRESS, WebhookMessage
from ionport.ionapi.addresses import AddressPolicy
from ionport.ionapi.errors import AddressRefused, AnswerRefused, IonApiError
from ionport.ionapi.transport.intake import EXTENSION, Options
from ionport.ionapi.transport.pool import Timeouts, Transport, build_client

_ANSWER_BYTES: Final = 64 * 1024
_SHOWN: Final = 500
_GONE: Final = 410
_SLOW_DOWN: Final = frozenset({429, 503})
_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "ionport-webhooks"}


@dataclass(frozen=True, slots=True)
class Answered:
    """How a try ended; `error` is a code, empty where the receiver took it."""

    status: int | None
    error: str
    answer: str
    milliseconds: int
    retry_after: float | None = None


class ReceiverCalls:
    """Makes the calls; threads share it."""

    def __init__(self, clock: Clock, policy: AddressPolicy, seconds: float) -> None:
        """`seconds` bound a call from looking up the name to the last byte of the answer."""
        self._clock = clock
        self._seconds = seconds
        timeouts = Timeouts(connect=min(seconds, 10.0), read=seconds, total=seconds)
        self._client = build_client(timeout=timeouts, transport=Transport(policy))

    def send(self, url: str, message: WebhookMessage, secrets: list[Secret]) -> Answered:
        """Post a message, signed with each of the secrets. Raises nothing of the network."""
        headers = signed_headers(message.id, self._clock.now(), message.body, secrets)
        options = Options(limit=_ANSWER_BYTES, total=self._seconds)
        began = time.monotonic()
        try:
            answer = self._client.post(
                url,
                content=message.body.encode(),
                headers={**_HEADERS, **headers},
                extensions={EXTENSION: options},
            )
        except AnswerRefused as error:
            # The body of a successful answer may be of any length.
            code = "" if error.code == "too_large" and 200 <= error.status < 300 else error.code
            return Answered(error.status or None, code, "", _since(began))
        except IonApiError as error:
            return Answered(None, getattr(error, "kind", "") or error.code, "", _since(began))
        except httpx2.InvalidURL:
            return Answered(None, "bad_address", "", _since(began))
        return Answered(
            answer.status_code,
            _error_of(answer.status_code),
            storable(answer.content[:_SHOWN].decode("utf-8", "replace")),
            _since(began),
            self._retry_after(answer),
        )

    def close(self) -> None:
        """Close all sockets."""
        self._client.close()

    def _retry_after(self, answer: httpx2.Response) -> float | None:
        """Return the seconds that the receiver asks to wait (RFC 9110 §10.2.3)."""
        text = answer.headers.get("retry-after", "").strip()
        if answer.status_code not in _SLOW_DOWN or not text:
            return None
        if text.isascii() and text.isdigit():
            return float(text[:9])
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        aware: datetime = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, (aware - self._clock.now()).total_seconds())


def check_address(policy: AddressPolicy, url: str) -> str:
    """Return an address that webhooks may be sent to.

    Raises:
        InvalidInput: it is too long, has a fragment, or the address policy refuses it.
    """
    url = url.strip()
    problem = ""
    if not url or len(url) > MAX_ADDRESS:
        problem = _("An address has 1 to {limit} letters.").format(limit=MAX_ADDRESS)
    elif not all("!" <= letter <= "~" for letter in url) or "#" in url:
        problem = _("The address has a character that does not belong into one.")
    else:
        try:
            policy.check_url(url)
            httpx2.URL(url)
        except AddressRefused as error:
            problem = error.message
        except httpx2.InvalidURL:
            problem = _("This is no address.")
    if problem:
        raise InvalidInput(problem, code="webhook_invalid", fields={"url": problem})
    return url


def _error_of(status: int) -> str:
    if 200 <= status < 300:
        return ""
    return "gone" if status == _GONE else "status"


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
