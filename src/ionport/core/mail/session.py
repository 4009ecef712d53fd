"""SMTP: hands one message to a mail server; the only module that imports smtplib.

The name is resolved once, judged by the address policy, and the judged address is connected to.
Nothing is sent over an unencrypted connection but to this computer itself.

Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 8314 (TLS from the first byte).
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES
from enum import StrEnum
from typing import Any, Final

from ionport.core.errors import InvalidInput
from ionport.core.http.texts import storable
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.core.sentences import told
from ionport.ionapi.addresses import (
    AddressPolicy,
    Resolver,
    is_host,
    is_loopback_name,
    resolve,
    system_resolver,
)
from ionport.ionapi.errors import AddressRefused, ConnectionFailed
from ionport.ionapi.transport.pool import default_ssl_context

_ANSWERS: Final = 64 * 1024
"""How many bytes of answers are read of one session."""

_SHOWN: Final = 300
_READY: Final = 220
_TAKEN: Final = 300


class MailSecurity(StrEnum):
    """How the connection is encrypted: after STARTTLS, from the first byte, or not at all."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"

    @property
    def label(self) -> str:
        """In the user's words and language."""
        return {
            MailSecurity.STARTTLS: _("STARTTLS (usually port 587)"),
            MailSecurity.TLS: _("TLS from the first byte (usually port 465)"),
            MailSecurity.NONE: _("None, for a mail server on this computer"),
        }[self]


@dataclass(frozen=True, slots=True)
class MailAccount:
    """The server that takes mail, and how to sign on; without `username` nobody signs on."""

    host: str
    port: int
    security: MailSecurity
    username: str = ""
    password: Secret = Secret("")  # noqa: RUF009 (it never changes)


@dataclass(frozen=True, slots=True)
class MailOutcome:
    """What became of a message: `error` is a code, empty where the server took it.

    `is_open`: nobody knows whether it was taken, as the answer to the whole message is missing.
    `refused` are recipients that the server did not take while it took others.
    """

    error: str = ""
    answer: str = ""
    is_open: bool = False
    refused: Sequence[str] = ()

    @property
    def text(self) -> str:
        """How it went, in the user's words and language."""
        known = {
            "": _("The mail server has taken it."),
            "timeout": _("The mail server did not answer in time."),
            "refused": _("The connection to the mail server was refused."),
            "unreachable": _("The mail server cannot be reached."),
            "dns": _("The name of the mail server was not found."),
            "certificate": _("The certificate of the mail server is not trusted."),
            "tls": _("No encrypted connection could be made; check encryption and port."),
            "no_starttls": _("The mail server does not offer STARTTLS."),
            "greeting": _("What answers there is no mail server that takes mail now."),
            "sign_in": _("The mail server refused user name or password."),
            "password": _("The stored password cannot be opened. Save it again."),
            "sender": _("The mail server refused the sender."),
            "recipients": _("The mail server refused every recipient."),
            "content": _("The mail server refused the message."),
            "lost": _("The connection broke before the mail server had answered."),
            "too_large": _("The mail server answers at more length than is read."),
            "private_address": _("The mail server is at an address that may not be reached."),
            "loopback_address": _("The mail server is this computer, which may not be reached."),
        }
        return known.get(self.error) or _("It could not be sent: {code}.").format(code=self.error)


def check_account(account: MailAccount, policy: AddressPolicy) -> None:
    """Raise InvalidInput that names what is wrong: host, port, security or password."""
    wrong: dict[str, str] = {}
    if not is_host(account.host.lower()) or len(account.host) > 253:
        wrong["host"] = _("Write the name or address of the server.")
    else:
        try:
            policy.check_host(account.host)
        except AddressRefused as error:
            wrong["host"] = told(error.message)
    if not 1 <= account.port <= 65_535:
        wrong["port"] = _("Write a number from 1 to {n}.").format(n=65_535)
    if account.security is MailSecurity.NONE and not is_loopback_name(account.host):
        wrong["security"] = _("Without encryption mail goes to this computer only.")
    if account.username and not account.password:
        wrong["password"] = _("Write the password of this user.")
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), code="invalid_mail_server", fields=wrong)


