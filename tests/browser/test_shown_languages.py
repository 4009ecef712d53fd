"""What a page shows in German or French has no sentence of its English form, stored or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from ionport.documents.samples import read_sample
from ionport.exports.model import DeliveryStatus
from ionport.identity.access import Access
from ionport.sandbox.control.controls.faults import FaultDraft, FaultKind, FaultTarget, Trigger
from tests.browser.furnished import FurnishedApplication, furnished_application
from tests.browser.test_pages import PAGES
from tests.support.sentences import sentences
from tests.support.sides import OPERATOR
from tests.support.whole import INVOICE

# Each page of the manual is a text in its own language (tests/unit/manual/test_languages.py). What
# is known of the imitated services, and from where, stays English as those services do.
_ENGLISH: Final = (
    "/manual",
    "/ion-api/{tenant}/coverage",
    "/ion-api/{tenant}/available-apis/built-in/{api}",
)
# What furnished.py calls things, and names of Infor's and of the methods, the same in any language.
_NAMES: Final = re.compile(
    r" · ionport"
    r"|Invoices to an app that is gone|Invoices to Infor M3|Invoices by folder|Local folder"
    r"|Archive by \w+|Orders of a shop|Orders of a test|Handbuch Arbeitssicherheit in der Werkstatt"
    r"|Mit zwei Akkus und Ladegerät im Koffer"
    r"|Infor IDM \+ ION BOD|Document Management \(IDM\)|Document Alternate Export"
    r"|Correlation ID, IDM PID|Infor ION API → Authorized Apps|413 Request Entity Too Large"
    r"|IMS via API Gateway|ION API Client ID|Public Facing Proxy Endpoint"
    r"|Application has no IMS End Point|Refresh Token Grant Lifetime|Enforced Per Authorized App"
    # The head of a file of suppliers.
    r"|number, name, vat_id, tax_number, gln, ibans, category"
)
# What an ERP or an authorization server has answered.
_FOREIGN: Final = re.compile(
    r"Invalid client or client credentials|Supplier 99 does not exist"
    r"|[Ss]upplier GHOST does not exist|VTCD must be entered"
)
REFUSED: Final = '{"error": {"message": "Supplier 99 does not exist."}}'
# What is still in English: this list only gets shorter.
_OPEN: Final = {
    # Acknowledgements of the imitated ION, and its document types.
    "No API is registered as CustomerApi/DocBits/Gone.",
    "Everybody may read and change",
    "Only the owner may",
}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FurnishedApplication]:
    """An application in use, whose administrator has chosen no language: the browser's counts."""
    with furnished_application(tmp_path_factory.mktemp("languages")) as furnished:
        yield furnished


def _said(application: FurnishedApplication, path: str, language: str) -> set[str]:
    """Return the sentences of a page but for names and quotations."""
    http = application.site.browser.http
    http.headers["accept-language"] = language
    answer = http.get(path)
    assert answer.status_code == 200, path
    assert f'<html lang="{language}"' in answer.text, path
    return sentences(_FOREIGN.sub("…", _NAMES.sub("…", answer.text)))


def _same(application: FurnishedApplication, path: str) -> Iterator[tuple[str, str]]:
    """Give each language with the sentences that a page says in it and in English."""
    english = _said(application, path, "en")
    for language in ("de", "fr"):
        for text in english & _said(application, path, language):
            yield language, text


def test_no_page_in_german_or_french_shows_a_sentence_of_the_english_page(
    application: FurnishedApplication,
) -> None:
    found: dict[str, str] = {}
    for address in PAGES:
        if address.startswith(_ENGLISH):
            continue
        for language, text in _same(application, application.address(address)):
            found[text] = f"{address} in {language}"
    unknown = {text: where for text, where in found.items() if text not in _OPEN}
    assert not unknown, "\n".join(f"{where}: {text}" for text, where in sorted(unknown.items()))
    assert _OPEN - found.keys() == set(), "these are translated: take them off the list"


@pytest.mark.parametrize(
    ("draft", "status"),
    [
        (FaultDraft(FaultKind.CUT_AFTER_COMMIT), DeliveryStatus.WAITING),
        (FaultDraft(FaultKind.STATUS, status=400, body=REFUSED), DeliveryStatus.FAILED),
    ],
)
def test_a_lost_answer_and_a_refusal_are_told_in_the_language_of_the_page(
    application: FurnishedApplication, draft: FaultDraft, status: DeliveryStatus
) -> None:
    site = application.site
    infor, documents = site.application.infor, site.application.documents
    assert infor is not None
    assert documents is not None
    rule = replace(draft, target=FaultTarget("IDM", "create item"), trigger=Trigger.NEXT)
    with site.application.database.write() as work:
        infor.control.faults.add(Access(work, site.tenant, OPERATOR), rule)
    content = read_sample(INVOICE).replace(b"RE-2026-0417", f"RE-{status}".encode())
    page = site.browser.send("/documents/upload", files=[("files", (f"{status}.xml", content))])
    document = re.search(r"/documents/(doc_\w+)", page.text)
    assert document is not None
    with site.application.database.write() as work:
        access = Access(work, site.organization, OPERATOR)
        documents.documents.decisions.accept(access, document[1], "agreed")
        (delivery,) = documents.deliveries.export(
            access, document[1], application.ids["configuration"]
        )
    documents.runner.run(delivery.id)
    with site.application.database.read() as work:
        now = documents.deliveries.get(Access(work, site.organization, OPERATOR), delivery.id)
    assert now.delivery.status is status
    places = (f"/deliveries/{delivery.id}", f"/documents/{document[1]}", "/export-errors")
    found = {text for place in places for _language, text in _same(application, place)}
    assert found == set()
