"""A receiver of webhooks: signed as Standard Webhooks asks, without redirects, bounded.

Source: docs/decisions/0025-webhooks-sftp-and-blobs-by-known-libraries.md,
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import httpx2

from ionport.connections.model import TargetKind
from ionport.connections.targets import errors
from ionport.connections.targets.errors import TargetError
from ionport.connections.targets.model import (
    PROBE_SECONDS,
    Results,
    Stages,
    Target,
    TargetField,
    TargetType,
)
from ionport.core.clock import Clock
from ionport.core.errors import InvalidInput
from ionport.core.http.signed_webhooks import (
    is_webhook_secret,
    new_webhook_secret,
    signed_headers,
)
from ionport.core.i18n import N_, _
from ionport.core.ids import new_id
from ionport.core.secrets import DOTS, Secret
from ionport.documents.webhooks.calls import check_address
from ionport.documents.webhooks.model import MAX_ADDRESS
from ionport.ionapi import SendWindow
from ionport.ionapi.addresses import AddressPolicy
from ionport.ionapi.errors import AnswerRefused, ConnectionFailed, IonApiError, is_transient
from ionport.ionapi.transport.exchange import Observer
from ionport.ionapi.transport.intake import EXTENSION, Options
from ionport.ionapi.transport.pool import Timeouts, Transport, build_client
from ionport.ionapi.transport.redaction import Redactor

_ANSWER_BYTES: Final = 64 * 1024
_PING: Final = '{"type":"ping"}'


@dataclass(frozen=True, slots=True)
class Posting:
    """One message: the same `id` and `body` on every attempt."""

    id: str
    body: bytes
    media_type: str


def post(
    target: Target,
    posting: Posting,
    at: datetime,
    transport: Transport,
    timeouts: Timeouts,
    *,
    window: SendWindow | None = None,
    observer: Observer | None = None,
) -> None:
    """Post a signed message; returns when the receiver took it. Raises TargetError."""
    headers = signed_headers(posting.id, at, posting.body.decode(), [target.secret])
    options = Options(
        limit=_ANSWER_BYTES,
        total=timeouts.total,
        redactor=Redactor(),
        observer=observer,
        window=window,
    )
    client = build_client(timeout=timeouts, transport=transport)
    try:
        answer = client.post(
            target.parameters["url"],
            content=posting.body,
            headers={**_headers(posting.media_type), **headers},
            extensions={EXTENSION: options},
        )
    except AnswerRefused as error:
        if error.code == "redirect":
            raise _redirected(error) from error
        # The body of a successful answer may be of any length.
        if not 200 <= error.status < 300:
            raise _of_status(error.status, None) from error
        return
    except IonApiError as error:
        raise errors.away(error) from error
    if not answer.is_success:
        raise _of_status(answer.status_code, _retry_after(answer))


def _headers(media_type: str) -> dict[str, str]:
    return {"Content-Type": media_type, "User-Agent": "ionport-webhooks"}


def shown_headers(message_id: str, media_type: str) -> dict[str, str]:
    """Return the headers of a message as a dry run shows them, without time and signature.

    Source: Standard Webhooks, docs/decisions/0025-webhooks-sftp-and-blobs-by-known-libraries.md.
    """
    return {
        **_headers(media_type),
        "webhook-id": message_id,
        "webhook-timestamp": DOTS,
        "webhook-signature": f"v1,{DOTS}",
    }


def _redirected(error: AnswerRefused) -> TargetError:
    return TargetError(
        errors.REDIRECT,
        error.message,
        _("Write the address that the receiver is at now into the connection."),
        http_status=error.status,
    )


def _remedy(status: int, *, transient: bool) -> str:
    if status in (401, 403):
        return _("Compare the secret of the connection with the one that the receiver checks by.")
    if status in (404, 410):
        return _(
            "Compare the address of the connection with the receiver's: nothing takes it there."
        )
    if status == 413:
        return _("The message is too large for the receiver: have its limit raised.")
    if status == 507:
        return _("The receiver has no space left: make some there. It is tried again.")
    return "" if transient else _("Look at the receiver: it does not take the message.")


def _of_status(status: int, retry_after: float | None) -> TargetError:
    transient = is_transient(status)
    return TargetError(
        f"receiver_http_{status}",
        _("The receiver answered with HTTP status {status}.").format(status=status),
        _remedy(status, transient=transient),
        transient=transient,
        sent=status >= 500,
        retry_after=retry_after,
        http_status=status,
    )


def _retry_after(answer: httpx2.Response) -> float | None:
    """Return the seconds that the receiver asks to wait; a date is ignored: clocks differ."""
    text = answer.headers.get("retry-after", "").strip()
    return float(text[:9]) if text.isascii() and text.isdigit() else None


class WebhookType(TargetType):
    """A receiver of webhooks."""

    kind = TargetKind.WEBHOOK
    fields: tuple[TargetField, ...] = (
        TargetField(
            "url",
            lambda: _("Export URL"),
            lambda: _("Where the receiver is, by https."),
            limit=MAX_ADDRESS,
        ),
    )
    stages: tuple[tuple[str, str], ...] = (
        ("network", N_("Name and address")),
        ("certificate", N_("Connection and certificate")),
        ("ping", N_("Signed ping")),
    )

    @property
    def summary(self) -> str:
        return _("A program that takes documents by HTTP, signed as Standard Webhooks asks.")

    def secret_label(self) -> str:
        return _("Secret")

    def proposed_secret(self) -> Secret:
        return new_webhook_secret()

    def checked(self, target: Target, policy: AddressPolicy) -> Target:
        url = check_address(policy, target.parameters.get("url", ""))
        if urlsplit(url).username is not None:
            wrong = _("Name no user in the address: the signature tells who sends.")
            raise InvalidInput(wrong, fields={"url": wrong})
        if not is_webhook_secret(target.secret):
            wrong = _(
                "Write a secret of Standard Webhooks: whsec_ and at least 24 bytes in base64."
            )
            raise InvalidInput(wrong, fields={"secret": wrong})
        return Target(self.kind, {"url": url}, target.secret)

    def place(self, parameters: Mapping[str, str]) -> str:
        # A query may hold a secret.
        return parameters.get("url", "").partition("?")[0]

    def probe(self, target: Target, policy: AddressPolicy, clock: Clock) -> Results:
        stages = Stages(self.stages)
        timeouts = Timeouts.of(PROBE_SECONDS)
        with closing(Transport(policy)) as transport:
            try:
                yield stages.begin()
                try:
                    transport.inspect(target.parameters["url"], timeout=PROBE_SECONDS)
                except IonApiError as error:
                    if isinstance(error, ConnectionFailed) and error.kind != "dns":
                        yield from stages.passed_to("certificate")
                    raise errors.away(error) from error
                yield from stages.passed_to("ping")
                yield stages.begin()
                ping = Posting(new_id("msg"), _PING.encode(), "application/json")
                post(target, ping, clock.now(), transport, timeouts)
                yield stages.passed()
            except TargetError as error:
                yield from stages.failed(error)