class Mailer:
    """Sends one message at a time over a connection of its own; threads may share it."""

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        seconds: float = 30.0,
        context: ssl.SSLContext | None = None,
        resolver: Resolver = system_resolver,
    ) -> None:
        """`seconds` bound a session from looking up the name to the last answer."""
        self._policy = policy
        self._seconds = seconds
        self._context = context
        self._resolver = resolver

    def send(
        self, account: MailAccount, sender: str, recipients: Sequence[str], message: EmailMessage
    ) -> MailOutcome:
        """Hand a message over, once. Raises nothing of the network."""
        content = message.as_bytes(policy=SMTP_LINES)
        state = _State()
        try:
            return self._send(account, sender, recipients, content, state)
        except (AddressRefused, ConnectionFailed) as error:
            return MailOutcome(getattr(error, "kind", "") or error.code)
        except smtplib.SMTPResponseException as error:
            return MailOutcome(state.stage, _shown(error.smtp_error))
        except OSError as error:
            if type(error) in (smtplib.SMTPException, smtplib.SMTPNotSupportedError):
                return MailOutcome(state.stage)
            return MailOutcome(_code_of(error), is_open=state.is_whole_sent)

    def _send(
        self,
        account: MailAccount,
        sender: str,
        recipients: Sequence[str],
        content: bytes,
        state: _State,
    ) -> MailOutcome:
        ends = time.monotonic() + self._seconds
        context = self._context or default_ssl_context()
        session = _Session(lambda: self._connected(account, ends), account, context, ends)
        try:
            code, text = session.connect(account.host, account.port)
            if code != _READY:
                raise smtplib.SMTPConnectError(code, text)
            session.ehlo_or_helo_if_needed()
            if account.security is MailSecurity.STARTTLS:
                state.stage = "no_starttls"
                session.starttls(context=context)
                session.ehlo_or_helo_if_needed()
            if account.username:
                state.stage = "sign_in"
                session.login(account.username, account.password.reveal())
            return _hand_over(session, sender, recipients, content, state)
        finally:
            session.close()

    def _connected(self, account: MailAccount, ends: float) -> socket.socket:
        self._policy.check_host(account.host)
        found = resolve(account.host, account.port, timeout=_left(ends), resolver=self._resolver)
        admitted = self._policy.admit(account.host, found)
        for address in admitted[:-1]:
            try:
                return socket.create_connection((address, account.port), _left(ends) / 2)
            except OSError:
                continue
        return socket.create_connection((admitted[-1], account.port), _left(ends))


@dataclass
class _State:
    """What a refusal means at this point of the session, and whether the whole message was sent."""

    stage: str = "greeting"
    is_whole_sent: bool = False


class _Session(smtplib.SMTP):
    """A session to a judged address, whose answers are bounded in time and in bytes."""

    def __init__(
        self,
        connected: Callable[[], socket.socket],
        account: MailAccount,
        context: ssl.SSLContext,
        ends: float,
    ) -> None:
        # A name of its own keeps smtplib from asking a name server who this computer is.
        super().__init__(local_hostname="[127.0.0.1]")
        self._connected = connected
        self._is_tls = account.security is MailSecurity.TLS
        self._tls = context
        self._ends = ends
        # What STARTTLS checks the certificate against.
        self._host = account.host

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = self._connected()
        plain.settimeout(_left(self._ends))
        address = str(plain.getsockname()[0])
        self.local_hostname = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
        return self._tls.wrap_socket(plain, server_hostname=host) if self._is_tls else plain

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Answers(self.sock, self._ends)
        return super().getreply()


class _Answers:
    """Reads lines of a socket until a moment, and no more than a number of bytes."""

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._sock = sock
        self._ends = ends
        self._read = 0
        self._held = b""

    def readline(self, limit: int) -> bytes:
        """Return the next line, at most `limit` bytes of it; empty at the end."""
        while b"\n" not in self._held and len(self._held) < limit:
            self._sock.settimeout(_left(self._ends))
            part = self._sock.recv(4096)
            self._read += len(part)
            if self._read > _ANSWERS:
                raise _TooLargeError
            if not part:
                break
            self._held += part
        end = self._held.find(b"\n") + 1 or len(self._held)
        line, self._held = self._held[: min(end, limit)], self._held[min(end, limit) :]
        return line

    def close(self) -> None:
        """Leave the socket to its session."""


class _TooLargeError(OSError):
    """More was answered than is read."""


def _hand_over(
    session: _Session, sender: str, recipients: Sequence[str], content: bytes, state: _State
) -> MailOutcome:
    state.stage = "sender"
    code, text = session.mail(sender)
    if code >= _TAKEN:
        return MailOutcome("sender", _shown(text))
    refused: dict[str, bytes] = {}
    for recipient in recipients:
        code, text = session.rcpt(recipient)
        if code >= _TAKEN:
            refused[recipient] = text
    if len(refused) == len(recipients):
        return MailOutcome("recipients", _shown(next(iter(refused.values()), b"")))
    state.stage = "content"
    # From here on a missing answer leaves open whether the message was taken.
    state.is_whole_sent = True
    code, text = session.data(content)
    if code >= _TAKEN:
        return MailOutcome("content", _shown(text))
    return MailOutcome(answer=_shown(text), refused=tuple(refused))


def _code_of(error: Exception) -> str:
    """Return the code of a failure; smtplib reports a time-out as a broken connection."""
    cause: Any = error
    while isinstance(cause, smtplib.SMTPServerDisconnected) and cause.__context__ is not None:
        cause = cause.__context__
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (_TooLargeError, "too_large"),
        (ssl.SSLCertVerificationError, "certificate"),
        (ssl.SSLError, "tls"),
        (TimeoutError, "timeout"),
        (ConnectionRefusedError, "refused"),
        (ConnectionError, "lost"),
        (smtplib.SMTPServerDisconnected, "lost"),
        (OSError, "unreachable"),
    )
    return next((code for kind, code in kinds if isinstance(cause, kind)), "lost")


def _left(ends: float) -> float:
    """Return the seconds that are left; raises TimeoutError when none are."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _shown(text: bytes | str) -> str:
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return storable(" ".join(told.split())[:_SHOWN])
