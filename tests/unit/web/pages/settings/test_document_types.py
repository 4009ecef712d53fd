"""Fields, effects and approvals of a document type are set on pages and travel as JSON."""

from __future__ import annotations

import json
import re

import httpx2
import pytest

from ionport.documents.samples import read_sample
from tests.support.sides import until
from tests.support.web import said
from tests.support.whole import INVOICE, Site

_ONE = "/settings/document-types/INVOICE"
_FIELD = f"{_ONE}/fields/purchase_order"
_EFFECTS = f"{_ONE}/effects"
_DEMANDS = {
    "required": "on",
    "pattern": "45[0-9]{5}",
    "max_length": "7",
    "values": "4500001\n4500002\n",
    "erp_field_name": "PUNO",
}


def _settings(site: Site) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = json.loads(site.browser.get(f"{_ONE}/settings.json").text)
    return found


def _import(site: Site, data: object) -> httpx2.Response:
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    return site.browser.send(f"{_ONE}/import", files=[("file", ("a.json", content))])


def test_what_is_demanded_of_a_field_is_set_and_told(site: Site) -> None:
    answer = site.browser.send(_FIELD, _DEMANDS)
    assert "at most 7 characters" in answer.text
    assert "one of 2 values" in answer.text
    assert "Document type changed: Fields: Purchase Order" in site.browser.text(_ONE)
    assert _settings(site)["fields"]["purchase_order"] == {
        "required": True,
        "read_only": False,
        "pattern": "45[0-9]{5}",
        "max_length": 7,
        "values": ["4500001", "4500002"],
        "erp_field_name": "PUNO",
    }
    assert site.browser.send(_FIELD, {}).status_code == 200
    assert _settings(site)["fields"] == {}


def test_the_list_tells_of_each_type_who_approves_where_it_goes_and_what_is_demanded(
    site: Site,
) -> None:
    before = site.browser.text("/settings/document-types")
    assert before.count("nobody has to approve no active configuration nothing as shipped") == 4
    assert "Nothing is demanded of a field yet" in site.browser.text(_ONE)
    site.browser.send(_FIELD, _DEMANDS)
    site.browser.send(f"{_ONE}/approvals", {"first_from": "1000"}, form_at=_ONE)
    path = str(site.add_export("Invoices to Infor M3", site.credentials()).url.path)
    assert until(lambda: "pill-progress" not in site.browser.get(path).text)
    site.browser.send(f"{path}/activate", form_at=path)
    told = "one from 1,000.00 when somebody exports it through Invoices to Infor M3 Purchase Order"
    assert told in site.browser.text("/settings/document-types")


@pytest.mark.parametrize(
    ("name", "value"),
    [("pattern", "(a*)*"), ("max_length", "0"), ("max_length", "x"), ("erp_field_name", "1 2")],
)
def test_a_wrong_demand_is_told_beside_its_field(site: Site, name: str, value: str) -> None:
    page = site.browser.send(_FIELD, {**_DEMANDS, name: value})
    assert page.status_code == 422
    assert f'id="{name}-error"' in page.text
    assert "4500001" in page.text


def test_the_second_of_two_edits_is_told_and_other_parts_do_not_count(site: Site) -> None:
    mark = site.browser.hidden(_FIELD)
    site.browser.send(f"{_ONE}/fields/due_date", {"required": "on"})
    assert site.browser.http.post(_FIELD, data={**_DEMANDS, **mark}).status_code == 200
    late = site.browser.http.post(_FIELD, data={**mark, "pattern": "9"})
    assert late.status_code == 409
    assert "changed this while you had it open" in late.text
    shown = site.browser.hidden(f"{_ONE}/import")
    site.browser.send(f"{_ONE}/approvals", {"first_from": "10"}, form_at=_ONE)
    files = [("file", ("a.json", b'{"document_type": "INVOICE"}'))]
    assert site.browser.http.post(f"{_ONE}/import", data=shown, files=files).status_code == 409
    assert _settings(site)["approvals"]["first_from"] == "10"


def test_approvals_are_set_by_amount(site: Site) -> None:
    answer = site.browser.send(
        f"{_ONE}/approvals", {"first_from": "1000", "second_from": "10000.50"}, form_at=_ONE
    )
    assert "The approvals are saved." in answer.text
    assert "one from 1,000" in site.browser.text("/settings/document-types")
    assert _settings(site)["approvals"]["second_is_another_person"] is False
    wrong = site.browser.send(
        f"{_ONE}/approvals", {"first_from": "10", "second_from": "5"}, form_at=_ONE
    )
    assert wrong.status_code == 422
    assert 'id="second_from-error"' in wrong.text


