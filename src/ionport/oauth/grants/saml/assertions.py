"""SAML 2.0 assertions as authorization grants (RFC 7522 §3); the one module that knows signxml.

Only the element that the signature covers is read, and it must be the whole document: a forged
assertion wrapped around a signed one is seen as unsigned.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from lxml import etree

from ionport.core.errors import IonportError
from ionport.core.xml import parse

if TYPE_CHECKING:
    from cryptography import x509

NAMESPACE: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
MAX_ASSERTION_BYTES: Final = 48_000
MAX_LIFETIME: Final = timedelta(hours=24)
_BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_LEEWAY: Final = timedelta(seconds=60)
_MAX_TEXT: Final = 1024


class SamlRefused(Exception):
    """An assertion is not taken; the text says why, for its issuer."""


@dataclass(frozen=True, slots=True)
class SamlIssuer:
    """An identity provider that a tenant trusts."""

    id: str
    tenant_id: str
    entity_id: str
    certificate: str
    created_at: datetime
    created_by: str

    @property
    def certificates(self) -> Sequence[x509.Certificate]:
        from cryptography import x509

        return x509.load_pem_x509_certificates(self.certificate.encode("ascii"))

    @property
    def expires_at(self) -> datetime:
        """When the last of the certificates expires."""
        return max(one.not_valid_after_utc for one in self.certificates)


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a genuine assertion says: who it is about, and the id it may be used under once."""

    issuer: str
    assertion_id: str
    subject: str
    expires_at: datetime


def decode_assertion(text: str) -> etree._Element:
    """Read the parameter `assertion`: base64url (RFC 7522 §2.1), base64 taken as well.

    Raises:
        SamlRefused: it is no XML document with an Assertion at its root.
    """
    try:
        compact = "".join(text.split()).replace("+", "-").replace("/", "_").rstrip("=")
        content = base64.urlsafe_b64decode(compact + "=" * (-len(compact) % 4))
        root = parse(content, max_bytes=MAX_ASSERTION_BYTES)
    except (ValueError, IonportError) as error:
        raise SamlRefused("it is not base64url of an XML document") from error
    if root.tag != _name("Assertion"):
        raise SamlRefused("its root element is not a SAML 2.0 Assertion")
    return root


def issuer_of(root: etree._Element) -> str:
    """Return the issuer that an assertion claims, before anything of it is checked."""
    return _text(root, "Issuer")


def verify_assertion(
    root: etree._Element,
    certificates: Sequence[x509.Certificate],
    audiences: Sequence[str],
    recipients: Sequence[str],
    now: datetime,
) -> Bearer:
    """Check an assertion against the certificates of its issuer (RFC 7522 §3).

    Raises:
        SamlRefused: the first rule that it breaks.
    """
    signed = _signed_part(root, certificates, now)
    _check_conditions(signed, audiences, now)
    expires_at = min(_confirmed_until(signed, recipients, now), _conditions_end(signed))
    if expires_at > now + MAX_LIFETIME + _LEEWAY:
        raise SamlRefused("it is valid for more than 24 hours")
    assertion_id = signed.get("ID", "")
    if not 0 < len(assertion_id) <= _MAX_TEXT:
        raise SamlRefused("its ID is missing")
    subject = signed.find(_name("Subject"))
    if subject is None:
        raise SamlRefused("it has no Subject")
    return Bearer(
        issuer=issuer_of(signed),
        assertion_id=assertion_id,
        subject=_text(subject, "NameID"),
        expires_at=expires_at + _LEEWAY,
    )


def _signed_part(
    root: etree._Element, certificates: Sequence[x509.Certificate], now: datetime
) -> etree._Element:
    in_force = [
        one for one in certificates if one.not_valid_before_utc <= now <= one.not_valid_after_utc
    ]
    if not in_force:
        raise SamlRefused("the certificate registered for its issuer has expired")
    for certificate in in_force:
        signed = _verified(root, certificate, now)
        if signed is not None:
            break
    else:
        raise SamlRefused("its signature is missing or not made by its issuer")
    if signed.tag != root.tag or signed.get("ID") != root.get("ID"):
        raise SamlRefused("its signature covers something else")
    return signed


def _verified(
    root: etree._Element, certificate: x509.Certificate, now: datetime
) -> etree._Element | None:
    # Imported here: it takes 0.3 s, which would slow every start of the sandbox.
    from signxml.algorithms import DigestAlgorithm, SignatureMethod
    from signxml.exceptions import SignXMLException
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    methods = frozenset(
        (
            SignatureMethod.RSA_SHA256,
            SignatureMethod.RSA_SHA384,
            SignatureMethod.RSA_SHA512,
            SignatureMethod.ECDSA_SHA256,
            SignatureMethod.ECDSA_SHA384,
        )
    )
    digests = frozenset((DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512))
    config = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=methods,
        digest_algorithms=digests,
        verification_time=now,
    )
    try:
        result = XMLVerifier().verify(
            root, x509_cert=certificate, id_attribute="ID", expect_config=config
        )
    # A hostile document can make the libraries raise more than their own errors.
    except (SignXMLException, etree.LxmlError, ValueError, TypeError, KeyError, IndexError):
        return None
    signed: etree._Element | None = None if isinstance(result, list) else result.signed_xml
    return signed


def _check_conditions(signed: etree._Element, audiences: Sequence[str], now: datetime) -> None:
    conditions = signed.find(_name("Conditions"))
    if conditions is None:
        raise SamlRefused("it has no Conditions")
    begins = conditions.get("NotBefore")
    if begins is not None and _moment(begins) > now + _LEEWAY:
        raise SamlRefused("it is not valid yet")
    restrictions = conditions.findall(_name("AudienceRestriction"))
    if not restrictions:
        raise SamlRefused(f"it has no Audience; it must be {audiences[0]}")
    for restriction in restrictions:
        named = [(one.text or "").strip() for one in restriction.findall(_name("Audience"))]
        if not set(named) & set(audiences):
            raise SamlRefused(f"its Audience must be {audiences[0]}")


def _conditions_end(signed: etree._Element) -> datetime:
    conditions = signed.find(_name("Conditions"))
    text = None if conditions is None else conditions.get("NotOnOrAfter")
    return datetime.max.replace(tzinfo=UTC) if text is None else _moment(text)


def _confirmed_until(signed: etree._Element, recipients: Sequence[str], now: datetime) -> datetime:
    """Return until when a bearer may present it here; needs a confirmation made for this server."""
    if _conditions_end(signed) + _LEEWAY <= now:
        raise SamlRefused("it has expired")
    path = f"{_name('Subject')}/{_name('SubjectConfirmation')}"
    bearers = [one for one in signed.findall(path) if one.get("Method") == _BEARER]
    data = [one.find(_name("SubjectConfirmationData")) for one in bearers]
    ours = [one for one in data if one is not None and one.get("Recipient") in recipients]
    if not ours:
        raise SamlRefused(f"it has no bearer confirmation with the Recipient {recipients[0]}")
    ends = [_moment(one.get("NotOnOrAfter", "")) for one in ours if one.get("NotBefore") is None]
    if not ends or max(ends) + _LEEWAY <= now:
        raise SamlRefused("its bearer confirmation has expired")
    return max(ends)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise SamlRefused("one of its times is missing or not in UTC") from error


def _text(parent: etree._Element, name: str) -> str:
    found = parent.findall(_name(name))
    text = (found[0].text or "").strip() if len(found) == 1 and len(found[0]) == 0 else ""
    if not 0 < len(text) <= _MAX_TEXT or not text.isprintable():
        raise SamlRefused(f"its {name} is missing")
    return text


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"
