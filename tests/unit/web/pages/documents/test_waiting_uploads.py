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
from tests.support.whole import INVOICE, OTHER_INVOICE, Site


@pytest.fixture
def side(site: Site, monkeypatch: pytest.MonkeyPatch) -> DocumentSide:
    """A document side whose scanner is away."""
    side = site.application.documents
    assert side is not None
    with FakeClamd() as server:
        port = server.port
    away = Clamd("127.0.0.1", port, wait_seconds=0)
    monkeypatch.setattr(side.documents, "_scanner", away)
    monkeypatch.setattr(side.source_runner, "_rest", 0)
    return side


def _sources(site: Site, side: DocumentSide) -> list[IntakeSource]:
    with site.application.database.read() as work:
        return list(side.sources.list(work.within(site.organization)))


def test_uploads_wait_for_the_scanner_and_come_in_by_themselves(
    site: Site, side: DocumentSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = site.upload(INVOICE, OTHER_INVOICE)
    assert page.status_code == 200
    assert said(page.text).count("nothing has to be sent anew") == 2
    # The same name again, and one that a watched folder would leave alone.
    files = [("files", (name, EICAR)) for name in (INVOICE, ".hidden.part")]
    site.browser.send("/documents/upload", files=files)
    assert "No document yet" in site.browser.text("/documents")
    (source,) = _sources(site, side)
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
    listed = site.browser.text("/documents")
    assert INVOICE in listed
    assert OTHER_INVOICE in listed
    assert "Uploads that wait" in site.browser.text("/settings/watched-folders")
    assert "Not taken yet" in site.browser.text(f"/settings/watched-folders/{source.id}")
    with site.application.database.read() as work:
        (first, *_rest) = side.documents.list(work.within(site.organization), PageRequest()).items
    assert first.created_by == "ada"
    left = (site.application.settings.data / "waiting").rglob("*.xml")
    assert [path.parent.name for path in left] == ["error"]


def test_what_programs_send_waits_too_and_comes_in_as_theirs(
    site: Site, side: DocumentSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = {"Idempotency-Key": "one"}
    with program(site) as api:
        for _each in range(2):
            file = {"file": (INVOICE, read_sample(INVOICE))}
            kept = api.post("/documents", files=file, headers=once)
            assert kept.status_code == 202, kept.text
            assert kept.json()["code"] == "waits_for_scanner"
        many = [("files", (OTHER_INVOICE, read_sample(OTHER_INVOICE)))]
        (result,) = api.post("/documents/batch", files=many).json()["results"]
        assert result["code"] == "waits_for_scanner"
        (source,) = _sources(site, side)
        with FakeClamd() as server:
            monkeypatch.setattr(side.documents, "_scanner", Clamd("127.0.0.1", server.port))
            entries = side.source_runner.run_once(source)
        assert [entry.result.value for entry in entries] == ["received", "received"]
        with site.application.database.read() as work:
            for each in side.documents.list(work.within(site.organization), PageRequest()).items:
                assert each.created_by == source.sender
                assert each.created_by.startswith("ada")


def test_an_upload_for_a_sub_organization_waits_for_that_one(
    site: Site, side: DocumentSide
) -> None:
    company = site.browser.send("/settings/companies/new", {"name": "A", "postal_code": "1"})
    assert company.status_code == 200
    with site.application.database.read() as work:
        (place,) = site.application.identity.list_sub_organizations(work.within(site.organization))
    files = [("files", (INVOICE, read_sample(INVOICE)))]
    for chosen in (place.id, "org_none"):
        page = site.browser.send("/documents/upload", {"sub_organization": chosen}, files=files)
        assert ("sent anew" in page.text) is (chosen == place.id)
    assert [each.sub_organization_id for each in _sources(site, side)] == [place.id]
