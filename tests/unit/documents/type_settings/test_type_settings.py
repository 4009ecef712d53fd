"""An administrator sets what a document type demands, within limits."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput
from ionport.documents.model import DocumentStatus
from ionport.documents.review.tables import document_decisions
from ionport.documents.type_settings.model import effect_is_fixed, settings_as_json, settings_of
from ionport.documents.type_settings.patterns import checked_pattern, matches
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole
from ionport.store import Database
from tests.support.exporting import OPERATOR, DocumentSide, document_side, invoice


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
def side(database: Database, tmp_path: Path, clock: MovableClock) -> DocumentSide:
    return document_side(database, tmp_path / "blobs", clock)


def _set(side: DocumentSide, **settings: Any) -> None:
    with side.database.write() as work:
        types = side.documents.review.types
        made = settings_of({"document_type": "INVOICE", **settings})
        types.put(Access(work, side.scope, OPERATOR), made)


def _found(side: DocumentSide, document_id: str) -> dict[str, str]:
    with side.database.read() as work:
        found = side.documents.findings(work.within(side.scope), document_id)
    return {one.code: one.effect.value for one in found}


def test_an_effect_is_set_for_a_document_type(side: DocumentSide) -> None:
    _set(side, effects={"first_account": "holds", "BR-CO-16": "notes"})
    wrong = invoice("RE-1", side.supplier).replace(
        b"2808.81</cbc:PayableAmount", b"2808.80</cbc:PayableAmount"
    )
    assert _found(side, side.add_document("a.xml", wrong)) == {
        "first_account": "holds",
        "BR-CO-16": "notes",
    }


@pytest.mark.parametrize(
    "code",
    [
        *("two_currency_codes", "other_currency", "other_payee", "unknown_account", "no_company"),
        *("duplicate_number", "invisible_signs", "late_answer", "no_invoice_in_pdf", "BR-06"),
    ],
)
def test_identity_account_and_currency_always_hold(code: str) -> None:
    assert effect_is_fixed(code)
    with pytest.raises(InvalidInput) as caught:
        settings_of({"document_type": "INVOICE", "effects": {code: "notes"}})
    assert list(caught.value.fields) == [f"effects.{code}"]


def test_what_fields_demand_holds_until_it_is_given(side: DocumentSide) -> None:
    _set(
        side,
        fields={
            "purchase_order": {"pattern": "45[0-9]{5}", "erp_field_name": "PUNO"},
            "buyer_id": {"values": ["K-1", "K-2"]},
            "supplier_name": {"max_length": 5, "read_only": True},
            "accounting_date": {"required": True},
            "invoice_id": {"required": True, "pattern": "RE-\\d+"},
        },
    )
    document_id = side.add_document("a.xml", invoice("RE-1", side.supplier))
    found = _found(side, document_id)
    del found["first_account"]
    assert found == dict.fromkeys(("field_length", "field_value", "field_required"), "holds")
    with pytest.raises(InvalidInput) as caught:
        side.documents.corrections.correct(
            side.database, side.scope, OPERATOR, document_id, {"supplier_name": "Nord"}
        )
    assert list(caught.value.fields) == ["supplier_name"]
    side.documents.corrections.correct(
        side.database, side.scope, OPERATOR, document_id, {"accounting_date": "2026-03-05"}
    )
    with side.database.read() as work:
        access = work.within(side.scope)
        document = side.documents.get(access, document_id)
        codes = [one.code for one in side.documents.findings(access, document_id) if one.is_open]
        assert side.documents.more_fields(access, document)["puno"] == "4500017"
    assert sorted(codes) == ["field_length", "field_value"]


def test_an_effect_counts_for_a_document_that_is_judged_anew(side: DocumentSide) -> None:
    document_id = side.add_document("a.xml", invoice("RE-1", side.supplier))
    assert _found(side, document_id) == {"first_account": "notes"}
    for effect in ("holds", "notes"):
        _set(side, effects={"first_account": effect})
        values = {"reference": f"now it {effect}"}
        side.documents.corrections.correct(side.database, side.scope, OPERATOR, document_id, values)
        assert _found(side, document_id) == {"first_account": effect}
        with side.database.read() as work:
            document = side.documents.get(work.within(side.scope), document_id)
        assert document.open_findings == (effect == "holds")


def test_approvals_are_asked_for_from_an_amount(side: DocumentSide) -> None:
    _set(side, approvals={"first_from": "1000", "second_from": "5000"})
    document_id = side.add_document("a.xml", invoice("RE-1", side.supplier))
    with side.database.read() as work:
        status = side.documents.get(work.within(side.scope), document_id).status
    assert status is DocumentStatus.PENDING_APPROVAL


def test_what_was_changed_since_somebody_looked_is_not_approved(
    side: DocumentSide, clock: MovableClock
) -> None:
    _set(side, approvals={"first_from": "1000"})
    document_id = side.add_document("a.xml", invoice("RE-1", side.supplier))
    with side.database.read() as work:
        seen = side.documents.get(work.within(side.scope), document_id).updated_at
    clock.advance(timedelta(seconds=1))
    values = {"supplier_iban": "DE02120300000000202051"}
    role = frozenset({(side.scope.organization_id, OrganizationRole.USER)})
    anna, approver = (
        Actor(f"usr_{name}", name, organization_roles=role) for name in ("anna", "bert")
    )
    side.documents.corrections.correct(side.database, side.scope, anna, document_id, values)
    approve = side.documents.decisions.approve
    with side.database.write() as work:
        access = Access(work, side.scope, approver)
        now = side.documents.get(access, document_id)
        with pytest.raises(Conflict) as refused:
            approve(access, document_id, seen)
        assert refused.value.code == "changed_meanwhile"
        approve(access, document_id, now.updated_at)


@pytest.mark.parametrize("is_of_before", [False, True])
def test_who_undid_a_change_by_a_key_may_not_approve_on_a_page(
    side: DocumentSide, *, is_of_before: bool
) -> None:
    _set(side, approvals={"first_from": "0"})
    document_id = side.add_document("a.xml", invoice("RE-1", side.supplier))
    role = frozenset({(side.scope.organization_id, OrganizationRole.USER)})
    anna, bert, key, other_key, carla = (
        Actor(f"usr_{name.partition(' ')[0]}", name, organization_roles=role)
        for name in ("anna", "bert", "anna by API key k", "anna by API key l", "carla")
    )
    corrections, database = side.documents.corrections, side.database
    values = {"supplier_iban": "DE02120300000000202051"}
    corrections.correct(database, side.scope, bert, document_id, values)
    with database.read() as work:
        (made,) = side.documents.decisions.list(work.within(side.scope), document_id)
    corrections.undo(database, side.scope, key, document_id, made.id)
    if is_of_before:
        with database.write() as work:
            work.connection.execute(update(document_decisions).values(undone_by_id=None))
    for actor in (anna, key, other_key):
        with database.write() as work, pytest.raises(Forbidden) as refused:
            side.documents.decisions.approve(Access(work, side.scope, actor), document_id)
        assert refused.value.code == "changed_by_approver"
    with database.write() as work:
        side.documents.decisions.approve(Access(work, side.scope, carla), document_id)


def test_settings_are_exported_and_imported(side: DocumentSide) -> None:
    _set(
        side,
        fields={"due_date": {"required": True}},
        effects={"due_before_issue": "holds"},
        approvals={"first_from": "0.00", "second_is_another_person": False},
    )
    with side.database.read() as work:
        stored = side.documents.review.types.get(work.within(side.scope), "INVOICE")
    assert settings_of(settings_as_json(stored)) == stored
    with side.database.write() as work, pytest.raises(Forbidden):
        side.documents.review.types.put(Access(work, side.scope, Actor("usr_1", "anna")), stored)


def _due(**setting: object) -> dict[str, object]:
    return {"fields": {"due_date": setting}}


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"colour": 1}, "colour"),
        ({"fields": {"colour": {}}}, "fields.colour"),
        (_due(required=1), "fields.due_date.required"),
        (_due(max_length=True), "fields.due_date.max_length"),
        (_due(values=[""]), "fields.due_date.values"),
        (_due(pattern="(a+)+"), "fields.due_date.pattern"),
        (_due(erp_field_name="a b"), "fields.due_date.erp_field_name"),
        ({"effects": {"nothing": "notes"}}, "effects.nothing"),
        ({"effects": {"BR-CO-16": 7}}, "effects.BR-CO-16"),
        ({"approvals": {"first_from": "NaN"}}, "approvals.first_from"),
        ({"approvals": {"first_from": 9, "second_from": 1}}, "approvals.second_from"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_place_of_the_file_is_named(data: dict[str, object], place: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        settings_of({"document_type": "INVOICE", **data})
    assert list(caught.value.fields) == [place]


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a|a)*", "a**", "a*b*c*d*", "(?=a)", "\\1", "[a", "a{2000}", "(a", "a)", "x" * 201],
    ids=range(11),
)
def test_a_pattern_whose_check_could_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput):
        checked_pattern(pattern)


def test_patterns_match_the_whole_value_and_end_soon() -> None:
    assert matches(checked_pattern("(PO|BE)-?[0-9]{4,8}\\.\\d*"), "PO-12345.1")
    assert not matches(checked_pattern("45[0-9]{5}"), "45000171")
    assert not matches(checked_pattern("a*a*a*b?"), "a" * 200 + "c")
