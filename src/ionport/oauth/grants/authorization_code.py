"""Tokens for the code that a person's approval made (RFC 6749 §4.1.3, RFC 7636 §4.5).

A code is bound to its client, redirect URL and PKCE challenge, is valid for 60 seconds and works
once; its second use closes the grant of the first (RFC 6749 §4.1.2, RFC 9700 §2.1.1).
"""

from __future__ import annotations

from typing import Final

from ionport.oauth.accounts.repository import ServiceAccountRepository
from ionport.oauth.apps.model import GrantType
from ionport.oauth.grants.code_repository import AuthorizationCodeRepository
from ionport.oauth.grants.context import Check, GrantContext, require_grant_type
from ionport.oauth.grants.pkce import verifier_matches
from ionport.oauth.protocol import InvalidGrant, InvalidRequest, TokenReused

GRANT_TYPE: Final = "authorization_code"
INVALID_CODE: Final = "Authorization code is invalid or expired."


def _app_allows_it(context: GrantContext) -> None:
    require_grant_type(context, GrantType.AUTHORIZATION_CODE)


def _code_is_known(context: GrantContext) -> None:
    context.parameters.require("code")
    digest = context.key_ring.digest(context.parameters.secret("code"))
    context.code = AuthorizationCodeRepository(context.connection).find(context.scope, digest)
    if context.code is None:
        raise InvalidGrant(INVALID_CODE, detail="unknown code")


def _code_is_the_clients_own(context: GrantContext) -> None:
    if context.code is None or context.code.app_id != context.app.id:
        raise InvalidGrant(INVALID_CODE, detail="the code was issued to another client")


def _code_is_fresh(context: GrantContext) -> None:
    code = context.code
    if code is not None and code.grant_id is not None:
        raise TokenReused(INVALID_CODE, code.grant_id)
    if code is None or code.expires_at <= context.now:
        raise InvalidGrant(INVALID_CODE, detail="the code has expired")


def _redirect_is_the_same(context: GrantContext) -> None:
    code, sent = context.code, context.parameters.get("redirect_uri")
    if code is None or (code.redirect_uri_was_sent and not sent):
        raise InvalidGrant(
            "redirect_uri is required if it was included in the authorization request."
        )
    if sent and sent != code.redirect_uri:
        raise InvalidGrant("redirect_uri differs from that of the authorization request.")


def _verifier_matches(context: GrantContext) -> None:
    verifier = context.parameters.get("code_verifier")
    challenge = context.code.code_challenge if context.code else None
    if challenge is None:
        if verifier:
            # The challenge was removed from the request (RFC 9700 §4.8.2).
            raise InvalidGrant("the authorization request had no code_challenge")
        if not context.client_is_proven:
            raise InvalidGrant("a public app needs PKCE: send code_challenge and code_verifier")
        return
    if not verifier:
        raise InvalidRequest("code_verifier is required: the request had a code_challenge")
    if not verifier_matches(verifier, challenge):
        raise InvalidGrant("The code_verifier sent does not match the code_challenge (S256).")


def _person_is_a_member(context: GrantContext) -> None:
    code = context.code
    people = ServiceAccountRepository(context.connection)
    context.person = people.find_person(context.scope, code.user_id) if code else None
    if code is None or context.person is None:
        raise InvalidGrant(INVALID_CODE, detail="the user is disabled or has left the tenant")
    context.scopes = " ".join(code.scopes)


CHECKS: Final[tuple[Check, ...]] = (
    _app_allows_it,
    _code_is_known,
    _code_is_the_clients_own,
    _code_is_fresh,
    _redirect_is_the_same,
    _verifier_matches,
    _person_is_a_member,
)
