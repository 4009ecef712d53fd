from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.ids import new_uuid
from ionport.identity.access import Access
from ionport.oauth.apps.model import AppType
from ionport.oauth.grants.saml.assertions import NAMESPACE
from ionport.oauth.grants.saml.service import SamlIssuerService
from ionport.oauth.grants.saml2_bearer import GRANT_TYPE
from ionport.oauth.protocol import InvalidGrant, OAuthError, UnauthorizedClient
from ionport.store import TenantScope
from tests.support.examples import example_count
from tests.support.idp import Idp, make_idp
from tests.support.oauth import OTHER_TENANT, TENANT, OAuthSide, add_user

ENTITY = "https://idp.example.com/metadata"


@cache
def idp_of(name: str, begins: datetime) -> Idp:
    return make_idp(begins)


@pytest.fixture
def idp(clock: MovableClock) -> Idp:
    return idp_of("ours", clock.now() - timedelta(days=1))


@dataclass(frozen=True)
class Said:
    """What an assertion says; a test changes what it is about."""

    now: datetime
    recipient: str
    audience: str | None
    issuer: str = ENTITY
    subject: str = "anna"
    assertion_id: str = "_1"
    begins: timedelta = timedelta(minutes=-1)
    ends: timedelta = timedelta(minutes=5)
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

    def xml(self) -> etree._Element:
        begins, ends = (
            (self.now + delta).strftime("%Y-%m-%dT%H:%M:%SZ") for delta in (self.begins, self.ends)
        )
        audience = ""
        if self.audience is not None:
            audience = (
                "<s:AudienceRestriction><s:Audience>"
                f"{self.audience}</s:Audience></s:AudienceRestriction>"
            )
        return etree.fromstring(
            f'<s:Assertion xmlns:s="{NAMESPACE}" ID="{self.assertion_id}" Version="2.0"'
            f' IssueInstant="{begins}"><s:Issuer>{self.issuer}</s:Issuer><s:Subject>'
            f"<s:NameID>{self.subject}</s:NameID>"
            f'<s:SubjectConfirmation Method="{self.method}"><s:SubjectConfirmationData'
            f' Recipient="{self.recipient}" NotOnOrAfter="{ends}"/></s:SubjectConfirmation>'
            f'</s:Subject><s:Conditions NotBefore="{begins}" NotOnOrAfter="{ends}">{audience}'
            f"</s:Conditions></s:Assertion>"
        )


def sign(
    root: etree._Element, idp: Idp, method: Any = SignatureMethod.RSA_SHA256
) -> etree._Element:
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=method,
        c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",  # type: ignore[arg-type]
    )
    return signer.sign(
        root, key=idp.key, cert=[idp.certificate], reference_uri=root.get("ID"), id_attribute="ID"
    )


def encoded(root: etree._Element) -> str:
    return base64.urlsafe_b64encode(etree.tostring(root)).rstrip(b"=").decode()


@dataclass(frozen=True)
class World:
    side: OAuthSide
    idp: Idp
    file: dict[str, str]

    @property
    def said(self) -> Said:
        endpoints = self.side.endpoints
        return Said(self.side.clock.now(), endpoints.token_url(TENANT), endpoints.issuer(TENANT))

    def send(self, assertion: str | etree._Element, **changes: str) -> dict[str, Any]:
        text = assertion if isinstance(assertion, str) else encoded(assertion)
        form = {"grant_type": GRANT_TYPE, "assertion": text}
        form |= {"client_id": self.file["ci"], "client_secret": self.file["cs"]}
        return self.side.request(**(form | changes))

    def refused(self, assertion: str | etree._Element) -> str:
        with pytest.raises(InvalidGrant) as caught:
            self.send(assertion)
        return caught.value.text


