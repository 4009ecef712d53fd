from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from ionport.asgi import page_sides
from ionport.core.clock import MovableClock
from ionport.document_side import open_document_side
from ionport.documents.bulk.service import BulkService
from ionport.documents.model import ErpStatus
from ionport.exports.configurations.model import ExportConfiguration
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.error_queue.service import ErrorQueue
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import GONE_FROM_ERP, Delivery, DeliveryStatus
from ionport.identity.model import Actor, Organization, OrganizationRole
from ionport.identity.repository import OrganizationRepository
from ionport.store import Database, SystemScope
from tests.support.exporting import OPERATOR, DocumentSide, document_side
from tests.support.infor_side import InforSide, infor_side_on
from tests.support.proxy import FaultyProxy
from tests.support.web import Browser, People, browser_on, said


@pytest.fixture(scope="module")
def infor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InforSide]:
    yield from infor_side_on("sqlite", tmp_path_factory.mktemp("infor"))


@pytest.fixture(scope="module")
def credentials(infor: InforSide) -> dict[str, str]:
    return infor.credentials(name="DocBits pages")


@dataclass(slots=True)
class Site:
    """A document side that exports to a real Infor side, and a member's browser beside it."""

    side: DocumentSide
    people: People
    clock: MovableClock
    proxy: FaultyProxy
    runner: DeliveryRunner
    configuration: ExportConfiguration
    credentials: dict[str, str]
    browser: Browser

    def export(self, number: str = "471102") -> Delivery:
        return self.side.export(self.side.receive(number))

    def run(self, delivery: Delivery) -> DeliveryStatus:
        self.runner.run(delivery.id)
        return self.side.detail(delivery.id).delivery.status

    def finish(self, delivery: Delivery) -> DeliveryStatus:
        """Run a delivery through its waits to its end."""
        while not (status := self.run(delivery)).is_over:
            self.clock.advance(timedelta(minutes=1))
        return status

    def failed(self, number: str = "471102", body: bytes = b"{}") -> Delivery:
        """A delivery that Infor refused for good."""
        self.proxy.fault("POST", "/IDM/api/items", "refuse", status=400, body=body)
        delivery = self.export(number)
        assert self.run(delivery) is DeliveryStatus.FAILED
        return delivery


def url(delivery: Delivery, rest: str = "") -> str:
    return f"/deliveries/{delivery.id}{rest}"


@pytest.fixture
def site(
    database: Database,
    clock: MovableClock,
    tmp_path: Path,
    infor: InforSide,
    credentials: dict[str, str],
) -> Iterator[Site]:
    side = document_side(database, tmp_path / "blobs", clock)
    people = People.on(database, clock)
    people.add("ada", organization_role=OrganizationRole.USER)
    runner = side.runner()
    opened = open_document_side(
        database,
        clock,
        side.keys,
        side.blobs,
        side.audit,
        side.identity,
        addresses=side.connections.policy,
        timing=runner.timing,
    )
    with (
        FaultyProxy(infor.url) as proxy,
        browser_on(people.services(), page_sides(None, opened)) as browser,
    ):
        configuration = side.configure(side.connect({**credentials, "iu": proxy.url}))
        browser.sign_in("ada")
        yield Site(side, people, clock, proxy, runner, configuration, credentials, browser)
    runner.close()


def test_an_empty_ledger_leads_to_the_documents(site: Site):
    page = site.browser.get("/deliveries").text
    assert "Nothing has been exported yet" in page
    assert 'href="/documents"' in page


def test_a_delivery_shows_its_references_steps_and_attempts(site: Site):
    delivery = site.export()
    assert site.run(delivery) is DeliveryStatus.DELIVERED
    pid = site.side.detail(delivery.id).delivery.idm_pid
    page = site.browser.text(url(delivery))
    for part in (
        f"Correlation ID {delivery.correlation_id}",
        f"IDM PID {pid}",
        f"ION message ID {delivery.message_id}",
        "what the ERP makes of it has not come back yet",
        "TST",
        "Render Done",
        "IDM look-up Done",
        "IDM create Done",
        "ION publish Done",
        "Attempt 1 Succeeded HTTP 200",
        "Attempt 1 Succeeded HTTP 201",
        "POST",
        "/IDM/api/items",
        "Created in IDM.",
    ):
        assert part in page, part


