"""`/_control` over a socket: every endpoint, who is let in, and what is refused."""

from __future__ import annotations

import json
import re
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from ionport.application import Application, open_application
from ionport.asgi import build_asgi
from ionport.identity.access import Access
from ionport.identity.model import Actor, PasswordProof
from ionport.manual import read_page
from ionport.oauth.apps.drafts import AppDraft
from ionport.sandbox.control.controls.faults import FaultKind, Trigger
from ionport.sandbox.control.http.endpoints import ENDPOINTS
from ionport.settings_reading import load_settings
from ionport.store import TenantScope
from tests.conftest import ALL_DATABASES
from tests.support.databases import drop_postgresql, fresh_postgresql
from tests.support.examples import example_count
from tests.support.infor_side import new_item
from tests.support.server import serve_at

OPERATOR = Actor.operator()
TENANT = "IONPORT_TST"
SCOPE = TenantScope(TENANT)


class Plane:
    """An application with a sandbox, and a client with its control key."""

    def __init__(self, application: Application, url: str) -> None:
        assert application.infor is not None
        self.application, self.url, self.side = application, url, application.infor
        with application.database.write() as work:
            access = Access(work, SCOPE, OPERATOR)
            _key, secret = self.side.control.keys.create(access, "test")
            _key, self.idle = self.side.control.keys.create(access, "idle")
        self.key = secret.reveal()
        self.http = httpx2.Client(
            base_url=f"{url}/_control/{TENANT}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=30,
        )

    def ask(self, method: str, path: str, expected: int = 200, **options: Any) -> Any:
        answer = self.http.request(method, path, **options)
        assert answer.status_code == expected, answer.text
        if answer.is_error:
            assert answer.headers["content-type"] == "application/problem+json"
        return answer.json() if answer.content else None

    def add_app(self) -> dict[str, str]:
        proof = PasswordProof.operator(self.application.clock.now())
        with self.application.database.write() as work:
            access = Access(work, SCOPE, OPERATOR)
            app = self.side.apps.create_app(access, AppDraft("A", description="x"))
            file = self.side.service_accounts.download_credentials(
                access, app.id, proof, create_service_account=True
            )
        content: dict[str, str] = json.loads(file.content)
        return content


@contextmanager
def served(folder: Path, **chosen: Any) -> Iterator[tuple[Application, str]]:
    applications: list[Application] = []

    def make(base_url: str) -> ASGIApp:
        values = {"sandbox": True, **chosen}
        applications.append(
            open_application(load_settings({}, data=folder, public_url=base_url, **values))
        )
        return build_asgi(applications[0])

    with serve_at(make) as url:
        yield applications[0], url
    applications[0].close()


@pytest.fixture(scope="module", params=ALL_DATABASES)
def plane(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plane]:
    database_url = fresh_postgresql() if request.param == "postgresql" else ""
    # The schemes of tests' and settings' addresses differ in the driver only.
    plain = database_url.replace("postgresql+psycopg", "postgresql")
    with served(tmp_path_factory.mktemp("data"), database_url=plain) as (application, url):
        made = Plane(application, url)
        yield made
        made.http.close()
    if database_url:
        drop_postgresql(database_url)


@pytest.fixture(scope="module")
def token(plane: Plane) -> str:
    file = plane.add_app()
    answer = httpx2.post(
        file["pu"] + file["ot"],
        data={"grant_type": "password", "username": file["saak"], "password": file["sask"]},
        auth=(file["ci"], file["cs"]),
    )
    text: str = answer.raise_for_status().json()["access_token"]
    return text


@pytest.fixture(autouse=True)
def _fresh(request: pytest.FixtureRequest) -> None:
    if "plane" in request.fixturenames:
        request.getfixturevalue("plane").ask("POST", "/reset")


def call(plane: Plane, token: str, **parts: Any) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.post(
        f"{plane.url}/{TENANT}/IDM/api/items", json=new_item(**parts), headers=headers
    )


def item(number: str) -> dict[str, Any]:
    content: dict[str, Any] = new_item(attributes={"BOD_SupplierInvoiceID": number})["item"]
    return content


