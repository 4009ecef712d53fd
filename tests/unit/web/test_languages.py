"""The language of the pages: the address's, the person's, the browser's, in this order."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ionport.core.i18n import (
    day_text,
    gettext,
    labelled,
    moment_text,
    ngettext,
    number_text,
    pgettext,
    speaking,
)
from ionport.documents.invoice.codes import DOCUMENT_TYPE_CODES, code_list, money_text
from ionport.documents.invoice.rendering.words import translated_code_name
from ionport.documents.invoice.rules.sentences import term_label
from ionport.web.locales import name_of_code, speech_of
from ionport.web.middleware.languages import preferred
from ionport.web.pages.documents.document.values import code_name
from tests.support.web import Browser, People
from tests.support.whole import Site


def _language(page: str) -> str:
    found = re.search(r'<html lang="(\w+)"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("it,fr-CH;q=0.7,en;q=0.3", "fr"),
        ("en;q=0.5, de;q=0.9", "de"),
        ("de;q=0, fr;q=0.1", "fr"),
        ("*", "en"),
        ("de;q=nan, fr;q=x, ,;;=,", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_browser_is_followed_by_its_weights(accepted: str | None, language: str) -> None:
    assert preferred(accepted) == language


def test_a_stranger_reads_the_language_of_the_browser(browser: Browser) -> None:
    browser.http.headers["accept-language"] = "de-DE,de;q=0.9"
    answer = browser.get("/sign-in")
    assert _language(answer.text) == "de"
    assert "Bei ionport anmelden" in answer.text
    assert "Accept-Language" in answer.headers["vary"]
    assert "Cookie" in answer.headers["vary"]


def test_a_strangers_choice_beats_the_browser_until_it_is_taken_back(browser: Browser) -> None:
    browser.http.headers["accept-language"] = "de"
    choice = {"language": "fr", "back": "/sign-in"}
    answer = browser.send("/language", choice, form_at="/sign-in")
    assert answer.url.path == "/sign-in"
    assert _language(answer.text) == "fr"
    assert "Se connecter" in answer.text
    answer = browser.send("/language", {"language": "", "back": "/sign-in"}, form_at="/sign-in")
    assert _language(answer.text) == "de"


def test_a_persons_choice_is_kept_with_the_account(people: People, browser: Browser) -> None:
    user = people.add("ada")
    browser.sign_in("ada")
    assert _language(browser.get("/account").text) == "en"
    answer = browser.send("/language", {"language": "de", "back": "/account"}, form_at="/account")
    assert _language(answer.text) == "de"
    assert "Abmelden" in answer.text
    browser.http.cookies.clear()
    browser.http.headers["accept-language"] = "fr"
    browser.sign_in("ada")
    assert _language(browser.get("/account").text) == "de", user.username
    assert _language(browser.get("/nothing").text) == "de"


@pytest.mark.parametrize("language", ["it", "de; path=/x", "\u2028", "x" * 5_000, "../de"])
def test_what_is_no_language_follows_the_browser(
    people: People, browser: Browser, language: str
) -> None:
    people.add("ada")
    browser.sign_in("ada")
    choice = {"language": language, "back": "/account"}
    answer = browser.send("/language", choice, form_at="/account")
    assert answer.status_code == 200
    assert _language(answer.text) == "en"


def test_a_choice_of_the_account_page_is_marked(people: People, browser: Browser) -> None:
    people.add("ada")
    browser.sign_in("ada")
    page = browser.send(
        "/language", {"language": "fr", "back": "/account"}, form_at="/account"
    ).text
    assert re.search(r'value="fr" lang="fr" aria-current="true"', page)
    assert '<option value="fr" selected>' in page


def test_numbers_days_and_amounts_are_written_as_the_language_does() -> None:
    at = datetime(2026, 6, 5, 14, 30, tzinfo=UTC)
    wanted = {
        "en": ("1,234,567.50", "05.06.2026", "2,808.81 EUR"),
        "de": ("1.234.567,50", "05.06.2026", "2.808,81 EUR"),
        "fr": ("1\u202f234\u202f567,50", "05/06/2026", "2\u202f808,81 EUR"),
    }
    for code, (number, day, amount) in wanted.items():
        with speaking(speech_of(code)):
            assert number_text(Decimal("1234567.5"), 2) == number
            assert day_text(date(2026, 6, 5)) == day
            assert moment_text(at) == f"{day} 14:30:00"
            assert money_text("2808.81", "EUR") == amount
            assert money_text("-0.5", "EUR").startswith("-0")


def test_plural_forms_are_those_of_the_language() -> None:
    def hours(count: int) -> str:
        return ngettext("{n} hour", "{n} hours", count).format(n=count)

    assert [hours(n) for n in (0, 1, 2)] == ["0 hours", "1 hour", "2 hours"]
    with speaking(speech_of("de")):
        assert [hours(n) for n in (0, 1, 2)] == ["0 Stunden", "1 Stunde", "2 Stunden"]
    with speaking(speech_of("fr")):
        assert [hours(n) for n in (0, 1, 2)] == ["0 heure", "1 heure", "2 heures"]


def test_currencies_and_countries_have_the_names_of_the_language() -> None:
    assert name_of_code("iso-3166-1", "DE", "Germany") == "Germany"
    with speaking(speech_of("de")):
        assert name_of_code("iso-3166-1", "DE", "Germany") == "Deutschland"
        assert name_of_code("iso-4217", "CHF", "Swiss Franc") == "Schweizer Franken"
        assert name_of_code("rec20", "C62", "one") == "one"


def test_codes_of_a_document_have_the_names_of_the_language() -> None:
    assert code_name("untdid-4461", "58") == "SEPA credit transfer"
    with speaking(speech_of("de")):
        assert code_name("untdid-4461", "58") == "SEPA-Überweisung"
        assert code_name("iso-3166-1", "DE") == "Deutschland"
        assert code_name(DOCUMENT_TYPE_CODES, "380") == "Handelsrechnung"
        assert code_name("eas", "0009") == "SIRET-CODE"
        assert code_name("untdid-4461", "none such") == ""


def test_codes_of_forms_have_names_in_each_language_but_for_american_payments() -> None:
    offered = {
        name: [one for one in code_list(name).values() if name != "rec20" or one.more == "common"]
        for name in (DOCUMENT_TYPE_CODES, "untdid-4461", "untdid-5189", "untdid-5305", "rec20")
    }
    for name, codes in offered.items():
        for one in codes:
            for language in ("de", "fr"):
                told = translated_code_name(name, one.code, language)
                assert told, (name, one.code, one.name, language)


def test_a_form_offers_codes_by_the_names_of_the_language(site: Site) -> None:
    site.browser.http.headers["accept-language"] = "fr"
    site.upload()
    page = site.browser.get(f"/documents/{site.document_id()}/correct").text
    assert '<option value="58">Virement SEPA</option>' in page
    assert '<option value="CHF">franc suisse</option>' in page
    assert "Swiss Franc" not in page


def test_terms_in_the_sentences_of_rules_have_the_names_of_the_language() -> None:
    assert term_label("BT-115") == "Amount due for payment (BT-115)"
    with speaking(speech_of("de")):
        assert term_label("BT-115") == "Zahlbetrag (BT-115)"
        assert term_label("BT-no-such") == "BT-no-such"
    with speaking(speech_of("fr")):
        assert term_label("BT-115") == "Net à payer (BT-115)"


def test_export_methods_to_choose_from_have_the_names_of_the_language(site: Site) -> None:
    site.browser.http.headers["accept-language"] = "de"
    for address in ("/settings/export/new", "/settings/export/new/folder"):
        page = site.browser.text(address)
        assert "Lokaler Ordner" in page
        assert "Local folder" not in page


def test_the_empty_text_stays_empty_in_every_language() -> None:
    with speaking(speech_of("de")):
        assert gettext("") == ""
    assert gettext("Sign out") == "Sign out"


def test_a_word_with_two_meanings_has_two_translations_and_a_label_its_language_s_colon() -> None:
    assert (pgettext("settings", "Export"), labelled("Note", "text")) == ("Export", "Note: text")
    with speaking(speech_of("de")):
        assert (pgettext("settings", "Export"), gettext("Export")) == ("Export", "Exportieren")
    with speaking(speech_of("fr")):
        assert labelled("Note", "text") == "Note\N{NO-BREAK SPACE}: text"