def test_what_a_step_did_is_told_in_the_readers_language(site: Site):
    delivery = site.export()
    assert site.run(delivery) is DeliveryStatus.DELIVERED
    site.browser.http.headers["accept-language"] = "de"
    page = site.browser.text(url(delivery))
    assert "In IDM angelegt." in page
    assert "Created in IDM." not in page


def test_no_secret_is_on_the_page(site: Site):
    delivery = site.export()
    site.run(delivery)
    page = site.browser.get(url(delivery)).text
    assert "Log-in before it" in page
    assert "••••••••" in page
    for key in ("cs", "sask", "saak"):
        assert site.credentials[key] not in html.unescape(page)
    assert re.search(r"eyJ[\w-]{20}", page) is None


@pytest.mark.on_each_database
def test_the_list_counts_filters_and_sorts(site: Site):
    done = site.export("A-1")
    site.run(done)
    site.clock.advance(timedelta(minutes=1))
    failed = site.failed("B-2")
    site.clock.advance(timedelta(minutes=1))
    pending = site.export("C-3")
    page = site.browser.text("/deliveries")
    assert "3 All deliveries" in page
    assert "1 Delivered" in page
    assert "1 Failed" in page
    assert page.index("C-3.xml") < page.index("A-1.xml")
    pid = site.side.detail(done.id).delivery.idm_pid
    shown = {
        "status=failed": {failed},
        "status=pending": {pending},
        "q=a-1": {done},
        f"q={pid}": {done},
        f"q={pending.correlation_id}": {pending},
        f"configuration={site.configuration.id}": {done, failed, pending},
        "configuration=cfg_0": set(),
        "status=nonsense": {done, failed, pending},
    }
    for query, wanted in shown.items():
        found = site.browser.get(f"/deliveries?{query}").text
        links = set(re.findall(r'href="(/deliveries/[^"?]+)"', found))
        assert links == {url(delivery) for delivery in wanted}, query
    by_name = site.browser.text("/deliveries?sort=document&dir=asc")
    assert by_name.index("A-1.xml") < by_name.index("B-2.xml") < by_name.index("C-3.xml")
    assert "No delivery matches" in site.browser.text("/deliveries?q=nothing")


def test_the_list_tells_how_often_was_tried(site: Site):
    site.proxy.fault("POST", "/IDM/api/items", "refuse", status=429, times=2)
    delivery = site.export()
    assert "UTC 0 Show" in site.browser.text("/deliveries")
    assert site.finish(delivery) is DeliveryStatus.DELIVERED
    assert "UTC 3 Show" in site.browser.text("/deliveries")


def test_the_page_asks_for_news_until_the_delivery_is_over(site: Site):
    delivery = site.export()
    page = site.browser.get(url(delivery)).text
    assert f'hx-get="{url(delivery, "/live")}"' in page
    assert "Refresh" in page
    fragment = site.browser.get(url(delivery, "/live")).text
    assert "<html" not in fragment
    assert "hx-trigger" in fragment
    site.run(delivery)
    for path in ("", "/live"):
        over = site.browser.get(url(delivery, path)).text
        assert "Delivered" in over
        assert "hx-" not in over.replace("htmx-config", "")
        assert "Refresh" not in said(over)


def test_a_delivery_that_nobody_runs_says_so(site: Site):
    delivery = site.export()
    assert "ionport worker" in site.browser.text(url(delivery))
    site.run(delivery)
    assert "ionport worker" not in site.browser.text(url(delivery))


def test_a_failed_delivery_names_the_cause_and_is_tried_again(site: Site):
    body = b'{"error":{"code":"1","message":"no such attribute","detail":""}}'
    delivery = site.failed(body=body)
    page = site.browser.text(url(delivery))
    assert "no such attribute" in page
    assert "Attempt 1 Failed HTTP 400" in page
    answer = site.browser.send(url(delivery, "/retry"), form_at=url(delivery))
    assert "The delivery is tried again." in answer.text
    assert "Pending" in said(answer.text)
    assert site.run(delivery) is DeliveryStatus.DELIVERED


