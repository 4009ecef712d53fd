"""The pages of an export that findings hold: they say what was found, and ask for a reason."""

from __future__ import annotations

import re

from ionport.core.paging import PageRequest
from ionport.documents.review.model import Finding
from ionport.documents.samples import read_sample
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import Delivery, DeliveryStatus
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import SystemScope
from tests.support.exporting import holding
from tests.support.web import said
from tests.support.whole import INVOICE, Site

SAMPLE = read_sample(INVOICE)
MISMATCH = SAMPLE.replace(b"2808.81</cbc:PayableAmount", b"2808.80</cbc:PayableAmount")
AGAIN = SAMPLE.replace(b"RE-2026-0417", b" RE-2026-0417 ")


def _upload(site: Site, *contents: bytes) -> list[str]:
    files = [("files", (f"file-{n}.xml", content)) for n, content in enumerate(contents)]
    page = site.browser.send("/documents/upload", files=files).text
    # What is held stands first on the page.
    cards = r'class="outcome-name" title="file-(\d+)\.xml".*?href="/documents/(doc_\w+)"'
    found = sorted((int(n), document) for n, document in re.findall(cards, page, re.S))
    return list(dict.fromkeys(document for _n, document in found))


def _activate(site: Site) -> None:
    made = site.add_export(credential=site.credentials())
    reason = {"reason": "no proof is needed here"}
    site.browser.send(f"{made.url.path}/activate", reason, form_at=made.url.path)


def _deliveries(site: Site) -> list[Delivery]:
    assert site.application.documents is not None
    with site.application.database.read() as work:
        page = site.application.documents.deliveries.list(
            Access(work, site.organization, Actor.operator()), DeliveryFilter(), PageRequest()
        )
    return list(page.items)


def _findings(site: Site, document_id: str) -> list[Finding]:
    assert site.application.documents is not None
    with site.application.database.read() as work:
        return holding(
            site.application.documents.documents.findings(
                work.within(site.organization), document_id
            )
        )


def _seen(page: str) -> list[str]:
    return re.findall(r'name="finding" value="([^"]+)"', page)


def test_a_held_document_asks_for_a_reason_and_then_goes(site: Site) -> None:
    _activate(site)
    (document_id,) = _upload(site, MISMATCH)
    path = f"/documents/{document_id}"
    detail = site.browser.get(path).text
    assert f'href="{path}/export"' in detail
    assert "Amount due for payment (BT-115) is 2,808.80 EUR" in said(detail)
    # A page that was open before the finding came, or a client of its own, sends no reason.
    bare = site.browser.send(f"{path}/export", form_at=path)
    assert bare.status_code == 409
    assert "Amount due for payment (BT-115) is 2,808.80 EUR" in said(bare.text)
    dialog = site.browser.get(f"{path}/export").text
    assert "Export all the same" in said(dialog)
    fields = {"finding": _seen(dialog)}
    for reason in (" ", "x" * 501):
        refused = site.browser.send(f"{path}/export", {**fields, "reason": reason})  # type: ignore[dict-item]
        assert refused.status_code == 422
        assert "in 1 to 500 characters" in said(refused.text)
    assert _deliveries(site) == []
    sent = site.browser.send(f"{path}/export", {**fields, "reason": "agreed by phone"})  # type: ignore[dict-item]
    assert "The export has begun." in said(sent.text)
    assert "Accepted: agreed by phone" in said(sent.text)
    (delivery,) = _deliveries(site)
    (finding,) = _findings(site, document_id)
    assert finding.decision is not None
    assert (finding.decision.person, finding.decision.delivery_ids) == ("ada", (delivery.id,))


def test_a_finding_that_came_after_the_page_was_shown_is_not_accepted_unseen(site: Site) -> None:
    _activate(site)
    (document_id,) = _upload(site, MISMATCH)
    path = f"/documents/{document_id}"
    seen = _seen(site.browser.get(f"{path}/export").text)
    assert site.application.documents is not None
    double = {"step": "idm_create", "first_id": "A-1", "second_id": "A-2", "delivery_id": "d"}
    with site.application.database.write() as work:
        site.application.documents.documents.add_finding(
            work.within(site.organization), document_id, "two_items", double
        )
    answer = site.browser.send(f"{path}/export", {"finding": seen, "reason": "agreed"})  # type: ignore[dict-item]
    assert answer.status_code == 409
    assert "Something was found meanwhile" in said(answer.text)
    assert "A-1 and A-2" in said(answer.text)
    assert len(_seen(answer.text)) == 2
    assert _deliveries(site) == []


def test_a_suspected_duplicate_stands_beside_the_other_document(site: Site) -> None:
    first, second = _upload(site, SAMPLE, AGAIN)
    page = site.browser.get(f"/documents/{second}/export").text
    both = re.findall(r'aria-label="(?:This|The other) document".*?</section>', page, re.S)
    assert len(both) == 2
    for side, name in zip(both, ("file-1.xml", "file-0.xml"), strict=True):
        text = said(side)
        for shown in (
            name,
            "RE-2026-0417",
            "Nordwerk Werkzeuge GmbH",
            "02.03.2026",
            "2,808.81",
        ):
            assert shown in text
    assert f'href="/documents/{first}"' in both[1]


def test_the_list_leaves_held_documents_out_and_names_them(site: Site) -> None:
    _activate(site)
    free, held = _upload(site, SAMPLE, MISMATCH.replace(b"RE-2026-0417", b"RE-2"))
    assert "1 finding" in said(site.browser.get("/documents").text)
    token = site.browser.csrf_token("/documents")
    fields = {"csrf_token": token, "action": "export", "document": [free, held]}
    text = said(site.browser.http.post("/documents/bulk", data=fields).text)
    assert "Done 1 Left out 1" in text
    assert "1 document: held by “Amount due for payment”" in text
    assert text.count("file-1.xml") == 1
    assert [delivery.document_id for delivery in _deliveries(site)] == [free]


def test_re_export_repeats_the_findings_and_its_reason_decides_on_them(site: Site) -> None:
    _activate(site)
    (document_id,) = _upload(site, SAMPLE)
    site.browser.send(f"/documents/{document_id}/export", form_at=f"/documents/{document_id}")
    (delivery,) = _deliveries(site)
    assert site.application.documents is not None
    double = {"step": "idm_create", "first_id": "A-1", "second_id": "A-2", "delivery_id": "d"}
    with site.application.database.write() as work:
        values = {"status": DeliveryStatus.DELIVERED, "due_at": None}
        DeliveryRepository(work.connection).update(SystemScope("test"), delivery.id, values)
        site.application.documents.documents.add_finding(
            work.within(site.organization), document_id, "late_answer", double
        )
    path = f"/deliveries/{delivery.id}/re-export"
    dialog = site.browser.get(path).text
    assert "A-2 beside A-1" in said(dialog)
    without = site.browser.send(path, {"reason": "A-2 is deleted"})
    assert without.status_code == 409
    fields = {"reason": "A-2 is deleted", "finding": _seen(dialog)}
    answer = site.browser.send(path, fields)  # type: ignore[arg-type]
    assert "exported again as new" in said(answer.text)
    (finding,) = _findings(site, document_id)
    assert finding.decision is not None
