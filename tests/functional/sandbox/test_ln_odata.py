"""LN's OData as public clients read it (docs/reference/ln.md#odata)."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.support.infor_side import TENANT, InforSide
from tests.support.ln import header, new_invoice

ODATA = "/LN/lnapi/odata"
PARTNERS = f"{ODATA}/tcapi.comBusinessPartner/BusinessPartners"
ORDERS = f"{ODATA}/tdapi.purPurchaseOrder/Orders"
INVOICES = f"{ODATA}/tfapi.acpReceivedPurchaseInvoice/ReceivedPurchaseInvoices"


def read(client: httpx2.Client, address: str, **options: str) -> dict[str, Any]:
    answer = client.get(address, params={f"${name}": value for name, value in options.items()})
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def names(client: httpx2.Client, condition: str) -> list[str]:
    found = read(client, PARTNERS, filter=condition, orderby="BusinessPartner")["value"]
    return [each["BusinessPartner"] for each in found]


def test_a_collection_is_filtered_ordered_paged_and_counted(
    side: InforSide, client: httpx2.Client
) -> None:
    found = read(client, PARTNERS, top="2", skip="1", count="true", orderby="Name desc")
    assert found["@odata.count"] == 4
    assert found["@odata.context"] == (
        f"{side.url}/{TENANT}{ODATA}/tcapi.comBusinessPartner/$metadata#BusinessPartners"
    )
    assert [each["Name"] for each in found["value"]] == ["Quiet River Paper", "Harbour Bicycles"]
    assert found["value"][0]["@odata.etag"].startswith('W/"')
    chosen = read(client, PARTNERS, select="Name,Country", top="1")["value"][0]
    assert set(chosen) == {"@odata.etag", "Name", "Country"}
    every = read(client, PARTNERS, select="*", top="1")["value"][0]
    assert "BusinessPartner" in every
    assert client.get(f"{PARTNERS}/$count").text == "4"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Name eq 'Quiet River Paper'", ["SUP000002"]),
        ("Role eq tcapi.comBusinessPartner.Role'customer'", ["CUS000001"]),
        ("contains(Name,'River') or Country eq 'GB'", ["SUP000002", "SUP000003"]),
        ("(Country eq 'DE') and not (Role eq 'customer')", ["SUP000001"]),
        ("startswith(Name,'Seven') and endswith(Name,'ght')", ["SUP000003"]),
        ("BusinessPartner ge 'SUP000002'", ["SUP000002", "SUP000003"]),
        ("Name eq 'O''Neill'", []),
        ("Name eq null", []),
    ],
)
def test_a_filter_finds_what_it_says(
    client: httpx2.Client, condition: str, found: list[str]
) -> None:
    assert names(client, condition) == found


@pytest.mark.parametrize(
    "options",
    [
        *({"filter": each} for each in ("Nope eq 'a'", "Name eq 'a", "Name like 'a'", "Name eq 1")),
        *(
            {"filter": each}
            for each in ("Name", "(Name eq 'a'", "Name eq 'a' or", "contains(Name)")
        ),
        *({"filter": "(" * 40 + "Name eq 'a'" + ")" * 40}, {"select": "Nope"}),
        *({"expand": "Nope"}, {"orderby": "Name up"}, {"top": "-1"}, {"skip": "x"}, {"apply": "x"}),
    ],
)
def test_what_cannot_be_read_is_400_in_odatas_shape(
    client: httpx2.Client, options: dict[str, str]
) -> None:
    answer = client.get(PARTNERS, params={f"${name}": value for name, value in options.items()})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["details"], bool(error["message"])) == ("bad_request", [], True)


@pytest.mark.on_each_database
def test_orders_have_lines_below_them(client: httpx2.Client) -> None:
    one = read(client, f"{ORDERS}(Order='PUR000001')", expand="*")
    assert [each["Position"] for each in one["Lines"]] == [10, 20]
    assert "Lines" not in read(client, f"{ORDERS}('PUR000001')")
    lines = read(client, f"{ORDERS}('PUR000001')/Lines", filter="Position gt 10")["value"]
    assert [(each["Receipt"], each["ReceivedQuantity"]) for each in lines] == [("RCP000001", 250.0)]
    assert client.get(f"{ORDERS}('NOPE')").status_code == 404
    other = client.get(ORDERS, headers={"X-Infor-LnCompany": "300"})
    assert other.json()["value"] == []
    assert client.get(ORDERS, headers={"X-Infor-LnCompany": "x"}).status_code == 400
    assert client.get(f"{ORDERS}/Lines").status_code == 400


@pytest.mark.on_each_database
def test_received_invoices_are_read_by_their_key(client: httpx2.Client) -> None:
    number = new_invoice(client)["ReceivedPurchaseInvoice"]
    key = f"ReceivedInvoiceCompany=200,ReceivedPurchaseInvoice={number}"
    found = read(client, f"{INVOICES}({key})", expand="InvoiceTax")
    assert (found["ReceivedPurchaseInvoice"], found["InvoiceStatus"]) == (int(number), "Created")
    assert isinstance(found["InvoiceAmount"], float)
    condition = f"ReceivedPurchaseInvoice eq {number} and InvoiceStatus eq 'Created'"
    assert read(client, INVOICES, filter=condition, count="true")["@odata.count"] == 1
    twice = f"({key},ReceivedPurchaseInvoice={number})"
    for wrong in ("(5)", "(ReceivedPurchaseInvoice=5)", "(x y)", twice):
        assert client.get(f"{INVOICES}{wrong}").status_code == 400


def test_the_address_of_the_next_page_keeps_the_options(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ionport.sandbox.ln.odata.routes.MAX_PAGE", 1)
    following = f"{PARTNERS}?$filter=Role eq 'supplier'&$orderby=Name desc&$select=Name"
    found = []
    while following:
        page = client.get(following).json()
        found += [each["Name"] for each in page["value"]]
        following = page.get("@odata.nextLink", "")
    assert found == ["Seven Hills Freight", "Quiet River Paper", "Copper Pine Metals"]


def entered(client: httpx2.Client, **changes: Any) -> dict[str, Any]:
    """Enter an invoice by POST, as public clients enter what they have (`?$select=*`)."""
    values = {**header(), "InvoiceAmount": 119, "TaxBaseAmount": 100.0, "ExternalRateFactor": 1}
    values["FinancialCompany"] = 200
    answer = client.post(f"{INVOICES}?$select=*&$expand=*", json={**values, **changes})
    assert answer.status_code == 201, answer.text
    content: dict[str, Any] = answer.json()
    assert answer.headers["Location"].endswith(f"/ReceivedPurchaseInvoices({key_of(content)})")
    assert answer.headers["ETag"] == content["@odata.etag"]
    return content


def key_of(invoice: dict[str, Any]) -> str:
    names = ("ReceivedInvoiceCompany", "ReceivedPurchaseInvoice")
    return ",".join(f"{name}={invoice[name]}" for name in names)


def refused(answer: httpx2.Response, status: int) -> str:
    """Return the message; clients read it and the details of every error."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert isinstance(error["details"], list)
    message: str = error["message"]
    assert message
    return message


