"""A person's approval of an app: from the authorization request to the code (RFC 6749 §4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ionport.core.clock import Clock
from ionport.core.errors import Forbidden, IonportError, NotFound
from ionport.core.i18n import _
from ionport.core.ids import random_token
from ionport.core.sealing import KeyRing
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.oauth.accounts.model import Person
from ionport.oauth.accounts.repository import ServiceAccountRepository
from ionport.oauth.apps.model import AppAction
from ionport.oauth.apps.redirects import is_claimed, with_parameters
from ionport.oauth.authorize.checks import check_request
from ionport.oauth.authorize.model import (
    AuthorizationRefused,
    AuthorizationRequest,
    Consent,
    ResponseType,
)
from ionport.oauth.authorize.repository import ConsentRepository
from ionport.oauth.grants.code_repository import AuthorizationCodeRepository
from ionport.oauth.grants.model import CODE_LIFETIME, AuthorizationCode
from ionport.oauth.grants.repository import GrantRepository
from ionport.oauth.protocol import parse_parameters
from ionport.oauth.states import TokenStates
from ionport.oauth.tenant.endpoints import Endpoints
from ionport.oauth.tenant.repository import TenantSettingsRepository
from ionport.oauth.tokens.model import Login, SignedLogin
from ionport.oauth.tokens.service import TokenService
from ionport.store import ScopedWork, TenantScope

_CODE_BYTES: Final = 32
MAX_CONSENTS: Final = 500


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that is not stored yet: its code, or for an implicit request its token."""

    request: AuthorizationRequest
    person: Person
    code: Secret | None
    signed: SignedLogin | None


_UNASKED: Final = {
    "sign_on": ("login_required", "Nobody is signed on."),
    "approve": ("consent_required", "The user has not approved the request yet."),
}


