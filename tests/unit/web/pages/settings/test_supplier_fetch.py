"""Suppliers are fetched from the M3 or LN behind a connection, and nothing known is lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from threading import Event
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from ionport.cli import main
from ionport.connections.suppliers import model, reading, service
from ionport.connections.suppliers.repository import FetchRepository
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.ionapi import IonApiClient, IonApiFile, M3Error, M3Request, M3Result
from ionport.ionapi.m3 import M3
from tests.support.patience import PATIENCE
from tests.support.web import PASSWORD, said
from tests.support.whole import Site

_LIST = "/settings/suppliers"
_FETCH = f"{_LIST}/fetch"
_CONNECTIONS = "/settings/connections"
_IBAN = "DE89370400440532013000"


def _credentials(site: Site, *, has_user: bool = True) -> bytes:
    """M3 acts for the user of the service account."""
    app = site.add_app("DocBits_ERP")
    account = {"user_search": "ada"} if has_user else {"without_user": "on"}
    fields = {"create_service_account": "on", **account, "password": PASSWORD.reveal()}
    return site.browser.send(f"{app.url.path}/download", fields).content


def _connected(site: Site, credential: bytes) -> str:
    """Upload a credential and return the connection's id."""
    files = [("connection_file", ("DocBits_ERP.ionapi", credential))]
    return site.browser.send(f"{_CONNECTIONS}/new", files=files).url.path.rpartition("/")[2]


def _fetch(site: Site, connection: str, erp: str = "m3", **fields: str) -> httpx2.Response:
    answer = site.browser.send(_FETCH, {"connection": connection, "erp": erp, **fields})
    while 'hx-trigger="every' in answer.text:
        answer = site.browser.get(answer.url.path)
    return answer


def _import(site: Site, text: str) -> None:
    site.browser.send(f"{_LIST}/import", files=[("file", ("s.csv", text.encode()))])


