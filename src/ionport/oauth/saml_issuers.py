"""Whose SAML assertions a tenant takes: registered issuers, each with its certificates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, NotFound
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor
from ionport.oauth.saml import SamlIssuer
from ionport.oauth.saml_repository import SamlIssuerRepository
from ionport.store import TenantScope, Work

MAX_ISSUERS: Final = 20
MAX_CERTIFICATES: Final = 3
_MAX_ENTITY_ID: Final = 1024
_MAX_PEM: Final = 30_000
_MIN_RSA_BITS: Final = 2048


class SamlIssuerService:
    """Registers issuers; needs IONAPI-Administrator."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def list_issuers(self, work: Work, scope: TenantScope, actor: Actor) -> Sequence[SamlIssuer]:
        """Return the tenant's issuers by entity id."""
        actor.require_tenant_administrator(scope.tenant_id)
        return SamlIssuerRepository(work.connection).list(scope, MAX_ISSUERS)

    def add_issuer(
        self, work: Work, scope: TenantScope, actor: Actor, entity_id: str, certificate: str
    ) -> SamlIssuer:
        """Trust an issuer. `certificate` is PEM; two during a roll-over, three at most.

        Raises:
            InvalidInput: fields `entity_id` and `certificate`.
            Conflict: registered already, or as many issuers as a tenant may have.
        """
        actor.require_tenant_administrator(scope.tenant_id)
        issuers = SamlIssuerRepository(work.connection)
        if len(issuers.list(scope, MAX_ISSUERS)) >= MAX_ISSUERS:
            raise Conflict(
                _("This tenant has {count} SAML issuers. Delete one first.").format(
                    count=MAX_ISSUERS
                ),
                code="too_many_issuers",
            )
        now, entity_id, certificate = self._clock.now(), entity_id.strip(), certificate.strip()
        _check(entity_id, certificate, now)
        issuer = SamlIssuer(
            id=new_id("saml"),
            tenant_id=scope.tenant_id,
            entity_id=entity_id,
            certificate=certificate,
            created_at=now,
            created_by=actor.name,
        )
        if not issuers.add(scope, issuer):
            raise Conflict(
                _("This issuer is registered already. Delete it to give it another certificate."),
                code="issuer_taken",
            )
        self._audit.record(work, scope, actor, "saml_issuer.added", entity_id)
        return issuer

    def delete_issuer(self, work: Work, scope: TenantScope, actor: Actor, issuer_id: str) -> None:
        """Trust an issuer no longer; tokens that it led to live on until they expire."""
        actor.require_tenant_administrator(scope.tenant_id)
        if not SamlIssuerRepository(work.connection).remove(scope, issuer_id):
            raise NotFound(_("There is no such SAML issuer in this tenant."))
        self._audit.record(work, scope, actor, "saml_issuer.deleted", issuer_id)


def _check(entity_id: str, certificate: str, now: datetime) -> None:
    fields = {}
    if not 0 < len(entity_id) <= _MAX_ENTITY_ID or not entity_id.isprintable():
        fields["entity_id"] = _("Enter the entity ID that the issuer writes into its assertions.")
    if wrong := _wrong_certificate(certificate, now):
        fields["certificate"] = wrong
    if fields:
        raise InvalidInput(
            _("The issuer cannot be saved. Correct the marked fields."),
            code="saml_issuer_invalid",
            fields=fields,
        )


def _wrong_certificate(pem: str, now: datetime) -> str | None:
    if len(pem) > _MAX_PEM or not pem.isascii() or "PRIVATE KEY" in pem:
        return _("Paste the issuer's certificate as PEM, without any private key.")
    try:
        found = x509.load_pem_x509_certificates(pem.encode("ascii"))
    except ValueError:
        return _("Paste the issuer's certificate as PEM, without any private key.")
    if len(found) > MAX_CERTIFICATES:
        return _("Paste at most {limit} certificates.").format(limit=MAX_CERTIFICATES)
    for certificate in found:
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
            return _("The certificate's key must be RSA or elliptic curve.")
        if isinstance(key, RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
            return _("The certificate's RSA key must have 2048 bits at least.")
        if certificate.not_valid_after_utc <= now:
            return _("The certificate has expired.")
    return None
