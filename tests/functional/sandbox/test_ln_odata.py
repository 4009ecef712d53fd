"""LN's OData as public clients read it (docs/reference/ln.md#odata)."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.support.infor_side import TENANT, InforSide
from tests.support.ln import new_invoice

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


def test_metadata_is_json_csdl(client: httpx2.Client) -> None:
    content = read(client, f"{ODATA}/tdapi.purPurchaseOrder/$metadata")
    types = content["tdapi.purPurchaseOrder"]
    assert types["Order"]["$Key"] == ["Order"]
    assert types["Order"]["Lines"]["$Type"] == "tdapi.purPurchaseOrder.OrderLine"
    assert types["Container"]["Orders"]["$Type"] == "tdapi.purPurchaseOrder.Order"
    assert client.get(f"{ODATA}/tdapi.purPurchaseOrder/Nothing").status_code == 404