@pytest.fixture
def world(side: OAuthSide, idp: Idp) -> World:
    add_user(side.database, side.clock, "anna")
    add_user(side.database, side.clock, "otto", tenant_id=OTHER_TENANT)
    service = SamlIssuerService(side.clock, side.audit)
    with side.database.write() as work:
        service.add_issuer(Access(work, side.scope, side.operator), ENTITY, idp.pem)
    app = side.create_app(
        type=AppType.WEB, redirect_urls=("https://app.example.com/back",), issue_refresh_tokens=True
    )
    return World(side, idp, side.credentials(app, account=False))


@pytest.mark.on_each_database
def test_an_assertion_of_a_registered_issuer_gives_a_token_for_its_subject(world: World) -> None:
    answer = world.send(sign(world.said.xml(), world.idp))
    token = world.side.verifier.verify(answer["access_token"], TENANT)
    assert token.identity2
    assert token.service_account is None
    assert "refresh_token" not in answer


@pytest.mark.on_each_database
def test_an_assertion_is_good_once(world: World) -> None:
    text = encoded(sign(world.said.xml(), world.idp))
    world.send(text)
    assert "used before" in world.refused(text)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda said: replace(said, issuer="https://evil.test"), "not registered"),
        (lambda said: replace(said, audience="https://other.test"), "Audience must be"),
        (lambda said: replace(said, audience=None), "no Audience"),
        (lambda said: replace(said, recipient="https://evil.test/token"), "Recipient"),
        (lambda said: replace(said, ends=timedelta(minutes=-2)), "expired"),
        (lambda said: replace(said, begins=timedelta(minutes=3)), "not valid yet"),
        (lambda said: replace(said, ends=timedelta(days=3)), "more than 24 hours"),
        (lambda said: replace(said, method="urn:x:holder-of-key"), "no bearer confirmation"),
        (lambda said: replace(said, subject="nobody"), "no enabled user"),
        (lambda said: replace(said, subject="otto"), "no enabled user"),
    ],
)
def test_each_rule_of_the_grant_is_checked(
    world: World, change: Callable[[Said], Said], reason: str
) -> None:
    assert reason in world.refused(sign(change(world.said).xml(), world.idp))


def test_an_unsigned_or_altered_assertion_is_refused(world: World) -> None:
    assert "signature" in world.refused(world.said.xml())
    altered = sign(world.said.xml(), world.idp)
    name = altered.find(f".//{{{NAMESPACE}}}NameID")
    assert name is not None
    name.text = "admin"
    assert "signature" in world.refused(altered)


def test_anothers_key_is_no_proof_even_with_its_certificate_inside(
    world: World, clock: MovableClock
) -> None:
    theirs = idp_of("theirs", clock.now() - timedelta(days=1))
    assert "signature" in world.refused(sign(world.said.xml(), theirs))


def test_a_sha1_signature_is_refused(world: World) -> None:
    signed = encoded(sign(world.said.xml(), world.idp))
    text = base64.urlsafe_b64decode(signed + "=" * (-len(signed) % 4)).replace(
        b"xmldsig-more#rsa-sha256", b"xmldsig#rsa-sha1"
    )
    assert "signature" in world.refused(base64.urlsafe_b64encode(text).decode())


def test_a_forged_assertion_around_a_signed_one_is_refused(world: World) -> None:
    """Signature wrapping: the signed element must be the document that is read."""
    signed = sign(world.said.xml(), world.idp)
    outer = replace(world.said, subject="admin", assertion_id="_forged").xml()
    holder = etree.SubElement(outer, f"{{{NAMESPACE}}}Advice")
    inner = copy.deepcopy(signed)
    signature = inner.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    holder.append(inner)
    assert world.refused(outer)
    assert signature is not None
    outer.append(signature)
    assert world.refused(outer)


