from __future__ import annotations

from datetime import timedelta

import pytest

from ionport.identity.access import Access
from tests.support.idp import make_idp
from tests.support.sides import OPERATOR
from tests.support.web import said
from tests.support.whole import Site

ENTITY = "https://idp.example.com/metadata?<b>"


def path_of(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/configuration"


def test_an_issuer_is_listed_with_the_end_of_its_certificate_and_deleted(site: Site) -> None:
    assert "Add the identity provider" in site.browser.get(path_of(site)).text
    idp = make_idp(site.application.clock.now() - timedelta(days=1))
    fields = {"entity_id": ENTITY, "certificate": idp.pem}
    page = site.browser.send(f"{path_of(site)}/saml-issuers/add", fields)
    assert f"{ENTITY} may now vouch" in said(page.text)
    assert f"SAML issuer added: {ENTITY}" in said(page.text)
    assert f"{idp.certificate.not_valid_after_utc:%Y-%m-%d}" in page.text
    path = f"{path_of(site)}/saml-issuers/{_id_of(site)}/delete"
    assert "refused from the next request on" in said(site.browser.get(path).text)
    page = site.browser.send(path)
    assert f"SAML issuer deleted: {ENTITY}" in said(page.text)
    assert site.browser.get(path).status_code == 404


def test_the_certificate_may_come_as_a_file(site: Site) -> None:
    pem = make_idp(site.application.clock.now() - timedelta(days=1)).pem
    page = site.browser.send(
        f"{path_of(site)}/saml-issuers/add",
        {"entity_id": ENTITY},
        files=[("certificate_file", ("idp.pem", pem.encode()))],
    )
    assert "may now vouch" in said(page.text)


@pytest.mark.parametrize(
    ("fields", "file", "told"),
    [
        ({"entity_id": "", "certificate": "x"}, b"", "Enter the entity ID"),
        ({"entity_id": "x", "certificate": ""}, b"", "from the line -----BEGIN"),
        ({"entity_id": "x"}, b"\xff\xfe\x00", "from the line -----BEGIN"),
        ({"entity_id": "x"}, b"-----BEGIN CERTIFICATE-----\n<p>\n", "Line 2 does not"),
    ],
)
def test_a_mistake_is_told_beside_its_field(
    site: Site, fields: dict[str, str], file: bytes, told: str
) -> None:
    files = [("certificate_file", ("idp.pem", file))] if file else None
    answer = site.browser.send(f"{path_of(site)}/saml-issuers/add", fields, files=files)
    assert answer.status_code == 422
    assert told in said(answer.text)


def test_an_issuer_is_registered_once(site: Site) -> None:
    pem = make_idp(site.application.clock.now() - timedelta(days=1)).pem
    fields = {"entity_id": ENTITY, "certificate": pem}
    path = f"{path_of(site)}/saml-issuers/add"
    site.browser.send(path, fields)
    again = site.browser.send(path, fields)
    assert (again.status_code, "registered already" in said(again.text)) == (409, True)


def test_only_administrators_see_issuers(site: Site) -> None:
    pem = make_idp(site.application.clock.now() - timedelta(days=1)).pem
    site.browser.send(
        f"{path_of(site)}/saml-issuers/add", {"entity_id": ENTITY, "certificate": pem}
    )
    issuer = _id_of(site)
    site.add_user("bob")
    site.sign_in_as("bob")
    for path in ("add", f"{issuer}/delete"):
        assert site.browser.get(f"{path_of(site)}/saml-issuers/{path}").status_code == 403


def _id_of(site: Site) -> str:
    infor = site.application.infor
    assert infor is not None
    with site.application.database.read() as work:
        issuers = infor.saml_issuers.list_issuers(Access(work, site.tenant, OPERATOR))
    return issuers[0].id
