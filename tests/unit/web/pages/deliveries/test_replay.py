"""What failed in a time is tried again; attempts are compared; lists are live."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ionport.exports.model import DeliveryStatus
from tests.support.web import said
from tests.unit.web.pages.deliveries.test_deliveries import (
    Site,
    credentials,
    infor,
    site,
    url,
)

__all__ = ["credentials", "infor", "site"]
REPLAY = "/deliveries/replay"


def today(site: Site) -> str:
    return f"{site.clock.now():%Y-%m-%d}"


@pytest.mark.on_each_database
def test_all_that_failed_on_a_day_is_tried_again_with_a_reason(site: Site) -> None:
    failed = [site.failed(number) for number in ("471102", "471103")]
    assert f'href="{REPLAY}?' in site.browser.get("/deliveries").text
    assert "Choose the first day" in site.browser.text(REPLAY)
    asked = f"{REPLAY}?from={today(site)}"
    assert "2 failed deliveries of 2 documents" in site.browser.text(asked)
    refused = site.browser.send(REPLAY, {"from": today(site), "reason": " "}, form_at=asked)
    assert refused.status_code == 422
    assert "Say why" in said(refused.text)
    values = {"from": today(site), "reason": "IDM was away"}
    answer = site.browser.send(REPLAY, values, form_at=asked)
    page = said(answer.text)
    assert "Replay failed deliveries: 2 documents Done" in page
    assert "IDM was away" in page
    assert f"/deliveries?status=failed&amp;from={today(site)}" in answer.text
    assert [site.finish(each) for each in failed] == [DeliveryStatus.DELIVERED] * 2


def test_a_day_without_failures_and_a_wrong_one_are_told(site: Site) -> None:
    site.failed()
    assert "No delivery of that time has failed" in site.browser.text(f"{REPLAY}?from=2099-01-01")
    for day in ("", "nonsense", "0000-00-00"):
        assert "Choose the first day" in site.browser.text(f"{REPLAY}?from={day}")
        values = {"from": day, "reason": "x"}
        refused = site.browser.send(REPLAY, values, form_at="/account")
        assert refused.status_code == 422
        assert "Say from when on" in said(refused.text)
    values = {"from": today(site), "to": "2001-01-01", "reason": "x"}
    refused = site.browser.send(REPLAY, values, form_at="/account")
    assert "The end lies before the beginning" in said(refused.text)


@pytest.mark.parametrize("day", ["2026-02-30", "9999-12-31", "nonsense"])
def test_a_last_day_that_is_none_is_told_and_does_not_mean_until_now(site: Site, day: str) -> None:
    failed = site.failed()
    asked = f"{REPLAY}?from={today(site)}&to={day}"
    page = site.browser.text(asked)
    assert "is no day" in page
    assert "1 failed delivery" not in page
    values = {"from": today(site), "to": day, "reason": "x"}
    refused = site.browser.send(REPLAY, values, form_at="/account")
    assert refused.status_code == 422
    assert "is no day" in said(refused.text)
    assert site.finish(failed) is DeliveryStatus.FAILED


def test_a_list_with_deliveries_under_way_asks_for_news_until_they_are_over(site: Site) -> None:
    delivery = site.export()
    page = site.browser.get("/deliveries?sort=document").text
    assert 'hx-get="/deliveries?sort=document"' in page
    assert 'hx-select-oob="#tiles:outerMorph"' in page
    site.run(delivery)
    assert "hx-get" not in site.browser.get("/deliveries").text


def test_the_attempts_of_a_step_stand_side_by_side_with_what_changed(site: Site) -> None:
    site.proxy.fault("POST", "/IDM/api/items", "refuse", status=503, body=b'{"later": 1}', times=3)
    delivery = site.export()
    assert site.finish(delivery) is DeliveryStatus.DELIVERED
    address = url(delivery, "/attempts/idm_create")
    assert f'href="{address}"' in site.browser.get(url(delivery)).text
    page = site.browser.text(address)
    assert "Attempt 1 " not in page
    for number in (2, 3, 4):
        assert f"Attempt {number} " in page
    assert page.index("Attempt 2 ") < page.index("Attempt 4 ")
    assert "Nothing is other than before." in page
    assert "Other than before: HTTP status, body of the answer, result" in page
    earlier = site.browser.text(f"{address}?before=2")
    assert "Attempt 1 " in earlier
    assert "Attempt 2 " not in earlier
    for wrong in (url(delivery, "/attempts/nonsense"), f"{address}?before=1"):
        assert site.browser.get(wrong).status_code == 404
    assert "Attempt 4 " in site.browser.text(f"{address}?before=nonsense")


def test_who_may_not_export_is_offered_no_replay(site: Site) -> None:
    site.failed()
    site.clock.advance(timedelta(seconds=1))
    site.people.add("eve", organization_role=None)
    browser = type(site.browser)(str(site.browser.http.base_url))
    with browser.http:
        browser.sign_in("eve")
        answer = browser.send(REPLAY, {"from": today(site), "reason": "mine"}, form_at="/account")
        assert answer.status_code in (403, 404)
