"""The form in which a person decides of a lost call, without JavaScript."""

from __future__ import annotations

from datetime import timedelta

from ionport.exports.model import DeliveryStatus
from tests.support.lost_answers import lose_answers
from tests.support.web import said
from tests.unit.web.pages.deliveries.test_deliveries import Site, infor, site, url
from tests.unit.web.pages.deliveries.test_deliveries import credentials as credentials

__all__ = ["infor", "site"]
ITEMS = "/IDM/api/items"


def test_a_lost_answer_is_decided_on_the_page_of_its_delivery(site: Site) -> None:
    site.proxy.fault("POST", ITEMS, "cut")
    delivery = site.export()
    assert site.run(delivery) is DeliveryStatus.WAITING
    form = url(delivery, "/arrival")
    assert form in site.browser.get(url(delivery)).text
    page = site.browser.text(form)
    assert "What have you found?" in page
    assert delivery.correlation_id in page
    wrong = site.browser.send(form, {"arrival": "perhaps", "reason": " "})
    assert wrong.status_code == 422
    assert "Choose what you have found" in said(wrong.text)
    assert "Say how you know" in said(wrong.text)
    wrong = site.browser.send(form, {"arrival": "there", "reason": "seen", "reference": ""})
    assert "the steps that follow name it" in said(wrong.text)
    early = site.browser.send(form, {"arrival": "not_there", "reason": "not seen"})
    assert early.status_code == 409
    assert "may still arrive" in said(early.text)
    done = site.browser.send(form, {"arrival": "there", "reason": "seen", "reference": "A-1"})
    assert "not sent again; the delivery goes on" in said(done.text)
    assert site.run(delivery) is DeliveryStatus.DELIVERED
    page = site.browser.text(url(delivery))
    assert "A person has found it there." in page
    assert "A-1" in page
    again = site.browser.get(form)
    assert "No call of this delivery is without an answer now." in said(again.text)


def test_export_errors_lead_to_the_decision(site: Site) -> None:
    sure = site.failed("SURE-1")
    assert "Decide whether it is there" not in site.browser.text("/export-errors")
    with site.side.database.write() as work:
        lose_answers(work, sure.id)
    page = site.browser.get("/export-errors").text
    assert url(sure, "/arrival") in page
    assert "Of calls without an answer a person decides" in said(page)
    site.clock.advance(timedelta(hours=1))
    answer = site.browser.send(url(sure, "/arrival"), {"arrival": "not_there", "reason": "looked"})
    assert "The delivery is tried again." in said(answer.text)
    assert site.finish(sure) is DeliveryStatus.DELIVERED
