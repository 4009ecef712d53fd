"""Decisions on a document's page, and that nothing leaves by any page without them."""

from __future__ import annotations

import re

from ionport.documents.type_settings.model import TypeSettings
from ionport.documents.type_settings.repository import TypeSettingsRepository
from tests.support.web import said
from tests.support.whole import Site
from tests.unit.web.pages.documents.test_export import (
    AGAIN,
    MISMATCH,
    SAMPLE,
    _activate,
    _deliveries,
    _findings,
    _upload,
)


def test_a_value_is_corrected_on_its_page_and_the_document_is_free(site: Site) -> None:
    (document_id,) = _upload(site, MISMATCH)
    path = f"/documents/{document_id}"
    detail = site.browser.get(path).text
    assert f'href="{path}/correct?field=amount_due#values"' in detail
    # The values that its rule reads stand beside the finding.
    assert 'name="value amount_due" value="2808.80"' in detail
    assert 'href="/manual/rules#BR-CO-16"' in detail
    assert 'id="BR-CO-16"' in site.browser.get("/manual/rules").text
    seen = {"seen amount_due": "2808.80"}
    wrong = site.browser.send(f"{path}/correct", {**seen, "value amount_due": "2.808;81"})
    assert wrong.status_code == 422
    assert 'value="2.808;81"' in wrong.text
    assert "with digits and a decimal point" in said(wrong.text)
    page = site.browser.send(f"{path}/correct", {**seen, "value amount_due": "2808.81"})
    assert "corrected; the invoice says “2,808.80”" in said(page.text)
    assert "Validated, pending export" in said(page.text)
    late = site.browser.send(f"{path}/correct", {**seen, "value amount_due": "1"})
    assert late.status_code == 409
    (decision,) = set(re.findall(r'name="decision" value="([^"]+)"', page.text))
    undone = site.browser.send(f"{path}/undo", {"decision": decision}, form_at=path)
    assert "Ready for validation" in said(undone.text)


def test_a_row_of_a_table_is_corrected_and_added(site: Site) -> None:
    (document_id,) = _upload(site, SAMPLE)
    path = f"/documents/{document_id}/correct?table=INVOICE_TABLE&row="
    name = "INVOICE_TABLE/4/DESCRIPTION"
    page = site.browser.send(f"{path}4", {f"seen {name}": "", f"value {name}": "Freight"})
    assert "Freight" in said(page.text)
    assert "entered by hand" in said(page.text)
    assert site.browser.get(f"{path}9").status_code == 404


def test_what_a_person_stopped_leaves_by_no_page(site: Site) -> None:
    _activate(site)
    (document_id,) = _upload(site, SAMPLE)
    path = f"/documents/{document_id}"
    for kind, shown, back in (
        ("hold", "On hold", "release"),
        ("reject", "Rejected", "undo"),
        ("delete", "Deleted", "restore"),
    ):
        assert "required" in site.browser.get(f"{path}/decide/{kind}").text
        refused = site.browser.send(f"{path}/decide/{kind}", {"reason": " "})
        assert refused.status_code == 422
        page = site.browser.send(f"{path}/decide/{kind}", {"reason": "asked the buyer"})
        assert shown in said(page.text)
        assert f'action="{path}/export"' not in page.text
        for fields in ({}, {"reason": "all the same"}):
            site.browser.send(f"{path}/export", fields, form_at=path)
        many = site.browser.send(
            "/documents/bulk",
            {"action": "export", "document": document_id},
            form_at="/documents",
        )
        assert "Left out 1" in said(many.text)
        assert _deliveries(site) == []
        decisions = re.findall(r'name="decision" value="([^"]+)"', page.text)
        fields = {"decision": decisions[0]} if back == "undo" else {}
        freed = site.browser.send(f"{path}/{back}", fields, form_at=path)
        assert "Validated, pending export" in said(freed.text)
    listed = site.browser.get("/documents?status=on_hold").text
    assert "No document matches" in said(listed)