def items(plane: Plane) -> int:
    count: int = plane.ask("GET", "/state")["tables"]["idm_items"]
    return count


def test_every_imitated_service_is_described(plane: Plane) -> None:
    for context in ("IDM", "IONSERVICES", "DATAFABRIC", "M3", "LN", "Mingle"):
        document = plane.ask("GET", f"/openapi/{context}")
        assert document["openapi"] == "3.1.0"
        assert document["servers"] == [{"url": f"{plane.url}/{TENANT}/{context}"}]
        assert document["paths"]
    plane.ask("GET", "/openapi/Nothing", 404)


@pytest.mark.on_each_database
def test_seed_snapshot_reset_and_restore(plane: Plane) -> None:
    seeded = plane.ask("POST", "/seed", json={"idm": [item("1"), item("2")]})
    assert len(seeded["items"]) == 2
    taken = plane.ask("PUT", "/snapshots/two", 201)
    assert taken["name"] == "two"
    assert plane.ask("POST", "/reset")["rows"] > 0
    assert items(plane) == 0
    plane.ask("POST", "/snapshots/two/restore")
    assert items(plane) == 2
    assert [each["name"] for each in plane.ask("GET", "/snapshots")["snapshots"]] == ["two"]
    plane.ask("DELETE", "/snapshots/two", 204)
    assert plane.ask("POST", "/snapshots/two/restore", 404)["code"] == "snapshot_not_found"


def test_a_wrong_seed_is_told_by_its_path_and_nothing_of_it_stays(plane: Plane) -> None:
    problem = plane.ask("POST", "/seed", 422, json={"idm": [item("1"), {"entityName": "None"}]})
    assert problem["title"].startswith("$.idm[1]: ")
    assert problem["fields"].keys() == {"seed"}
    assert items(plane) == 0


@pytest.mark.on_each_database
def test_the_clock_goes_forward_and_back(plane: Plane, token: str) -> None:
    plane.ask("POST", "/clock/jump", 204, json={"seconds": 7200})
    assert plane.ask("GET", "/clock")["ahead_seconds"] == 7200
    assert call(plane, token).status_code == 401
    plane.ask("POST", "/clock/back", 204)
    assert plane.ask("GET", "/clock")["ahead_seconds"] == 0
    assert call(plane, token).status_code == 200
    plane.ask("POST", "/clock/expire-tokens", 204)
    assert call(plane, token).status_code == 401
    plane.ask("POST", "/reset")
    assert call(plane, token).status_code == 200


@pytest.mark.on_each_database
def test_faults_are_added_changed_switched_and_deleted(plane: Plane, token: str) -> None:
    ordered = {"kind": "status", "status": 500, "service": "IDM", "trigger": "next", "figure": 1}
    rule = plane.ask("POST", "/faults", 201, json=ordered)
    path = f"/faults/{rule['id']}"
    assert [call(plane, token).status_code for _ in range(2)] == [500, 200]
    assert plane.ask("GET", path)["hits"] == 1
    plane.ask("PUT", path, json={**ordered, "status": 502})
    assert [call(plane, token).status_code for _ in range(2)] == [502, 200]
    plane.ask("POST", f"{path}/enable")
    assert call(plane, token).status_code == 502
    plane.ask("POST", f"{path}/enable")
    plane.ask("POST", f"{path}/disable")
    assert call(plane, token).status_code == 200
    assert len(plane.ask("GET", "/faults")["faults"]) == 1
    plane.ask("DELETE", path, 204)
    assert plane.ask("GET", path, 404)["code"] == "fault_not_found"
    plane.ask("POST", "/faults", 201, json=ordered)
    plane.ask("DELETE", "/faults", 204)
    assert plane.ask("GET", "/faults")["faults"] == []


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "kind"),
        ({"kind": "flood"}, "kind"),
        ({"kind": "html", "color": 1}, "color"),
        ({"kind": "html", "trigger": "sometimes"}, "trigger"),
        ({"kind": "html", "trigger": "every", "figure": 0}, "figure"),
        ({"kind": "html", "trigger": "every", "figure": 1.5}, "figure"),
        ({"kind": "html", "trigger": "probability", "figure": 2}, "figure"),
        ({"kind": "latency", "seconds": 100000}, "seconds"),
        ({"kind": "latency", "seconds": True}, "seconds"),
        ({"kind": "latency", "after_commit": True}, "after_commit"),
        ({"kind": "status", "status": 99}, "status"),
        ({"kind": "status", "media_type": "a\r\nSet-Cookie: x"}, "media_type"),
        ({"kind": "status", "is_enabled": "yes"}, "is_enabled"),
        ({"kind": "status", "seed": -1}, "seed"),
    ],
)
def test_a_wrong_fault_rule_is_refused_and_its_field_named(
    plane: Plane, sent: dict[str, Any], field: str
) -> None:
    assert plane.ask("POST", "/faults", 422, json=sent)["fields"].keys() == {field}


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"NaN", b'{"seconds": NaN}', b'{"seconds": 1e400}', b'{"\\ud800": 1}'],
)
def test_what_is_no_json_or_no_number_is_refused(plane: Plane, body: bytes) -> None:
    plane.ask("POST", "/clock/jump", 422, content=body)


