from __future__ import annotations

import re
from pathlib import Path

import pytest

from ionport.application import open_application
from ionport.asgi import build_asgi
from ionport.core.clock import SystemClock
from ionport.core.paging import PageRequest
from ionport.documents.listing.model import Cursor
from ionport.documents.samples import read_sample
from ionport.exports.listing import DeliveryFilter
from ionport.identity.access import Access
from ionport.identity.model import Actor, Organization, OrganizationRole, TenantRole
from ionport.identity.repository import OrganizationRepository
from ionport.settings_reading import load_settings
from ionport.store import OrganizationScope, SystemScope
from tests.support.server import serve
from tests.support.web import Browser, said
from tests.support.whole import INVOICE, OTHER_INVOICE, Site

SAMPLE = read_sample(INVOICE)


def _active_export(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    reason = {"reason": "no proof is needed here"}
    site.browser.send(f"{made.url.path}/activate", reason, form_at=made.url.path)


def _run(site: Site) -> None:
    """Run every delivery to its end, as a worker does."""
    assert site.application.documents is not None
    documents = site.application.documents
    operator = Actor.operator()
    scope = site.organization
    with site.application.database.read() as work:
        page = documents.deliveries.list(
            Access(work, scope, operator), DeliveryFilter(), PageRequest()
        )
    for delivery in page.items:
        documents.runner.run(delivery.id)


def test_an_empty_list_says_what_to_do_next(site: Site) -> None:
    page = site.browser.get("/documents").text
    assert "No document yet" in page
    assert 'href="/documents/upload"' in page


def test_an_upload_tells_what_became_of_each_file(site: Site) -> None:
    files = [
        ("files", (INVOICE, SAMPLE)),
        ("files", ("again.xml", SAMPLE)),
        ("files", ("broken.xml", b"<Invoice")),
        ("files", ("empty.xml", b"")),
        ("files", (OTHER_INVOICE, read_sample(OTHER_INVOICE))),
    ]
    page = site.browser.send("/documents/upload", files=files).text
    rows = [said(row) for row in re.findall(r'<li class="outcome .*?</li>', page, re.DOTALL)]
    facts = "RE-2026-0417 · Nordwerk Werkzeuge GmbH 2,808.81 EUR"
    # What asks for something stands first, what is ready last.
    assert [row.split()[0] for row in rows[:2]] == ["broken.xml", "empty.xml"]
    assert all("Refused" in row for row in rows[:2])
    assert any(row.startswith(f"{INVOICE} {facts} Validated, pending export") for row in rows)
    assert any(row.startswith("again.xml Here already") for row in rows)
    assert any(row.startswith(OTHER_INVOICE) and "Validated, pending export" in row for row in rows)
    assert "2 ready" in said(page)
    assert "2 refused" in said(page)
    links = re.findall(r'href="(/documents/doc_\w+)"', page)
    assert len(links) == 3 > len(set(links))
    assert "2 entries" in said(site.browser.get("/documents").text)


def test_no_file_is_told_beside_the_box(site: Site) -> None:
    answer = site.browser.send("/documents/upload", files=[("files", ("", b""))])
    assert answer.status_code == 422
    assert 'id="files-error"' in answer.text


def test_the_list_filters_sorts_and_searches_on_the_server(site: Site) -> None:
    site.upload(INVOICE, OTHER_INVOICE)
    up = site.browser.get("/documents?sort=filename&dir=asc").text
    down = site.browser.get("/documents?sort=filename&dir=desc").text
    assert up.index(f">{OTHER_INVOICE}<") < up.index(f">{INVOICE}<")
    assert down.index(f">{INVOICE}<") < down.index(f">{OTHER_INVOICE}<")
    found = said(site.browser.get("/documents?q=ubl").text)
    assert INVOICE in found
    assert OTHER_INVOICE not in found
    assert "No document matches" in said(site.browser.get("/documents?status=exported").text)
    assert "2 entries" in said(site.browser.get("/documents?status=evil&document_type=x").text)


def test_the_tiles_count_and_lead_to_their_documents(site: Site) -> None:
    site.upload(INVOICE, OTHER_INVOICE)
    page = site.browser.get("/documents").text
    tiles = [said(tile) for tile in re.findall(r'<a class="tile.*?</a>', page, re.DOTALL)]
    assert tiles == [
        "2 All documents",
        "0 Ready for validation",
        "0 Pending approval",
        "2 Validated, pending export",
        "0 Exporting",
        "0 Exported",
        "0 Export Error",
        "0 On hold",
        "0 Rejected",
    ]
    filtered = site.browser.get("/documents?status=validated_pending_export").text
    assert re.search(r'status=validated_pending_export" aria-current="true"', filtered)


def test_the_detail_page_shows_fields_lines_tax_lines_and_timeline(site: Site) -> None:
    page = said(site.browser.get(f"/documents/{site.document_id()}").text)
    for text in (
        "Invoice Details 6 Invoice Number RE-2026-0417",
        "Invoice Date 02.03.2026",
        "Total Amount 2,808.81",
        "Supplier Name Nordwerk Werkzeuge GmbH",
        "Invoice Table",
        "Akku-Bohrschrauber 18 V",
        "Tax Lines",
        "Received demo-invoice-ubl.xml",
    ):
        assert text in page


def test_the_file_comes_back_as_it_was_and_never_opens_in_the_browser(site: Site) -> None:
    answer = site.browser.get(f"/documents/{site.document_id()}/file")
    assert answer.content == SAMPLE
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")


def test_a_file_name_with_markup_is_shown_as_text(site: Site) -> None:
    name = '"><script>alert(1)</script>.xml'
    page = site.browser.send("/documents/upload", files=[("files", (name, SAMPLE))]).text
    assert "<script>alert" not in page
    assert "<script>alert" not in site.browser.get("/documents").text


def test_without_an_active_configuration_export_says_so(site: Site) -> None:
    path = f"/documents/{site.document_id()}"
    answer = site.browser.send(f"{path}/export", form_at=path)
    assert "flash-danger" in answer.text
    assert "Settings" in said(answer.text)


def test_an_exported_document_shows_its_delivery_and_is_not_sent_twice(site: Site) -> None:
    _active_export(site)
    path = f"/documents/{site.document_id()}"
    begun = site.browser.send(f"{path}/export", form_at=path)
    assert "The export has begun." in said(begun.text)
    assert "Nothing runs deliveries at the moment" in said(begun.text)
    _run(site)
    page = site.browser.get(path).text
    assert "Delivered" in said(page)
    assert re.search(r'href="/deliveries/\w+"', page)
    assert "hx-get" not in page
    again = site.browser.send(f"{path}/export", form_at=path)
    assert "is not sent twice" in said(again.text)
    assert re.search(
        r'role="status">.*?<a href="/deliveries/dlv_\w+">To its delivery', again.text, re.S
    )


def test_many_documents_are_exported_from_the_list(site: Site) -> None:
    _active_export(site)
    page = site.upload(INVOICE, OTHER_INVOICE).text
    first, second = dict.fromkeys(re.findall(r"/documents/(doc_\w+)", page))
    site.browser.send(f"/documents/{first}/export", form_at=f"/documents/{first}")
    _run(site)
    token = site.browser.csrf_token("/documents")
    fields = {"csrf_token": token, "action": "export", "document": [first, second, "doc_nowhere"]}
    answer = site.browser.http.post("/documents/bulk", data=fields)
    text = said(answer.text)
    assert "Done 1 Left out 1" in text
    assert f"1 document: It was exported before and is not sent twice. {INVOICE}" in text


def test_what_is_refused_in_the_list_is_named_and_linked(site: Site) -> None:
    document = site.document_id()
    token = site.browser.csrf_token("/documents")
    fields = {"csrf_token": token, "action": "export", "document": [document]}
    answer = site.browser.http.post("/documents/bulk", data=fields)
    assert "1 document: No export configuration is active" in said(answer.text)
    assert f'<a href="/documents/{document}">{INVOICE}</a>' in answer.text


def test_another_organizations_document_is_not_found(site: Site) -> None:
    application = site.application
    assert application.documents is not None
    other = OrganizationScope("org_other")
    prepared = application.documents.documents.prepare_receipt(other, SAMPLE, INVOICE)
    with application.database.write() as work:
        OrganizationRepository(work.connection).add(
            SystemScope("test"), Organization("org_other", "Other", None), SystemClock().now()
        )
        document = application.documents.documents.receive(
            Access(work, other, Actor.operator()), prepared
        )
    path = f"/documents/{document.id}"
    for answer in (
        site.browser.get(path),
        site.browser.get(f"{path}/file"),
        site.browser.send(f"{path}/export", form_at="/documents/upload"),
    ):
        assert answer.status_code == 404


def test_a_member_may_upload_and_export(site: Site) -> None:
    _active_export(site)
    site.add_user("bob", None, OrganizationRole.USER)
    site.sign_in_as("bob")
    path = f"/documents/{site.document_id()}"
    assert "The export has begun." in site.browser.send(f"{path}/export", form_at=path).text


@pytest.mark.parametrize("name", ["documents", "infor"])
def test_a_side_that_is_off_has_no_pages(tmp_path: Path, name: str) -> None:
    application = open_application(load_settings({}, data=tmp_path / "data", side=name))
    with serve(build_asgi(application)) as base_url, Browser(base_url).opened() as browser:
        site = Site(application, browser)
        role = OrganizationRole.ADMINISTRATOR
        site.add_user("ada", TenantRole.IONAPI_ADMINISTRATOR, role)
        site.sign_in_as("ada")
        answers = [browser.get(path).status_code for path in ("/documents", site.apps_path)]
        first_page = browser.get("/")
    application.close()
    assert answers == ([200, 404] if name == "documents" else [404, 200])
    assert first_page.url.path == ("/dashboard" if name == "documents" else site.apps_path)


def test_the_list_is_filtered_by_values_and_keeps_them_for_what_is_done_with_it(
    site: Site,
) -> None:
    samples = ((INVOICE, SAMPLE), (OTHER_INVOICE, read_sample(OTHER_INVOICE)))
    site.browser.send("/documents/upload", files=[("files", one) for one in samples])
    with site.application.database.write() as work:
        work.connection.exec_driver_sql(
            "UPDATE documents SET due_date = '2026-05-05', supplier_id = '7', purchase_order = ''"
            " WHERE filename = ?",
            (INVOICE,),
        )
    for query in ("due_from=2026-05-05&due_to=2026-05-05", "supplier_id=+7+&sort=due_date"):
        page = site.browser.get(f"/documents?{query}").text
        assert (INVOICE in page, OTHER_INVOICE in page) == (True, False)
        assert '<details class="more-filters" open>' in page
    chosen = site.browser.get("/documents?supplier_id=7&select=all").text
    assert '<input type="hidden" name="supplier_id" value="7">' in chosen
    empty = site.browser.get("/documents?supplier_id=7&purchase_order=PO-1").text
    assert "No document matches" in said(empty)
    wrong = site.browser.get("/documents?due_from=soon&purchase_order=").text
    assert "due_from=soon" in said(wrong)


def test_a_place_of_another_order_begins_the_list_anew_and_says_so(site: Site) -> None:
    site.document_id(INVOICE)
    place = Cursor(("filename", "a", "doc_0")).text
    follows = site.browser.get(f"/documents?sort=filename&dir=asc&after={place}").text
    assert follows.count('name="document"') == 1
    assert "does not know" not in said(follows)
    other = site.browser.get(f"/documents?sort=due_date&dir=asc&after={place}")
    assert (other.status_code, other.text.count('name="document"')) == (200, 1)
    assert "which this list does not know" in said(other.text)