@pytest.mark.on_each_database
def test_an_invoice_is_entered_changed_processed_and_removed(client: httpx2.Client) -> None:
    tax = {"LineNumber": 1, "TaxCode": "V19", "TaxAmount": 19}
    invoice = entered(client, InvoiceTax=[tax])
    assert invoice["InvoiceTax"][0]["TaxAmount"] == 19.0
    address = f"{INVOICES}({key_of(invoice)})"
    etag = {"If-Match": invoice["@odata.etag"]}
    changed = client.patch(f"{address}?$select=*", json={"Reference": "New"}, headers=etag)
    assert (changed.status_code, changed.json()["Reference"]) == (200, "New")
    assert read(client, address, expand="InvoiceTax")["InvoiceTax"] == invoice["InvoiceTax"]
    assert "read it again" in refused(client.patch(address, json={}, headers=etag), 412)
    etag = {"If-Match": changed.json()["@odata.etag"]}
    emptied = client.patch(address, json={"Reference": None}, headers=etag)
    assert (emptied.status_code, emptied.content) == (204, b"")
    assert read(client, address)["Reference"] is None
    action = f"{address}/tfapi.acpReceivedPurchaseInvoice.Process"
    refused(client.post(action, headers=etag), 412)
    assert client.post(action).json()["InvoiceStatus"] == "Approved"
    refused(client.patch(address, json={"Reference": "B"}, headers={"If-Match": "*"}), 422)
    assert "is processed" in refused(client.delete(address, headers={"If-Match": "*"}), 422)
    other = f"{INVOICES}({key_of(entered(client))})"
    assert client.delete(other, headers={"If-Match": "*"}).status_code == 204
    assert client.get(other).status_code == 404


