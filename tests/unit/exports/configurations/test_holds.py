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
class Site:
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
def site(side: DocumentSide, clock: MovableClock) -> Site:
    found = Site(side, clock, "")
    found.connection_id = found.connect()
    return found


@pytest.mark.parametrize(
    ("failed", "words"),
    [(None, "never proved"), (REFUSED, "Access token"), (AWAY, "Network")],
    ids=["missing", "refused", "unproved"],
)
def test_a_configuration_that_is_not_proved_is_activated_only_with_a_reason(
    site: Site, failed: dict[str, str] | None, words: str
):
    if failed is not None:
        site.prove(failed)
    made = site.create()
    with pytest.raises(Conflict, match=words) as refused:
        site.activate(made.id)
    assert refused.value.code == "proof_not_passed"
    with pytest.raises(InvalidInput):
        site.activate(made.id, "x" * 501)
    assert site.activate(made.id, " the account gets\nits role today ")
    decision = site.proof(made).decision
    assert decision is not None
    assert decision.reason == "the account gets its role today"
    assert (decision.made_by, decision.made_at) == (OPERATOR.name, site.clock.now())
    with site.side.database.read() as work:
        told = work.connection.execute(
            text("select details from audit_log where action = :action"),
            {"action": "export_configuration.activated_all_the_same"},
        ).scalar_one()
    assert "its role today" in str(told)


def test_a_configuration_whose_proof_passed_for_its_method_needs_no_reason(site: Site):
    site.prove()
    made = site.create()
    assert site.activate(made.id)
    assert site.proof(made).decision is None
    idm_only = site.create(replace(site.fields("IDM"), method=ExportMethod.INFOR_IDM))
    site.prove(ION_REFUSED)
    assert site.activate(idm_only.id, replace=True), "ION's refusal is no matter of IDM's"
    with pytest.raises(Conflict):
        site.activate(made.id, replace=True)


def test_an_active_configuration_moves_to_what_is_not_proved_only_with_a_reason(site: Site):
    site.prove()
    made = site.create()
    site.activate(made.id)
    moved = replace(site.fields(), connection_id=site.connect())
    renamed = replace(site.fields(), title="Renamed")
    configurations, scope = site.side.configurations, site.side.scope
    with site.side.database.write() as work:
        access = Access(work, scope, OPERATOR)
        configurations.edit(access, made.id, renamed)
        with pytest.raises(Conflict) as refused:
            configurations.edit(access, made.id, moved)
        assert refused.value.code == "proof_not_passed"
        changed = configurations.edit(access, made.id, moved, reason="same app, new file")
    decision = site.proof(changed).decision
    assert decision is not None
    assert decision.connection_id == moved.connection_id


@pytest.mark.on_each_database
def test_a_refused_proof_holds_the_deliveries_until_one_passes(site: Site):
    site.prove()
    site.activate(site.create().id)
    delivery = site.side.export(site.side.receive())
    assert not site.held(delivery)
    site.prove(AWAY)
    assert not site.held(delivery), "unproved: the circuit breaker's affair"
    site.prove(ROLE_MISSING)
    assert site.held(delivery)
    site.prove(AWAY)
    assert not site.is_due(delivery), "a network that is away takes nothing back"
    assert site.held(delivery)
    site.prove()
    assert site.is_due(delivery)
    assert not site.held(site.side.detail(delivery.id).delivery)


@pytest.mark.on_each_database
def test_a_decision_frees_what_is_held_and_counts_until_the_next_proof(site: Site):
    site.prove()
    made = site.create()
    site.activate(made.id)
    delivery = site.side.export(site.side.receive())
    with pytest.raises(Conflict, match="nothing is held"):
        site.decide(delivery)
    site.prove(ROLE_MISSING)
    assert site.held(delivery)
    assert site.proof(made).is_broken
    assert site.proof(made).held == 1
    with pytest.raises(InvalidInput):
        site.decide(delivery, " ")
    assert site.decide(delivery) == 1
    assert site.is_due(delivery)
    assert not site.held(delivery)
    assert not site.proof(made).is_broken
    site.prove(AWAY)
    assert not site.held(delivery), "still about the same refusal"
    site.prove(ROLE_MISSING)
    assert site.held(delivery), "a new refusal asks anew"


@pytest.mark.on_each_database
def test_what_a_refused_proof_holds_goes_on_over_a_new_connection_that_is_proved(site: Site):
    site.prove()
    made = site.create()
    site.activate(made.id)
    delivery = site.side.export(site.side.receive())
    site.prove(ROLE_MISSING)
    assert site.held(delivery)
    moved = replace(site.fields(), connection_id=site.connect())
    site.prove(connection_id=moved.connection_id)
    assert not site.is_due(delivery)
    with site.side.database.write() as work:
        site.side.configurations.edit(Access(work, site.side.scope, OPERATOR), made.id, moved)
    assert site.is_due(delivery)
    assert not site.held(site.side.detail(delivery.id).delivery)


def test_a_refusal_of_ion_holds_nothing_that_goes_to_idm_alone(site: Site):
    site.prove()
    site.activate(site.create(replace(site.fields(), method=ExportMethod.INFOR_IDM)).id)
    delivery = site.side.export(site.side.receive())
    site.prove(ION_REFUSED)
    assert not site.held(delivery)


def test_only_an_administrator_decides(site: Site):
    site.prove(REFUSED)
    made = site.create()
    role = (site.side.scope.organization_id, OrganizationRole.USER)
    member = Actor("usr_1", "Mia", organization_roles=frozenset({role}))
    use = UseOfConnection.of_configuration(made)
    with site.side.database.write() as work:
        access = Access(work, site.side.scope, member)
        with pytest.raises(Forbidden):
            site.side.configurations.decisions.deliver_all_the_same(access, use, "because")
        assert site.side.configurations.proof(access, use).is_broken
