"""What a page shows in German or French has no sentence of its English form, stored or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.browser.furnished import Furnished, furnished_house
from tests.browser.test_pages import PAGES
from tests.support.sentences import sentences

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
# What an ERP has answered.
_FOREIGN: Final = re.compile(
    r"Supplier 99 does not exist|[Ss]upplier GHOST does not exist|VTCD must be entered"
)
# What is still in English: these lists only get shorter.
_OPEN_PAGES: Final = {
    # Names in code lists.
    "/documents/{document}/correct",
    # Names of business terms.
    "/settings/mapping-files/{mapping}/form",
}
_OPEN: Final = {
    # Deliveries and what Infor's gateway said.
    "(HTTP status 401) The server said:",
    (
        "In Infor OS Portal > OS > API Gateway > Authorized Apps check that the app Gone_TST still"
        " exists, then choose Download Credentials and upload the new file."
    ),
    "Invalid client or client credentials.",
    "The client id or the client secret is not accepted.",
    # Acknowledgements of the imitated ION, and its document types.
    "No API is registered as CustomerApi/DocBits/Gone.",
    "Everybody may read and change",
    "Only the owner may",
}


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """A application in use, whose administrator has chosen no language: the browser's counts."""
    with furnished_house(tmp_path_factory.mktemp("languages")) as furnished:
        yield furnished


def _said(application: Furnished, path: str, language: str) -> set[str]:
    """Return the sentences of a page but for names and quotations."""
    http = application.desk.browser.http
    http.headers["accept-language"] = language
    answer = http.get(path)
    assert answer.status_code == 200, path
    assert f'<html lang="{language}"' in answer.text, path
    return sentences(_FOREIGN.sub("…", _NAMES.sub("…", answer.text)))


def test_no_page_in_german_or_french_shows_a_sentence_of_the_english_page(
    application: Furnished,
) -> None:
    found: dict[str, str] = {}
    open_pages = set()
    for address in PAGES:
        if address.startswith(_ENGLISH):
            continue
        path = application.address(address)
        english = _said(application, path, "en")
        for language in ("de", "fr"):
            same = english & _said(application, path, language)
            if same and address in _OPEN_PAGES:
                open_pages.add(address)
            else:
                found |= dict.fromkeys(same, f"{address} in {language}")
    unknown = {text: where for text, where in found.items() if text not in _OPEN}
    assert not unknown, "\n".join(f"{where}: {text}" for text, where in sorted(unknown.items()))
    assert _OPEN - found.keys() == set(), "these are translated: take them off the list"
    assert _OPEN_PAGES - open_pages == set(), "these are translated: take them off the list"
