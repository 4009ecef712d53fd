"""What may be done with documents of one type is not done with those of another by a way around."""

from __future__ import annotations

import io
import re
import zipfile

from ionport.documents.model import TimelineKind
from ionport.documents.repository import TimelineRepository
from ionport.documents.samples import read_sample
from ionport.documents.timeline import new_entry
from ionport.identity.groups.permissions import Grant, Permission
from tests.functional.test_permissions import READER, FurnishedOrganization, denied, organization
from tests.support.api import ALL_SCOPES, api_key, problem, program
from tests.support.whole import INVOICE, OTHER_INVOICE

__all__ = ["organization"]


def test_a_correction_moves_no_document_into_a_type_that_is_not_edited(
    organization: FurnishedOrganization,
) -> None:
    document = f"/documents/{organization.ids['document']}"
    values = {"values": {"invoice_type": "381"}}
    with program(
        organization.site, api_key(organization.site, ALL_SCOPES, username=READER)
    ) as client:
        organization.grant(Grant(Permission.SEE), Grant(Permission.EDIT, "INVOICE"))
        before = client.get(document).json()
        refused = problem(client.patch(document, json=values), 403)
        assert refused["code"] == "needs_permission"
        form = {"value invoice_type": "381", "seen invoice_type": "380"}
        number = before["fields"]["invoice_id"]
        form |= {"value invoice_id": number, "seen invoice_id": number}
        assert denied(organization.send("/documents/{document}/correct", **form))
        assert client.get(document).json() == before
        organization.grant(Grant(Permission.SEE), Grant(Permission.EDIT))
        assert client.patch(document, json=values).json()["document_type"] == "CREDIT_NOTE"
        organization.grant(Grant(Permission.SEE), Grant(Permission.EDIT, "CREDIT_NOTE"))
        decisions = client.get(f"{document}/decisions").json()
        (made,) = (one["id"] for one in decisions if one["kind"] == "correct")
        problem(client.delete(f"{document}/decisions/{made}"), 403)
        assert client.get(document).json()["document_type"] == "CREDIT_NOTE"
        organization.grant(Grant(Permission.SEE), Grant(Permission.EDIT))
        assert client.delete(f"{document}/decisions/{made}").is_success
        assert client.get(document).json()["document_type"] == "INVOICE"


def test_one_file_of_a_type_that_is_not_edited_keeps_out_no_other(
    organization: FurnishedOrganization,
) -> None:
    def files(number: bytes) -> list[tuple[str, tuple[str, bytes]]]:
        invoice = read_sample(INVOICE).replace(b"RE-2026-0417", b"RE-" + number)
        credit_note = read_sample(OTHER_INVOICE).replace(b">380<", b">381<")
        credit_note += b"<!-- " + number + b" -->"
        return [("files", ("inv.xml", invoice)), ("files", ("cn.xml", credit_note))]

    organization.grant(Grant(Permission.SEE), Grant(Permission.EDIT, "INVOICE"))
    with program(
        organization.site, api_key(organization.site, ALL_SCOPES, username=READER)
    ) as client:
        taken, refused = client.post("/documents/batch", files=files(b"1")).json()["results"]
        assert taken["document"]["document_type"] == "INVOICE"
        assert (refused["name"], refused["code"]) == ("cn.xml", "needs_permission")
        assert "This needs the permission “Edit”" in refused["error"]
        alone = {"file": files(b"1")[1][1]}
        assert problem(client.post("/documents", files=alone), 403)["code"] == "needs_permission"
    answer = organization.site.browser.send("/documents/upload", files=files(b"2"))
    assert answer.status_code == 200
    assert re.findall(r'data-outcome="(\w+)"', answer.text)[1:] == ["refused"]
    assert "document_id" not in answer.text


def test_a_file_that_equals_a_document_that_is_not_seen_is_told_without_its_id(
    organization: FurnishedOrganization,
) -> None:
    files = [("files", (INVOICE, read_sample(INVOICE)))]
    document = organization.ids["document"]
    with program(organization.site) as administrator:
        values = {"values": {"invoice_type": "381"}}
        assert administrator.patch(f"/documents/{document}", json=values).is_success
    with program(
        organization.site, api_key(organization.site, ALL_SCOPES, username=READER)
    ) as client:
        for more, told in ((), None), ((Grant(Permission.SEE),), document):
            organization.grant(Grant(Permission.EDIT, "INVOICE"), *more)
            answer = problem(client.post("/documents", files={"file": files[0][1]}), 409)
            assert (answer["code"], answer.get("existing_id")) == ("document_exists", told)
            (result,) = client.post("/documents/batch", files=files).json()["results"]
            assert (result["code"], result["existing_id"]) == ("document_exists", told)
            page = organization.site.browser.send("/documents/upload", files=files).text
            assert 'data-outcome="here"' in page
            assert (document in page) == (told is not None)


def test_a_document_that_is_not_seen_is_named_by_no_document_that_is(
    organization: FurnishedOrganization,
) -> None:
    with program(organization.site) as administrator:
        path = f"/documents/{organization.ids['document']}"
        administrator.patch(path, json={"values": {"invoice_type": "380"}})
        other = administrator.get(path).json()
        again = read_sample(INVOICE) + b"<!-- again -->"
        file = {"file": ("again.xml", again)}
        document = administrator.post("/documents", files=file).json()["id"]
        # A correction that makes it no duplicate, and one that makes it one again.
        for number in ("A-7", other["fields"]["invoice_id"]):
            values = {"values": {"invoice_id": number}}
            assert administrator.patch(f"/documents/{document}", json=values).is_success
        rejected = {"kind": "duplicate", "duplicate_of": other["id"], "reason": "twice"}
        assert administrator.post(f"/documents/{document}/decisions", json=rejected).is_success
        values = {"values": {"invoice_type": "381"}}
        assert administrator.patch(path, json=values).is_success
    _tell_as_the_version_before(organization, document)
    page = f"/documents/{document}"
    archive = f"{page}/archive"
    paths = [page + part for part in ("", "/findings", "/decisions")]
    with program(
        organization.site, api_key(organization.site, ALL_SCOPES, username=READER)
    ) as client:
        for seen in (("INVOICE",), ("INVOICE", "CREDIT_NOTE")):
            organization.grant(*(Grant(Permission.SEE, kind) for kind in seen))
            answers = [client.get(path) for path in (*paths, "/documents")]
            answers.append(organization.site.browser.get(page))
            assert all(answer.is_success for answer in answers)
            assert [other["id"] in answer.text for answer in answers] == [len(seen) == 2] * 5
            told = [answers[-1].text, _story(organization.site.browser.get(archive).content)]
            assert [other["filename"] in text for text in told] == [len(seen) == 2] * 2
            assert not any("of-the-version-before" in text for text in told)
            kinds = {one["code"]: one["text"] for one in client.get(paths[1]).json()}
            assert ("may not see" in kinds["duplicate_number"]) == (len(seen) == 1)


def _tell_as_the_version_before(organization: FurnishedOrganization, document: str) -> None:
    """Write an entry of the timeline as a sentence, without the id of whom it names."""
    text = "Nordwerk has sent number 1 before, as of-the-version-before.xml. Check it."
    at = organization.site.application.clock.now()
    entry = new_entry(at, TimelineKind.WARNING, text, "ionport")
    with organization.site.application.database.write() as work:
        TimelineRepository(work.connection).add(organization.site.organization, document, entry)


def _story(archive: bytes) -> str:
    """Return what an archive tells of its document, in words and as JSON."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        return "".join(files.read(f"document.{kind}").decode() for kind in ("txt", "json"))
