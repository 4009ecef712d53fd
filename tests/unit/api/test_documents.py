"""Programs send documents in and read them as people do on pages."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from ionport.core.errors import Unavailable
from ionport.documents.intake.receiving import Receiver
from ionport.documents.receipts import PreparedReceipt
from ionport.documents.samples import read_sample
from ionport.documents.service import DocumentService
from tests.support.api import api_key, problem, program
from tests.support.whole import INVOICE, OTHER_INVOICE, Site

CONTENT = read_sample(INVOICE)


def send(api: TestClient, content: bytes = CONTENT, name: str = INVOICE, **headers: str) -> Any:
    return api.post("/documents", files={"file": (name, content)}, headers=headers)


def test_a_document_comes_in_and_is_read_back(api: TestClient) -> None:
    answer = send(api)
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert document["status"] == "validated_pending_export"
    assert document["fields"]["invoice_id"]
    assert document["tables"]["INVOICE_TABLE"]
    path = f"/documents/{document['id']}"
    assert api.get(path).json() == document
    file = api.get(f"{path}/file")
    assert file.content == CONTENT
    assert file.headers["content-disposition"].startswith("attachment")
    terms = api.get(f"{path}/terms").json()
    number = next(term for term in terms if term["term"] == "BT-1")
    assert number == {
        "term": "BT-1",
        "text": document["fields"]["invoice_id"],
        "currency": None,
        "level": 0,
    }
    received = api.get(f"{path}/timeline").json()[-1]
    assert received["kind"] == "received"
    told = received["text_sentence"]
    assert told["template"].format(**told["parameters"]) == received["text"]
    assert [each["effect"] for each in api.get(f"{path}/findings").json()] == ["notes"]
    assert api.get(f"{path}/decisions").json() == []
    assert api.get(f"{path}/deliveries").json() == []


def test_what_is_here_already_is_named(api: TestClient) -> None:
    document = send(api).json()
    body = problem(send(api), 409)
    assert (body["code"], body["existing_id"]) == ("document_exists", document["id"])


def test_what_is_no_invoice_is_refused_with_the_reason(api: TestClient) -> None:
    body = problem(send(api, b"<html><body>Hello</body></html>", "page.html"), 422)
    assert body["fields"]["file"] == body["title"]
    assert api.get("/documents").json()["items"] == []


def test_a_repeated_request_is_done_once(api: TestClient) -> None:
    first = send(api, **{"Idempotency-Key": "order 66"})
    again = send(api, **{"Idempotency-Key": "order 66"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert api.get("/documents").json()["total"] == 1


def test_a_key_of_another_request_is_refused(api: TestClient) -> None:
    assert send(api, **{"Idempotency-Key": "one"}).status_code == 201
    other = send(api, read_sample(OTHER_INVOICE), OTHER_INVOICE, **{"Idempotency-Key": "one"})
    assert problem(other, 422)["code"] == "idempotency_key_reused"
    assert api.get("/documents").json()["total"] == 1


def test_two_programs_may_use_the_same_idempotency_key(site: Site) -> None:
    for _ in range(2):
        with program(site, api_key(site)) as client:
            answer = send(client, **{"Idempotency-Key": "one"})
            assert "idempotent-replayed" not in answer.headers


def test_many_files_are_told_apart(api: TestClient) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", CONTENT)
        archive.writestr("b.xml", read_sample(OTHER_INVOICE))
    files = [
        ("files", ("both.zip", packed.getvalue())),
        ("files", ("again.xml", CONTENT)),
        ("files", ("note.txt", b"hello")),
    ]
    results = api.post("/documents/batch", files=files).json()["results"]
    assert [(each["name"], each["code"]) for each in results][:3] == [
        ("both.zip/a.xml", None),
        ("both.zip/b.xml", None),
        ("again.xml", "document_exists"),
    ]
    assert results[2]["existing_id"] == results[0]["document"]["id"]
    assert results[3]["document"] is None
    assert results[3]["error"]


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "one"}], ids=["plain", "repeatable"])
def test_of_a_file_that_holds_several_documents_none_is_kept(
    api: TestClient, key: dict[str, str]
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", CONTENT)
        archive.writestr("b.xml", read_sample(OTHER_INVOICE))
    several = send(api, packed.getvalue(), "both.zip", **key)
    body = problem(several, 422)
    assert body["code"] == "several_documents"
    assert body["fields"]["file"].endswith("Send it to /documents/batch.")
    assert api.get("/documents").json()["total"] == 0


@pytest.mark.parametrize("path", ["/documents", "/documents/batch"])
def test_a_fault_of_ours_keeps_no_other_file_out_and_frees_the_key(
    api: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def fail(*_values: object) -> None:
        raise ValueError("a fault of ours")

    def away(*_values: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    name = "file" if path == "/documents" else "files"
    asked = {"files": [(name, (INVOICE, CONTENT))], "headers": {"Idempotency-Key": "one"}}
    with monkeypatch.context() as broken:
        broken.setattr(Receiver, "_receive_each", fail)
        assert problem(api.post(path, **asked), 500)["code"] == "internal"
        broken.setattr(Receiver, "_receive_each", away)
        assert problem(api.post(path, **asked), 503)["code"] == "database_away"
    assert api.post(path, **asked).status_code in (200, 201)
    assert api.get("/documents").json()["total"] == 1
    with monkeypatch.context() as broken:
        broken.setattr(DocumentService, "read_receipt", fail)
        answer = send(api, read_sample(OTHER_INVOICE), OTHER_INVOICE)
    assert problem(answer, 422)["code"] == "internal"


def test_what_is_postponed_is_asked_for_again_under_the_same_key(
    api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, other = DocumentService.read_receipt, read_sample(OTHER_INVOICE)

    def away(self: DocumentService, scope: Any, content: bytes, name: str) -> PreparedReceipt:
        if content == other:
            raise Unavailable("Other files are being read.", code="busy")
        return read(self, scope, content, name)

    def ask(key: str, *files: tuple[str, bytes]) -> Any:
        sent = [("files", file) for file in files]
        return api.post("/documents/batch", files=sent, headers={"Idempotency-Key": key})

    one, two = (INVOICE, CONTENT), (OTHER_INVOICE, other)
    with monkeypatch.context() as busy:
        busy.setattr(DocumentService, "read_receipt", away)
        nothing = ask("all", two)
        assert problem(nothing, 503)["code"] == "busy"
        assert int(nothing.headers["retry-after"]) > 0
        single = send(api, other, OTHER_INVOICE)
        assert problem(single, 503)["code"] == "busy"
        assert single.headers["retry-after"] == nothing.headers["retry-after"]
        part = ask("part", one, two)
        assert [each["code"] for each in part.json()["results"]] == [None, "busy"]
    again = ask("part", one, two)
    assert [each["code"] for each in again.json()["results"]] == ["document_exists", None]
    assert "idempotent-replayed" not in again.headers
    assert [each["code"] for each in ask("all", two).json()["results"]] == ["document_exists"]
    assert ask("part", one, two).headers["idempotent-replayed"] == "true"


def test_a_document_comes_in_by_its_fields_and_tables(api: TestClient) -> None:
    values = {
        "document_type": "INVOICE",
        "fields": {"invoice_id": "R-17", "total_amount": "119.00"},
        "tables": {"INVOICE_TABLE": [{"DESCRIPTION": "Pipe", "NET_AMOUNT": "100.00"}]},
    }
    sent = {"values": json.dumps(values)}
    answer = api.post("/documents", data=sent, headers={"Idempotency-Key": "a"})
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert document["fields"]["invoice_id"] == "R-17"
    assert document["tables"]["INVOICE_TABLE"][0]["DESCRIPTION"] == "Pipe"
    again = api.post("/documents", data=sent, headers={"Idempotency-Key": "a"})
    assert (again.json(), again.headers["idempotent-replayed"]) == (document, "true")
    other = api.post("/documents", data={"values": "{}"}, headers={"Idempotency-Key": "a"})
    assert problem(other, 422)["code"] == "idempotency_key_reused"
    for wrong in (
        {},
        {"values": "{"},
        {"values": ""},
        {"values": json.dumps({"fields": {"x": 1}})},
    ):
        problem(api.post("/documents", data=wrong), 422)
    both = api.post("/documents", data=sent, files={"file": (INVOICE, CONTENT)})
    assert "file" in problem(both, 422)["fields"]


def test_the_next_page_goes_on_where_the_last_one_ended_while_documents_come_in(
    api: TestClient,
) -> None:
    sent = [send(api, CONTENT + b" " * n).json()["id"] for n in range(4)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/documents", params={"limit": 2, **cursor}).json()
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
        send(api, CONTENT + b"\n" * (len(seen) + 1))
    assert seen == sent[::-1]


@pytest.mark.parametrize("address", ["/documents", "/deliveries", "/connections"])
@pytest.mark.parametrize("place", [[], ["a"], [1, 2], [10**30, "x"], [-1, "x"], [True, "x"], {}])
def test_a_cursor_that_was_never_given_is_refused(
    api: TestClient, address: str, place: object
) -> None:
    text = base64.urlsafe_b64encode(json.dumps(place).encode()).decode()
    wrong = api.get(address, params={"cursor": text})
    assert problem(wrong, 422)["code"] == "cursor_invalid"


def test_lists_are_sorted_by_each_column_and_filtered_by_values(api: TestClient) -> None:
    ids = {}
    for order, due, net in (("PO-2", "2026-05-01", "99.9"), ("PO-1", "2026-05-02", "1000")):
        fields = {"invoice_id": f"N-{order}", "purchase_order": order, "due_date": due}
        fields |= {"total_net_amount": net, "currency": "EUR"}
        sent = {"document_type": "INVOICE", "fields": fields}
        made = api.post("/documents", data={"values": json.dumps(sent)})
        assert made.status_code == 201, made.text
        ids[order] = made.json()["id"]
    orders = {
        ("purchase_order", "asc"): ["PO-1", "PO-2"],
        ("due_date", "asc"): ["PO-2", "PO-1"],
        ("due_date", "desc"): ["PO-1", "PO-2"],
        ("total_net_amount", "desc"): ["PO-1", "PO-2"],
    }
    for (sort, direction), expected in orders.items():
        asked = {"sort": sort, "dir": direction, "limit": 1}
        first = api.get("/documents", params=asked).json()
        rest = api.get("/documents", params=asked | {"cursor": first["next"]}).json()
        assert [each["purchase_order"] for each in first["items"] + rest["items"]] == expected
        assert rest["next"] is None
        other = api.get("/documents", params={"cursor": first["next"], "sort": "filename"})
        assert problem(other, 422)["code"] == "cursor_invalid"
    for wanted in ({"purchase_order": "PO-2"}, {"due_from": "2026-05-01", "due_to": "2026-05-01"}):
        found = api.get("/documents", params=wanted).json()
        assert ([each["id"] for each in found["items"]], found["total"]) == ([ids["PO-2"]], 1)
    assert api.get("/documents", params={"supplier_id": "nobody"}).json()["items"] == []
    for wrong in ({"sort": "x"}, {"dir": "up"}, {"due_from": "soon"}, {"supplier_id": "x" * 201}):
        assert problem(api.get("/documents", params=wrong), 422)["fields"]


def test_lists_come_in_pages_and_are_searched(api: TestClient) -> None:
    one = send(api).json()
    two = send(api, read_sample(OTHER_INVOICE), OTHER_INVOICE).json()
    page = api.get("/documents", params={"limit": 1}).json()
    assert (page["total"], page["items"][0]["id"]) == (2, two["id"])
    rest = api.get("/documents", params={"limit": 1, "cursor": page["next"]}).json()
    assert (rest["next"], rest["items"][0]["id"]) == (None, one["id"])
    found = api.get("/documents", params={"q": one["fields"]["invoice_id"]}).json()
    assert one["id"] in [each["id"] for each in found["items"]]
    assert api.get("/documents", params={"status": "exported"}).json()["items"] == []
    for wrong in ({"cursor": "nonsense"}, {"limit": 0}, {"status": "x"}, {"document_type": "x"}):
        assert problem(api.get("/documents", params=wrong), 422)["fields"]


def test_a_decision_is_made_and_undone(api: TestClient) -> None:
    path = f"/documents/{send(api).json()['id']}"
    held = api.post(f"{path}/decisions", json={"kind": "hold", "reason": "Goods are missing"})
    assert held.json()["status"] == "on_hold"
    refused = api.post(f"{path}/decisions", json={"kind": "reject"})
    assert problem(refused, 422)["fields"]
    decision = api.get(f"{path}/decisions").json()[0]
    assert (decision["kind"], decision["parameters"]) == ("hold", {"reason": "Goods are missing"})
    assert "ada by API key" in decision["person"]
    freed = api.delete(f"{path}/decisions/{decision['id']}")
    assert freed.json()["status"] == "validated_pending_export"
    assert problem(api.delete(f"{path}/decisions/{decision['id']}"), 404)


def test_only_findings_that_are_named_are_accepted(api: TestClient) -> None:
    content = CONTENT.replace(b"2808.81</cbc:PayableAmount", b"2808.80</cbc:PayableAmount")
    path = f"/documents/{send(api, content).json()['id']}"
    for named in ({}, {"findings": None}, {"findings": []}):
        wrong = api.post(f"{path}/decisions", json={"kind": "accept", "reason": "a cent", **named})
        assert set(problem(wrong, 422)["fields"]) == {"findings"}
    open_ones = [
        finding["id"]
        for finding in api.get(f"{path}/findings").json()
        if finding["effect"] == "holds"
    ]
    decision = {"kind": "accept", "reason": "a cent", "findings": open_ones}
    accepted = api.post(f"{path}/decisions", json=decision)
    assert accepted.json()["status"] == "validated_pending_export"


def test_a_value_is_corrected_and_judged_anew(api: TestClient) -> None:
    document = send(api).json()
    path = f"/documents/{document['id']}"
    wrong = api.patch(path, json={"values": {"invoice_date": "soon", "nothing": "1"}})
    assert set(problem(wrong, 422)["fields"]) == {"invoice_date", "nothing"}
    stale = {"values": {"invoice_id": "R-1"}, "seen": {"invoice_id": "something else"}}
    assert problem(api.patch(path, json=stale), 409)["code"] == "changed_meanwhile"
    corrected = api.patch(path, json={"values": {"invoice_id": "R-1"}}).json()
    assert corrected["fields"]["invoice_id"] == "R-1"
    assert api.get(f"{path}/file").content == CONTENT


def test_no_wrong_body_is_a_fault_of_the_server(api: TestClient) -> None:
    path = f"/documents/{send(api).json()['id']}"
    as_json = {"Content-Type": "application/json"}
    for answer in (
        api.post("/documents"),
        api.post("/documents", content=b"x", headers={"Content-Type": "multipart/form-data"}),
        api.post("/documents", files={"file": ("", b"")}),
        api.post(f"{path}/decisions", content=b"{"),
        api.post(f"{path}/decisions", content=b'{"kind": "\xff"}'),
        api.post(f"{path}/decisions", json={"kind": "accept", "more": 1}),
        api.post(f"{path}/decisions", json={"kind": "duplicate", "reason": "x"}),
        api.patch(path, json={"values": {}}),
        api.patch(path, json={"values": {"invoice_id": "\x00"}}),
        *(
            api.request(method, f"{path}{below}", content=json.dumps(body), headers=as_json)
            for sign in ("\x00", "\ud800")
            for method, below, body in (
                ("POST", "/decisions", {"kind": "accept", "reason": "x", "findings": [sign]}),
                ("POST", "/decisions", {"kind": "hold", "reason": sign}),
                ("POST", "/decisions", {"kind": "hold", "reason": "x", sign: 1}),
                ("POST", "/decisions", {"kind": sign}),
                ("POST", "/decisions", {"kind": "duplicate", "reason": "x", "duplicate_of": sign}),
                ("PATCH", "", {"values": {sign: "x"}}),
                ("PATCH", "", {"values": {"invoice_id": "x"}, "seen": {sign: "x"}}),
                ("POST", "/export", {"configuration": sign}),
                ("POST", "/export", {"again": True, "reason": sign}),
                ("POST", "/export", [sign]),
            )
        ),
        api.post(
            f"{path}/decisions",
            content=b'{"kind": "hold", "reason": "\xed\xa0\x80"}',
            headers={"Content-Type": "application/problem+json; charset=utf-8"},
        ),
        api.get("/documents", params={"q": "\x00", "cursor": "p\x00"}),
        api.get("/documents/doc%00"),
        api.post("/documents/doc%00/export"),
        api.post(
            "/documents",
            files={"file": (INVOICE, CONTENT + b" ")},
            data={"sub_organization": "org_\x00"},
        ),
    ):
        assert 400 <= answer.status_code < 500, answer.text
        assert problem(answer, answer.status_code)["code"]
    assert problem(api.get("/documents/doc_nowhere"), 404)["code"] == "no_document"
    assert problem(api.get("/nothing"), 404)
    assert problem(api.put("/documents"), 405)


@pytest.mark.parametrize("path", ["/documents", "/documents/batch"])
def test_the_name_of_a_file_in_an_odd_charset_is_no_fault_of_the_server(
    api: TestClient, path: str
) -> None:
    name = "file" if path == "/documents" else "files"
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="\\ud800.xml"\r\n\r\n'
    answer = api.post(
        path,
        content=head.encode() + CONTENT + b"\r\n--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b; charset=unicode_escape"},
    )
    assert answer.status_code in (200, 201), answer.text
    assert api.get("/documents").json()["items"][0]["filename"] == "?.xml"


def test_a_body_over_the_limit_is_refused_while_it_is_read(api: TestClient) -> None:
    body = problem(api.patch("/documents/doc_1", content=b"x" * (1024 * 1024 + 1)), 413)
    assert "1 MB" in body["title"]
