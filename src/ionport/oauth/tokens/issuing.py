"""The token endpoint's path from a request to its answer, fast for the logins of machines.

A machine sends the very same request again and again. One that passed every check is remembered
for two seconds under a keyed digest of all its bytes, so that no look-up is needed; a request
that differs in one byte is checked in full. New grants, and refreshes that keep their refresh
token, are signed and committed in groups. What can be used once only is checked, signed and
recorded alone.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool

from ionport.core.caching.memory import ShortMemory
from ionport.core.secrets import Secret
from ionport.oauth.clients.authentication import OAuthRequest
from ionport.oauth.protocol import InvalidGrant, TokenReused, parse_parameters
from ionport.oauth.states import LIFETIME_SECONDS
from ionport.oauth.tokens.group_commit import GroupCommit
from ionport.oauth.tokens.model import Login, SignedLogin, TokenAnswer
from ionport.oauth.tokens.service import TokenService
from ionport.store import Database, TenantScope


@dataclass(frozen=True, slots=True, repr=False)
class RawRequest:
    """What of an HTTP request decides its answer, as bytes; it holds secrets and never prints."""

    query: bytes
    body: bytes
    authorization: bytes

    def parsed(self) -> OAuthRequest:
        """Read the parameters; raises InvalidRequest when there are too many."""
        header = self.authorization.decode("latin-1")
        parameters = parse_parameters(self.query, self.body)
        return OAuthRequest(parameters, Secret(header) if header else None)


class TokenIssuer:
    """Answers token requests; one for each process."""

    def __init__(self, database: Database, tokens: TokenService) -> None:
        self._database = database
        self._tokens = tokens
        # Keyed by the whole request.
        self._logins: ShortMemory[Login] = tokens.states.new_memory()
        self._group = GroupCommit(tokens.sign, self._commit)
        self._digest_key = secrets.token_bytes(32)

    async def issue(self, scope: TenantScope, request: RawRequest) -> TokenAnswer:
        """Answer a token request once what it changes is durable.

        Raises:
            OAuthError: of RFC 6749 §5.2, with the reason in its private detail.
        """
        fingerprint = self._fingerprint(scope, request)
        login = self._logins.recall(fingerprint)
        if login is not None:
            return await self._group.submit(login)
        asked = self._logins.now()
        login = await run_in_threadpool(self._check, scope, request.parsed())
        if not login.may_be_grouped:
            return await run_in_threadpool(self._issue_alone, scope, login)
        answer = await self._group.submit(login)
        if login.is_repeatable:
            # The account's use is noted once in the time that a login is remembered.
            self._logins.keep(fingerprint, replace(login, notes_use=False), asked)
        return answer

    def _fingerprint(self, scope: TenantScope, request: RawRequest) -> bytes:
        """Return a keyed digest of all of the request, and of the time by the Infor side's clock.

        The parts are kept apart by their lengths; a clock that was moved makes another digest.
        """
        bucket = int(self._tokens.clock.now().timestamp() // LIFETIME_SECONDS)
        parts = (request.query, request.body, request.authorization)
        head = (scope.tenant_id, bucket, *map(len, parts))
        digest = hashlib.blake2b(repr(head).encode(), key=self._digest_key, digest_size=32)
        for part in parts:
            digest.update(part)
        return digest.digest()

    def _check(self, scope: TenantScope, request: OAuthRequest) -> Login:
        with _revoking_reused_grant(self._database, self._tokens, scope):
            return _check(self._database, self._tokens, scope, request)

    def _issue_alone(self, scope: TenantScope, login: Login) -> TokenAnswer:
        with _revoking_reused_grant(self._database, self._tokens, scope):
            return _record(self._database, self._tokens, scope, login)

    def _commit(self, signed: Sequence[SignedLogin]) -> Sequence[TokenAnswer | InvalidGrant]:
        notes_use = any(one.login.notes_use for one in signed)
        with self._database.write() if notes_use else self._database.write_once() as work:
            return self._tokens.record_group(work, signed)


def issue(
    database: Database, tokens: TokenService, scope: TenantScope, request: OAuthRequest
) -> TokenAnswer:
    """Answer one token request in this thread: read, sign outside of any transaction, write."""
    with _revoking_reused_grant(database, tokens, scope):
        return _record(database, tokens, scope, _check(database, tokens, scope, request))


def _check(
    database: Database, tokens: TokenService, scope: TenantScope, request: OAuthRequest
) -> Login:
    with database.read() as work:
        return tokens.check(work.within(scope), request)


def _record(
    database: Database, tokens: TokenService, scope: TenantScope, login: Login
) -> TokenAnswer:
    signed = tokens.sign(login)
    with database.write() as work:
        return tokens.record(work.within(scope), signed)


@contextmanager
def _revoking_reused_grant(
    database: Database, tokens: TokenService, scope: TenantScope
) -> Iterator[None]:
    """Revoke the grant of a code or refresh token that was used twice.

    In a transaction of its own, because the request itself fails and changes nothing.
    """
    try:
        yield
    except TokenReused as reused:
        with database.write() as work:
            tokens.revoke_grant(work.within(scope), reused.grant_id, "after reuse")
        raise