@dataclass(eq=False, repr=False)
class ApprovalService:
    """The authorization endpoint; the pages in front of it ask the person."""

    _clock: Clock
    _key_ring: KeyRing
    _endpoints: Endpoints
    _audit: AuditLog
    _tokens: TokenService
    _states: TokenStates

    def read(self, access: ScopedWork[TenantScope], query: str) -> AuthorizationRequest:
        """Return the request that a query string is. Raises:
        AuthorizationRefused: with a redirect URL when the app may be told.
        """
        try:
            parameters = parse_parameters(query.encode(), b"")
        except IonportError as error:
            raise AuthorizationRefused("invalid_request", error.text) from error
        settings = TenantSettingsRepository(access.connection).get(access.scope)
        return check_request(access.connection, access.scope, parameters, settings)

    def needs_consent(self, access: Access[TenantScope], request: AuthorizationRequest) -> bool:
        """Tell whether the person has to be asked.

        For a public app at a loopback port or with a URL scheme of its own consent is asked every
        time: any program could pretend to be it (RFC 8252 §8.6).

        Raises:
            Forbidden: the person is no enabled member of the tenant.
        """
        person = self._person(access)
        if request.app.is_public and not is_claimed(request.redirect_uri):
            return True
        consents = ConsentRepository(access.connection)
        consent = consents.find(access.scope, person.user_id, request.app.id)
        return consent is None or not consent.covers(request.scopes)

    def prepare(self, access: Access[TenantScope], request: AuthorizationRequest) -> Approval:
        """Make what the app gets; stores nothing, so that signing holds no lock.

        Raises:
            Forbidden: the person is no enabled member of the tenant.
        """
        person = self._person(access)
        if request.response_type is ResponseType.CODE:
            return Approval(request, person, random_token(_CODE_BYTES), None)
        settings = TenantSettingsRepository(access.connection).get(access.scope)
        login = Login(
            app=request.app,
            form=settings.token_form,
            person=person,
            scopes=" ".join(request.scopes),
            may_refresh=False,
        )
        return Approval(request, person, None, self._tokens.sign(login))

    def record(self, access: Access[TenantScope], approval: Approval) -> Secret:
        """Store an approval with its consent; returns the app's address to redirect to."""
        request, now = approval.request, self._clock.now()
        consents = ConsentRepository(access.connection)
        consents.remember(
            access.scope, approval.person.user_id, request.app.id, request.scopes, now
        )
        if approval.code is not None:
            code = AuthorizationCode(
                digest=self._key_ring.digest(approval.code),
                tenant_id=access.scope.tenant_id,
                app_id=request.app.id,
                user_id=approval.person.user_id,
                redirect_uri=request.redirect_uri,
                redirect_uri_was_sent=request.redirect_uri_was_sent,
                code_challenge=request.code_challenge,
                scopes=request.scopes,
                created_at=now,
                expires_at=now + CODE_LIFETIME,
            )
            AuthorizationCodeRepository(access.connection).add(access.scope, code)
        answer = self._answer(access, approval)
        details = {"app": request.app.name, "scopes": " ".join(request.scopes)}
        self._audit.record(access, AppAction.APPROVED, request.app.id, details)
        return Secret(self._back(access.scope, request, answer))

    def _answer(self, access: ScopedWork[TenantScope], approval: Approval) -> Mapping[str, str]:
        if approval.code is not None:
            return {"code": approval.code.reveal()}
        if approval.signed is None:
            raise ValueError("an approval has a code or a token")
        issued = self._tokens.record(access, approval.signed)
        return {name: str(value) for name, value in issued.revealed().items()}

    def denied(self, scope: TenantScope, request: AuthorizationRequest) -> str:
        """Return the address that tells the app that the person refused."""
        said = AuthorizationRefused("access_denied", "The user did not approve the request.")
        answer = {"error": said.error, "error_description": said.text}
        return self._back(scope, request, answer)

    def unasked(self, scope: TenantScope, request: AuthorizationRequest, page: str) -> str:
        """Return the address that tells an app that asked for no page that one would be needed.

        Source: OpenID Connect Core 1.0 §3.1.2.6. `page` is `sign_on`, `approve` or another.
        """
        error, text = _UNASKED.get(page, ("interaction_required", "A page has to be shown."))
        return self._back(scope, request, {"error": error, "error_description": text})

    def refusal(self, scope: TenantScope, refused: AuthorizationRefused) -> str | None:
        """Return the address that tells the app why; None when only the person may be told."""
        if refused.redirect_uri is None:
            return None
        answer = {"error": refused.error, "error_description": refused.text}
        return self._with_issuer(
            scope, refused.redirect_uri, answer, refused.state, in_fragment=refused.in_fragment
        )

    def list_consents(self, access: Access[TenantScope]) -> Sequence[Consent]:
        """Return what the person has approved: the page Apps and Authorizations.

        Source: docs/reference/credentials.md#download-credentials.
        """
        person = self._person(access)
        return ConsentRepository(access.connection).list(access.scope, person.user_id, MAX_CONSENTS)

    def revoke_consent(self, access: Access[TenantScope], app_id: str) -> None:
        """Take an approval back; every token that the app has of this person ends with it.

        Raises:
            NotFound: the person has not approved such an app.
        """
        person = self._person(access)
        if not ConsentRepository(access.connection).remove(access.scope, person.user_id, app_id):
            raise NotFound(_("You have not approved such an app."))
        GrantRepository(access.connection).revoke_of_user(
            access.scope, person.user_id, app_id, self._clock.now()
        )
        self._audit.record(access, AppAction.APPROVAL_REVOKED, app_id)
        access.after_commit(self._states.forget)

    def _person(self, access: Access[TenantScope]) -> Person:
        people = ServiceAccountRepository(access.connection)
        person = (
            people.find_person(access.scope, access.actor.user_id) if access.actor.user_id else None
        )
        if person is None:
            raise Forbidden(
                _(
                    "You do not belong to tenant {tenant}. Sign in as another user, or ask an"
                    " administrator of the tenant to add you."
                ).format(tenant=access.scope.tenant_id),
                code="no_tenant_member",
            )
        return person

    def _back(
        self, scope: TenantScope, request: AuthorizationRequest, answer: Mapping[str, str]
    ) -> str:
        in_fragment = request.response_type is ResponseType.TOKEN
        return self._with_issuer(
            scope, request.redirect_uri, answer, request.state, in_fragment=in_fragment
        )

    def _with_issuer(
        self,
        scope: TenantScope,
        url: str,
        answer: Mapping[str, str],
        state: str | None,
        *,
        in_fragment: bool,
    ) -> str:
        """Add `state` and, against mix-up, who answers (RFC 9207 §2)."""
        parameters = dict(answer)
        if state is not None:
            parameters["state"] = state
        parameters["iss"] = self._endpoints.issuer(scope.tenant_id)
        return with_parameters(url, parameters, in_fragment=in_fragment)
