"""LN through the gateway, with real tokens (docs/reference/ln.md#soap)."""

from __future__ import annotations

import itertools
import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from ionport.core.errors import InvalidInput
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.manual import read_page
from ionport.sandbox.control.controls.faults import FaultDraft, FaultKind, FaultTarget, Trigger
from ionport.sandbox.control.recorder.model import CallFilter
from ionport.sandbox.ln.inspection import LnInspection
from ionport.sandbox.ln.model import LnInvoiceFilter, Status
from ionport.sandbox.ln.service import LnSettings
from tests.support.infor_side import (
    OPERATOR,
    OTHER_TENANT,
    SCOPE,
    InforSide,
    in_threads,
    infor_side_on,
)
from tests.support.ln import (
    COST,
    RECEIPT,
    TAX,
    changed,
    create,
    expression,
    header,
    joined,
    keyed,
    list_invoices,
    new_invoice,
    post,
)
from tests.support.soap import (
    SERVICE,
    entities_of,
    invoice_xml,
    messages_of,
    part_of,
    request,
)

_numbers = itertools.count(1)


@pytest.mark.on_each_database
def test_an_invoice_comes_back_as_it_was_sent(client: httpx2.Client) -> None:
    sent = header()
    answer = create(client, invoice_xml(sent, [TAX, RECEIPT, COST]))
    assert answer.headers["content-type"] == "text/xml;charset=utf-8"
    (key,) = entities_of(answer.content, "Create")
    shown = post(client, keyed("Show", key))
    (values,) = entities_of(shown.content, "Show")
    assert (values["InvoiceStatus"], values["ProcessingStatus"]) == ("Created", "Unprocessed")
    assert sent.items() <= values.items()
    assert values["TaxCountry"] == "DE", (
        "docs/reference/ln.md#received-purchase-invoices: the default"
    )
    (entity,) = part_of(shown.content, "Show").findall(f"DataArea/{SERVICE}")
    for name, line in (TAX, RECEIPT, COST):
        (found,) = entity.findall(name)
        assert {child.tag: child.text for child in found} == line


def test_a_receipt_line_names_the_goods_by_everything_that_it_says(client: httpx2.Client) -> None:
    for changes in (
        {"Order": "PUR000009"},
        {"OrderPosition": "30"},
        {"OrderSequence": "2"},
        {"Receipt": "RCP000002"},
        {"ReceiptLine": "2"},
        {"PackingSlip": "LS-0"},
        {"OrderType": "sales"},
    ):
        answer = create(client, invoice_xml(header(), [changed(RECEIPT, **changes)]))
        assert "not found in direct debit" in messages_of(answer.content)[0]
    bare = ("InvoiceReceipt", {"Order": "PUR000001", "OrderPosition": "0010"})
    assert new_invoice(client, bare)


def seed(side: InforSide, *receipts: Mapping[str, object]) -> int:
    text = json.dumps({"ln": receipts}).encode()
    with side.database.write() as work:
        return side.services.control.seeds.seed(Access(work, SCOPE, OPERATOR), text).receipts


@pytest.mark.on_each_database
def test_goods_that_a_tenant_received_are_its_own(side: InforSide, client: httpx2.Client) -> None:
    goods = {"Order": "PUR-OWN", "OrderPosition": 1, "Receipt": "RCP-OWN", "Quantity": 5}
    line = (
        "InvoiceReceipt",
        {"Order": "PUR-OWN", "OrderPosition": "1", "LogisticCompany": "400"},
    )
    assert seed(side, {**goods, "LogisticCompany": 400}) == 1
    assert new_invoice(client, line)
    token = side.log_in(side.credentials(OTHER_TENANT, f"App_{next(_numbers)}"))
    with side.client(token, OTHER_TENANT) as other:
        answer = create(other, invoice_xml(header(), [line]))
    assert "not found in direct debit" in messages_of(answer.content)[0]
    for wrong, text in (
        ({"LogisticCompany": 400}, "there already"),
        ({"Quantity": "many"}, "must be numeric"),
        ({"Receipt": ""}, "Receipt is missing"),
        ({"Colour": "red"}, "not known"),
    ):
        with pytest.raises(InvalidInput, match=rf"\$\.ln\[0\].*{text}"):
            seed(side, {**goods, **wrong})


@pytest.mark.on_each_database
def test_a_second_invoice_of_the_same_number_is_refused(client: httpx2.Client) -> None:
    sent = header()
    (key,) = entities_of(create(client, invoice_xml(sent)).content, "Create")
    again = create(client, invoice_xml(sent))
    assert again.status_code == 500
    assert "already exists" in messages_of(again.content)[0]
    assert key["ReceivedPurchaseInvoice"] in messages_of(again.content)[0]
    for other in ({"SupplierCode": "SUP000002"}, {"FinancialCompany": "201"}):
        assert create(client, invoice_xml({**sent, **other})).status_code == 200
    twice = header()
    assert create(client, invoice_xml(twice), invoice_xml(twice)).status_code == 500
    assert create(client, invoice_xml(twice)).status_code == 200, "nothing of it was kept"