@pytest.mark.on_each_database
def test_limits_are_switched_and_refuse_a_client(plane: Plane) -> None:
    before = plane.ask("GET", "/limits")
    assert before["are_on"] is False
    wanted = {"are_on": True, "logins_per_minute": 7}
    assert plane.ask("PUT", "/limits", json=wanted) == {**before, **wanted}
    assert plane.ask("GET", "/limits")["are_on"] is True
    problem = plane.ask("PUT", "/limits", 422, json={"logins_per_day": 0})
    assert problem["fields"].keys() == {"logins_per_day"}
    plane.ask("PUT", "/limits", json=before)


@pytest.mark.on_each_database
def test_calls_are_found_by_what_they_were(plane: Plane, token: str) -> None:
    for number in ("4711", "4712"):
        call(plane, token, attributes={"BOD_SupplierInvoiceID": number})
    httpx2.get(
        f"{plane.url}/{TENANT}/IDM/api/nowhere", headers={"Authorization": f"Bearer {token}"}
    )
    found = plane.ask("GET", "/calls")
    assert found["total"] == 3
    assert [each["operation"] for each in found["calls"]] == ["unknown", *["create item"] * 2]
    for query, count in (
        ({"operation": "create item"}, 2),
        ({"status": "404"}, 1),
        ({"failed": "true"}, 1),
        ({"text": "nowhere"}, 1),
        ({"body": '"4712"'}, 1),
        ({"body": "47"}, 2),
        ({"since": "2999-01-01T00:00:00Z"}, 0),
        ({"until": "2999-01-01T00:00:00+00:00"}, 3),
        ({"service": "M3"}, 0),
    ):
        assert plane.ask("GET", "/calls", params=query)["total"] == count, query
    shown = plane.ask("GET", f"/calls/{found['calls'][1]['id']}")
    assert json.loads(shown["request_body"]["text"])["item"]["entityName"] == "M3_SupplierInvoice"
    assert shown["effects"][0] in shown["response_body"]["text"]
    plane.ask("GET", "/calls", 422, params={"since": "yesterday"})
    plane.ask("GET", "/calls", 422, params={"page": "-1"})


