"""Tokens in files that the processes of one machine share: one signs on, all use the token.

Infor counts sign-ons and tokens of a credential (docs/reference/gateway.md#limits), whichever
process made them.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import RequestRefused, TokenError
from ..secrets import Secret
from ..wording import worded
from .grants import TokenSet
from .source import LONGEST_RENEWAL

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Sequence

SIGN_ON_LIMIT: Final = "sign_on_limit"
_FORMAT: Final = "ionport tokens 1"
_MOST_BYTES: Final = 256 * 1024
_LOOK_EVERY: Final = 0.02
_MINUTE, _DAY = 60.0, 86400.0


@dataclass(frozen=True, slots=True)
class SignOnLimits:
    """How many token requests of one credential this machine sends: Infor's base tier by default.

    Source: docs/reference/gateway.md#limits.
    """

    per_minute: int = 20
    per_day: int = 100


class FileTokenStore:
    """Keeps tokens in a folder of the user's own: a `TokenStore` that processes share.

        client = IonApiClient(file, store=FileTokenStore("~/.cache/my-exporter"))

    A process that needs a new token holds a lock meanwhile, and the others wait for that token
    instead of signing on too, 30 seconds at most. The lock ends with its process. A token request
    beyond `limits` is refused here (TokenError, `sign_on_limit`), and none is made while Infor has
    asked to wait.

    The files have the mode 0600 in a folder of the mode 0700, as the `.ionapi` file should have;
    they are not encrypted. The names of the files do not show the credential.

    Raises RequestRefused when the folder belongs to another user, or is open to others; OSError
    when it cannot be made.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        limits: SignOnLimits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = Path(folder).expanduser()
        self._limits = limits or SignOnLimits()
        self._clock = clock
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_private(self.folder)

    def load(self, key: str) -> TokenSet | None:
        """See TokenStore. None also for a damaged file: a sign-on replaces it."""
        content = _read(self._path(key))
        try:
            return _tokens(json.loads(content)) if content else None
        except (KeyError, TypeError, ValueError, RecursionError):
            return None

    def save(self, key: str, tokens: TokenSet) -> None:
        """See TokenStore. Readers find the tokens before or after, never a part of them.

        Tokens that cannot be written, as on a full disk, are not kept: the call goes on with its
        token, and the next process signs on.
        """
        with suppress(OSError):
            self._write(self._path(key), _content(tokens))

    def delete(self, key: str) -> None:
        """See TokenStore."""
        self._path(key).unlink(missing_ok=True)

    def renewal(self, key: str) -> FileRenewal:
        """See SharedTokenStore."""
        path = self._path(key).with_suffix(".lock")
        return FileRenewal(path, self._limits, self._clock)

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _path(self, key: str) -> Path:
        # A key may be any text; its digest is a file name and does not show it.
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


class FileRenewal:
    """The right to renew one key, by a lock on a file that also counts token requests."""

    def __init__(self, path: Path, limits: SignOnLimits, clock: Callable[[], float]) -> None:
        self._path = path
        self._limits = limits
        self._clock = clock
        self._mutex = threading.Lock()
        self._descriptor: int | None = None
        self._released = False

    def acquire(self) -> None:
        """See TokenRenewal. Where files cannot be locked the caller goes on without a lock."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            descriptor = os.open(self._path, flags, 0o600)
        except OSError:
            return
        end = time.monotonic() + LONGEST_RENEWAL
        held: bool | None
        while (held := _locked(descriptor)) is False and not self._released:
            if time.monotonic() > end:
                break
            time.sleep(_LOOK_EVERY)
        with self._mutex:
            if held and not self._released:
                self._descriptor = descriptor
                return
        os.close(descriptor)

    def begin_request(self) -> None:
        """See TokenRenewal."""
        with self._history() as history:
            now = self._clock()
            made = [moment for moment in history.get("made", []) if now - _DAY < moment <= now]
            wait = max(history.get("not_before", 0.0) - now, self._wait(made, now))
            # A clock that was wrong for a while must not block the credential.
            if 0 < wait <= _DAY:
                raise too_many_token_requests(wait)
            history.clear()
            history["made"] = [*made, now]

    def asked_to_wait(self, seconds: float) -> None:
        """See TokenRenewal."""
        with self._history() as history:
            history["not_before"] = self._clock() + min(seconds, _DAY)

    def release(self) -> None:
        """See TokenRenewal."""
        with self._mutex:
            self._released = True
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _wait(self, made: Sequence[float], now: float) -> float:
        """Return the seconds until one more request is within the limits; 0 when it is now."""
        longest = 0.0
        for most, span in ((self._limits.per_minute, _MINUTE), (self._limits.per_day, _DAY)):
            within = sorted(moment for moment in made if moment > now - span)
            if len(within) >= most:
                longest = max(longest, within[len(within) - most] + span - now)
        return longest

    @contextmanager
    def _history(self) -> Iterator[dict[str, Any]]:
        """Yield the content of the lock's file, and write it back after the block."""
        descriptor = self._descriptor
        if descriptor is None:
            # Another process still holds the lock, and writes the file.
            yield {}
            return
        os.lseek(descriptor, 0, os.SEEK_SET)
        history = _history_in(os.read(descriptor, _MOST_BYTES))
        yield history
        written = json.dumps(history).encode()
        with suppress(OSError):
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.ftruncate(descriptor, os.write(descriptor, written))


def too_many_token_requests(seconds: float) -> TokenError:
    """Return the error of a token request that is not sent: Infor would refuse it."""
    return TokenError(
        worded(
            "No token is asked for in the next {seconds} seconds: this credential has asked for as"
            " many as Infor allows.",
            seconds=max(round(seconds), 1),
        ),
        code=SIGN_ON_LIMIT,
        status=429,
        retry_after=seconds,
        remedy=worded("Wait, and switch on Issue Refresh Tokens in the authorized app."),
    )


def _history_in(content: bytes) -> dict[str, Any]:
    try:
        history = json.loads(content)
        made = [float(moment) for moment in history.get("made", [])]
        return {"made": made, "not_before": float(history.get("not_before", 0.0))}
    except (AttributeError, TypeError, ValueError, RecursionError):
        return {}


def _require_private(folder: Path) -> None:
    if sys.platform == "win32":
        return
    status = folder.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise RequestRefused(
            f"Tokens are not kept in {folder}: the folder is another user's, or open to others.",
            remedy=f"Make it your own and close it: chmod 700 {folder}",
        )


def _locked(descriptor: int) -> bool | None:
    """Tell whether this process has the lock now; None where there are no locks (some NFS)."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
    return True


def _read(path: Path) -> bytes:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_MOST_BYTES)
    return b""


def _content(tokens: TokenSet) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "access_token": tokens.access_token.reveal(),
        "expires_at": tokens.expires_at,
        "refresh_token": tokens.refresh_token.reveal() if tokens.refresh_token else None,
        "token_type": tokens.token_type,
        "scope": tokens.scope,
    }


def _tokens(data: dict[str, Any]) -> TokenSet | None:
    if data["format"] != _FORMAT or not isinstance(data["access_token"], str):
        return None
    refresh = data["refresh_token"]
    return TokenSet(
        access_token=Secret(data["access_token"]),
        expires_at=float(data["expires_at"]),
        refresh_token=Secret(refresh) if isinstance(refresh, str) else None,
        token_type=str(data["token_type"]),
        scope=str(data["scope"]),
    )