def test_the_page_says_at_its_top_who_put_the_document_on_hold_and_why(site: Site) -> None:
    (document_id,) = _upload(site, SAMPLE)
    path = f"/documents/{document_id}"
    site.browser.send(f"{path}/decide/hold", {"reason": "Goods are missing"})
    head = site.browser.get(path).text.partition('class="doc-tabs"')[0]
    assert "Goods are missing" in said(head)
    site.browser.send(f"{path}/release", form_at=path)
    assert "Goods are missing" not in site.browser.get(path).text.partition('class="doc-tabs"')[0]


def test_a_duplicate_is_named_beside_its_finding_and_a_finding_is_accepted(site: Site) -> None:
    first, second = _upload(site, SAMPLE, AGAIN)
    path = f"/documents/{second}"
    detail = site.browser.get(path).text
    assert f'action="{path}/decide/duplicate"' in detail
    assert f'name="of" value="{first}"' in detail
    (finding,) = _findings(site, second)
    fields = {"finding": finding.id, "reason": "another invoice"}
    accepted = site.browser.send(f"{path}/decide/accept", fields, form_at=path)
    assert "Validated, pending export" in said(accepted.text)
    page = site.browser.send(f"{path}/decide/duplicate", {"of": first, "reason": ""}, form_at=path)
    assert "rejected as a duplicate of file-0.xml" in said(page.text)
    nothing = site.browser.send(f"{path}/approve", form_at=path)
    assert "cannot be done where the document stands" in said(nothing.text)
    assert site.browser.get(f"{path}/decide/approve").status_code == 404


def test_an_invoice_nearly_the_same_stands_beside_the_other_one(site: Site) -> None:
    number = b"RE-2026-0417"
    first, similar, noted = _upload(
        site, *(SAMPLE.replace(number, one) for one in (number, b"RE20260417", b"RE-2026-0471"))
    )
    for document_id in (similar, noted):
        detail = site.browser.get(f"/documents/{document_id}").text
        assert f'<td><a href="/documents/{first}">' in detail
        assert "<mark>RE-2026-0417</mark>" in detail
    assert "Nothing holds this document" in detail
    path = f"/documents/{similar}"
    assert f'action="{path}/decide/duplicate"' in site.browser.get(path).text


def test_findings_of_a_rejected_document_wait_for_nobody(site: Site) -> None:
    first, second = _upload(site, SAMPLE, AGAIN)
    path = f"/documents/{second}"
    waits = "holds the document until somebody decides"
    assert waits in site.browser.text(path)
    fields = {"of": first, "reason": ""}
    page = site.browser.send(f"{path}/decide/duplicate", fields, form_at=path)
    assert "rejected as a duplicate of file-0.xml" in said(page.text)
    assert waits not in said(page.text)


def test_a_document_is_exported_from_its_page_once_no_approval_is_demanded_any_longer(
    site: Site,
) -> None:
    _activate(site)
    approvals = "/settings/document-types/INVOICE/approvals"
    form_at = approvals.removesuffix("/approvals")
    site.browser.send(approvals, {"first_from": "10"}, form_at=form_at)
    (document_id,) = _upload(site, SAMPLE)
    path = f"/documents/{document_id}"
    page = site.browser.get(path).text
    assert "Pending approval" in said(page)
    assert f'action="{path}/export"' not in page
    # As if it had been switched off by an older version, which judged nothing anew.
    with site.application.database.write() as work:
        TypeSettingsRepository(work.connection).put(
            site.organization, TypeSettings("INVOICE"), site.application.clock.now(), "ada"
        )
    page = site.browser.get(path).text
    assert f'action="{path}/export"' in page
    assert f'action="{path}/approve"' not in page
    site.browser.send(f"{path}/export", form_at=path)
    assert len(_deliveries(site)) == 1