@pytest.mark.on_each_database
def test_what_ln_refuses_has_the_status_that_is_documented(client: httpx2.Client) -> None:
    invoice = entered(client)
    address = f"{INVOICES}({key_of(invoice)})"
    match = {"If-Match": "*"}
    same = {name: invoice[name] for name in ("SupplierCode", "InvoiceNumberSupplier")}
    rest = {"InvoiceDate": "2026-03-01", "InvoiceAmount": 1, "InvoiceCurrency": "EUR"}
    assert "already exists" in refused(client.post(INVOICES, json={**same, **rest}), 409)
    answer = client.post(INVOICES, json=same)
    assert refused(answer, 422) == "Multiple messages are reported"
    assert len(answer.json()["error"]["details"]) == 3
    other = {"InvoiceNumberSupplier": entered(client)["InvoiceNumberSupplier"]}
    refused(client.patch(address, json=other, headers=match), 409)
    assert "If-Match" in refused(client.patch(address, json={"Reference": "A"}), 428)
    refused(client.delete(address), 428)
    refused(client.post(INVOICES, content=b"<x/>", headers={"Content-Type": "text/xml"}), 415)
    refused(client.get(INVOICES, headers={"Accept": "application/atom+xml"}), 406)
    refused(client.delete(f"{INVOICES}(ReceivedInvoiceCompany=1,ReceivedPurchaseInvoice=1)"), 404)
    refused(client.delete(INVOICES, headers=match), 400)


@pytest.mark.parametrize(
    "body",
    [
        *({"Nope": 1}, {"SupplierCode": 5}, {"InvoiceAmount": "5"}, {"InvoiceAmount": True}),
        *({"InvoiceTax": {}}, {"InvoiceTax": [1]}, {"InvoiceStatus": "Approved"}, []),
    ],
)
def test_a_body_of_another_form_is_400(client: httpx2.Client, body: Any) -> None:
    refused(client.post(INVOICES, json=body), 400)


def test_a_change_leaves_key_and_lines_alone(client: httpx2.Client) -> None:
    address, match = f"{INVOICES}({key_of(entered(client))})", {"If-Match": "*"}
    for company in (300, 1.5, 1e300, None):
        text = refused(
            client.patch(address, json={"FinancialCompany": company}, headers=match), 400
        )
        assert "part of the key" in text
    refused(client.patch(address, json={"InvoiceTax": [{}]}, headers=match), 400)


def test_what_no_source_tells_of_is_said_to_be_not_imitated(client: httpx2.Client) -> None:
    service = f"{ODATA}/tdapi.purPurchaseOrder"
    for address in (f"{service}/$batch", f"{service}/Cancel", f"{ODATA}/$batch"):
        assert "does not imitate" in refused(client.post(address, json={}), 404)
    cancel = f"{ORDERS}('PUR000001')/tdapi.purPurchaseOrder.Cancel"
    assert "the action" in refused(client.post(cancel, json={}), 404)
    answer = client.patch(f"{PARTNERS}('SUP000001')", json={}, headers={"If-Match": "*"})
    assert "does not imitate PATCH" in refused(answer, 405)
    assert answer.headers["Allow"] == "GET"
    # No public client fetches one: none is given, and none is wanted.
    assert "x-csrf-token" not in client.get(PARTNERS, headers={"X-CSRF-Token": "Fetch"}).headers


def test_metadata_is_json_csdl(client: httpx2.Client) -> None:
    content = read(client, f"{ODATA}/tdapi.purPurchaseOrder/$metadata")
    types = content["tdapi.purPurchaseOrder"]
    assert types["Order"]["$Key"] == ["Order"]
    assert types["Order"]["Lines"]["$Type"] == "tdapi.purPurchaseOrder.OrderLine"
    assert types["Container"]["Orders"]["$Type"] == "tdapi.purPurchaseOrder.Order"
    assert client.get(f"{ODATA}/tdapi.purPurchaseOrder/Nothing").status_code == 404
