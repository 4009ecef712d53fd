"""Actions on many documents: what is selected, what is done, and what is left out and named."""

from __future__ import annotations

import re

import httpx2
import pytest

from ionport.documents.bulk.model import BulkState
from ionport.documents.model import DocumentFilter, DocumentStatus
from ionport.documents.samples import read_sample
from ionport.identity.model import OrganizationRole
from ionport.web.pages.documents.listing import bulk as page
from tests.support.web import said
from tests.support.whole import INVOICE, Site

SAMPLE = read_sample(INVOICE)
MISMATCH = SAMPLE.replace(b"2808.81</cbc:PayableAmount", b"2808.80</cbc:PayableAmount")


def _upload(site: Site, count: int, content: bytes = SAMPLE, prefix: str = "A") -> list[str]:
    files = [
        ("files", (f"{prefix}-{n}.xml", content.replace(b"RE-2026-0417", f"{prefix}-{n}".encode())))
        for n in range(count)
    ]
    answer = site.browser.send("/documents/upload", files=files).text
    return list(dict.fromkeys(re.findall(r'href="/documents/(doc_\w+)"', answer)))


def _send(site: Site, **fields: str | list[str]) -> httpx2.Response:
    token = site.browser.csrf_token("/documents")
    return site.browser.http.post("/documents/bulk", data={"csrf_token": token, **fields})


def _confirm(site: Site, question: httpx2.Response, **fields: str) -> httpx2.Response:
    """Send the question's form as the page has it."""
    names: dict[str, list[str]] = {}
    form = question.text[question.text.index("<form method", question.text.index("dialog-body")) :]
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form):
        names.setdefault(name, []).append(value)
    return site.browser.http.post("/documents/bulk", data={**names, **fields})


def _statuses(site: Site) -> dict[DocumentStatus, int]:
    assert site.application.documents is not None
    with site.application.database.read() as work:
        found = site.application.documents.documents.count_by_status(work.within(site.organization))
    return dict(found)


