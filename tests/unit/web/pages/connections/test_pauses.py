"""A person pauses a connection on its page; every page that waits for it says so."""

from __future__ import annotations

from datetime import timedelta

from ionport.exports.model import DeliveryStatus
from ionport.identity.model import OrganizationRole
from tests.support.web import said
from tests.unit.web.pages.deliveries.test_deliveries import Site, infor, site, url
from tests.unit.web.pages.deliveries.test_deliveries import credentials as credentials

__all__ = ["infor", "site"]

_LISTS = ("/settings/connections", "/dashboard", "/deliveries")


def connection_of(site: Site) -> str:
    return f"/settings/connections/{site.configuration.connection_id}"


def test_a_pause_is_shown_wherever_somebody_waits_for_it(site: Site) -> None:
    site.people.add("grace", organization_role=OrganizationRole.ADMINISTRATOR)
    site.browser.sign_in("grace")
    path = connection_of(site)
    assert f"{path}/pause" in site.browser.get(path).text
    assert "Proofs run all the same" in site.browser.text(f"{path}/pause")
    site.proxy.fault("POST", "/IDM/api/items", "refuse", status=503, body=b"{}")
    timed = site.export("S-TIMED")
    assert site.run(timed) is DeliveryStatus.WAITING
    assert "Next try:" in site.browser.text(url(timed))
    long = site.browser.send(f"{path}/pause", {"reason": "x" * 501})
    assert (long.status_code, "at most 500" in said(long.text)) == (422, True)
    answer = site.browser.send(f"{path}/pause", {"reason": "Month-end in M3"})
    assert "The connection is paused." in said(answer.text)
    delivery = site.export()
    assert site.run(delivery) is DeliveryStatus.WAITING
    document = f"/documents/{timed.document_id}"
    for address in (path, *_LISTS, document, url(timed), url(delivery)):
        page = site.browser.get(address).text
        assert "Next try:" not in said(page), address
        assert "Month-end in M3" in said(page), address
        assert path in page, address
    # A document says so where it says that nothing holds it.
    waits = site.browser.get(document).text.partition('id="waits"')[2].partition("</div>")[0]
    assert "Month-end in M3" in waits
    answer = site.browser.send(f"{path}/resume", form_at=path)
    assert "The connection is resumed." in said(answer.text)
    assert site.run(delivery) is DeliveryStatus.DELIVERED
    assert "Month-end in M3" not in site.browser.text("/dashboard")


def test_a_server_that_does_not_answer_is_shown_and_tried_on_demand(site: Site) -> None:
    site.people.add("grace", organization_role=OrganizationRole.ADMINISTRATOR)
    site.browser.sign_in("grace")
    path, times = connection_of(site), site.runner.timing.pause_after
    site.proxy.fault("GET", "/IDM/api/items", "refuse", status=503, times=times)
    made = [site.export(f"S-{number}") for number in range(times + 1)]
    for delivery in made:
        assert site.run(delivery) is DeliveryStatus.WAITING
    for address in (path, *_LISTS, url(made[-1])):
        page = site.browser.get(address).text
        assert "Next try:" in said(page), address
        assert path in page, address
    assert "Nobody answered several calls in a row" in site.browser.text("/dashboard")
    # Nothing is tried over it while a person has paused it, too.
    site.browser.send(f"{path}/pause", {"reason": "Month-end in M3"})
    for address in (path, *_LISTS, url(made[-1])):
        assert "Next try:" not in site.browser.text(address), address
    site.browser.send(f"{path}/resume", form_at=path)
    site.clock.advance(timedelta(seconds=0.05))
    answer = site.browser.send(f"{path}/try", form_at=path)
    assert "The next delivery is tried at once." in said(answer.text)
    assert site.run(made[-1]) is DeliveryStatus.DELIVERED
