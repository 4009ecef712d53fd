from __future__ import annotations

import re

import pytest

from ionport.sandbox.idm.model import Attribute, Draft
from ionport.sandbox.idm.service import IdmService
from tests.support.web import said
from tests.support.whole import Site

FIELDS = {"name": "Purchase_Order", "description": "Orders of a shop"}
ATTACK = "<script>alert(1)</script>"


def base(site: Site) -> str:
    return f"/ion-api/{site.tenant.tenant_id}/inspector/document-types"


def add(site: Site, **fields: str) -> str:
    answer = site.browser.send(f"{base(site)}/add", FIELDS | fields)
    assert answer.status_code == 200, answer.text
    return str(answer.url.path)


def test_a_document_type_is_added_given_attributes_and_deleted(site: Site) -> None:
    assert "M3_SupplierInvoice" in site.browser.text(base(site))
    path = add(site)
    assert path == f"{base(site)}/Purchase_Order"
    assert "No attributes yet" in site.browser.text(path)
    attribute = {
        "name": "Amount",
        "type": "6",
        "is_required": "on",
        "is_unique": "on",
        "max_length": "12",
        "values": "1.5\n\n 2.5 ",
        "default": "1.5",
    }
    page = said(site.browser.send(f"{path}/add-attribute", attribute).text)
    for told in (
        "a number such as 12.50",
        "required",
        "unique",
        "not searchable",
        "at most 12 letters",
        "default: 1.5",
        "one of 1.5, 2.5",
    ):
        assert told in page
    assert "Buyers" in site.browser.send(f"{path}/add-acl", {"name": "Buyers"}).text
    listed = site.browser.text(base(site))
    assert "Orders of a shop 1 Public, Private, Buyers 0 added here" in listed
    assert "Delete Amount?" in site.browser.text(f"{path}/attributes/Amount/delete")
    page = said(site.browser.send(f"{path}/attributes/Amount/delete").text)
    assert "The attribute is deleted." in page
    assert "No attributes yet" in page
    assert "The ACL is deleted." in site.browser.send(f"{path}/acls/Buyers/delete").text
    for line in ("Attribute added: Amount", "ACL added: Buyers", "Document type added"):
        assert line in site.browser.text(path)
    answer = site.browser.send(f"{path}/delete")
    assert "The document type is deleted." in answer.text
    assert site.browser.get(path).status_code == 404


@pytest.mark.parametrize(
    ("where", "fields", "told"),
    [
        ("add", {"name": "no spaces"}, "letters, digits and underscores"),
        ("add", {"name": "m3_supplierinvoice"}, "one of this name already"),
        ("add", {"name": "A", "description": "x" * 201}, "At most 200 letters"),
        ("add", {"name": ATTACK}, "letters, digits and underscores"),
        ("add-attribute", {"name": "1st", "type": "1"}, "no digit first"),
        ("add-attribute", {"name": "Export", "type": "1"}, "one of this name already"),
        ("add-attribute", {"name": "A", "type": "99"}, "Choose a type"),
        ("add-attribute", {"name": "A", "type": "1", "max_length": "-1"}, "A whole number"),
        ("add-attribute", {"name": "A", "type": "1", "max_length": "0"}, "A length from 1"),
        ("add-attribute", {"name": "A", "type": "4", "values": "1\nx"}, "Each value is"),
        ("add-attribute", {"name": "A", "type": "7", "default": "today"}, "a date (yyyy-mm-dd)"),
        ("add-acl", {"name": "Public"}, "one of this name already"),
    ],
)
def test_a_wrong_field_is_told_and_nothing_is_added(
    site: Site, where: str, fields: dict[str, str], told: str
) -> None:
    path = base(site) if where == "add" else f"{base(site)}/M3_SupplierInvoice"
    answer = site.browser.send(f"{path}/{where}", fields)
    assert answer.status_code in (409, 422)
    assert told in said(answer.text)
    assert ATTACK not in answer.text
    assert "added here" not in site.browser.text(base(site))
    assert "Attribute added" not in site.browser.text(f"{base(site)}/M3_SupplierInvoice")


def test_what_is_shipped_or_in_use_stays_and_the_page_says_why(site: Site) -> None:
    shipped = f"{base(site)}/M3_SupplierInvoice"
    for path, told in (
        (f"{shipped}/delete", "A shipped document type stays."),
        (f"{shipped}/attributes/Export/delete", "A shipped attribute stays."),
        (f"{shipped}/acls/Public/delete", "the default stays"),
    ):
        assert told in said(site.browser.send(path).text)
    path = add(site)
    site.browser.send(f"{path}/add-attribute", {"name": "Number", "type": "1"})
    site.browser.send(f"{path}/add-acl", {"name": "Buyers"})
    draft = Draft("Purchase_Order", (Attribute("Number", "1"),), (), "Buyers")
    with site.application.database.write() as work:
        IdmService(site.application.clock, site.application.blobs).create(
            work.within(site.tenant), "ada", draft
        )
    for address, told in (
        ("delete", "1 item is of this document type"),
        ("attributes/Number/delete", "1 item has this attribute"),
        ("acls/Buyers/delete", "1 item has this ACL"),
    ):
        assert told in said(site.browser.send(f"{path}/{address}").text)


def test_a_type_without_a_default_acl_says_so(site: Site) -> None:
    path = add(site, needs_acl="on")
    assert "none: an item must name its ACL" in site.browser.text(path)


def test_the_list_is_searched_and_sorted_on_the_server(site: Site) -> None:
    add(site)
    found = site.browser.text(f"{base(site)}?q=shop")
    assert "Purchase_Order" in found
    assert "M3_SupplierInvoice" not in found
    assert "No document type matches" in site.browser.text(f"{base(site)}?q=nothing+such")
    names = re.findall(
        r'row-title"[^>]*>(\w+)<', site.browser.get(f"{base(site)}?dir=desc&sort=name").text
    )
    shipped = ["ORDER_CONFIRMATION", "M3_SupplierInvoice", "LN_SupplierInvoice", "DELIVERY_NOTE"]
    assert names == ["Purchase_Order", shipped[0], "MDS_GenericDocument", *shipped[1:]]


def test_what_is_not_there_is_not_found(site: Site) -> None:
    for path in ("Nothing", "Nothing/delete", "M3_SupplierInvoice/attributes/X/delete"):
        assert site.browser.get(f"{base(site)}/{path}").status_code == 404
    assert site.browser.get(f"{base(site)}/M3_SupplierInvoice/acls/X/delete").status_code == 404
