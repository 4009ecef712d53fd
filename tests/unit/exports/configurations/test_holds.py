"""A refused proof holds: no activation, no delivery, until it passes or a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from ionport.connections.intake import prepare_connection
from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput
from ionport.exports.configurations.model import (
    ConfigurationFields,
    ExportConfiguration,
    UseOfConnection,
)
from ionport.exports.configurations.proof_decisions import PROOF_REFUSED, refused_proof
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.model import Delivery, DeliveryStatus, ExportMethod
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole
from ionport.mappings.model import MappingKind
from tests.support.exporting import OPERATOR, DocumentSide
from tests.support.proofs import AWAY, ION_REFUSED, REFUSED, ROLE_MISSING, prove_as
from tests.unit.connections.conftest import credential


@dataclass(slots=True)
class Desk:
    side: DocumentSide
    clock: MovableClock
    connection_id: str

    def prove(self, failed: Mapping[str, str] | None = None, connection_id: str = "") -> None:
        self.clock.advance(timedelta(minutes=1))
        prove_as(
            self.side.database,
            self.side.scope,
            self.clock,
            connection_id or self.connection_id,
            failed,
        )
        self.clock.advance(timedelta(minutes=1))

    def connect(self) -> str:
        with self.side.database.write() as work:
            content = credential()
            return self.side.connections.upload(
                Access(work, self.side.scope, OPERATOR), "y.ionapi", prepare_connection(content)
            ).id

    def fields(self, title: str = "Invoices") -> ConfigurationFields:
        return ConfigurationFields(
            title=title,
            document_type="INVOICE",
            method=ExportMethod.INFOR_IDM_BOD,
            connection_id=self.connection_id,
            mappings={
                kind: self.side.add_mapping(kind) for kind in (MappingKind.IDM, MappingKind.BOD)
            },
        )

    def create(self, fields: ConfigurationFields | None = None) -> ExportConfiguration:
        wanted = fields or self.fields()
        with self.side.database.write() as work:
            return self.side.configurations.create(Access(work, self.side.scope, OPERATOR), wanted)

    def activate(self, configuration_id: str, reason: str = "", *, replace: bool = False) -> bool:
        with self.side.database.write() as work:
            return self.side.configurations.activate(
                Access(work, self.side.scope, OPERATOR),
                configuration_id,
                reason=reason,
                replace=replace,
            ).is_active

    def held(self, delivery: Delivery) -> bool:
        """Take a delivery up as the engine does; held, it waits without a time."""
        with self.side.database.write() as work:
            problem = refused_proof(work.within(self.side.scope), delivery)
            if problem is None:
                return False
            assert problem.code == PROOF_REFUSED
            assert problem.remedy
            DeliveryRepository(work.connection).update(
                self.side.scope,
                delivery.id,
                {
                    "status": DeliveryStatus.WAITING,
                    "due_at": None,
                    "error_code": problem.code,
                    "error_text": problem.text,
                    "remedy": problem.remedy,
                },
            )
        return True

    def is_due(self, delivery: Delivery) -> bool:
        return self.side.detail(delivery.id).delivery.due_at is not None

    def decide(self, delivery: Delivery, reason: str = "Infor's role is being given") -> int:
        with self.side.database.write() as work:
            return self.side.configurations.decisions.deliver_all_the_same(
                Access(work, self.side.scope, OPERATOR),
                UseOfConnection.of_delivery(delivery),
                reason,
            )

    def proof(self, configuration: ExportConfiguration):
        with self.side.database.read() as work:
            return self.side.configurations.proof(
                Access(work, self.side.scope, OPERATOR),
                UseOfConnection.of_configuration(configuration),
            )


@pytest.fixture
def desk(side: DocumentSide, clock: MovableClock) -> Desk:
    found = Desk(side, clock, "")
    found.connection_id = found.connect()
    return found


@pytest.mark.parametrize(
    ("failed", "words"),
    [(None, "never proved"), (REFUSED, "Access token"), (AWAY, "Network")],
    ids=["missing", "refused", "unproved"],
)
def test_a_configuration_that_is_not_proved_is_activated_only_with_a_reason(
    desk: Desk, failed: dict[str, str] | None, words: str
):
    if failed is not None:
        desk.prove(failed)
    made = desk.create()
    with pytest.raises(Conflict, match=words) as refused:
        desk.activate(made.id)
    assert refused.value.code == "proof_not_passed"
    with pytest.raises(InvalidInput):
        desk.activate(made.id, "x" * 501)
    assert desk.activate(made.id, " the account gets\nits role today ")
    decision = desk.proof(made).decision
    assert decision is not None
    assert decision.reason == "the account gets its role today"
    assert (decision.made_by, decision.made_at) == (OPERATOR.name, desk.clock.now())
    with desk.side.database.read() as work:
        told = work.connection.execute(
            text("select details from audit_log where action = :action"),
            {"action": "export_configuration.activated_all_the_same"},
        ).scalar_one()
    assert "its role today" in str(told)


def test_a_configuration_whose_proof_passed_for_its_method_needs_no_reason(desk: Desk):
    desk.prove()
    made = desk.create()
    assert desk.activate(made.id)
    assert desk.proof(made).decision is None
    idm_only = desk.create(replace(desk.fields("IDM"), method=ExportMethod.INFOR_IDM))
    desk.prove(ION_REFUSED)
    assert desk.activate(idm_only.id, replace=True), "ION's refusal is no matter of IDM's"
    with pytest.raises(Conflict):
        desk.activate(made.id, replace=True)


def test_an_active_configuration_moves_to_what_is_not_proved_only_with_a_reason(desk: Desk):
    desk.prove()
    made = desk.create()
    desk.activate(made.id)
    moved = replace(desk.fields(), connection_id=desk.connect())
    renamed = replace(desk.fields(), title="Renamed")
    configurations, scope = desk.side.configurations, desk.side.scope
    with desk.side.database.write() as work:
        access = Access(work, scope, OPERATOR)
        configurations.edit(access, made.id, renamed)
        with pytest.raises(Conflict) as refused:
            configurations.edit(access, made.id, moved)
        assert refused.value.code == "proof_not_passed"
        changed = configurations.edit(access, made.id, moved, reason="same app, new file")
    decision = desk.proof(changed).decision
    assert decision is not None
    assert decision.connection_id == moved.connection_id


@pytest.mark.on_each_database
def test_a_refused_proof_holds_the_deliveries_until_one_passes(desk: Desk):
    desk.prove()
    desk.activate(desk.create().id)
    delivery = desk.side.export(desk.side.receive())
    assert not desk.held(delivery)
    desk.prove(AWAY)
    assert not desk.held(delivery), "unproved: the circuit breaker's affair"
    desk.prove(ROLE_MISSING)
    assert desk.held(delivery)
    desk.prove(AWAY)
    assert not desk.is_due(delivery), "a network that is away takes nothing back"
    assert desk.held(delivery)
    desk.prove()
    assert desk.is_due(delivery)
    assert not desk.held(desk.side.detail(delivery.id).delivery)


@pytest.mark.on_each_database
def test_a_decision_frees_what_is_held_and_counts_until_the_next_proof(desk: Desk):
    desk.prove()
    made = desk.create()
    desk.activate(made.id)
    delivery = desk.side.export(desk.side.receive())
    with pytest.raises(Conflict, match="nothing is held"):
        desk.decide(delivery)
    desk.prove(ROLE_MISSING)
    assert desk.held(delivery)
    assert desk.proof(made).is_broken
    assert desk.proof(made).held == 1
    with pytest.raises(InvalidInput):
        desk.decide(delivery, " ")
    assert desk.decide(delivery) == 1
    assert desk.is_due(delivery)
    assert not desk.held(delivery)
    assert not desk.proof(made).is_broken
    desk.prove(AWAY)
    assert not desk.held(delivery), "still about the same refusal"
    desk.prove(ROLE_MISSING)
    assert desk.held(delivery), "a new refusal asks anew"


@pytest.mark.on_each_database
def test_what_a_refused_proof_holds_goes_on_over_a_new_connection_that_is_proved(desk: Desk):
    desk.prove()
    made = desk.create()
    desk.activate(made.id)
    delivery = desk.side.export(desk.side.receive())
    desk.prove(ROLE_MISSING)
    assert desk.held(delivery)
    moved = replace(desk.fields(), connection_id=desk.connect())
    desk.prove(connection_id=moved.connection_id)
    assert not desk.is_due(delivery)
    with desk.side.database.write() as work:
        desk.side.configurations.edit(Access(work, desk.side.scope, OPERATOR), made.id, moved)
    assert desk.is_due(delivery)
    assert not desk.held(desk.side.detail(delivery.id).delivery)


def test_a_refusal_of_ion_holds_nothing_that_goes_to_idm_alone(desk: Desk):
    desk.prove()
    desk.activate(desk.create(replace(desk.fields(), method=ExportMethod.INFOR_IDM)).id)
    delivery = desk.side.export(desk.side.receive())
    desk.prove(ION_REFUSED)
    assert not desk.held(delivery)


def test_only_an_administrator_decides(desk: Desk):
    desk.prove(REFUSED)
    made = desk.create()
    role = (desk.side.scope.organization_id, OrganizationRole.USER)
    member = Actor("usr_1", "Mia", organization_roles=frozenset({role}))
    use = UseOfConnection.of_configuration(made)
    with desk.side.database.write() as work:
        access = Access(work, desk.side.scope, member)
        with pytest.raises(Forbidden):
            desk.side.configurations.decisions.deliver_all_the_same(access, use, "because")
        assert desk.side.configurations.proof(access, use).is_broken