def test_suppliers_of_m3_are_checked_then_added_with_their_vat_numbers(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = _credentials(site)
    with IonApiClient(IonApiFile.parse(credential)) as client:
        changes = [
            M3Request("UpdSupplier", {"SUNO": "20001", "VRNO": "DE123456789"}),
            M3Request("UpdSupplier", {"SUNO": "20002", "SUNM": "Quiet\u00adRiver"}),
        ]
        assert all(each.ok for each in client.m3.bulk("CRS620MI", changes, company="1"))
    connection = _connected(site, credential)
    # Several pages, each of which begins with the last supplier of the page before.
    monkeypatch.setattr(reading, "_AT_A_TIME", 2)
    checked = _fetch(site, connection, action="check").text
    assert "Would be added: 4, completed: 0, the same as before: 0, left out: 1." in checked
    assert "name is too long or has invisible signs" in checked
    assert "No supplier yet" in site.browser.text(_LIST)
    assert "Added: 4, completed: 0" in _fetch(site, connection).text
    assert "DE123456789" in site.browser.text(f"{_LIST}?q=Copper")
    assert "the same as before: 4" in _fetch(site, connection).text
    assert "than one fetch reads" not in _fetch(site, connection).text
    monkeypatch.setattr(reading, "MAX_FETCHED", 3)
    assert "than one fetch reads" in _fetch(site, connection).text


def test_nothing_that_is_known_of_a_supplier_is_replaced(site: Site) -> None:
    _import(site, f"number,name,vat_id,ibans\n20001,Copper Pine Metals GmbH,,{_IBAN}\n9,Own,,\n")
    connection = _connected(site, _credentials(site))
    page = _fetch(site, connection).text
    assert "Added: 4, completed: 0, the same as before: 1" in page
    assert "name: Copper Pine Metals GmbH ≠ Copper Pine Metals" in page
    kept = site.browser.get(f"{_LIST}/suppliers.csv").text
    assert f"20001,Copper Pine Metals GmbH,,,,{_IBAN}," in kept
    assert "9,Own," in kept


def test_suppliers_of_ln_are_added_by_page_and_command_and_its_customers_are_not(
    site: Site,
) -> None:
    connection = _connected(site, _credentials(site))
    command = ("supplier", "fetch", "--connection", "DocBits_ERP", "--from", "ln", "--dry-run")
    data = str(site.application.settings.data)
    told = CliRunner().invoke(main, ["--data", data, *command, "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.output)
    assert (found["added"], found["left_out"], found["is_cut"]) == (3, [], False)
    as_text = CliRunner().invoke(main, ["--data", data, *command]).output
    assert "new SUP000001 Copper Pine Metals" in as_text
    assert "Added: 3, completed: 0" in _fetch(site, connection, "ln").text
    assert "SUP000001" in site.browser.text(_LIST)
    assert "CUS000001" not in site.browser.text(_LIST)


def test_a_connection_whose_proof_m3_refused_is_not_asked(site: Site) -> None:
    connection = _connected(site, _credentials(site, has_user=False))
    side, scope, database = site.application.documents, site.organization, site.application.database
    assert side is not None
    with database.read() as work:
        check = side.connections.latest_check(Access(work, scope, Actor.operator()), connection)
    assert check is not None
    side.connections.wait_for_check(database, scope, check.id)
    refused = _fetch(site, connection)
    assert refused.status_code == 409
    assert "SES400" in refused.text
    assert "No supplier yet" in site.browser.text(_LIST)


def test_what_infor_refuses_is_told_and_nothing_is_stored(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = _connected(site, _credentials(site))
    monkeypatch.setattr(reading, "_PROGRAM", "CRS999MI")
    assert "CRS999MI" in _fetch(site, connection).text
    assert "No supplier yet" in site.browser.text(_LIST)


def test_a_fetch_shows_its_progress_and_is_cancelled_before_anything_is_stored(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, go_on, whole = _connected(site, _credentials(site)), Event(), reading.chunks
    monkeypatch.setattr(service, "_AT_ONCE_SECONDS", 0.0)

    def slowly(requests: Sequence[M3Request]) -> Iterator[Sequence[M3Request]]:
        yield from whole(requests[:3])
        assert go_on.wait(PATIENCE)
        yield from whole(requests[3:])

    monkeypatch.setattr(reading, "chunks", slowly)
    wanted = {"connection": connection, "erp": "m3"}
    path = site.browser.send(_FETCH, wanted).url.path
    while "5 suppliers were read; for VAT numbers M3 was asked of 3 of 5" not in (
        page := site.browser.get(path).text
    ):
        assert "was cancelled" not in page
    # It polls without JavaScript, too, and who begins the same is led to it.
    assert '<noscript><meta http-equiv="refresh"' in page
    assert site.browser.send(_FETCH, wanted).url.path == path
    assert "was cancelled" in site.browser.send(f"{path}/cancel").text
    over = site.browser.send(f"{path}/cancel")
    assert over.url.path == path
    assert "This fetch is over already." in over.text
    # It can be begun again as it was.
    again = f"{_FETCH}?connection={connection}&amp;erp=m3&amp;company="
    assert again in over.text
    assert 'value="m3" selected' in site.browser.get(again.replace("&amp;", "&")).text
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == path.rpartition("/")[2]:
            thread.join(PATIENCE)
    assert "was cancelled" in site.browser.text(path)
    assert "No supplier yet" in site.browser.text(_LIST)


def test_a_fetch_whose_process_has_ended_is_told_as_such_and_stands_in_no_way(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = _connected(site, _credentials(site))
    with monkeypatch.context() as patched:
        patched.setattr(service.SupplierFetching, "_run", lambda *_given: None)
        path = site.browser.send(_FETCH, {"connection": connection, "erp": "m3"}).url.path
    monkeypatch.setattr(model, "SILENCE", timedelta())
    assert "broke off" in site.browser.text(path)
    assert "Added: " in _fetch(site, connection).text


def test_what_ends_a_fetch_before_its_end_is_told_and_nothing_is_stored(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connection, side = _connected(site, _credentials(site)), site.application.documents
    assert side is not None
    with monkeypatch.context() as slow:
        slow.setattr(reading, "_SECONDS", -1)
        assert "Infor took longer than" in _fetch(site, connection).text
    with monkeypatch.context() as broken:
        broken.setattr(side.suppliers, "store_fetched", None)
        assert "An error of ionport's own" in said(_fetch(site, connection).text)
    assert "of suppliers broke off" in caplog.text
    whole = reading.read_suppliers_of

    def cancelled_behind(*given: Any) -> model.FoundSuppliers:
        found = whole(*given)
        with site.application.database.write() as work:
            access = Access(work, site.organization, Actor.operator())
            running = FetchRepository(work.connection).running(access.scope, connection)
            assert running is not None
            side.supplier_fetching.cancel(access, running.id)
        return found

    monkeypatch.setattr(service, "read_suppliers_of", cancelled_behind)
    assert "was cancelled" in _fetch(site, connection).text
    assert "No supplier yet" in site.browser.text(_LIST)


def test_a_supplier_of_which_m3_tells_nothing_more_is_named_and_left_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bulk(_m3: M3, _program: str, asked: Sequence[M3Request], **_given: str) -> Any:
        results = [M3Result("GetBasicData") for _each in asked]
        results[0] = M3Result("GetBasicData", error=M3Error("Blocked"))
        results[1] = M3Result("GetBasicData", processed=False)
        return results

    connection = _connected(site, _credentials(site))
    monkeypatch.setattr(M3, "bulk", bulk)
    page = _fetch(site, connection).text
    assert "Added: 3, completed: 0, the same as before: 0, left out: 2" in page
    assert "Blocked" in page
    assert "M3 did not answer for it" in page


def test_a_wrong_choice_is_told_beside_its_field(site: Site) -> None:
    assert "No connection to Infor yet" in site.browser.text(_FETCH)
    connection = _connected(site, _credentials(site))
    for fields, name in (
        ({"erp": "sap"}, "erp"),
        ({"company": "one"}, "company"),
        ({"connection": "con_none"}, "connection"),
    ):
        wrong = site.browser.send(_FETCH, {"connection": connection, "erp": "m3", **fields})
        assert wrong.status_code in (404, 422)
        assert f'id="{name}-error"' in wrong.text


def test_a_member_fetches_no_suppliers(site: Site) -> None:
    site.add_user("dora")
    site.sign_in_as("dora")
    assert site.browser.get(_FETCH).status_code == 403
    assert _FETCH not in site.browser.text(_LIST)