@pytest.mark.on_each_database
def test_another_tenants_issuer_is_nobody_here(world: World, clock: MovableClock) -> None:
    side, theirs = world.side, idp_of("theirs", clock.now() - timedelta(days=1))
    service = SamlIssuerService(side.clock, side.audit)
    with side.database.write() as work:
        scope = TenantScope(OTHER_TENANT)
        added = service.add_issuer(
            Access(work, scope, side.operator), "https://theirs.test", theirs.pem
        )
    said = replace(world.said, issuer="https://theirs.test")
    assert "not registered" in world.refused(sign(said.xml(), theirs))
    with side.database.write() as work, pytest.raises(NotFound):
        service.delete_issuer(Access(work, side.scope, side.operator), added.id)


def test_an_expired_certificate_proves_nothing(world: World, clock: MovableClock) -> None:
    clock.advance(timedelta(days=400))
    assert "certificate" in world.refused(sign(world.said.xml(), world.idp))


def test_a_public_app_and_a_backend_service_cannot_use_the_grant(world: World) -> None:
    side = world.side
    assertion = encoded(sign(world.said.xml(), world.idp))
    backend = side.credentials(side.create_app("Backend_TST"), account=False)
    phone = side.create_app(
        "Phone_TST", type=AppType.MOBILE_ANDROID, redirect_urls=("oob://localhost/x",)
    )
    with pytest.raises(UnauthorizedClient):
        replace(world, file=backend).send(assertion)
    with pytest.raises(OAuthError):
        world.send(assertion, client_id=phone.client_id, client_secret="")


@given(noise=st.binary(max_size=300), where=st.integers(0, 2000))
@settings(
    max_examples=example_count(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_bytes_in_an_assertion_make_the_server_fail(
    world: World, noise: bytes, where: int
) -> None:
    whole = etree.tostring(
        sign(replace(world.said, assertion_id=f"_{new_uuid()}").xml(), world.idp)
    )
    broken = whole[:where] + noise + whole[where:]
    for text in (noise, broken):
        try:
            world.send(base64.urlsafe_b64encode(text).decode() or "=")
        except OAuthError:
            continue


@pytest.mark.on_each_database
def test_issuers_are_registered_by_administrators_with_real_certificates(
    world: World, clock: MovableClock
) -> None:
    side, service = world.side, SamlIssuerService(clock, world.side.audit)
    old = make_idp(clock.now() - timedelta(days=30), days=10)
    with side.database.write() as work:
        access = Access(work, side.scope, side.operator)
        for wrong, told in (
            ("", "from the line -----BEGIN CERTIFICATE----- on"),
            ("no certificate", "from the line -----BEGIN CERTIFICATE----- on"),
            (old.pem, "expired"),
            (world.idp.pem + old.pem, "2: The certificate has expired"),
            (world.idp.pem * 4, "at most 3"),
            (world.idp.pem.replace("CERT", "PRIVATE KEY"), "private key"),
            (_with_line(world.idp.pem, 3, "MII<html>"), "Line 3"),
            (_with_line(world.idp.pem, 2, "AAAA"), "no X.509"),
            (f"Bag\n{world.idp.pem[:200]}", "begins in line 2"),
            (world.idp.pem + "x" * 40_000, "30000"),
            (make_idp(clock.now(), bits=1024).pem, "2048"),
        ):
            with pytest.raises(InvalidInput) as caught:
                service.add_issuer(access, "https://x.test", wrong)
            assert told in caught.value.fields["certificate"]
            assert set(caught.value.fields) == {"certificate"}
        with pytest.raises(Conflict):
            service.add_issuer(access, ENTITY, world.idp.pem)
        listed = service.list_issuers(access)
        assert [issuer.entity_id for issuer in listed] == [ENTITY]
        assert listed[0].expires_at == world.idp.certificate.not_valid_after_utc
    plain = add_user(side.database, clock, "berta")
    with side.database.write() as work, pytest.raises(Forbidden):
        service.add_issuer(Access(work, side.scope, plain), "https://x.test", world.idp.pem)


def _with_line(text: str, number: int, line: str) -> str:
    lines = text.splitlines()
    lines[number - 1] = line
    return "\n".join(lines)
