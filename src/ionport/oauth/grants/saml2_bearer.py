"""Tokens for a person whom a trusted SAML issuer vouches for (RFC 7522 §2.1, RFC 7521 §4.1).

Infor names this grant for web apps plugged into its portal (docs/reference/credentials.md#types,
docs/reference/oauth.md#requests). No refresh token is issued: the client asks with a new assertion.
"""

from __future__ import annotations

from typing import Final

from ionport.oauth.apps.model import GrantType
from ionport.oauth.clients.assertions import UsedAssertion
from ionport.oauth.grants.context import Check, GrantContext, require_grant_type
from ionport.oauth.protocol import InvalidGrant, UnauthorizedClient

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:saml2-bearer"


def _app_allows_it(context: GrantContext) -> None:
    require_grant_type(context, GrantType.AUTHORIZATION_CODE)


def _client_is_proven(context: GrantContext) -> None:
    if not context.client_is_proven:
        raise UnauthorizedClient("This grant needs the client secret; a public app cannot use it.")


def _assertion_holds(context: GrantContext) -> None:
    # Loaded with the first assertion, and the XML library with it: few servers ever get one.
    from ionport.oauth.grants.saml.assertions import (
        SamlRefused,
        decode_assertion,
        issuer_of,
        verify_assertion,
    )
    from ionport.oauth.grants.saml.repository import SamlIssuerRepository

    assertion = context.parameters.require("assertion")
    tenant_id, endpoints = context.scope.tenant_id, context.endpoints
    recipients = endpoints.token_urls(tenant_id)
    try:
        root = decode_assertion(assertion)
        issuer = SamlIssuerRepository(context.connection).find(context.scope, issuer_of(root))
        if issuer is None:
            raise SamlRefused("its Issuer is not registered in this tenant")
        audiences = (endpoints.issuer(tenant_id), *recipients)
        bearer = verify_assertion(root, issuer.certificates, audiences, recipients, context.now)
    except SamlRefused as error:
        raise InvalidGrant(f"The SAML assertion is refused: {error}.", detail=str(error)) from error
    context.subject = bearer.subject
    context.bearer = UsedAssertion(issuer.id, bearer.assertion_id, bearer.expires_at)


def _subject_is_a_member(context: GrantContext) -> None:
    from ionport.oauth.grants.saml.repository import SamlIssuerRepository

    people = SamlIssuerRepository(context.connection)
    context.person = people.find_person(context.scope, context.subject)
    if context.person is None:
        raise InvalidGrant(
            "The SAML assertion is refused: its subject is no enabled user of this tenant.",
            detail="no single member of that username, GUID or e-mail",
        )


CHECKS: Final[tuple[Check, ...]] = (
    _app_allows_it,
    _client_is_proven,
    _assertion_holds,
    _subject_is_a_member,
)