@pytest.fixture
def in_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave every run to the background, which does not run here."""
    monkeypatch.setattr(page, "_AT_ONCE", 0)


def _run_background(site: Site) -> None:
    assert site.application.documents is not None
    site.application.documents.bulk_runner.run_all()


def test_ticked_documents_are_rejected_for_a_reason_that_is_asked(site: Site) -> None:
    first, second, _third = _upload(site, 3)
    question = _send(site, action="reject", document=[first, second])
    assert "Reject 2 documents" in said(question.text)
    refused = _confirm(site, question, reason=" ")
    assert refused.status_code == 422
    assert "Say why, in 1 to 500 characters." in said(refused.text)
    done = _confirm(site, refused, reason="ordered by nobody")
    assert re.search(r"Done 2 Left out 0", said(done.text))
    assert "ordered by nobody" in said(done.text)
    assert _statuses(site)[DocumentStatus.REJECTED] == 2
    assert "ordered by nobody" in said(site.browser.get(f"/documents/{first}").text)


def test_findings_are_accepted_and_what_has_none_is_left_out_and_linked(site: Site) -> None:
    (held,) = _upload(site, 1, MISMATCH, "H")
    (free,) = _upload(site, 1)
    question = _send(site, action="accept", document=[held, free])
    done = _confirm(site, question, reason="agreed by phone")
    assert "Done 1 Left out 1" in said(done.text)
    assert "1 document: No finding holds it." in said(done.text)
    assert f'href="/documents/{free}"' in done.text
    assert _statuses(site) == {DocumentStatus.VALIDATED_PENDING_EXPORT: 2}


def test_findings_of_a_rejected_document_are_not_accepted_and_it_is_named(site: Site) -> None:
    rejected, held = _upload(site, 2, MISMATCH, "H")
    _confirm(site, _send(site, action="reject", document=[rejected]), reason="ordered by nobody")
    done = _confirm(site, _send(site, action="accept", all="yes"), reason="agreed by phone")
    assert "Done 1 Left out 1" in said(done.text)
    assert "1 document: This cannot be done where the document stands: Rejected." in said(done.text)
    assert "agreed by phone" in site.browser.text(f"/documents/{held}")
    assert "agreed by phone" not in site.browser.text(f"/documents/{rejected}")


def _find_more(site: Site, document_id: str) -> None:
    assert site.application.documents is not None
    with site.application.database.write() as work:
        review = site.application.documents.documents.review
        review.add(work.within(site.organization), document_id, "no_company", {"buyer": "Somebody"})


@pytest.mark.parametrize("selected", ["ticked", "all"])
def test_what_was_found_after_the_question_was_asked_is_not_accepted(
    site: Site, selected: str
) -> None:
    late, seen = _upload(site, 2, MISMATCH, "H")
    fields: dict[str, str | list[str]] = {"all": "yes"}
    if selected == "ticked":
        fields = {"document": [late, seen]}
    question = _send(site, action="accept", **fields)
    _find_more(site, late)
    again = _confirm(site, question, reason="")
    done = _confirm(site, again, reason="agreed by phone")
    assert "Done 1 Left out 1" in said(done.text)
    assert "More was found in it after you were asked. Look at it again." in said(done.text)
    assert f'href="/documents/{late}"' in done.text
    assert _statuses(site) == {
        DocumentStatus.READY_FOR_VALIDATION: 1,
        DocumentStatus.VALIDATED_PENDING_EXPORT: 1,
    }


@pytest.mark.usefixtures("in_background")
def test_what_is_found_while_a_run_waits_is_not_accepted(site: Site) -> None:
    (held,) = _upload(site, 1, MISMATCH, "H")
    question = _send(site, action="accept", document=[held])
    run = _confirm(site, question, reason="agreed", until="2999-01-01T00:00:00+00:00")
    _find_more(site, held)
    _run_background(site)
    assert "Done 0 Left out 1" in said(site.browser.get(run.url.path).text)
    assert _statuses(site) == {DocumentStatus.READY_FOR_VALIDATION: 1}


def test_all_that_match_are_selected_by_their_filter_and_not_by_ids(site: Site) -> None:
    _upload(site, 3, MISMATCH, "H")
    _upload(site, 2)
    listed = site.browser.get("/documents?status=ready_for_validation&select=all").text
    form = listed[listed.index('id="chosen"') : listed.index("selection-bar")]
    assert 'name="all" value="yes"' in form
    assert 'name="status" value="ready_for_validation"' in form
    assert re.findall(r'<input type="checkbox" name="document"[^>]*>', listed)
    assert all(
        "checked disabled" in box
        for box in re.findall(r'<input type="checkbox" name="document"[^>]*>', listed)
    )
    question = _send(site, action="delete", all="yes", status="ready_for_validation", time="30")
    assert "Delete 3 documents" in said(question.text)
    assert 'name="document"' not in question.text
    done = _confirm(site, question, reason="sent by mistake")
    assert "Done 3 Left out 0" in said(done.text)
    assert "All that matched: Ready for validation, The last 30 days" in said(done.text)
    assert _statuses(site)[DocumentStatus.DELETED] == 3
    assert _statuses(site)[DocumentStatus.VALIDATED_PENDING_EXPORT] == 2


def test_what_came_in_after_the_question_was_asked_is_no_part_of_it(site: Site) -> None:
    _upload(site, 2)
    question = _send(site, action="reject", all="yes")
    _upload(site, 1, prefix="LATER")
    done = _confirm(site, question, reason="an old batch")
    assert "Done 2 Left out 0" in said(done.text)
    assert _statuses(site)[DocumentStatus.VALIDATED_PENDING_EXPORT] == 1


@pytest.mark.usefixtures("in_background")
def test_many_are_done_in_the_background_and_can_wait_and_end(
    site: Site,
) -> None:
    ids = _upload(site, 4)
    run = _confirm(site, _send(site, action="reject", document=ids), reason="a test")
    path = run.url.path
    assert 'hx-trigger="every 1s"' in run.text
    assert '<meta http-equiv="refresh"' in run.text
    paused = site.browser.send(f"{path}/pause", form_at=path)
    assert "Paused" in said(paused.text)
    assert "It waits until somebody chooses Go on." in said(paused.text)
    _run_background(site)
    assert "Done 0" in said(site.browser.get(path).text)
    assert "0 of 4 documents" in said(site.browser.get("/documents").text)
    site.browser.send(f"{path}/resume", form_at=path)
    _run_background(site)
    assert "Done 4 Left out 0" in said(site.browser.get(path).text)
    over = site.browser.send(f"{path}/cancel", form_at=path)
    assert "over already" in said(over.text)
    assert "Reject Done 4 4 0 ada" in said(site.browser.get("/documents/bulk").text)


@pytest.mark.usefixtures("in_background")
def test_a_cancelled_run_leaves_the_rest_as_it_is(site: Site) -> None:
    ids = _upload(site, 3)
    run = _confirm(site, _send(site, action="reject", document=ids), reason="a test")
    cancelled = site.browser.send(f"{run.url.path}/cancel", form_at=run.url.path)
    _run_background(site)
    assert "Not done 3" in said(cancelled.text)
    assert _statuses(site) == {DocumentStatus.VALIDATED_PENDING_EXPORT: 3}


@pytest.mark.usefixtures("in_background")
def test_a_person_who_may_no_longer_sign_in_changes_nothing(
    site: Site,
) -> None:
    site.add_user("bob", None, OrganizationRole.USER)
    site.sign_in_as("bob")
    ids = _upload(site, 2)
    run = _confirm(site, _send(site, action="reject", document=ids), reason="a test")
    with site.application.database.write() as work:
        work.connection.exec_driver_sql(
            "UPDATE users SET is_disabled = TRUE WHERE username = 'bob'"
        )
    _run_background(site)
    site.sign_in_as("ada")
    assert "Cancelled" in said(site.browser.get(run.url.path).text)
    assert _statuses(site) == {DocumentStatus.VALIDATED_PENDING_EXPORT: 2}


def test_a_document_that_breaks_is_named_and_keeps_no_other_one_waiting(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site.application.documents is not None
    first, second = _upload(site, 2)
    decisions = site.application.documents.documents.decisions
    reject = decisions._set

    def breaks(access: object, document_id: str, *rest: object) -> None:
        if document_id == first:
            raise ZeroDivisionError
        reject(access, document_id, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(type(decisions), "_set", lambda _self, *values: breaks(*values))
    done = _confirm(site, _send(site, action="reject", document=[first, second]), reason="a test")
    assert "Done 1 Left out 1" in said(done.text)
    assert "An error of ionport's own" in said(done.text)


def test_nothing_ticked_no_action_and_another_organizations_ids(site: Site) -> None:
    for fields, told in (
        ({"action": "export"}, "Tick the documents first."),
        ({"action": "burn", "document": "doc_1"}, "Choose what to do with the documents."),
        ({"action": "export", "document": "doc_nowhere"}, "Tick the documents first."),
        ({"action": "export", "all": "yes"}, "No document matches any more."),
    ):
        assert told in said(_send(site, **fields).text)
    assert site.browser.get("/documents/bulk/bulk_nowhere").status_code == 404
    assert "No action on many documents yet" in said(site.browser.get("/documents/bulk").text)


def test_every_document_left_out_is_found_a_page_at_a_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_SHOWN", 8)
    ids = _upload(site, 12)
    run = _confirm(site, _send(site, action="accept", document=ids), reason="all agreed")
    assert "Left out 12" in said(run.text)
    assert "All 12" in said(run.text)
    first = site.browser.get(f"{run.url.path}/left-out/nothing_to_accept").text
    after = re.search(r"\?after=(\d+)", first)
    assert after is not None
    rest = site.browser.get(f"{run.url.path}/left-out/nothing_to_accept?after={after[1]}").text
    found = re.findall(r"/documents/(doc_\w+)", first) + re.findall(r"/documents/(doc_\w+)", rest)
    assert sorted(found) == sorted(ids)


@pytest.mark.usefixtures("in_background")
def test_a_run_goes_on_where_a_process_ended(site: Site) -> None:
    assert site.application.documents is not None
    runner = site.application.documents.bulk_runner
    ids = _upload(site, 3)
    run = _confirm(site, _send(site, action="reject", document=ids), reason="a test")
    settled = 0

    def stop_after_one(*values: object) -> bool:
        nonlocal settled
        settled += 1
        return bool(settle(*values)) and settled < 2  # type: ignore[arg-type]

    settle = runner._settle
    runner._settle = stop_after_one  # type: ignore[method-assign]
    runner._run_next("")
    runner._settle = settle  # type: ignore[method-assign]
    assert "Done 2" in said(site.browser.get(run.url.path).text)
    _run_background(site)
    assert "Done 3 Left out 0" in said(site.browser.get(run.url.path).text)
    with site.application.database.read() as work:
        access = work.within(site.organization)
        found = site.application.documents.bulk.list(access)
        matching = site.application.documents.documents.count(
            access,
            DocumentFilter(statuses=frozenset({DocumentStatus.REJECTED})),
        )
    assert [each.state for each in found] == [BulkState.DONE]
    assert matching == 3


def test_an_action_that_did_nothing_is_not_called_done(site: Site) -> None:
    nothing = _send(site, action="accept", document=_upload(site, 1), confirmed="yes", reason="x")
    assert 'pill-waiting">Nothing was done<' in nothing.text
    held, free = _upload(site, 1, MISMATCH, "H"), _upload(site, 1, prefix="F")
    part = _send(site, action="accept", document=held + free, confirmed="yes", reason="x")
    assert 'pill-waiting">Done in part<' in part.text
    listed = site.browser.get("/documents/bulk").text
    assert "Nothing was done" in listed
    assert 'pill-success">Done<' not in listed


def test_what_is_held_is_grouped_by_its_rule_and_named_once(site: Site) -> None:
    made = site.add_export(credential=site.credentials()).url.path
    site.browser.send(f"{made}/activate", {"reason": "no proof is needed here"}, form_at=made)
    held = _upload(site, 2, MISMATCH, "H")
    done = _send(site, action="export", document=held)
    told = said(done.text)
    assert "2 documents: held by “Amount due for payment”" in told
    assert "item" not in told
    assert all(told.count(f"H-{n}.xml") == 1 for n in range(2))
    assert "is held until a person decides" not in told


def test_what_was_left_out_is_tried_again_and_what_was_done_is_undone(site: Site) -> None:
    (held,), (free,) = _upload(site, 1, MISMATCH, "H"), _upload(site, 1)
    done = _send(site, action="accept", document=[held, free], confirmed="yes", reason="agreed")
    run = done.url.path.rpartition("/")[2]
    question = _send(site, action="accept", of_run=run)
    assert "Accept the findings of 1 document" in said(question.text)
    again = _confirm(site, question, reason="agreed")
    assert "Done 0 Left out 1" in said(again.text)
    assert f'href="/documents/{free}"' in again.text
    undone = _send(site, action="undo_accept", of_run=run)
    assert "Undo: Accept findings: 1 document Done" in said(undone.text)
    assert _statuses(site) == {
        DocumentStatus.READY_FOR_VALIDATION: 1,
        DocumentStatus.VALIDATED_PENDING_EXPORT: 1,
    }
    assert "Choose what to do" in said(_send(site, action="undo_accept", document=held).text)
