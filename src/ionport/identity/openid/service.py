"""Signs people in by what an OpenID Connect provider says of them.

The browser keeps what began (state, nonce, PKCE verifier) in a sealed cookie, so a code that
another browser got is worth nothing here. Who is whom: first the account that was bound before,
by issuer and subject; then the one user with the same e-mail address, which the provider says it
has checked. Sign-in with a password stays possible, for when the provider does not answer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shlex
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from sqlalchemy.exc import IntegrityError

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, Unavailable
from ionport.core.i18n import _
from ionport.core.ids import random_token
from ionport.core.sealing import KeyRing, SealedFor
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, OrganizationRole, TenantRole, User, UserAction
from ionport.identity.openid.model import Claims, OpenIdRefused
from ionport.identity.openid.provider import Provider
from ionport.identity.openid.repository import OpenIdRepository
from ionport.identity.service import IdentityService, NewUser
from ionport.identity.sessions import SessionService
from ionport.store import Database, SystemScope, Work

SIGN_IN_LIFETIME: Final = timedelta(minutes=10)
_OPENID = SystemScope("sign-in by OpenID Connect")
_KEPT: Final = SealedFor("OpenID sign-in", "browser", "cookie")
_LONGEST: Final = 4_000


@dataclass(frozen=True, slots=True)
class OpenIdStart:
    """Where the browser goes, and what it keeps until it comes back."""

    url: str
    kept: Secret


@dataclass(frozen=True, slots=True)
class OpenIdAnswer:
    """What the provider's redirect brought: the parameters of its address."""

    code: str
    state: str
    error: str
    issuer: str


@dataclass(frozen=True, slots=True)
class OpenIdSignIn:
    """A session that has begun: its token, whose it is, and where to go on."""

    token: Secret
    user: User
    next_url: str


@dataclass(frozen=True, slots=True)
class _Begun:
    state: str
    nonce: str
    verifier: Secret
    next: str