def test_a_waiting_delivery_tells_when_it_is_tried_next_and_can_be_tried_now(site: Site):
    site.proxy.fault("POST", "/IDM/api/items", "refuse", status=503)
    delivery = site.export()
    assert site.run(delivery) is DeliveryStatus.WAITING
    page = site.browser.text(url(delivery))
    assert "Next try:" in page
    assert "Try now" in page
    answer = site.browser.send(url(delivery, "/retry"), form_at=url(delivery))
    assert "The delivery is tried again." in answer.text
    assert site.finish(delivery) is DeliveryStatus.DELIVERED


def test_a_pending_delivery_is_cancelled_after_a_question(site: Site):
    delivery = site.export()
    assert "until somebody chooses Retry" in site.browser.text(url(delivery, "/cancel"))
    answer = site.browser.send(url(delivery, "/cancel"))
    assert "The delivery is cancelled." in answer.text
    assert site.side.detail(delivery.id).delivery.status is DeliveryStatus.CANCELLED


def test_what_cannot_be_done_any_more_is_explained_on_the_page(site: Site):
    delivery = site.export()
    site.run(delivery)
    retried = site.browser.send(url(delivery, "/retry"), form_at=url(delivery, "/re-export"))
    wanted = "Only a delivery that failed, waits or was cancelled can be tried again"
    assert wanted in said(retried.text)
    cancelled = site.browser.send(url(delivery, "/cancel"))
    assert "The delivery cannot be cancelled: it is Delivered." in said(cancelled.text)


@pytest.mark.on_each_database
def test_exporting_again_as_new_needs_a_reason_and_warns(site: Site):
    delivery = site.export()
    site.run(delivery)
    assert "A second item appears in IDM and a second message goes to ION" in site.browser.text(
        url(delivery, "/re-export")
    )
    refused = site.browser.send(url(delivery, "/re-export"), {"reason": " "})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    made = site.browser.send(url(delivery, "/re-export"), {"reason": "Wrong <b>year</b>"})
    page = said(made.text)
    assert "exported again as new" in page
    assert "2 Wrong <b>year</b>" in page
    assert delivery.correlation_id not in page
    assert f'href="{url(delivery)}"' in made.text
    older = site.browser.get(url(delivery)).text
    assert "/re-export" not in older


def test_exporting_again_while_under_way_is_refused_on_the_page(site: Site):
    delivery = site.export()
    answer = site.browser.send(url(delivery, "/re-export"), {"reason": "again"})
    assert answer.status_code == 409
    assert "is not over yet" in said(answer.text)


def test_what_a_remote_server_says_is_shown_and_never_run(site: Site):
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    delivery = site.failed(body=json.dumps({"error": {"message": attack}}).encode())
    for path in (url(delivery), "/deliveries"):
        page = site.browser.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert html.unescape(site.browser.get(url(delivery)).text).count(attack) >= 2


@pytest.mark.on_each_database
def test_another_organizations_delivery_is_not_there(site: Site):
    delivery = site.failed()
    stranger = site.people.add("eve", organization_role=None)
    other = Organization("org_other", "Elsewhere Ltd", None)
    with site.people.database.write() as work:
        repository = OrganizationRepository(work.connection)
        repository.add(SystemScope("test"), other, site.clock.now())
        site.people.identity.set_organization_role(
            work, Actor.operator(), stranger.id, other.id, OrganizationRole.ADMINISTRATOR
        )
    eve = Browser(str(site.browser.http.base_url))
    with eve.http:
        eve.sign_in("eve")
        assert "Nothing has been exported yet" in eve.get("/deliveries").text
        for path in ("", "/live", "/cancel", "/re-export"):
            assert eve.get(url(delivery, path)).status_code == 404
        for path in ("/retry", "/cancel", "/re-export"):
            answer = eve.send(url(delivery, path), {"reason": "mine"}, form_at="/account")
            assert answer.status_code == 404
    assert site.side.detail(delivery.id).delivery.status is DeliveryStatus.FAILED
    assert site.browser.get("/deliveries/dlv_0").status_code == 404


