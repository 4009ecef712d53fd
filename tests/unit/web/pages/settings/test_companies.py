"""Companies are added, changed and deleted on pages; the second of two edits is told."""

from __future__ import annotations

import re

import pytest

from tests.support.whole import INVOICE, Site

_NEW = "/settings/companies/new"
_SOUTH = {
    "name": "Südmaschinen AG",
    "vat_id": "DE987654321",
    "postal_code": "89073",
    "accounting_entity": "001_100",
    "cono": "001",
    "divi": "100",
}


def _add(site: Site, **values: str) -> str:
    page = site.browser.send(_NEW, {**_SOUTH, **values})
    assert page.status_code == 200, page.text
    return page.url.path


def test_a_company_is_added_with_a_place_for_its_documents(site: Site) -> None:
    assert "No company yet" in site.browser.text("/settings/companies")
    assert "From the first company on" in site.browser.text(_NEW)
    page = _add(site)
    text = site.browser.text(page)
    assert "0 documents belong to its sub-organization Südmaschinen AG." in text
    assert "Company added" in text
    listed = site.browser.get("/settings/companies").text
    assert f'href="{page}"' in listed
    assert "001_100" in listed
    assert "001 / 100" in listed
    assert "From the first company on" not in site.browser.text(_NEW)


def test_a_place_that_has_a_company_is_not_offered_again(site: Site) -> None:
    assert "The organization itself" in site.browser.get(_NEW).text
    _add(site, place="main")
    assert "The organization itself" not in site.browser.get(_NEW).text
    again = site.browser.send(_NEW, {**_SOUTH, "place": "main"})
    assert again.status_code == 422
    assert "Choose one of these." in again.text


def test_each_wrong_value_is_told_beside_its_field_and_kept(site: Site) -> None:
    page = site.browser.send(_NEW, {**_SOUTH, "name": "", "gln": "123", "cono": "ab"})
    assert page.status_code == 422
    for name in ("name", "gln", "cono"):
        assert f'id="{name}-error"' in page.text
    assert 'value="ab"' in page.text


def test_a_change_is_told_in_the_history(site: Site) -> None:
    page = _add(site)
    answer = site.browser.send(page, {**_SOUTH, "divi": "200"})
    assert "Südmaschinen AG is saved." in answer.text
    assert "Company changed: Divi: 100 → 200" in site.browser.text(page)


def test_the_second_of_two_edits_is_told_and_overwrites_nothing(site: Site) -> None:
    page = _add(site)
    mark = site.browser.hidden(page)
    site.browser.send(page, {**_SOUTH, "city": "Ulm"})
    late = site.browser.http.post(page, data={**_SOUTH, **mark, "city": "Neu-Ulm"})
    assert late.status_code == 409
    assert "changed this while you had it open" in late.text
    assert 'value="Neu-Ulm"' in late.text
    assert 'value="Ulm"' in site.browser.get(page).text


@pytest.mark.parametrize("count", [1, 2])
def test_a_deletion_names_its_consequences_first(site: Site, count: int) -> None:
    page = _add(site)
    if count == 2:
        _add(site, name="Nordwerk GmbH", vat_id="DE111111111")
    site.upload(INVOICE)
    question = site.browser.text(f"{page}/delete")
    assert (
        "stay in the sub-organization Südmaschinen AG" in question or "document stays" in question
    )
    said = "It is the last one" if count == 1 else "Invoices addressed to it hold from then on"
    assert said in question
    answer = site.browser.send(f"{page}/delete")
    assert "Südmaschinen AG is deleted." in answer.text
    assert site.browser.get(page).status_code == 404


def test_a_member_reads_companies_and_changes_none(site: Site) -> None:
    page = _add(site)
    site.add_user("dora")
    site.sign_in_as("dora")
    shown = site.browser.get(page).text
    assert "DE987654321" in shown
    assert not re.search(r'<form method="post" class="card-box', shown)
    token = site.browser.hidden("/account")
    for path in (_NEW, page, f"{page}/delete"):
        assert site.browser.http.post(path, data={**_SOUTH, **token}).status_code == 403
