"""How often a password may be tried, by whom.

    a stranger          10 in 15 minutes for each account and address,
                        and 50 in an hour for each account, from wherever they come
    a known browser     10 in 15 minutes for each account, independent of unknown browsers
    a signed-in user    10 in 15 minutes of typing the own password again
    the second step     10 in 15 minutes for each account, by whoever knows its password

No limit counts an address alone: behind a proxy that nobody has named to us, everybody has the
same one. Attempts are rows, so that all processes count together and a restart forgets nothing;
they are written down before the password is checked, or parallel guesses would not count. What is
over a limit is not written down: how fast passwords can be checked bounds how many rows there are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ionport.core.errors import TooManyRequests
from ionport.core.http.proxies import counted_address
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.repository import SessionRepository
from ionport.store import SystemScope

ATTEMPTS: Final = 10
ATTEMPT_WINDOW: Final = timedelta(minutes=15)
ATTEMPTS_ON_AN_ACCOUNT: Final = 50
ACCOUNT_WINDOW: Final = timedelta(hours=1)
_SCOPE: Final = SystemScope("attempts come before anybody is known: they belong to no tenant")


@dataclass(frozen=True, slots=True)
class Source:
    """Who tries: `digest` stands for what is counted, `address` tells strangers apart."""

    digest: str
    address: str
    is_stranger: bool


class Attempts:
    """Counts attempts and forgives them after the right password."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def stranger(self, account: str, address: str) -> Source:
        """Return the source of attempts of a browser that `account` does not know."""
        # A digest, because people type passwords into the field for the username.
        return Source(self._digest("attempt", account), counted_address(address), True)

    def known(self, account: str, browser: str) -> Source:
        """Return the source of attempts of a known browser."""
        return Source(self._digest("known", f"{browser}|{account}"), "", False)

    def again(self, user_id: str) -> Source:
        """Return the source of a signed-in user's attempts."""
        return Source(self._digest("again", user_id), "", False)

    def second_step(self, user_id: str) -> Source:
        """Return the source of attempts at the second step, after the right password."""
        return Source(self._digest("second-step", user_id), "", False)

    def count(self, repository: SessionRepository, source: Source, now: datetime) -> None:
        """Write an attempt down.

        Raises:
            TooManyRequests: a limit is reached; `retry_after` is when another attempt is allowed.
        """
        repository.remove_attempts_before(_SCOPE, now - ACCOUNT_WINDOW)
        self._require_room(repository, source, source.address, ATTEMPT_WINDOW, ATTEMPTS, now)
        if source.is_stranger:
            limit = ATTEMPTS_ON_AN_ACCOUNT
            self._require_room(repository, source, None, ACCOUNT_WINDOW, limit, now)
        repository.add_attempt(_SCOPE, new_id("try"), source.digest, source.address, now)

    def take(
        self, repository: SessionRepository, pending_id: str, user_id: str, now: datetime
    ) -> bool:
        """Note that a pending sign-in has begun a session; False when it has begun one before."""
        digest = self._digest("finished", user_id)
        return repository.add_attempt(_SCOPE, pending_id, digest, "", now)

    def forgive(self, repository: SessionRepository, source: Source) -> None:
        """Delete the attempts of one source, after the right password."""
        repository.forgive_attempts(_SCOPE, source.digest, source.address)

    def _require_room(
        self,
        repository: SessionRepository,
        source: Source,
        address: str | None,
        window: timedelta,
        limit: int,
        now: datetime,
    ) -> None:
        found = repository.recent_attempts(_SCOPE, now - window, limit, source.digest, address)
        if len(found) < limit:
            return
        wait = max(1, math.ceil((found[-1] + window - now).total_seconds()))
        minutes = max(1, math.ceil(wait / 60))
        if address is not None:
            text = _("Too many attempts to sign in. Try again in {minutes} minutes.")
        else:
            text = _(
                "Too many attempts to sign in with this username. Use a browser that has signed in"
                " with it before, or try again in {minutes} minutes."
            )
        raise TooManyRequests(text.format(minutes=minutes), retry_after=wait)

    def _digest(self, kind: str, text: str) -> str:
        return self._keys.digest(Secret(f"{kind}|{text}"))
