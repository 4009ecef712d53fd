"""A person's own list: the chosen columns and named views, which nobody else sees."""

from __future__ import annotations

import re

import httpx2
import pytest
from sqlalchemy import update

from ionport.documents.tables import documents
from ionport.documents.views import service
from ionport.identity.model import OrganizationRole
from tests.support.web import said
from tests.support.whole import INVOICE, Site


def _headings(page: str) -> list[str]:
    return [said(each) for each in re.findall(r"<th scope.*?</th>", page, re.DOTALL)]


def _save(site: Site, name: str, **fields: str) -> httpx2.Response:
    data = {"name": name, **fields}
    return site.browser.send("/documents/views", data, form_at="/documents?sort=filename&dir=asc")


def test_columns_are_chosen_for_oneself(site: Site) -> None:
    site.document_id(INVOICE)
    assert "Supplier Name" in _headings(site.browser.get("/documents").text)
    token = site.browser.csrf_token("/documents")
    fields = {
        "csrf_token": token,
        "column": ["created_by", "total_amount", "nonsense"],
        "back": "/documents?sort=filename&dir=asc",
    }
    page = site.browser.http.post("/documents/columns", data=fields)
    assert page.url.query == b"sort=filename&dir=asc"
    assert _headings(page.text)[1:] == ["Document Name", "Total Amount", "Created By"]
    site.add_user("bob", None, OrganizationRole.USER)
    site.sign_in_as("bob")
    assert "Supplier Name" in _headings(site.browser.get("/documents").text)


def test_fields_of_documents_are_columns(site: Site) -> None:
    site.document_id(INVOICE)
    names = ["due_date", "purchase_order", "supplier_id", "total_net_amount"]
    with site.application.database.write() as work:
        values = {name: f"{name} <b>" for name in names[1:3]}
        values |= {"due_date": "2026-04-01", "total_net_amount": "2360.34"}
        work.connection.execute(update(documents).values(values))
    data = {"csrf_token": site.browser.csrf_token("/documents"), "column": names}
    page = site.browser.http.post("/documents/columns", data=data).text
    assert _headings(page)[2:] == ["Due Date", "Purchase Order", "Supplier ID", "Total Net Amount"]
    cells = re.findall(r'<td class="cell-[^>]*cell-offered.*?</td>', page, re.DOTALL)
    shown = ["01.04.2026", "purchase_order &lt;b&gt;", "supplier_id &lt;b&gt;", "2,360.34 EUR"]
    assert [re.sub("<.*?>", "", cell).strip() for cell in cells] == shown
    for name in names:
        assert f"sort={name}&amp;dir=asc" in page


def test_a_document_without_a_field_has_an_empty_cell(site: Site) -> None:
    site.document_id(INVOICE)
    with site.application.database.write() as work:
        work.connection.execute(update(documents).values(due_date=""))
    data = {"csrf_token": site.browser.csrf_token("/documents"), "column": "due_date"}
    page = site.browser.http.post("/documents/columns", data=data).text
    assert re.findall(r'<td class="cell-due_date[^>]*>(.*?)</td>', page) == [""]


def test_a_view_keeps_filters_and_order_and_the_default_one_is_shown_first(site: Site) -> None:
    site.document_id(INVOICE)
    saved = _save(site, " My <b> errors ", status="export_error", sort="number", dir="asc", q="x")
    assert "The view was saved." in said(saved.text)
    assert "My &lt;b&gt; errors" in saved.text
    link = re.search(r'<nav class="views".*?href="([^"]+)"', saved.text, re.DOTALL)
    assert link is not None
    shown = site.browser.get(link[1].replace("&amp;", "&")).text
    assert 'value="export_error" selected' in shown
    assert re.search(r'<nav class="views".*?aria-current="true">My', shown, re.DOTALL)
    assert 'name="q" value="x"' in shown
    _save(site, "My <b> errors", status="export_error", default="on")
    first = site.browser.get("/documents")
    assert b"status=export_error" in first.url.query
    cleared = re.search(r'class="clear-filters" href="([^"]+)"', first.text)
    assert cleared is not None
    everything = site.browser.get(cleared[1].replace("&amp;", "&"))
    assert INVOICE in everything.text
    removed = site.browser.send(
        "/documents/views/remove", {"name": "My <b> errors"}, form_at="/documents/upload"
    )
    assert "The view was removed." in said(removed.text)
    assert INVOICE in site.browser.get("/documents").text


def test_a_view_needs_a_name_and_there_are_not_too_many(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_VIEWS", 1)
    site.document_id(INVOICE)
    assert "has 1 to 60 characters" in said(_save(site, " ").text)
    assert "has 1 to 60 characters" in said(_save(site, "x" * 61).text)
    assert "was saved" in said(_save(site, "one").text)
    assert "was saved" in said(_save(site, "one", status="exported").text)
    assert "no more are kept" in said(_save(site, "two").text)
    elsewhere = _save(site, "one", back="https://evil.example/")
    assert elsewhere.url.host == site.browser.http.base_url.host