def test_the_http_archive_has_the_form_that_tools_read_and_no_secret(
    plane: Plane, token: str
) -> None:
    plane.ask("POST", "/faults", 201, json={"kind": "status", "trigger": "next"})
    call(plane, token)
    call(plane, token)
    httpx2.get(f"{plane.url}/{TENANT}/IDM/api/nowhere?x=1&password=guess&access_token={token}")
    archive = plane.ask("GET", "/calls.har")
    assert token not in json.dumps(archive)
    assert "guess" not in json.dumps(archive)
    log = archive["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "ionport")
    assert len(log["entries"]) == 3
    for entry in log["entries"]:
        _check_entry(entry)
    failed, created, unknown = log["entries"]
    assert failed["_fault"] == "status"
    assert json.loads(created["request"]["postData"]["text"])["item"]
    assert created["_effects"][0] in created["response"]["content"]["text"]
    assert unknown["_operation"] == "unknown"
    assert {"name": "x", "value": "1"} in unknown["request"]["queryString"]
    assert created["request"]["url"] == f"{plane.url}/{TENANT}/IDM/api/items"


def _check_entry(entry: dict[str, Any]) -> None:
    """Every member that HAR 1.2 asks for is there and of its type."""
    assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= entry.keys()
    request, response = entry["request"], entry["response"]
    for name, kind in (
        *(("method", str), ("url", str), ("httpVersion", str), ("cookies", list)),
        *(("headers", list), ("queryString", list), ("headersSize", int), ("bodySize", int)),
    ):
        assert isinstance(request[name], kind), name
    for name, kind in (
        *(("status", int), ("statusText", str), ("httpVersion", str), ("cookies", list)),
        *(("headers", list), ("content", dict), ("redirectURL", str), ("headersSize", int)),
    ):
        assert isinstance(response[name], kind), name
    assert {"size", "mimeType"} <= response["content"].keys()
    assert {"send", "wait", "receive"} <= entry["timings"].keys()
    assert all({"name", "value"} == pair.keys() for pair in request["headers"])


def test_nobody_is_let_in_without_a_key_of_the_tenant(plane: Plane, token: str) -> None:
    for headers in (
        {"Authorization": ""},
        {"Authorization": "Bearer ctl_wrong"},
        {"Authorization": f"Basic {plane.key}"},
        {"Authorization": f"Bearer {token}"},
    ):
        answer = plane.http.get("/state", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert plane.key not in answer.text
    answer = httpx2.get(f"{plane.url}/_control/OTHER_TST/state", headers=plane.http.headers)
    assert answer.status_code == 401


@pytest.mark.on_each_database
def test_a_deleted_key_opens_nothing_from_the_next_request_on(plane: Plane) -> None:
    headers = {"Authorization": f"Bearer {plane.idle.reveal()}"}
    assert plane.http.get("/clock", headers=headers).status_code == 200
    keys = plane.side.control.keys
    with plane.application.database.write() as work:
        access = Access(work, SCOPE, OPERATOR)
        idle = next(key for key in keys.list(access) if key.name == "idle")
        keys.delete(access, idle.id)
    assert plane.http.get("/clock", headers=headers).status_code == 401


def test_a_production_tenant_is_refused_and_told_why(plane: Plane) -> None:
    answer = httpx2.post(f"{plane.url}/_control/ACME_PRD/reset", headers=plane.http.headers)
    assert answer.status_code == 403
    assert "production tenant" in answer.json()["title"]


def test_a_foreign_host_header_is_refused(plane: Plane) -> None:
    answer = plane.http.get("/state", headers={"Host": "evil.example"})
    assert answer.status_code == 421


def test_an_unknown_address_or_method_is_a_problem_too(plane: Plane) -> None:
    plane.ask("GET", "/nowhere", 404)
    plane.ask("DELETE", "/state", 405)
    plane.ask("GET", "/reset", 405)
    answer = httpx2.get(f"{plane.url}/_control/none/state", headers=plane.http.headers)
    assert answer.status_code == 422


def test_a_body_over_the_limit_is_refused(plane: Plane) -> None:
    plane.ask("POST", "/seed", 413, content=b" " * 20_100_000)


def test_no_body_is_read_for_who_has_no_key(plane: Plane) -> None:
    host, port = plane.url.removeprefix("http://").split(":")
    head = f"POST /_control/{TENANT}/seed HTTP/1.1\r\nHost: {host}:{port}\r\n"
    head += "Authorization: Bearer ctl_wrong\r\nContent-Length: 20000000\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=120) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


def test_every_example_of_the_manual_works_and_every_endpoint_and_fault_has_one(
    plane: Plane, token: str
) -> None:
    call(plane, token)
    names = {"AUTH": f"Authorization: Bearer {plane.key}", "PLANE": str(plane.http.base_url)}
    names["PLANE"] = names["PLANE"].rstrip("/")
    tried, kinds = set(), set()
    for command in _examples():
        method, url, content = _request(command, names)
        if "/calls" in url and "CALL" not in names:
            # A reset came before: there is nothing to show yet.
            names["CALL"] = _first_call(plane, token)
            method, url, content = _request(command, names)
        answer = plane.http.request(method, url, content=content)
        assert answer.status_code < 300, (command, answer.text)
        tried.add((method, url.partition("?")[0].removeprefix(names["PLANE"])))
        if method == "POST" and url.endswith("/faults"):
            kinds.add(json.loads(content)["kind"])
            names["FAULT"] = answer.json()["id"]
            if json.loads(content)["kind"] != "search-lag":
                assert plane.http.post(f"/faults/{names['FAULT']}/disable").is_success
    assert kinds == {kind.value for kind in FaultKind}
    for endpoint in ENDPOINTS:
        shape = re.compile(re.sub(r"\{\w+\}", "[^/]+", endpoint.path).replace(".", r"\."))
        assert any(m == endpoint.method and shape.fullmatch(path) for m, path in tried), endpoint


def _examples() -> list[str]:
    lines = read_page("sandbox-control").text.splitlines()
    return [line for line in lines if line.startswith("curl ")]


def _request(command: str, names: dict[str, str]) -> tuple[str, str, str]:
    """Read a curl command as a shell and curl would."""
    method, url, content = "GET", "", ""
    words = iter(shlex.split(command)[1:])
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            assert next(words) == "$AUTH"
        elif word == "-d":
            content = next(words)
        else:
            url = Template(word).safe_substitute(names)
    return method, url, content


def _first_call(plane: Plane, token: str) -> str:
    # The examples have expired the token.
    plane.ask("POST", "/clock/back", 204)
    call(plane, token)
    found: str = plane.ask("GET", "/calls")["calls"][0]["id"]
    return found


def test_the_description_names_every_endpoint(plane: Plane) -> None:
    described = httpx2.get(f"{plane.url}/_control/openapi.json").json()
    named = {
        (method.upper(), path.removeprefix("/_control/{tenant}"))
        for path, methods in described["paths"].items()
        for method in methods
    }
    assert named == {(each.method, each.path) for each in ENDPOINTS}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        *("kind", "name", "service", "operation", "method", "path", "trigger", "figure", "seed"),
        *("status", "body", "media_type", "seconds", "after_commit", "is_enabled", "idm", "m3"),
        *("are_on", "logins_per_minute", "logins_per_day", "tokens_per_client_per_day"),
    ]
)
BODIES = JSON | st.dictionaries(FIELDS, JSON | st.sampled_from([*FaultKind, *Trigger]))