def test_changes_need_the_form_of_the_page(site: Site):
    delivery = site.failed()
    for path in ("/retry", "/cancel", "/re-export"):
        answer = site.browser.http.post(url(delivery, path), data={"reason": "x"})
        assert answer.status_code == 403
    assert site.side.detail(delivery.id).delivery.status is DeliveryStatus.FAILED


def test_export_errors_are_grouped_and_tried_again_at_once(site: Site) -> None:
    assert "No delivery has failed" in site.browser.text("/export-errors")
    deliveries = [site.failed(number) for number in ("471102", "471103")]
    page = site.browser.get("/export-errors").text
    assert page.count("Retry all with this cause</button>") == 1
    assert f'href="{url(deliveries[-1])}"' in page
    found = re.search(r'action="(/export-errors/[^"]+/retry)"', page)
    assert found
    answer = site.browser.send(found[1], form_at="/export-errors")
    assert "Retry all with this cause: 2 documents" in said(answer.text)
    assert "Nothing was left out." in said(answer.text)
    assert 'href="/export-errors"' in answer.text
    assert "No delivery has failed" in site.browser.text("/export-errors")
    assert site.browser.send(found[1], form_at="/account").status_code == 404
    assert [site.finish(each) for each in deliveries] == [DeliveryStatus.DELIVERED] * 2


def test_what_the_erp_rejected_is_exported_again_as_new_and_never_tried_again(site: Site) -> None:
    delivery = site.export("471102")
    assert site.finish(delivery) is DeliveryStatus.DELIVERED
    values = {"erp_status": ErpStatus.REJECTED, "erp_text": "WSU0103: Supplier 99 does not exist"}
    with site.side.database.write() as work:
        DeliveryRepository(work.connection).update(SystemScope("test"), delivery.id, values)
    assert "The ERP does not know the supplier" in site.browser.text("/dashboard")
    page = site.browser.get("/export-errors").text
    assert "1 delivery was rejected by the ERP." in said(page)
    assert "Retry all with this cause" not in page
    assert f'href="{url(delivery)}"' in page
    assert url(delivery) in site.browser.get("/deliveries?cause=rejected").text
    address = "/export-errors/rejected_supplier_unknown/re-export"
    assert f'href="{address}"' in page
    refused = site.browser.send(address, {"reason": " "}, form_at=address)
    assert refused.status_code == 422
    assert "Say why the document is exported again" in said(refused.text)
    answer = site.browser.send(address, {"reason": "It is there now"}, form_at=address)
    assert "Re-export as new: 1 document" in said(answer.text)
    assert "Nothing was left out." in said(answer.text)
    assert "No export error" in site.browser.text("/export-errors")
    assert site.browser.get(address).status_code == 404
    assert site.browser.get("/export-errors/supplier_unknown/re-export").status_code == 404


def test_who_comes_second_is_led_to_the_run_that_is_open_and_told(site: Site) -> None:
    site.failed("471103")
    delivery = site.export("471102")
    assert site.finish(delivery) is DeliveryStatus.DELIVERED
    values = {"erp_status": ErpStatus.REJECTED, "erp_text": "WSU0103: Supplier 99 does not exist"}
    with site.side.database.write() as work:
        DeliveryRepository(work.connection).update(SystemScope("test"), delivery.id, values)
    page = site.browser.get("/export-errors").text
    address = re.search(r'action="(/export-errors/([^"]+)/retry)"', page)
    assert address
    # The operator has begun both at the command line.
    queue = ErrorQueue(BulkService(site.clock, site.side.audit))
    queue.retry(site.side.database, site.side.scope, OPERATOR, address[2])
    told = site.browser.send(address[1], form_at="/export-errors").text
    assert "test has begun this already; nothing else was begun." in said(told)
    assert "Retry all with this cause: 1 document" in said(told)
    key = "rejected_supplier_unknown"
    queue.re_export(site.side.database, site.side.scope, OPERATOR, key, "It is there now")
    form = f"/export-errors/{key}/re-export"
    told = said(site.browser.send(form, {"reason": "Ours"}, form_at=form).text)
    assert "for another reason (It is there now). Yours was not kept" in told
    assert "Re-export as new: 1 document" in told