def test_the_scope_of_a_request_says_what_falls_together(client: httpx2.Client) -> None:
    right, wrong = header(), header(InvoiceAmount="x")
    assert create(client, invoice_xml(right), invoice_xml(wrong)).status_code == 500
    control = "<processingScope>business_entity</processingScope>"
    answer = create(client, invoice_xml(right), invoice_xml(wrong), control=control)
    assert answer.status_code == 200
    assert len(entities_of(answer.content, "Create")) == 1
    texts = part_of(answer.content, "Create").findall("InformationArea/Message/messageText")
    assert ["InvoiceAmount" in (text.text or "") for text in texts] == [True]
    assert create(client, invoice_xml(wrong), control=control).status_code == 500
    unknown = create(client, invoice_xml(right), control="<processingScope>most</processingScope>")
    assert unknown.status_code == 500


@pytest.mark.on_each_database
def test_a_lost_answer_is_found_again_by_its_correlation_id(client: httpx2.Client) -> None:
    """The join key is DocumentIDExternalPackage.

    Source: docs/reference/document-system.md#correlation-id.
    """
    sent = header(DocumentIDExternalPackage="11111111-2222-4333-8444-555555555555")
    create(client, invoice_xml(sent))
    create(client, invoice_xml(header()))
    name, value = "DocumentIDExternalPackage", sent["DocumentIDExternalPackage"]
    found = f"<Filter>{expression(name, 'eq', value)}</Filter>"
    assert list_invoices(client, found, "200") == [sent["InvoiceNumberSupplier"]]


@pytest.mark.on_each_database
def test_a_list_is_filtered_and_shows_what_was_selected(client: httpx2.Client) -> None:
    company = {"FinancialCompany": "250"}
    for number, amount in (("L-1", "9"), ("L-2", "10"), ("M-3", "100")):
        changes = {"InvoiceNumberSupplier": number, "InvoiceAmount": amount}
        assert create(client, invoice_xml(header(**company, **changes), [COST])).status_code == 200
    both = expression("InvoiceAmount", "ge", "10") + expression(
        "InvoiceNumberSupplier", "like", "L%"
    )
    for control, expected in (
        ("", ["L-1", "L-2", "M-3"]),
        (f"<Filter>{expression('InvoiceAmount', 'lt', '10.0')}</Filter>", ["L-1"]),
        (f"<Filter>{expression('InvoiceNumberSupplier', 'ne', 'L-1')}</Filter>", ["L-2", "M-3"]),
        (joined("and", both), ["L-2"]),
        (joined("or", both), ["L-1", "L-2", "M-3"]),
    ):
        assert list_invoices(client, control, "250") == expected
    selected = (
        "<Selection><selectionAttribute>ReceivedPurchaseInvoice.InvoiceAmount</selectionAttribute>"
        "<selectionAttribute>ReceivedPurchaseInvoice.InvoiceCost.*</selectionAttribute></Selection>"
    )
    answer = post(client, request("List", "", control=selected, company="250"))
    assert entities_of(answer.content, "List") == [
        {"InvoiceAmount": "9"},
        {"InvoiceAmount": "10"},
        {"InvoiceAmount": "100"},
    ]
    assert len(part_of(answer.content, "List").findall(f"DataArea/{SERVICE}/InvoiceCost")) == 3


def test_processing_goes_as_far_as_an_invoice_is_right(
    side: InforSide, client: httpx2.Client
) -> None:
    cases = (
        ({}, [TAX, RECEIPT, COST], "Approved", "Processed"),
        ({"SupplierCode": "GHOST"}, [], "Registration Errors", "In Process"),
        ({"InvoiceAmount": "120.00"}, [TAX], "Registration Errors", "In Process"),
        ({}, [changed(RECEIPT, InvoicedQuantity="501")], "Matching Errors", "In Process"),
    )
    for changes, lines, status, processing in cases:
        key = new_invoice(client, *lines, **changes)
        answer = post(client, keyed("Process", key))
        (values,) = entities_of(answer.content, "Process")
        assert (values["InvoiceStatus"], values["ProcessingStatus"]) == (status, processing)
        again = entities_of(post(client, keyed("Process", key)).content, "Process")
        assert again == [values]
        with side.database.read() as work:
            name = f"200-{key['ReceivedPurchaseInvoice']}"
            invoice = LnInspection().get_invoice(Access(work, SCOPE, OPERATOR), name)
        assert bool(invoice.messages) is invoice.status.has_errors


