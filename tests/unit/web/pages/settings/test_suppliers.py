"""Suppliers are imported, searched, exported and deleted on pages, with their accounts."""

from __future__ import annotations

import re

import httpx2

from ionport.documents.suppliers.csv_file import read_suppliers
from tests.support.web import said
from tests.support.whole import Site

_LIST = "/settings/suppliers"
_IMPORT = f"{_LIST}/import"
_IBAN, _OTHER = "DE89370400440532013000", "DE02120300000000202051"
_TWO = f"number,name,vat_id,ibans\n70012,Nordwerk GmbH,DE123456789,{_IBAN}\n70013,'=cmd(),,\n"


def _import(site: Site, text: str = _TWO, action: str = "") -> httpx2.Response:
    fields = {"action": action} if action else {}
    return site.browser.send(_IMPORT, fields, files=[("file", ("s.csv", text.encode()))])


def _page(site: Site) -> str:
    _import(site)
    found = re.search(rf"{_LIST}/sup_\w+", site.browser.get(f"{_LIST}?q=Nordwerk").text)
    assert found is not None
    return found[0]


def test_a_file_is_checked_then_imported_then_searched(site: Site) -> None:
    assert "No supplier yet" in site.browser.text(_LIST)
    assert "Would be added: 2, changed: 0" in _import(site, action="check").text
    assert "No supplier yet" in site.browser.text(_LIST)
    assert "Added: 2, changed: 0" in _import(site).text
    changed = _import(site, _TWO.replace("GmbH", "AG")).text
    assert "name: Nordwerk GmbH → Nordwerk AG" in changed
    assert "70013" in site.browser.text(f"{_LIST}?q=cmd")
    assert "No supplier matches" in site.browser.text(f"{_LIST}?q=nobody")


def test_each_refused_line_is_named_and_nothing_is_imported(site: Site) -> None:
    page = _import(site, _TWO + "70014,,,\n70012,Twice,,DE0\n")
    assert page.status_code == 422
    lines = re.findall(r'<td class="number">(\d+)</td><td class="breaks">([^<]+)', page.text)
    assert [line for line, _what in lines] == ["4", "5"]
    assert "name is missing" in lines[0][1]
    assert "No supplier yet" in site.browser.text(_LIST)
    for wrong in ("", "name\nx\n", "a\0b"):
        assert _import(site, wrong).status_code == 422


def test_an_export_holds_no_formula_and_reads_back_as_it_was(site: Site) -> None:
    _import(site)
    exported = site.browser.get(f"{_LIST}/suppliers.csv")
    assert "attachment" in exported.headers["content-disposition"]
    assert "\r\n70013,'=cmd()," in exported.text
    assert dict(read_suppliers(exported.content))[3].name == "=cmd()"
    assert "the same as before: 2" in _import(site, exported.content.decode("utf-8-sig")).text


def test_an_account_is_accepted_and_removed_with_what_follows(site: Site) -> None:
    page = _page(site)
    wrong = site.browser.send(f"{page}/accounts", {"account": _OTHER[:-1]}, form_at=page)
    assert wrong.status_code == 422
    assert 'id="account-error"' in wrong.text
    answer = site.browser.send(f"{page}/accounts", {"account": _OTHER}, form_at=page)
    assert f"Account accepted: {_OTHER}" in answer.text
    question = f"{page}/accounts/remove?account="
    assert "holds from then on" in site.browser.text(question + _OTHER)
    remove = f"{page}/accounts/remove"
    site.browser.send(remove, {"account": _OTHER}, form_at=question + _OTHER)
    assert "the next invoice counts as the first one" in site.browser.text(question + _IBAN)
    gone = site.browser.send(remove, {"account": _IBAN}, form_at=question + _IBAN)
    assert "known no longer" in gone.text
    again = site.browser.send(remove, {"account": _IBAN}, form_at=page)
    assert again.status_code == 404


def test_whether_an_account_goes_is_asked_only_where_there_is_one(site: Site) -> None:
    page = _page(site)
    for query in ("", "?account=", f"?account={_OTHER}"):
        answer = site.browser.get(f"{page}/accounts/remove{query}")
        assert answer.status_code == 404, query
        assert "This account is not known." in said(answer.text)


def test_a_supplier_is_deleted_with_what_follows(site: Site) -> None:
    page = _page(site)
    assert "1 account is known no longer" in site.browser.text(f"{page}/delete")
    assert "Nordwerk GmbH is deleted." in site.browser.send(f"{page}/delete").text
    assert site.browser.get(page).status_code == 404


def test_a_member_reads_suppliers_and_changes_none(site: Site) -> None:
    page = _page(site)
    site.add_user("dora")
    site.sign_in_as("dora")
    assert _IBAN in site.browser.get(page).text
    token = site.browser.hidden("/account")
    for path in (_IMPORT, f"{page}/accounts", f"{page}/accounts/remove", f"{page}/delete"):
        answer = site.browser.http.post(path, data={**token, "account": _IBAN})
        assert answer.status_code == 403, path
