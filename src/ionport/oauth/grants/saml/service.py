"""Whose SAML assertions a tenant takes: registered issuers, each with its certificates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput, existing
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.oauth.grants.model import SamlIssuerAction
from ionport.oauth.grants.saml.assertions import SamlIssuer
from ionport.oauth.grants.saml.repository import SamlIssuerRepository
from ionport.store import TenantScope

MAX_ISSUERS: Final = 20
MAX_CERTIFICATES: Final = 3
_MAX_ENTITY_ID: Final = 1024
_MAX_PEM: Final = 30_000
_MIN_RSA_BITS: Final = 2048
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


class SamlIssuerService:
    """Registers issuers; needs IONAPI-Administrator."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def list_issuers(self, access: Access[TenantScope]) -> Sequence[SamlIssuer]:
        """Return the tenant's issuers by entity id."""
        access.require_tenant_administrator()
        return SamlIssuerRepository(access.connection).list(access.scope, MAX_ISSUERS)

    def add_issuer(
        self, access: Access[TenantScope], entity_id: str, certificate: str
    ) -> SamlIssuer:
        """Trust an issuer. `certificate` is PEM; two during a roll-over, three at most.

        Raises:
            InvalidInput: fields `entity_id` and `certificate`.
            Conflict: registered already, or as many issuers as a tenant may have.
        """
        access.require_tenant_administrator()
        issuers = SamlIssuerRepository(access.connection)
        if len(issuers.list(access.scope, MAX_ISSUERS)) >= MAX_ISSUERS:
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
            tenant_id=access.scope.tenant_id,
            entity_id=entity_id,
            certificate=certificate,
            created_at=now,
            created_by=access.actor.name,
        )
        if not issuers.add(access.scope, issuer):
            raise Conflict(
                _("This issuer is registered already. Delete it to give it another certificate."),
                code="issuer_taken",
            )
        self._audit.record(
            access,
            SamlIssuerAction.ADDED,
            access.scope.tenant_id,
            {"issuer": entity_id},
        )
        return issuer

    def get_issuer(self, access: Access[TenantScope], issuer_id: str) -> SamlIssuer:
        """Return an issuer; raises NotFound for another tenant's and a deleted one."""
        found = (one for one in self.list_issuers(access) if one.id == issuer_id)
        return existing(next(found, None), _("There is no such SAML issuer in this tenant."))

    def delete_issuer(self, access: Access[TenantScope], issuer_id: str) -> None:
        """Delete an issuer; tokens that its assertions gave stay valid until they expire."""
        issuer = self.get_issuer(access, issuer_id)
        SamlIssuerRepository(access.connection).remove(access.scope, issuer.id)
        details = {"issuer": issuer.entity_id}
        self._audit.record(access, SamlIssuerAction.DELETED, access.scope.tenant_id, details)


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
    if "PRIVATE KEY" in pem:
        return _("Leave out the private key: it stays with the issuer alone.")
    if len(pem) > _MAX_PEM:
        return _("Use at most {limit} characters.").format(limit=_MAX_PEM)
    if wrong := _broken_pem(pem):
        return wrong
    try:
        found = x509.load_pem_x509_certificates(pem.encode("ascii", "ignore"))
    except ValueError:
        return _("The text between BEGIN and END is no X.509 certificate.")
    if len(found) > MAX_CERTIFICATES:
        return _("Paste at most {limit} certificates.").format(limit=MAX_CERTIFICATES)
    for number, certificate in enumerate(found, 1):
        if wrong := _unusable(certificate, now):
            return wrong if len(found) == 1 else f"{number}: {wrong}"
    return None


def _broken_pem(pem: str) -> str | None:
    """Return what breaks the text form of certificates (RFC 7468), with the line it is in."""
    begins_at = 0
    for number, line in enumerate(map(str.strip, pem.splitlines()), 1):
        if line == _BEGIN:
            begins_at = number
        elif line == _END and begins_at:
            begins_at = -1
        elif begins_at > 0 and not _BASE64.fullmatch(line):
            return _("Line {number} does not belong into a certificate.").format(number=number)
    if begins_at == 0:
        return _("Paste the whole file as PEM: from the line {line} on.").format(line=_BEGIN)
    if begins_at > 0:
        text = _("The certificate that begins in line {number} has no line {line}.")
        return text.format(number=begins_at, line=_END)
    return None


def _unusable(certificate: x509.Certificate, now: datetime) -> str | None:
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
        return _("The certificate's key must be RSA or elliptic curve.")
    if isinstance(key, RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        return _("The certificate's RSA key must have 2048 bits at least.")
    if certificate.not_valid_after_utc <= now:
        return _("The certificate has expired.")
    return None
