"""How long documents are kept is set on a page, which asks before content is removed."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta

from ionport.documents.samples import read_sample
from tests.support.web import said
from tests.support.whole import INVOICE, Site

_PAGE = "/settings/retention"


def _purged(site: Site, document_id: str) -> None:
    """Reject a document, and have its content removed as if a year had gone by."""
    side = site.application.documents
    assert side is not None
    path = f"/documents/{document_id}"
    site.browser.send(f"{path}/decide/reject", {"reason": "not ours"})
    site.browser.send(_PAGE, {"INVOICE": "1", "confirmed": "yes"}, form_at=_PAGE)
    clock = site.application.clock
    late = clock.now() + timedelta(days=400)
    side.retention._clock = _Fixed(late)
    assert side.retention.tidy(site.application.database) == 1


def _delete_files(site: Site) -> None:
    """Delete what retention has removed, as if hours had gone by; the invoice's file goes."""
    side = site.application.documents
    assert side is not None
    side.retention._clock = _Fixed(site.application.clock.now() + timedelta(days=800))
    blobs = site.application.settings.data / "blobs"
    digest = hashlib.sha256(read_sample(INVOICE)).hexdigest()
    (stored,) = blobs.rglob(digest)
    os.utime(stored, (0, 0))
    side.retention.delete_files()
    assert not list(blobs.rglob(digest))


class _Fixed:
    def __init__(self, at: object) -> None:
        self._at = at

    def now(self) -> object:
        return self._at


def test_how_long_documents_are_kept_is_set_and_told(site: Site) -> None:
    assert f'href="{_PAGE}"' in site.browser.get("/settings").text
    assert "Kept for ever" in said(site.browser.get(_PAGE).text)
    fields = {"INVOICE": "10", "CREDIT_NOTE": ""}
    asked = site.browser.send(_PAGE, fields, form_at=_PAGE)
    assert "Remove the content of documents" in asked.text
    assert 'value="10"' not in site.browser.get(_PAGE).text
    saved = site.browser.send(_PAGE, fields | {"confirmed": "yes"}, form_at=_PAGE)
    assert "The retention is saved." in saved.text
    assert 'value="10"' in saved.text
    assert "Due now: 0" in said(saved.text)
    assert "Retention changed: Invoice: for ever → 10 years" in said(saved.text)
    for wrong in ("0", "101", "-1", "x", "²", "9999"):
        refused = site.browser.send(_PAGE, {"INVOICE": wrong}, form_at=_PAGE)
        assert refused.status_code == 422, wrong
        assert 'id="INVOICE-error"' in refused.text
    assert 'value="10"' in site.browser.get(_PAGE).text


def test_the_page_asks_before_content_is_removed(site: Site) -> None:
    document_id = site.document_id()
    path = f"/documents/{document_id}"
    site.browser.send(f"{path}/decide/reject", {"reason": "not ours"})
    side = site.application.documents
    assert side is not None
    side.retention._clock = _Fixed(site.application.clock.now() + timedelta(days=800))
    asked = site.browser.send(_PAGE, {"INVOICE": "2"}, form_at=_PAGE)
    assert "1 document of the type" in said(asked.text)
    assert "for good" in said(asked.text)
    assert 'value=""' in site.browser.get(_PAGE).text
    fields = {"INVOICE": "2", "CREDIT_NOTE": "", "confirmed": "yes"}
    saved = site.browser.send(_PAGE, fields, form_at=_PAGE)
    assert "Due now: 1" in said(saved.text)


def test_the_page_of_a_purged_document_says_so_and_offers_nothing(site: Site) -> None:
    document_id = site.document_id()
    path = f"/documents/{document_id}"
    _purged(site, document_id)
    page = site.browser.get(path)
    assert page.status_code == 200
    assert "The content of this document was removed on" in said(page.text)
    assert "RE-2026-0417" in page.text
    assert "<img" not in page.text.partition('id="invoice"')[2].partition("</section>")[0]
    for gone in ("/export", "/correct", "/decide/delete", "/move", "/undo", "/restore", "/file"):
        assert f'"{path}{gone}"' not in page.text, gone
    for address in ("file", "page.pdf", "pages/1"):
        assert site.browser.get(f"{path}/{address}").status_code in (404, 409), address
    for action, fields in (("export", {}), ("undo", {"decision": "none"})):
        answer = site.browser.send(f"{path}/{action}", fields, form_at=path)
        assert answer.status_code < 500
    assert site.browser.get(f"{path}/archive").status_code == 200


def test_no_page_offers_what_is_refused_of_a_purged_document(site: Site) -> None:
    document_id = site.document_id()
    path = f"/documents/{document_id}"
    _purged(site, document_id)
    kinds = ("accept", "hold", "reject", "delete", "duplicate")
    asking = [f"decide/{kind}" for kind in kinds]
    for address in ("correct", "move", "export", "choose", *asking):
        refused = site.browser.get(f"{path}/{address}")
        assert refused.status_code == 409, address
        assert "The content of this document was removed on" in said(refused.text), address
        assert "<textarea" not in refused.text, address
    values = {"value invoice_id": "2", "seen invoice_id": "RE-2026-0417"}
    saved = site.browser.send(f"{path}/correct", values, form_at=path)
    assert saved.status_code == 409
    assert 'name="value ' not in saved.text
    taken = site.browser.send(f"{path}/correct/take-over", {}, form_at=path)
    assert taken.status_code == 409


def test_the_file_of_a_purged_document_is_refused_with_what_became_of_it(site: Site) -> None:
    document_id = site.document_id()
    _purged(site, document_id)
    _delete_files(site)
    again = site.browser.send(
        "/documents/upload", files=[("files", ("again.xml", read_sample(INVOICE)))]
    )
    assert "its content was removed by retention on 20" in said(again.text)
    assert f'href="/documents/{document_id}"' in again.text
    # What was sent again is not kept.
    _delete_files(site)


def test_only_administrators_set_it(site: Site) -> None:
    site.add_user("eve")
    site.sign_in_as("eve")
    page = site.browser.get(_PAGE)
    assert page.status_code == 200
    assert "<button" not in page.text.partition('id="kept"')[2].partition("</section>")[0]
    assert site.browser.send(_PAGE, {"INVOICE": "1"}, form_at="/settings").status_code == 403