@settings(max_examples=example_count(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_that_is_sent_breaks_the_control_plane(plane: Plane, data: st.DataObject) -> None:
    endpoint = data.draw(st.sampled_from(ENDPOINTS))
    words = st.text(min_size=1, max_size=12)
    path = re.sub(r"\{\w+\}", lambda _found: quote(data.draw(words), safe=""), endpoint.path)
    names = st.sampled_from([*(endpoint.query or {}), "other"])
    query = data.draw(st.dictionaries(names, words, max_size=3))
    body = json.dumps(data.draw(BODIES)) if endpoint.method in ("POST", "PUT") else ""
    # Raw, because the client would mend the path.
    url = f"{plane.url}/_control/{TENANT}{path}?{urlencode(query, errors='replace')}"
    answer = plane.http.request(endpoint.method, url, content=body)
    assert answer.status_code < 500, answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/snapshots/%2F", "/state/", "/nothing/"])
def test_no_address_is_redirected_to_what_the_host_header_says(plane: Plane, path: str) -> None:
    url = f"{plane.url}/_control/{TENANT}{path}"
    answer = plane.http.get(url, headers={"Host": "elsewhere.example.com"})
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize("chosen", [{"sandbox": False}, {"side": "documents"}])
def test_without_a_sandbox_there_is_no_control_plane(
    tmp_path: Path, chosen: dict[str, Any]
) -> None:
    with served(tmp_path, **chosen) as (_application, url):
        answer = httpx2.get(f"{url}/_control/{TENANT}/state")
        assert answer.status_code == 404
        assert answer.json()["code"] == "sandbox_off"
        assert httpx2.get(f"{url}/{TENANT}/IDM/api/items/x").status_code in (401, 303, 404)
