"""Alerts are set and tested on their page; what is wrong stands beside the fields."""

from __future__ import annotations

from pathlib import Path

from tests.support.mail import mail_server
from tests.support.whole import Site

_PAGE = "/settings/alerts"


def test_alerts_are_set_tested_and_sent(site: Site, tmp_path: Path) -> None:
    assert "Nothing was told yet" in site.browser.text(_PAGE)
    assert 'value="document.export_error" checked' in site.browser.get(_PAGE).text
    side = site.application.documents
    assert side is not None
    with mail_server(tmp_path, is_plain=True) as server:
        fields = {
            "is_on": "on",
            "events": "document.received",
            "pace": "each",
            "recipients": "ada@example.com\nbob@example.com",
            "host": "127.0.0.1",
            "port": str(server.port),
            "security": "none",
            "sender": "ionport@example.com",
        }
        assert "The alerts are saved." in site.browser.send(_PAGE, fields).text
        assert "The test is sent." in site.browser.send(f"{_PAGE}/test", form_at=_PAGE).text
        site.document_id()
        side.alert_sender.run_all()
        assert len(server.mails) == 2
    page = site.browser.text(_PAGE)
    assert "A document was received" in page
    assert "Sent" in page
    assert "The test was not sent." in site.browser.send(f"{_PAGE}/test", form_at=_PAGE).text


def test_what_is_wrong_stands_beside_the_fields_and_nothing_typed_is_lost(site: Site) -> None:
    fields = {"is_on": "on", "pace": "each", "recipients": "ada", "host": "a b", "port": "x"}
    fields |= {"security": "none", "sender": "ada@example.com\r\nBcc: eve@example.com"}
    wrong = site.browser.send(_PAGE, fields)
    assert wrong.status_code == 422
    assert 'value="a b"' in wrong.text
    wrong = site.browser.send(_PAGE, {**fields, "port": "587"})
    for name in ("events", "recipients", "host", "sender"):
        assert f'id="{name}-error"' in wrong.text
    assert site.browser.send(f"{_PAGE}/test", form_at=_PAGE).status_code == 409


def test_only_administrators_see_alerts(site: Site) -> None:
    site.add_user("carl")
    site.sign_in_as("carl")
    assert site.browser.get(_PAGE).status_code == 403
