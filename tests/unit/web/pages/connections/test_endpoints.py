"""The endpoint of a connection: its token is shown once, and the page says what came."""

from __future__ import annotations

import re

from ionport.core.secrets import Secret
from ionport.exports.acknowledgements.bod_reader import read_acknowledgement
from tests.support.acknowledging import POSTED, REJECTED, acknowledgement
from tests.support.whole import Desk
from tests.unit.web.pages.documents.test_documents import _active_export, _run


def _connection(desk: Desk) -> str:
    page = desk.browser.get("/settings/connections").text
    found = re.search(r"/settings/connections/(con_\w+)", page)
    assert found is not None
    return found[1]


def _make_token(desk: Desk, connection: str) -> str:
    page = f"/settings/connections/{connection}"
    shown = desk.browser.send(f"{page}/token", form_at=page)
    assert shown.headers["Cache-Control"] == "no-store"
    found = re.search(r"ioa_[\w-]+", shown.text)
    assert found is not None
    return found[0]


def _tell(desk: Desk, connection: str, token: str, content: bytes) -> None:
    documents = desk.application.documents
    assert documents is not None
    service = documents.acknowledgements
    with desk.application.database.write() as work:
        endpoint = service.caller(work, connection, Secret(token))
        service.receive(work, endpoint, read_acknowledgement(content))


def test_a_token_is_shown_once_and_replaced(desk: Desk) -> None:
    _active_export(desk)
    connection = _connection(desk)
    page = f"/settings/connections/{connection}"
    assert "no token yet" in desk.browser.text(page)
    token = _make_token(desk, connection)
    shown = desk.browser.get(page).text
    assert token not in shown
    assert token[:8] in shown
    assert f"/api/erp/{connection}/acknowledgements" in shown
    assert "Make a new token" in desk.browser.text(f"{page}/token")
    again = desk.browser.send(f"{page}/token")
    assert re.findall(r"ioa_[\w-]+", again.text)[0] != token
    answer = desk.browser.send(f"{page}/endpoint/remove")
    assert "The endpoint is removed." in answer.text


def test_pages_say_what_the_erp_said(desk: Desk) -> None:
    _active_export(desk)
    connection = _connection(desk)
    token = _make_token(desk, connection)
    document = f"/documents/{desk.document_id()}"
    desk.browser.send(f"{document}/export", form_at=document)
    _run(desk)
    assert "Handed over" in desk.browser.text(document)
    found = re.search(r"/deliveries/dlv_\w+", desk.browser.get(document).text)
    assert found is not None
    delivery = found[0]
    correlation_id = re.findall(r"[0-9a-f-]{36}", desk.browser.text(delivery))[0]
    _tell(desk, connection, token, acknowledgement())
    _tell(desk, connection, token, acknowledgement(correlation_id, REJECTED))
    shown = desk.browser.text(delivery)
    assert "The ERP has rejected it: WSU0103: Supplier 99 does not exist" in shown
    assert "Export Error" in desk.browser.text(document)
    assert "names no delivery" in desk.browser.text(f"/settings/connections/{connection}")
    _tell(desk, connection, token, acknowledgement(correlation_id, POSTED, "2"))
    for page in (delivery, document, "/documents", "/deliveries"):
        assert "Posted" in desk.browser.text(page), page
        assert "30000001" in desk.browser.text(page), page


def test_an_import_file_for_ion_desk_is_made_with_the_names(desk: Desk) -> None:
    _active_export(desk)
    page = f"/settings/connections/{_connection(desk)}/ion-package"
    names = dict.fromkeys(("point", "suite", "proxy", "flow", "sender", "erp"), "acme")
    wrong = desk.browser.send(page, {**names, "erp": "a b"})
    assert wrong.status_code == 422
    assert 'id="erp-error"' in wrong.text
    made = desk.browser.send(page, {**names, "flow": "Acme_Flow"})
    assert 'filename="Acme_Flow.xml"' in made.headers["Content-Disposition"]
    assert "<Name>Acme_Flow</Name>" in made.text
