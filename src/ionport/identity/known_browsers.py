"""Browsers that have signed in to an account before: strangers' guesses do not slow them down.

A cookie remembers it. It holds a random name of the browser and, for each account, the day and a
keyed digest of browser, account and day. It is no secret of the account and signs nobody in: who
copies it gets past the account's limit for strangers, and is then counted as this browser.
"""

from __future__ import annotations

import hmac
import re
from datetime import timedelta
from typing import Final

from ionport.core.clock import Clock
from ionport.core.ids import random_token
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret

KNOWN_FOR: Final = timedelta(days=180)
MAX_ACCOUNTS: Final = 8
_COOKIE: Final = re.compile(
    rf"[A-Za-z0-9_-]{{20,60}}(?:\.[0-9]{{1,6}}-[0-9a-f]{{32}}){{1,{MAX_ACCOUNTS}}}"
)


class KnownBrowsers:
    """Makes and reads the cookies' values; stores nothing."""

    def __init__(self, clock: Clock, keys: KeyRing) -> None:
        self._clock = clock
        self._keys = keys

    def browser_of(self, cookie: str, account: str) -> str | None:
        """Return the name of a browser that signed in to `account` before; None for a stranger."""
        if not _COOKIE.fullmatch(cookie):
            return None
        browser, *entries = cookie.split(".")
        return browser if any(self._is_ours(browser, account, entry) for entry in entries) else None

    def with_account(self, cookie: str, account: str) -> str:
        """Return a cookie's value that knows `account` too, as of today; the newest eight stay."""
        browser, *entries = cookie.split(".") if _COOKIE.fullmatch(cookie) else [""]
        browser = browser or random_token(16).reveal()
        kept = [entry for entry in entries if not self._is_ours(browser, account, entry)]
        return ".".join(
            (browser, self._entry(browser, account, self._today()), *kept[: MAX_ACCOUNTS - 1])
        )

    def _is_ours(self, browser: str, account: str, entry: str) -> bool:
        day = int(entry.partition("-")[0])
        is_fresh = 0 <= self._today() - day < KNOWN_FOR.days
        return is_fresh and hmac.compare_digest(entry, self._entry(browser, account, day))

    def _entry(self, browser: str, account: str, day: int) -> str:
        signed = self._keys.digest(Secret(f"known browser|{browser}|{day}|{account}"))
        return f"{day}-{signed[:32]}"

    def _today(self) -> int:
        return int(self._clock.now().timestamp() // 86_400)
