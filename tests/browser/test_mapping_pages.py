"""An administrator mends mapping files, led by the linter and the preview alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from ionport.sandbox.ln.model import GoodsReceipt
from ionport.sandbox.ln.service import LnService, LnSettings
from tests.browser.conftest import OpenScreen
from tests.browser.furnished import cookies_of
from tests.browser.screen import PHONE, Screen
from tests.support.reference import FOLDER
from tests.support.whole import INVOICE, Site, running_site

# As the published file: the constant is defined, and no list names it.
_LN = """\
StaticFields=FinancialCompany
SF_FinancialCompany=200
HeaderFields=SupplierCode,InvoiceNumberSupplier,InvoiceDate,InvoiceAmount,InvoiceCurrency,DocumentIDExternalPackage
HF_SupplierCode=supplier_id
HF_InvoiceNumberSupplier=invoice_id
HF_InvoiceDate=invoice_date
HF_InvoiceAmount=total_amount
HF_InvoiceCurrency=currency
HF_DocumentIDExternalPackage=correlation_id
InvoiceReceipt=invoice_table
InvoiceReceiptStaticFields=OrderType,LogisticCompany
IR_SF_OrderType=purchase
IR_SF_LogisticCompany=200
IR_SF_OrderSequence=1
InvoiceReceiptFields=Order,OrderPosition,InvoicedAmount
IRF_Order=TF_purchase_order
IRF_OrderPosition=TF_line_number
IRF_InvoicedAmount=TF_amount
"""


def _published(name: str, own: str) -> bytes:
    file = FOLDER / "mappings" / name
    return file.read_bytes() if file.is_file() else own.encode()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


def _screen(site: Site, new_screen: OpenScreen) -> Screen:
    return new_screen(str(site.browser.http.base_url).rstrip("/"), cookies=cookies_of(site))


def _configure(site: Site, title: str, method: str, kind: str, content: bytes) -> str:
    fields = {"title": title, "document_type": "INVOICE", "idm_mapping": "template"}
    files = [
        ("connection_file", ("x.ionapi", site.credentials(f"{title}_TST"))),
        (f"{kind}_mapping_file", (f"{title}.properties", content)),
    ]
    page = site.browser.send(f"/settings/export/new/{method}", fields, files=files)
    assert page.status_code == 200, page.text
    return str(page.url.path)


def _receive_goods(site: Site) -> None:
    """LN has received what the invoice is for, and says so with the order's sequence."""
    service = LnService(site.application.clock, LnSettings())
    with site.application.database.write() as work:
        for position in (10, 20, 30):
            goods = GoodsReceipt(200, "4500017", position, f"RCP{position}", 1, "1000")
            service.receive(work.within(site.tenant), goods)


def _accept_what_is_ours(page: Page) -> None:
    """Say of the companies of the published file that they are this installation's."""
    left = page.get_by_role("link", name="Accept with a reason")
    for number in range(left.count(), 0, -1):
        expect(left).to_have_count(number)
        left.first.click()
        page.get_by_label("Reason").fill("Ours is company 200 too.")
        page.get_by_role("button", name="Accept").click()
    expect(left).to_have_count(0)


def test_what_the_ln_file_never_sends_is_mended_by_linter_and_preview_and_arrives(
    site: Site, new_screen: OpenScreen
) -> None:
    content = _published("LN-Mapping.properties", _LN)
    configuration = _configure(site, "LN", "infor-idm-ln", "ln", content)
    document = site.document_id(INVOICE)
    _receive_goods(site)
    page = _screen(site, new_screen).open(configuration)
    page.get_by_role("link", name="LN.properties").first.click()
    page.get_by_label("Preview with").select_option(document)
    panel = page.locator("#panel")
    expect(panel.get_by_text("1. LN: create the received purchase invoice")).to_be_visible()
    sent = panel.locator(".origins tbody tr").filter(has_text=re.compile("^OrderSequence"))
    expect(sent).to_have_count(0)
    told = panel.locator(".findings li", has_text="IR_SF_OrderSequence is defined but")
    told.get_by_role("button", name="Fix").click()
    expect(sent.first).to_contain_text("1")
    expect(told).to_have_count(0)
    expect(page.get_by_text("not saved")).to_be_visible()
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_text("Version 2 is saved.")).to_be_visible()

    page.get_by_role("link", name="Versions").last.click()
    page.get_by_role("button", name="Compare").click()
    new_side = page.locator(".cm-merge-b .cm-changedLine")
    expect(new_side).to_have_count(1)
    expect(new_side).to_contain_text("OrderSequence")
    page.get_by_role("link", name="Versions").last.click()
    page.get_by_role("link", name="Switch to this version").first.click()
    expect(page.get_by_text("No delivery is under way.")).to_be_visible()
    page.get_by_role("button", name="Switch").click()
    expect(page.get_by_text("1 configuration uses version 2 now.")).to_be_visible()

    base = str(site.browser.http.base_url).rstrip("/")
    page.goto(base + configuration)
    expect(page.locator("#proof").get_by_role("status")).to_have_text("Passed")
    _accept_what_is_ours(page)
    page.get_by_role("link", name="Activate").click()
    expect(page.get_by_text("1 document waits for export.")).to_be_visible()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("LN is active.")).to_be_visible()
    page.goto(f"{base}/documents/{document}")
    page.get_by_role("button", name="Export").first.click()
    expect(page.locator("#progress").get_by_text("Exported", exact=True)).to_be_visible()
    page.goto(f"{base}/ion-api/{site.application.tenant.id}/inspector/ln")
    page.locator("a.row-title").first.click()
    lines = page.locator("table", has=page.get_by_role("columnheader", name="OrderSequence"))
    expect(lines.locator("tbody tr").first).to_contain_text("1")