def test_what_the_erp_says_nothing_of_in_time_is_shown_as_such(site: Site) -> None:
    delivery = site.export("471102")
    assert site.finish(delivery) is DeliveryStatus.DELIVERED

    def stand(status: ErpStatus, **values: object) -> str:
        with site.side.database.write() as work:
            repository = DeliveryRepository(work.connection)
            repository.update(SystemScope("test"), delivery.id, {"erp_status": status, **values})
        return said(site.browser.get(url(delivery)).text)

    # Its connection was never proved; then nobody asks any more.
    assert "once a proof of the connection has reached it" in stand(ErpStatus.HANDED_OVER)
    unasked = stand(ErpStatus.HANDED_OVER, erp_ask_at=None)
    assert "Nobody tells it: the connection has no endpoint" in unasked
    silent = stand(ErpStatus.NO_WORD, erp_missed_at=site.clock.now())
    assert "neither accepted, posted nor rejected" in silent
    assert "So far the ERP has no such invoice" in silent
    assert "has not found it since" in stand(ErpStatus.ACCEPTED)
    gone = stand(ErpStatus.REJECTED, erp_text=GONE_FROM_ERP)
    assert "somebody has deleted it there" in gone

    stand(ErpStatus.NO_WORD, erp_text="")
    assert "No word from the ERP" in site.browser.text("/dashboard")
    page = site.browser.get("/export-errors").text
    assert "Of 1 delivery the ERP has said nothing in time." in said(page)
    assert "Retry all with this cause" not in page
    assert url(delivery) in site.browser.get("/deliveries?cause=no_word").text
    assert url(delivery) not in site.browser.get("/deliveries?cause=rejected").text
    answer = site.browser.send("/export-errors/no_word/retry", form_at="/export-errors")
    assert answer.status_code == 409
    address = "/export-errors/no_word/re-export"
    assert "what is there would be booked twice" in site.browser.text(address)
    answer = site.browser.send(address, {"reason": "ION refused it"}, form_at=address)
    assert "Re-export as new: 1 document" in said(answer.text)
    assert "Nothing was left out." in said(answer.text)
    assert "No export error" in site.browser.text("/export-errors")


def test_the_ledger_is_filtered_by_day_and_cause_and_saved_as_files(site: Site) -> None:
    failed, other = site.failed("471102"), site.export("471103")
    code = site.side.detail(failed.id).delivery.error_code
    day = f"{failed.created_at:%Y-%m-%d}"
    for query, shown in (
        (f"from={day}&to={day}", {failed.id, other.id}),
        ("to=2020-01-01", set()),
        ("from=2099-01-01", set()),
        (f"cause={code}", {failed.id}),
        ("cause=none_such", set()),
    ):
        page = site.browser.get(f"/deliveries?{query}").text
        assert set(re.findall(r"/deliveries/(dlv_\w+)", page)) == shown, query
        answer = site.browser.get(f"/deliveries.json?{query}")
        assert {each["id"] for each in answer.json()} == shown, query
        lines = site.browser.get(f"/deliveries.csv?{query}").text.strip().splitlines()
        assert len(lines) == 1 + len(shown), query
    assert "attachment" in answer.headers["content-disposition"]


def test_what_a_failed_delivery_did_not_come_to_is_not_reached(site: Site) -> None:
    delivery = site.failed()
    page = site.browser.text(url(delivery))
    assert "ION publish Not reached" in page
    assert "Pending" not in page


def test_a_call_is_copied_as_curl_without_its_token(site: Site) -> None:
    page = html.unescape(site.browser.get(url(site.failed())).text)
    (command,) = set(re.findall(r"<code>(?:#.*?\n)?(curl -X POST .*?)</code>", page, re.DOTALL))
    assert '-H "Authorization: Bearer $TOKEN"' in command
    assert "/IDM/api/items" in command
    assert "--data-binary" in command
    assert "Content-Length" not in command
    assert not re.search(r"eyJ[\w-]{20,}", page), "a token stands on the page"
