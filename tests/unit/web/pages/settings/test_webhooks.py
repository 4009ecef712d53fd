"""Webhooks are added, tested, paused, rotated and deleted on pages, and their tries are shown."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import pytest

from ionport.manual import read_page
from tests.support.patience import until_on_a_quiet_machine
from tests.support.receiver import Receiver, Reply, receiving
from tests.support.whole import Site

_LIST = "/settings/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def _added(site: Site, url: str, events: str = "document.received") -> tuple[str, str]:
    """Add a webhook; returns its page and its secret."""
    fields = {"name": "ERP, Munich", "url": url, "events": events}
    made = site.browser.send(f"{_LIST}/new", fields)
    assert made.status_code == 200, made.text
    assert made.headers["cache-control"] == "no-store"
    secret = re.search(r"<code>(whsec_[\w+/=]+)</code>", made.text)
    page = re.search(rf"{_LIST}/whk_\w+", site.browser.get(_LIST).text)
    assert secret is not None
    assert page is not None
    return page[0], secret[1]


def test_a_webhook_is_added_and_tested_and_its_secret_is_shown_once(
    site: Site, receiver: Receiver
) -> None:
    assert "No webhook yet" in site.browser.text(_LIST)
    page, secret = _added(site, receiver.url)
    assert secret not in site.browser.text(page)
    assert "Nothing was told yet" in site.browser.text(page)
    assert "The test has arrived." in site.browser.send(f"{page}/test", form_at=page).text
    assert receiver.calls[0].verified(secret)["type"] == "webhook.test"
    receiver.answer(Reply(500, b"<b>broken</b>"))
    tested = site.browser.send(f"{page}/test", form_at=page).text
    assert "The test has not arrived." in tested
    assert "&lt;b&gt;broken&lt;/b&gt;" in tested


def test_what_is_wrong_stands_beside_the_fields_and_nothing_typed_is_lost(site: Site) -> None:
    fields = {"name": "ERP", "url": "http://erp.example/", "events": "document.exported"}
    wrong = site.browser.send(f"{_LIST}/new", fields)
    assert wrong.status_code == 422
    assert 'id="url-error"' in wrong.text
    assert 'value="http://erp.example/"' in wrong.text
    assert re.search(r'value="document.exported" checked', wrong.text)
    none = site.browser.send(f"{_LIST}/new", {"name": "", "url": ""})
    assert none.status_code == 422
    for name in ("name", "url", "events"):
        assert f'id="{name}-error"' in none.text


def test_documents_are_told_and_a_message_is_sent_again(site: Site, receiver: Receiver) -> None:
    page, secret = _added(site, receiver.url)
    side = site.application.documents
    assert side is not None
    watch = side.webhook_sender.repeating(every_seconds=0.02)
    watch.launch()
    try:
        document = site.document_id()
        assert until_on_a_quiet_machine(lambda: "Delivered" in site.browser.text(page), 20)
        assert receiver.calls[0].verified(secret)["data"]["document"] == document
        again = re.search(rf"{page}/messages/msg_\w+/resend", site.browser.get(page).text)
        assert again is not None
        assert "is sent again" in site.browser.send(again[0], form_at=page).text
        assert until_on_a_quiet_machine(lambda: len(receiver.calls) == 2, 20)
        assert receiver.calls[1].id == receiver.calls[0].id
    finally:
        watch.close()


def test_a_webhook_is_changed_paused_resumed_rotated_and_deleted(
    site: Site, receiver: Receiver
) -> None:
    page, old = _added(site, receiver.url)
    fields = {"name": "Archive", "url": receiver.url, "events": "document.exported"}
    assert "is changed" in site.browser.send(f"{page}/edit", fields).text
    assert "Exported" in site.browser.text(page)
    assert "is paused" in site.browser.send(f"{page}/pause", form_at=page).text
    assert "waits, for 30 days" in site.browser.text(page)
    assert "is active" in site.browser.send(f"{page}/resume", form_at=page).text
    rotated = site.browser.send(f"{page}/secret")
    new = re.search(r"<code>(whsec_[\w+/=]+)</code>", rotated.text)
    assert new is not None
    assert new[1] != old
    assert "signs too until" in site.browser.text(page)
    assert "what waits neither" in site.browser.text(f"{page}/delete")
    assert "is deleted" in site.browser.send(f"{page}/delete").text
    assert site.browser.get(page).status_code == 404


def test_the_dashboard_tells_of_webhooks_that_fail(site: Site, receiver: Receiver) -> None:
    _added(site, receiver.url)
    assert "webhook" not in site.browser.text("/dashboard").lower()
    receiver.answer(410)
    side = site.application.documents
    assert side is not None
    site.upload("demo-invoice-ubl.xml")
    assert side.webhook_sender.look() == 1
    assert until_on_a_quiet_machine(lambda: side.webhook_sender.is_idle, 20)
    assert "ERP, Munich" in site.browser.text("/dashboard")
    site.add_user("bob")
    site.sign_in_as("bob")
    assert "ERP, Munich" not in site.browser.text("/dashboard")
    assert site.browser.get(_LIST).status_code == 403


def test_the_receiver_of_the_manual_takes_what_is_signed_and_nothing_else(
    site: Site, tmp_path: object
) -> None:
    example = re.search(r"```python\n(.*?)```", read_page("webhooks").text, re.S)
    assert example is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    page, secret = _added(site, url)

    def answered() -> bool:
        tested = site.browser.send(f"{page}/test", form_at=page)
        return "The test has arrived" in tested.text

    environment = {"WEBHOOK_SECRET": secret, "PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-uc", example[1]], env=environment, stdout=-1
    ) as program:
        try:
            assert until_on_a_quiet_machine(answered, 20)
            assert httpx2.post(url, content=b"{}", trust_env=False).status_code == 401
        finally:
            program.terminate()
        assert program.stdout is not None
        assert b"webhook.test" in program.stdout.read()
