"""The endpoint of a connection: its token is shown once, and the page says what came."""

from __future__ import annotations

import re

from ionport.core.secrets import Secret
from ionport.exports.acknowledgements.bod_reader import read_acknowledgement
from tests.support.acknowledging import POSTED, REJECTED, acknowledgement
from tests.support.whole import Site
from tests.unit.web.pages.documents.test_documents import _active_export, _run


def _connection(site: Site) -> str:
    page = site.browser.get("/settings/connections").text
    found = re.search(r"/settings/connections/(con_\w+)", page)
    assert found is not None
    return found[1]


def _make_token(site: Site, connection: str) -> str:
    page = f"/settings/connections/{connection}"
    shown = site.browser.send(f"{page}/token", form_at=page)
    assert shown.headers["Cache-Control"] == "no-store"
    found = re.search(r"ioa_[\w-]+", shown.text)
    assert found is not None
    return found[0]


def _tell(site: Site, connection: str, token: str, content: bytes) -> None:
    documents = site.application.documents
    assert documents is not None
    service = documents.acknowledgements
    with site.application.database.write() as work:
        endpoint = service.caller(work, connection, Secret(token))
        service.receive(work, endpoint, read_acknowledgement(content))


def test_a_token_is_shown_once_and_replaced(site: Site) -> None:
    _active_export(site)
    connection = _connection(site)
    page = f"/settings/connections/{connection}"
    assert "no token yet" in site.browser.text(page)
    token = _make_token(site, connection)
    shown = site.browser.get(page).text
    assert token not in shown
    assert token[:8] in shown
    assert f"/api/erp/{connection}/acknowledgements" in shown
    assert "Make a new token" in site.browser.text(f"{page}/token")
    again = site.browser.send(f"{page}/token")
    assert re.findall(r"ioa_[\w-]+", again.text)[0] != token
    answer = site.browser.send(f"{page}/endpoint/remove")
    assert "The endpoint is removed." in answer.text


def test_pages_say_what_the_erp_said(site: Site) -> None:
    _active_export(site)
    connection = _connection(site)
    token = _make_token(site, connection)
    document = f"/documents/{site.document_id()}"
    site.browser.send(f"{document}/export", form_at=document)
    _run(site)
    assert "Handed over" in site.browser.text(document)
    found = re.search(r"/deliveries/dlv_\w+", site.browser.get(document).text)
    assert found is not None
    delivery = found[0]
    correlation_id = re.findall(r"[0-9a-f-]{36}", site.browser.text(delivery))[0]
    _tell(site, connection, token, acknowledgement())
    _tell(site, connection, token, acknowledgement(correlation_id, REJECTED))
    shown = site.browser.text(delivery)
    assert "The ERP has rejected it: WSU0103: Supplier 99 does not exist" in shown
    assert "Export Error" in site.browser.text(document)
    assert "names no delivery" in site.browser.text(f"/settings/connections/{connection}")
    _tell(site, connection, token, acknowledgement(correlation_id, POSTED, "2"))
    for page in (delivery, document, "/documents", "/deliveries"):
        assert "Posted" in site.browser.text(page), page
        assert "30000001" in site.browser.text(page), page


def test_an_import_file_for_ion_desk_is_made_with_the_names(site: Site) -> None:
    _active_export(site)
    page = f"/settings/connections/{_connection(site)}/ion-package"
    names = dict.fromkeys(("point", "suite", "proxy", "flow", "sender", "erp"), "acme")
    wrong = site.browser.send(page, {**names, "erp": "a b"})
    assert wrong.status_code == 422
    assert 'id="erp-error"' in wrong.text
    made = site.browser.send(page, {**names, "flow": "Acme_Flow"})
    assert 'filename="Acme_Flow.xml"' in made.headers["Content-Disposition"]
    assert "<Name>Acme_Flow</Name>" in made.text