def test_a_placeholder_that_blocks_is_mended_without_leaving_the_page(
    site: Site, new_screen: OpenScreen
) -> None:
    own = own_template(MappingKind.BOD)[1].decode()
    content = _published(
        "BOD-Mapping_Invoice_M3.properties", own.replace("lid://infor.ims.ionport_export", "lid://")
    )
    configuration = _configure(site, "M3", "infor-idm-bod", "bod", content)
    page = _screen(site, new_screen).open(configuration)
    expect(page.get_by_text("Blocks activation").first).to_be_visible()
    line = page.locator(".mend input[name=text]").first
    expect(line).to_have_value(re.compile("^SFV_LogicalID=lid://$"))
    line.fill("SFV_LogicalID=lid://infor.ims.ionport_export")
    page.get_by_role("button", name="Save and use").first.click()
    expect(page.get_by_text("is saved as version 2")).to_be_visible()
    expect(page.get_by_text("The logical id is still the placeholder")).to_have_count(0)
    assert page.url.endswith(configuration)


def test_rows_are_mended_added_and_saved_while_the_preview_follows(
    site: Site, new_screen: OpenScreen
) -> None:
    document = site.document_id(INVOICE)
    files = [("files", ("rows.properties", (_LN + "HF_OurReference=purchase_order\n").encode()))]
    path = str(site.browser.send("/settings/mapping-files/upload", files=files).url.path)
    screen = _screen(site, new_screen)
    page = screen.open(f"{path}/form")
    page.get_by_label("Preview with").select_option(document)
    values = page.locator("#panel .origins tbody tr")
    amount = values.filter(has_text=re.compile("^InvoiceAmount"))
    expect(amount).to_contain_text("2808.81")
    amount.hover()
    told = page.locator(".map-row.is-told")
    expect(told).to_have_count(1)
    expect(told.get_by_label(re.compile("^Target in line"))).to_have_value("InvoiceAmount")

    read = told.get_by_label(re.compile("^Field or term in line"))
    read.fill("total_amnt")
    read.blur()
    row = page.locator(".map-row", has_text="Documents have no field total_amnt")
    row.get_by_role("button", name="Fix").press("Enter")
    expect(page.get_by_text("Documents have no field total_amnt")).to_have_count(0)
    expect(page.locator(".map-row input:focus")).to_have_value("InvoiceAmount")
    expect(amount).to_contain_text("2808.81")
    unlisted = page.locator(".map-row", has_text="HF_OurReference is defined but")
    unlisted.get_by_role("button", name="Remove line").click()
    expect(unlisted).to_have_count(0)

    page.get_by_label("Section").select_option("receipt_lines.constants")
    page.get_by_label("Name of the new row").fill("Remark")
    page.get_by_label("Value of the new row").fill("1")
    add = page.get_by_role("button", name="Add", exact=True)
    add.press("Enter")
    expect(page.get_by_label("Name of the new row")).to_have_value("")
    expect(add).to_be_focused()
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_text("Version 2 is saved.")).to_be_visible()
    stored = site.browser.get(f"{path}/file").text
    # The line that was removed and the one that the new row's list takes: nothing else.
    expected = _LN.replace("OrderType,LogisticCompany", "OrderType,LogisticCompany,Remark")
    assert stored == expected.replace("OrderSequence=1\n", "OrderSequence=1\nIR_SF_Remark=1\n")

    # The other way, in the text: a line shows its value, wherever the panel stands.
    page = screen.open(f"{path}?document={document}")
    amount = page.locator("#panel .origins tr.is-told")
    page.locator(".cm-line", has_text="HF_InvoiceAmount").click(position={"x": 40, "y": 8})
    expect(amount).to_contain_text("2808.81")
    expect(amount).to_be_in_viewport()
    screen.resize(PHONE)
    page = screen.open(f"{path}/versions/compare")
    expect(page.locator("tr.is-added", has_text="IR_SF_Remark=1")).to_be_visible()
