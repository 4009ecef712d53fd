"""The endpoint of a connection takes what the ERP says, and nothing else."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from ionport.exports.acknowledgements.model import MAX_BYTES
from ionport.identity.access import Access
from ionport.identity.model import Actor
from tests.support.acknowledging import REJECTED, acknowledgement
from tests.support.api import problem
from tests.support.whole import Site
from tests.unit.api.test_exports import _document
from tests.unit.web.pages.documents.test_documents import _active_export, _run

BASE = "http://api.example"


class Endpoint:
    def __init__(self, site: Site, api: TestClient) -> None:
        _active_export(site)
        documents = site.application.documents
        assert documents is not None
        connection = api.get("/connections").json()["items"][0]["id"]
        with site.application.database.write() as work:
            access = Access(work, site.organization, Actor.operator())
            self.token = documents.acknowledgements.make_token(access, connection).reveal()
        self.url = f"{BASE}/api/erp/{connection}/acknowledgements"


@pytest.fixture
def endpoint(site: Site, api: TestClient) -> Endpoint:
    return Endpoint(site, api)


def test_an_acknowledgement_is_taken_as_a_form_and_as_it_is(
    site: Site, api: TestClient, endpoint: Endpoint
) -> None:
    document = _document(api)
    begun = api.post(f"/documents/{document}/export").json()["deliveries"][0]
    _run(site)
    content = acknowledgement(begun["correlation_id"])
    key = {"X-API-KEY": endpoint.token}
    files = {"file": ("Acknowledge.SupplierInvoice.xml", content, "application/xml")}
    form = {"idm_doc_type": "M3_SupplierInvoice"}
    answer = api.post(endpoint.url, files=files, data=form, headers=key)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"result": "applied", "delivery": begun["id"]}
    bearer = {"Authorization": f"Bearer {endpoint.token}", "Content-Type": "application/xml"}
    assert api.post(endpoint.url, content=content, headers=bearer).json()["result"] == "applied"
    late = acknowledgement(begun["correlation_id"], REJECTED)
    assert api.post(endpoint.url, content=late, headers=bearer).json()["result"] == "late"
    found = api.get(f"/deliveries/{begun['id']}").json()["delivery"]
    assert (found["erp_status"], found["erp_voucher"]) == ("posted", "30000001")
    told = api.get(f"/documents/{document}").json()
    assert (told["status"], told["erp_status"], told["erp_reference"]) == (
        "exported",
        "posted",
        "30000001",
    )


def test_bad_calls_are_refused_and_nothing_gives_a_500(api: TestClient, endpoint: Endpoint) -> None:
    url, key = endpoint.url, {"X-API-KEY": endpoint.token}
    form = {**key, "Content-Type": "multipart/form-data; boundary=b"}
    # The client's own Authorization header is an API key, which is no token of an endpoint.
    assert problem(api.post(url, content=b"<a/>"), 401)["code"] == "token_refused"
    nobody = {"Authorization": ""}
    assert problem(api.post(url, content=b"<a/>", headers=nobody), 401)["code"] == "token_missing"
    wrong = {"X-API-KEY": endpoint.token + "x"}
    assert problem(api.post(url, content=b"<a/>", headers=wrong), 401)["code"] == "token_refused"
    other = f"{BASE}/api/erp/con_nowhere/acknowledgements"
    assert problem(api.post(other, content=b"<a/>", headers=key), 401)
    assert problem(api.get(url, headers=key), 405)
    assert problem(api.post(f"{BASE}/api/erp/a/b/c", headers=key), 404)
    unknown = acknowledgement()
    refused = problem(api.post(url, content=unknown, headers=key), 404)
    assert refused["code"] == "unknown_document"
    assert "a correlation id or a BODID" in refused["title"]
    assert problem(api.post(url, content=b"\x00\xff", headers=key), 422)
    assert problem(api.post(url, content=b"<a/>", headers=key), 422)
    assert problem(api.post(url, content=b"", headers=key), 422)
    assert problem(api.post(url, content=b"no form", headers=form), 422)
    empty = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n'
    assert problem(api.post(url, content=empty, headers=form), 422)["code"] == "no_file"
    for charset, text in (("undefined", b"a"), ("unicode_escape", b"\\ud800")):
        body = empty.replace(b'"x"', b'"file"').replace(b"\r\n1\r\n", b"\r\n" + text + b"\r\n")
        sent = {**form, "Content-Type": f"{form['Content-Type']}; charset={charset}"}
        wrong = problem(api.post(url, content=body, headers=sent), 422)
        assert wrong["code"] == "form_unreadable"
    large = b"<AcknowledgeSupplierInvoice>" + b" " * MAX_BYTES
    assert problem(api.post(url, content=large, headers=key), 413)
    assert problem(api.post(url, content=large * 2, headers=key), 413)
