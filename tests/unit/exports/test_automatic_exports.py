"""Unless a document type says otherwise, what nothing holds is exported without a person."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from alembic import command
from sqlalchemy import text

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict
from ionport.documents.companies.service import CompanyService
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.documents.type_settings.repository import TypeSettingsRepository
from ionport.exports.automatic.exporter import AutomaticExporter
from ionport.exports.automatic.waiting import count_waiting
from ionport.identity.access import Access
from ionport.migrations import _config, upgrade
from ionport.store import Database, OrganizationScope
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.exports.conftest import Walk

pytestmark = pytest.mark.on_each_database
BEFORE = "0036"


@pytest.fixture
def exporter(walk: Walk) -> AutomaticExporter:
    side = walk.side
    types = side.documents.review.types
    return AutomaticExporter(side.database, side.clock, types, side.deliveries)


def _set(side: DocumentSide, **approvals: Any) -> None:
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.documents.review.types.set_approvals(access, "INVOICE", approvals)


def test_what_nothing_holds_is_exported_once_and_what_is_held_is_not(
    walk: Walk, exporter: AutomaticExporter
) -> None:
    side = walk.side
    _set(side, exports_by_itself=False)
    free = side.receive("A-1")
    wrong = read_sample(UBL_INVOICE).replace(b">2808.81<", b">2808.80<")
    held = side.add_document("wrong.xml", wrong)
    on_hold = side.receive("A-2")
    with side.database.write() as work:
        side.documents.decisions.hold(Access(work, side.scope, OPERATOR), on_hold, "asked")
    assert exporter.look() == 0
    _set(side, exports_by_itself=True)
    assert exporter.look() == 1
    assert exporter.look() == 0
    states = [side.status(each) for each in (free, held, on_hold)]
    assert states == ["exporting", "ready_for_validation", "on_hold"]
    assert _made(side) == [(free, "ionport")]
    # What a person gave up stays so.
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.deliveries.cancel(access, side.deliveries.of_document(access, free)[0].id)
    assert exporter.look() == 0
    _set(side, exports_by_itself=False)
    side.receive("A-3")
    assert exporter.look() == 0


def test_what_comes_to_hold_at_its_export_stays_with_its_finding(
    walk: Walk, exporter: AutomaticExporter
) -> None:
    side = walk.side
    document_id = side.receive("B-1")
    _set(side, exports_by_itself=True)
    with side.database.write() as work:
        companies = CompanyService(side.clock, side.audit, side.identity)
        companies.add(
            Access(work, side.scope, OPERATOR), {"name": "North", "vat_id": "DE811128135"}
        )
    for _look in range(2):
        assert exporter.look() == 0
        assert side.status(document_id) == "ready_for_validation"
    assert _made(side) == []


def test_what_was_refused_is_tried_again_when_the_reason_has_gone(
    walk: Walk,
    exporter: AutomaticExporter,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    side = walk.side
    document_id = side.receive("R-1")
    with monkeypatch.context() as patch:
        refused = Mock(side_effect=Conflict("The connection is held."))
        patch.setattr(side.deliveries, "export", refused)
        assert (exporter.look(), exporter.look()) == (0, 0)
        refused.assert_called_once()
    assert exporter.look() == 0
    clock.advance(timedelta(minutes=5, seconds=1))
    assert exporter.look() == 1
    assert _made(side) == [(document_id, "ionport")]


def test_an_approval_that_is_needed_is_waited_for(walk: Walk, exporter: AutomaticExporter) -> None:
    side = walk.side
    _set(side, exports_by_itself=True, first_from="0")
    document_id = side.receive("C-1")
    assert exporter.look() == 0
    assert side.status(document_id) == "pending_approval"
    with side.database.write() as work:
        side.documents.decisions.approve(Access(work, side.scope, OPERATOR), document_id)
    assert exporter.look() == 1


def test_without_an_active_configuration_nothing_is_tried(
    walk: Walk, exporter: AutomaticExporter
) -> None:
    side = walk.side
    _set(side, exports_by_itself=True)
    document_id = side.receive("D-1")
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.configurations.deactivate(access, walk.configuration.id)
    assert exporter.look() == 0
    assert side.status(document_id) == "validated_pending_export"


def test_what_came_in_before_the_activation_stays_until_a_person_exports_it(
    walk: Walk, exporter: AutomaticExporter
) -> None:
    side, one = walk.side, walk.configuration
    with side.database.write() as work:
        side.configurations.deactivate(Access(work, side.scope, OPERATOR), one.id)
    before = side.receive("E-1")
    walk.clock.advance(timedelta(seconds=1))
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        assert count_waiting(access, one) == 1
        side.configurations.activate(access, one.id, reason="no proof here")
    after = side.receive("E-2")
    assert exporter.look() == 1
    states = [side.status(each) for each in (before, after)]
    assert states == ["validated_pending_export", "exporting"]
    side.export(before)
    assert side.status(before) == "exporting"


def test_what_waits_for_a_configuration_goes_on_with_the_one_that_replaces_it(
    walk: Walk, exporter: AutomaticExporter
) -> None:
    side, one = walk.side, walk.configuration
    waits = side.receive("F-1")
    walk.clock.advance(timedelta(seconds=1))
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        fields = replace(one.fields, title="The next one")
        other = side.configurations.create(access, fields)
        side.configurations.activate(access, other.id, replace=True, reason="no proof here")
    assert exporter.look() == 1
    assert side.status(waits) == "exporting"


def test_an_organization_that_was_there_before_exports_nothing_by_itself(
    database_url: str,
) -> None:
    database = Database(database_url)
    config = _config()
    own = {"document_type": "INVOICE", "approvals": {"first_from": "7"}}
    stored = json.dumps({"fields": {}, "effects": {}, **own})
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
        for name, parent in (("org_acme", None), ("org_other", None), ("org_part", "org_acme")):
            connection.execute(
                text(
                    "INSERT INTO organizations (id, name, parent_id, created_at)"
                    " VALUES (:id, :id, :parent, 1)"
                ),
                {"id": name, "parent": parent},
            )
        connection.execute(
            text("INSERT INTO document_type_settings VALUES ('org_acme', 'INVOICE', :s, 1, 'ada')"),
            {"s": stored},
        )
        connection.commit()
    upgrade(database)
    with database.write() as work:
        rows = work.connection.exec_driver_sql(
            "SELECT organization_id, document_type, updated_by FROM document_type_settings"
        )
        kinds = [
            ("org_acme", "CREDIT_NOTE"),
            ("org_other", "CREDIT_NOTE"),
            ("org_other", "INVOICE"),
        ]
        assert sorted(map(tuple, rows)) == sorted(
            [("org_acme", "INVOICE", "ada"), *((*each, "ionport") for each in kinds)]
        )
        work.connection.execute(
            text("INSERT INTO organizations (id, name, created_at) VALUES ('org_new', 'New', 1)")
        )
        repository = TypeSettingsRepository(work.connection)
        found = {
            (name, kind): repository.find(OrganizationScope(name), kind).approvals
            for name in ("org_acme", "org_other", "org_new")
            for kind in ("INVOICE", "CREDIT_NOTE")
        }
    assert {place for place, one in found.items() if one.exports_by_itself} == {
        ("org_new", "INVOICE"),
        ("org_new", "CREDIT_NOTE"),
    }
    assert found["org_acme", "INVOICE"].first_from == 7
    database.close()


def _made(side: DocumentSide) -> list[tuple[str, str]]:
    with side.database.read() as work:
        query = "SELECT document_id, created_by FROM deliveries"
        return [tuple(row) for row in work.connection.exec_driver_sql(query)]
