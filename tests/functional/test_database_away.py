"""While the database is away every address says so, as its own protocol wants."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from ionport.store import Database
from tests.support.whole import Site, site_on


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_on(tmp_path_factory.mktemp("site") / "data", "", metrics=True) as site:
        yield site


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Let each statement fail, as where the server of the database has stopped."""

    def gone(*_statement: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    engines = {database.engine, database.reading_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", gone)
    try:
        yield
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", gone)


def test_every_address_says_that_the_database_is_away_as_its_protocol_wants(site: Site) -> None:
    file = json.loads(site.credentials())
    http, tenant = site.browser.http, file["ti"]
    form = {"grant_type": "password", "username": file["saak"], "password": file["sask"]}
    basic = (file["ci"], file["cs"])

    def sign_on() -> httpx2.Response:
        return http.post(f"/{tenant}/as/token.oauth2", data=form, auth=basic)

    token, other = (sign_on().json()["access_token"] for _each in range(2))
    idm = f"/{tenant}/IDM/api/items/search"
    bearer = {"Authorization": f"Bearer {token}"}
    assert http.get(idm, params={"$query": "/Invoice"}, headers=bearer).status_code < 500
    with away(site.application.database):
        for answer in (
            sign_on(),
            http.post(f"/{tenant}/as/introspect.oauth2", data={"token": token}, auth=basic),
            http.post(f"/{tenant}/as/revoke_token.oauth2", data={"token": token}, auth=basic),
        ):
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "10"), (
                answer.text
            )
            assert answer.json()["error"] == "temporarily_unavailable"
        # A token that is remembered, and one that is not.
        for authorization in (bearer, {"Authorization": f"Bearer {other}"}):
            answer = http.get(idm, params={"$query": "/Invoice"}, headers=authorization)
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "10"), (
                answer.text
            )
            assert answer.json()["code"] == "database_away"
        key = {"X-Sandbox-Key": "k", "X-API-KEY": "k", "Authorization": "Bearer k"}
        for answer in (
            http.get(f"/_control/{tenant}/faults", headers=key),
            http.post("/api/erp/con_1/acknowledgements", headers=key, content=b"<x/>"),
            http.get("/api/v1/documents", headers=key),
        ):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10"), answer.text
            assert answer.json()["code"] == "database_away"
        page = http.get("/dashboard")
        assert (page.status_code, page.headers["retry-after"]) == (503, "10")
        assert http.get("/healthz").status_code == 200
        ready = http.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        # What the process counts by itself is told all the same.
        metrics = http.get("/metrics")
        assert metrics.status_code == 200
        assert 'status="503"' in metrics.text
    assert sign_on().status_code == 200