class OpenIdService:
    """Sign-in by the provider of the settings.

    An account that is made by it belongs to `tenant_id` and `organization_id` as a plain user.
    """

    def __init__(
        self,
        clock: Clock,
        keys: KeyRing,
        audit: AuditLog,
        identity: IdentityService,
        sessions: SessionService,
        provider: Provider,
        *,
        redirect_uri: str,
        tenant_id: str,
        organization_id: str,
    ) -> None:
        self._clock = clock
        self._keys = keys
        self._audit = audit
        self._identity = identity
        self._sessions = sessions
        self._provider = provider
        self._redirect_uri = redirect_uri
        self._tenant_id = tenant_id
        self._organization_id = organization_id

    @property
    def name(self) -> str:
        """The provider's name, as the button on the sign-in page has it."""
        return self._provider.settings.name

    def begin(self, next_url: str) -> OpenIdStart:
        """Begin a sign-in that leads to `next_url`; raises Unavailable without the provider."""
        metadata = self._provider.metadata()
        state, nonce, verifier = (random_token(32).reveal() for _number in range(3))
        challenge = hashlib.sha256(verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self._provider.settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        content = {
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "next": next_url[:1_000],
            "at": int(self._clock.now().timestamp()),
        }
        kept = Secret(self._keys.seal(json.dumps(content).encode(), _KEPT))
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        url = f"{metadata.authorization_endpoint}{joint}{urlencode(parameters)}"
        return OpenIdStart(url, kept)

    def sign_out_url(self) -> str:
        """Return where the browser signs out at the provider, which then leads it back here.

        Empty where the provider has no such page or cannot be asked: the session here ends all the
        same. Source: OpenID Connect RP-Initiated Logout 1.0 §2.
        """
        try:
            address = self._provider.metadata().end_session_endpoint
        except Unavailable:
            return ""
        if not address:
            return ""
        parameters = {
            "client_id": self._provider.settings.client_id,
            "post_logout_redirect_uri": self._redirect_uri.removesuffix("/openid/return"),
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"

    def finish(
        self, database: Database, kept: str, answer: OpenIdAnswer, address: str, device: str
    ) -> OpenIdSignIn:
        """End a sign-in, and begin the session.

        Raises:
            OpenIdRefused: it did not begin in this browser, the provider refused it, or nobody
                here is who the provider names.
            SecondStepNeeded: the account has a second factor, and the provider asked for none.
            Unavailable: the provider does not answer.
        """
        begun = self._begun(kept)
        if begun is None or not hmac.compare_digest(begun.state.encode(), answer.state.encode()):
            raise OpenIdRefused(
                _("This sign-in did not begin in this browser, or more than ten minutes ago."),
                code="openid_state",
            )
        self._require_issuer(answer.issuer)
        if answer.error or not answer.code:
            text = _("{name} did not sign you in.").format(name=self.name)
            raise OpenIdRefused(text, code="openid_denied", detail=answer.error[:80])
        claims = self._provider.claims_for(
            answer.code,
            verifier=begun.verifier,
            nonce=begun.nonce,
            redirect_uri=self._redirect_uri,
        )
        user = self._user_of(database, claims, address)
        token = self._sessions.begin_by_provider(
            database, user, address, device, has_second_factor=claims.has_second_factor
        )
        return OpenIdSignIn(token, user, begun.next)

    def next_of(self, kept: str) -> str:
        """Return where a sign-in leads that the browser has begun."""
        begun = self._begun(kept)
        return begun.next if begun is not None else "/"

    def bind(self, work: Work, actor: Actor, username: str, subject: str) -> User:
        """Let a subject of the provider be a user, for the operator.

        Raises:
            NotFound: no such user.
            InvalidInput: no subject.
            Conflict: the subject is somebody else's already.
        """
        user = self._identity.require_user(work, actor, username)
        subject = subject.strip()
        if not 0 < len(subject) <= 255 or not subject.isprintable():
            raise InvalidInput(_("A subject has 1 to 255 letters."), fields={"subject": subject})
        issuer = self._provider.settings.issuer
        bound = OpenIdRepository(work.connection).find(_OPENID, issuer, subject)
        if bound is not None and bound.id != user.id:
            raise Conflict(_("This subject is bound to another user."), code="subject_taken")
        if bound is None:
            self._bind(Access(work, _OPENID, actor), user, subject)
        return user

    def unbind(self, work: Work, actor: Actor, username: str) -> int:
        """Forget a user's accounts at providers, for the operator; returns how many."""
        user = self._identity.require_user(work, actor, username)
        count = OpenIdRepository(work.connection).remove_of(_OPENID, user.id)
        if count:
            self._audit.record(Access(work, _OPENID, actor), UserAction.OPENID_UNBOUND, user.id)
        return count

    def close(self) -> None:
        """Give back the connections."""
        self._provider.close()

    def _user_of(self, database: Database, claims: Claims, address: str) -> User:
        with database.read() as work:
            user = self._found(work, claims)
        password_hash = "" if user is not None else self._identity.hash_of_nothing()
        with database.write() as work:
            # Looked up again: two sign-ins at once make one account.
            user = self._found(work, claims) or self._added(work, claims, password_hash, address)
            if user.is_disabled:
                raise self._unknown()
            repository = OpenIdRepository(work.connection)
            issuer = self._provider.settings.issuer
            if repository.find(_OPENID, issuer, claims.subject) is None:
                actor = Actor(user_id=user.id, name=user.username, address=address)
                try:
                    self._bind(Access(work, _OPENID, actor), user, claims.subject)
                except IntegrityError as error:
                    raise self._unknown() from error
        return user

    def _found(self, work: Work, claims: Claims) -> User | None:
        """Return who is meant; None for somebody who may be added."""
        repository, settings = OpenIdRepository(work.connection), self._provider.settings
        bound = repository.find(_OPENID, settings.issuer, claims.subject)
        if bound is not None:
            return bound
        email = claims.email
        domain = email.rpartition("@")[2].lower()
        is_allowed = not settings.domains or domain in settings.domains
        if not (email and claims.is_email_verified and is_allowed):
            raise self._unknown()
        found = repository.with_email(_OPENID, email, 2)
        if len(found) > 1:
            raise self._not_one(claims)
        # Who is bound to another subject is not this person, who may have got the address after
        # somebody left.
        if any(repository.has_identity(_OPENID, settings.issuer, user.id) for user in found):
            raise self._unknown()
        if not found and not settings.creates_users:
            raise self._unknown()
        return found[0] if found else None

    def _added(self, work: Work, claims: Claims, password_hash: str, address: str) -> User:
        operator = Actor(None, _("sign-in by {name}").format(name=self.name), is_operator=True,
                         address=address)  # fmt: skip
        name = claims.name if claims.name.isprintable() else ""
        try:
            user = self._identity.create_user(
                work, operator, NewUser(claims.email, name[:200], claims.email), password_hash
            )
        except InvalidInput as error:
            raise self._unknown() from error
        self._identity.set_tenant_role(work, operator, user.id, self._tenant_id, TenantRole.USER)
        self._identity.set_organization_role(
            work, operator, user.id, self._organization_id, OrganizationRole.USER
        )
        return user

    def _bind(self, access: Access[SystemScope], user: User, subject: str) -> None:
        issuer = self._provider.settings.issuer
        OpenIdRepository(access.connection).add(
            _OPENID, issuer, subject, user.id, self._clock.now()
        )
        details = {"issuer": issuer, "subject": subject}
        self._audit.record(access, UserAction.OPENID_BOUND, user.id, details)

    def _require_issuer(self, issuer: str) -> None:
        """RFC 9207: an answer that names its issuer names ours, and must if the provider does."""
        settings = self._provider.settings
        names_issuer = self._provider.metadata().names_issuer
        if (issuer or names_issuer) and issuer != settings.issuer:
            text = _("The answer is not from {name}. Try again.").format(name=self.name)
            raise OpenIdRefused(text, code="openid_issuer")

    def _begun(self, kept: str) -> _Begun | None:
        if len(kept) > _LONGEST or not kept.isascii():
            return None
        try:
            content = json.loads(self._keys.open(kept, _KEPT))
        except Unavailable:
            return None
        age = self._clock.now().timestamp() - content["at"]
        if not -1 <= age <= SIGN_IN_LIFETIME.total_seconds():
            return None
        return _Begun(
            content["state"], content["nonce"], Secret(content["verifier"]), content["next"]
        )

    def _not_one(self, claims: Claims) -> OpenIdRefused:
        """Refuse an e-mail address of several accounts: the operator binds the right one."""
        text = _(
            "{name} knows you as {email}, an address that more than one account here has. Ask"
            " whoever runs ionport to name yours: ionport user openid NAME --subject {subject}"
        ).format(name=self.name, email=claims.email, subject=shlex.quote(claims.subject))
        return OpenIdRefused(text, code="openid_not_one")

    def _unknown(self) -> OpenIdRefused:
        text = _(
            "{name} knows you, but there is no account for you here. Ask an administrator."
        ).format(name=self.name)
        return OpenIdRefused(text, code="openid_unknown")