def test_effects_are_changed_within_their_limits(site: Site) -> None:
    page = f"{_EFFECTS}?q=due_before_issue"
    assert re.search(r'value="holds" aria-pressed="false">holds', site.browser.get(page).text)
    assert "Due before it was issued" in site.browser.text(f"{_EFFECTS}?q=Due+before+it")
    change = {"rule": "due_before_issue", "effect": "holds", "seen": ""}
    assert "is saved" in site.browser.send(_EFFECTS, change, form_at=page).text
    assert _settings(site)["effects"] == {"due_before_issue": "holds"}
    assert "Somebody else has changed" in site.browser.send(_EFFECTS, change, form_at=page).text
    assert "as shipped it notes" in site.browser.text(f"{_EFFECTS}?effect=changed")
    assert "as shipped it notes" in site.browser.text(_EFFECTS), "without a filter too"
    assert "always holds" in site.browser.text(f"{_EFFECTS}?q=unknown_account")
    fixed = {"rule": "unknown_account", "effect": "notes", "seen": ""}
    assert "always holds" in site.browser.send(_EFFECTS, fixed, form_at=page).text
    back = {"rule": "due_before_issue", "effect": "", "seen": "holds"}
    site.browser.send(_EFFECTS, back, form_at=page)
    assert _settings(site)["effects"] == {}


def test_rules_stand_in_groups_with_the_documents_that_each_has_held(site: Site) -> None:
    sample = read_sample(INVOICE)
    wrong = sample.replace(b"2808.81</cbc:PayableAmount", b"2808.80</cbc:PayableAmount")
    assert "none has held a document yet" in site.browser.text(_EFFECTS)
    site.browser.send("/documents/upload", files=[("files", ("wrong.xml", wrong))])
    overview = site.browser.text(_EFFECTS)
    assert "none has held a document yet" not in overview
    assert "BR-CO-16" in overview, "what has held a document"
    assert "BR-CO-15" not in overview, "each group has its own page"
    assert re.search(r"Peppol \d+ 12 23", overview), "rules, holding, noting"
    assert f'href="{_EFFECTS}?group=peppol"' in site.browser.get(_EFFECTS).text
    text = site.browser.text(f"{_EFFECTS}?effect=held")
    assert "EN 16931: sums, conditions and decimals Amount due for payment BR-CO-16" in text
    assert re.search(r"BR-CO-16 .*? 1 holds", text)
    assert text.count("Checks of ionport") == 1  # the choice of groups alone
    peppol = site.browser.text(f"{_EFFECTS}?group=peppol")
    assert "PEPPOL-EN16931-R008" in peppol
    assert "BR-CO-16" not in peppol


def test_a_file_is_imported_as_it_was_exported(site: Site) -> None:
    site.browser.send(_FIELD, _DEMANDS)
    exported = _settings(site)
    site.browser.send(_FIELD, {})
    assert _import(site, exported).status_code == 200
    assert _settings(site) == exported
    other = {"document_type": "CREDIT_NOTE"}
    for wrong in (b"", b"[", b"\xff", [], other, {**exported, "fields": {"x": {}}}):
        assert _import(site, wrong).status_code in (404, 422)
    for sign in ("\ud800", "\x00"):
        for part in (
            {"document_type": sign},
            {sign: 1},
            {"effects": {sign: "notes"}},
            {"effects": {"due_before_issue": sign}},
            {"fields": {"due_date": {"pattern": sign}}},
            {"fields": {sign: {}}},
        ):
            assert _import(site, {**exported, **part}).status_code in (404, 422), part
    assert _settings(site) == exported


def test_a_member_reads_settings_and_changes_none(site: Site) -> None:
    site.add_user("dora")
    site.sign_in_as("dora")
    assert site.browser.get(_ONE).status_code == 200
    assert "Let it hold" not in site.browser.text(_EFFECTS)
    token = site.browser.hidden("/account")
    for path in (_FIELD, f"{_ONE}/approvals", f"{_ONE}/import", _EFFECTS):
        values = {"rule": "due_before_issue", "effect": "holds", "seen": ""}
        answer = site.browser.http.post(path, data={**token, **values})
        assert answer.status_code == 403, path


def test_types_of_values_are_words(site: Site) -> None:
    for path in ("INVOICE", "INVOICE/fields/invoice_date"):
        page = site.browser.get(f"/settings/document-types/{path}").text
        assert not re.search(r"(STRING|DATE|NUMBER|CURRENCY)</(td|p|dd)>", page)
        assert "Date" in said(page)
