"""While the virus scanner is away uploads wait, say so, and come in when it is back."""

from __future__ import annotations

import pytest

from ionport.core.paging import PageRequest
from ionport.core.scanning import Clamd
from ionport.document_side import DocumentSide
from ionport.documents.intake.sources.model import IntakeSource
from ionport.documents.samples import read_sample
from tests.support.api import program
from tests.support.clamd import EICAR, FakeClamd
from tests.support.web import said
from tests.support.whole import INVOICE, OTHER_INVOICE, Desk


@pytest.fixture
def side(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> DocumentSide:
    """A document side whose scanner is away."""
    side = desk.application.documents
    assert side is not None
    with FakeClamd() as server:
        port = server.port
    away = Clamd("127.0.0.1", port, wait_seconds=0)
    monkeypatch.setattr(side.documents, "_scanner", away)
    monkeypatch.setattr(side.source_runner, "_rest", 0)
    return side


def _sources(desk: Desk, side: DocumentSide) -> list[IntakeSource]:
    with desk.application.database.read() as work:
        return list(side.sources.list(work.within(desk.organization)))


def test_uploads_wait_for_the_scanner_and_come_in_by_themselves(
    desk: Desk, side: DocumentSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = desk.upload(INVOICE, OTHER_INVOICE)
    assert page.status_code == 200
    assert said(page.text).count("nothing has to be sent anew") == 2
    # The same name again, and one that a watched folder would leave alone.
    files = [("files", (name, EICAR)) for name in (INVOICE, ".hidden.part")]
    desk.browser.send("/documents/upload", files=files)
    assert "No document yet" in desk.browser.text("/documents")
    (source,) = _sources(desk, side)
    assert side.source_runner.run_once(source)[0].result == "waiting"
    with FakeClamd() as server:
        monkeypatch.setattr(side.documents, "_scanner", Clamd("127.0.0.1", server.port))
        entries = side.source_runner.run_once(source)
    results = sorted((entry.filename, entry.result.value) for entry in entries)
    first, second = INVOICE.replace(".", "-2."), "hidden.part.file"
    assert results == sorted(
        [
            (INVOICE, "received"),
            (OTHER_INVOICE, "received"),
            (first, "refused"),
            (second, "refused"),
        ]
    )
    listed = desk.browser.text("/documents")
    assert INVOICE in listed
    assert OTHER_INVOICE in listed
    assert "Uploads that wait" in desk.browser.text("/settings/watched-folders")
    assert "Not taken yet" in desk.browser.text(f"/settings/watched-folders/{source.id}")
    with desk.application.database.read() as work:
        (first, *_rest) = side.documents.list(work.within(desk.organization), PageRequest()).items
    assert first.created_by == "ada"
    left = (desk.application.settings.data / "waiting").rglob("*.xml")
    assert [path.parent.name for path in left] == ["error"]


def test_what_programs_send_waits_too_and_comes_in_as_theirs(
    desk: Desk, side: DocumentSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = {"Idempotency-Key": "one"}
    with program(desk) as api:
        for _each in range(2):
            file = {"file": (INVOICE, read_sample(INVOICE))}
            kept = api.post("/documents", files=file, headers=once)
            assert kept.status_code == 202, kept.text
            assert kept.json()["code"] == "waits_for_scanner"
        many = [("files", (OTHER_INVOICE, read_sample(OTHER_INVOICE)))]
        (result,) = api.post("/documents/batch", files=many).json()["results"]
        assert result["code"] == "waits_for_scanner"
        (source,) = _sources(desk, side)
        with FakeClamd() as server:
            monkeypatch.setattr(side.documents, "_scanner", Clamd("127.0.0.1", server.port))
            entries = side.source_runner.run_once(source)
        assert [entry.result.value for entry in entries] == ["received", "received"]
        with desk.application.database.read() as work:
            for each in side.documents.list(work.within(desk.organization), PageRequest()).items:
                assert each.created_by == source.sender
                assert each.created_by.startswith("ada")


def test_an_upload_for_a_sub_organization_waits_for_that_one(
    desk: Desk, side: DocumentSide
) -> None:
    company = desk.browser.send("/settings/companies/new", {"name": "A", "postal_code": "1"})
    assert company.status_code == 200
    with desk.application.database.read() as work:
        (place,) = desk.application.identity.list_sub_organizations(work.within(desk.organization))
    files = [("files", (INVOICE, read_sample(INVOICE)))]
    for chosen in (place.id, "org_none"):
        page = desk.browser.send("/documents/upload", {"sub_organization": chosen}, files=files)
        assert ("sent anew" in page.text) is (chosen == place.id)
    assert [each.sub_organization_id for each in _sources(desk, side)] == [place.id]