@pytest.mark.on_each_database
def test_one_invoice_sent_by_many_at_once_is_created_once(side: InforSide, token: str) -> None:
    sent, other = header(), header()

    def send(thread: int) -> int:
        pair = [invoice_xml(sent), invoice_xml({**other, "FinancialCompany": f"{thread % 2 + 1}"})]
        with side.client(token) as client:
            return create(client, *(pair if thread % 2 else reversed(pair))).status_code

    assert sorted(in_threads(6, send)) == [200, 500, 500, 500, 500, 500]


@pytest.mark.on_each_database
def test_invoices_get_numbers_of_their_own(side: InforSide, token: str) -> None:
    def send(thread: int) -> list[str]:
        with side.client(token) as client:
            return [
                new_invoice(client, FinancialCompany="260")["ReceivedPurchaseInvoice"]
                for _each in range(5)
            ]

    numbers = [number for batch in in_threads(4, send) for number in batch]
    assert len(set(numbers)) == 20


def test_a_fault_can_be_ordered_for_one_soap_operation(
    side: InforSide, client: httpx2.Client
) -> None:
    target = FaultTarget(service="LN", operation="Create")
    draft = FaultDraft(FaultKind.STATUS, target=target, trigger=Trigger.NEXT, figure=1)
    with side.database.write() as work:
        side.services.control.faults.add(Access(work, SCOPE, OPERATOR), draft)
    assert post(client, request("List", "")).status_code == 200
    assert create(client, invoice_xml(header())).status_code == 503
    assert create(client, invoice_xml(header())).status_code == 200


def test_tenants_see_their_own_invoices_only(side: InforSide, client: httpx2.Client) -> None:
    key = new_invoice(client)
    with side.client(
        side.log_in(side.credentials(OTHER_TENANT, f"App_{next(_numbers)}")), OTHER_TENANT
    ) as other:
        assert post(other, keyed("Show", key)).status_code == 500
        assert new_invoice(other)["ReceivedPurchaseInvoice"] == "1001"


@pytest.mark.on_each_database
def test_the_inspector_finds_sorts_and_filters(side: InforSide, client: httpx2.Client) -> None:
    new_invoice(client)
    number = new_invoice(client, InvoiceNumberSupplier="LOOK-4711")["ReceivedPurchaseInvoice"]
    inspection = LnInspection()
    with side.database.read() as work:
        access = Access(work, SCOPE, OPERATOR)
        filters = LnInvoiceFilter(status=Status.CREATED, text="look-47")
        page = inspection.list_invoices(access, PageRequest(), filters)
        assert [invoice.key for invoice in page.items] == [f"200-{number}"]
        newest = inspection.list_invoices(access, PageRequest()).items
        oldest = inspection.list_invoices(
            access, PageRequest(), LnInvoiceFilter(ascending=True)
        ).items
        assert newest[0].key != oldest[0].key
        calls = side.recorder.list(access, PageRequest(), CallFilter(service="LN"))
    assert calls.items[0].outcome.effects == (f"ln invoice 200-{number}",)
    assert calls.items[0].facts.operation == "Create"


def test_the_service_may_be_called_otherwise_and_be_lenient(tmp_path: Path) -> None:
    for side in infor_side_on("sqlite", tmp_path, ln_settings=LnSettings("Custom", False)):
        with side.client(side.log_in(side.credentials())) as client:
            content = request("Create", "<Custom/>", service="Custom")
            assert post(client, content, "/LN/c4ws/services/Custom").status_code == 500
            invoice = invoice_xml(header(), [changed(RECEIPT, Order="ANY")])
            content = request("Create", invoice.replace(SERVICE, "Custom"), service="Custom")
            assert post(client, content, "/LN/c4ws/services/Custom").status_code == 200


def test_a_reset_brings_a_tenant_back_to_its_beginning(tmp_path: Path) -> None:
    for side in infor_side_on("sqlite", tmp_path):
        with side.client(side.log_in(side.credentials())) as client:
            number = new_invoice(client)["ReceivedPurchaseInvoice"]
            with side.database.write() as work:
                side.services.control.state.reset(Access(work, SCOPE, OPERATOR))
            assert list_invoices(client, "", "200") == []
            assert new_invoice(client)["ReceivedPurchaseInvoice"] == number


def blocks(page: str) -> list[str]:
    """Return the indented blocks of a page of the manual."""
    found = re.findall(r"(?:^ {4}.*\n)+", read_page(page).text, re.MULTILINE)
    return [textwrap.dedent(block) for block in found]


def test_the_manuals_examples_are_taken(side: InforSide, client: httpx2.Client) -> None:
    envelope, receipts = blocks("sandbox-ln")
    answer = post(client, envelope)
    assert answer.status_code == 200, answer.text
    assert entities_of(answer.content, "Create")
    with side.database.write() as work:
        seeds = side.services.control.seeds
        assert seeds.seed(Access(work, SCOPE, OPERATOR), receipts.encode()).receipts == 1
