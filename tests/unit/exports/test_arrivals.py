"""A person decides of a call whose answer was lost: it has arrived, or it has not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ionport.core.errors import Conflict, Forbidden, InvalidInput, IonportError
from ionport.core.paging import PageRequest
from ionport.exports.arrivals.model import Arrival
from ionport.exports.arrivals.service import ArrivalService
from ionport.exports.engine.leases import LeaseWatch
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.engine.schedule import Schedule
from ionport.exports.model import (
    AttemptState,
    Delivery,
    DeliveryAction,
    DeliveryStatus,
    ExportMethod,
    OutcomeKind,
    StepKind,
    StepStatus,
)
from ionport.identity.access import Access
from ionport.identity.groups.permissions import EVERY_TYPE, Grant, Permission, Rights
from ionport.identity.model import Actor, OrganizationRole
from ionport.ionapi import IonApiClient
from tests.support import erp_mappings
from tests.support.exporting import OPERATOR, QUICK, closing
from tests.support.soap import SERVICE
from tests.unit.exports.conftest import Opened, Walk

pytestmark = pytest.mark.on_each_database
ITEMS = "/IDM/api/items"
LN = f"/LN/c4ws/services/{SERVICE}"
NOT_THERE = Arrival.NOT_THERE
REASON = "Seen on the screen of Infor"


def arrivals(walk: Walk) -> ArrivalService:
    side = walk.side
    return ArrivalService(side.clock, side.audit, side.documents, side.deliveries, QUICK)


def decide(
    walk: Walk,
    delivery_id: str,
    arrival: Arrival,
    reason: str = REASON,
    reference: str = "",
    actor: Actor = OPERATOR,
) -> Delivery:
    with walk.side.database.write() as work:
        access = Access(work, walk.side.scope, actor)
        return arrivals(walk).decide(access, delivery_id, arrival, reason, reference)


def refused(walk: Walk, delivery_id: str, *more: object, **given: object) -> IonportError:
    with pytest.raises(IonportError) as caught:
        decide(walk, delivery_id, *more, **given)  # type: ignore[arg-type]
    return caught.value


def lost_in_idm(walk: Walk, runner: DeliveryRunner, kind: str) -> str:
    """A delivery whose item was created, or was not, and that waits to look it up."""
    walk.proxy.fault("POST", ITEMS, kind)
    delivery_id = walk.exported()
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    return delivery_id


def statuses(walk: Walk, delivery_id: str) -> dict[StepKind, StepStatus]:
    return {step.kind: step.status for step in walk.side.detail(delivery_id).steps}


def attempt_states(walk: Walk, delivery_id: str, kind: StepKind) -> list[AttemptState]:
    attempts = walk.side.detail(delivery_id).attempts
    return [each.state for each in attempts if each.step is kind]


def test_what_is_there_is_done_and_the_delivery_goes_on_with_the_next_step(
    walk: Walk, runner: DeliveryRunner
) -> None:
    delivery_id = lost_in_idm(walk, runner, "cut")
    (item,) = walk.items(walk.side.detail(delivery_id))
    told = refused(walk, delivery_id, Arrival.THERE)
    assert isinstance(told, InvalidInput)
    assert "steps that follow" in told.fields["reference"]
    assert refused(walk, delivery_id, Arrival.THERE, reference="a b").status == 422
    told = refused(walk, delivery_id, Arrival.THERE, " ")
    assert isinstance(told, InvalidInput)
    assert told.fields["reason"]

    decided = decide(walk, delivery_id, Arrival.THERE, reference=item.pid)
    assert (decided.status, decided.idm_pid) == (DeliveryStatus.PENDING, item.pid)
    assert statuses(walk, delivery_id)[StepKind.IDM_CREATE] is StepStatus.DONE
    assert attempt_states(walk, delivery_id, StepKind.IDM_CREATE) == [AttemptState.SUCCEEDED]
    asked = walk.proxy.count("GET", ITEMS)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    assert (walk.proxy.count("POST", ITEMS), walk.proxy.count("GET", ITEMS)) == (1, asked)
    assert len(walk.messages(detail)) == 1
    assert detail.delivery.idm_pid == item.pid
    document_id = detail.delivery.document_id
    assert walk.side.status(document_id) == "exported"
    assert any(REASON in text for text in walk.side.timeline(document_id))
    with walk.side.database.read() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        entries = walk.side.audit.list(access, PageRequest(per_page=50)).items
    (entry,) = (each for each in entries if each.action == DeliveryAction.FOUND_THERE)
    assert entry.details == {"reason": REASON, "step": "idm_create", "reference": item.pid}
    assert refused(walk, delivery_id, Arrival.THERE).code == "nothing_unknown"


def test_what_is_not_there_is_asked_for_and_sent_once_more_under_the_same_key(
    walk: Walk, runner: DeliveryRunner
) -> None:
    delivery_id = lost_in_idm(walk, runner, "drop")
    before = walk.side.detail(delivery_id).delivery
    assert refused(walk, delivery_id, Arrival.NOT_THERE).code == "may_still_arrive"
    walk.clock.advance(timedelta(seconds=QUICK.settle))
    asked = walk.proxy.count("GET", ITEMS)
    decide(walk, delivery_id, Arrival.NOT_THERE)
    assert attempt_states(walk, delivery_id, StepKind.IDM_CREATE) == [AttemptState.FAILED]
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.correlation_id == before.correlation_id
    assert len(walk.items(detail)) == 1
    assert walk.proxy.count("GET", ITEMS) == asked + 1


def test_that_nothing_can_arrive_any_more_is_told_by_no_clock_that_was_set_ahead(
    walk: Walk, runner: DeliveryRunner
) -> None:
    delivery_id, side = lost_in_idm(walk, runner, "drop"), walk.side
    timing = replace(QUICK, clock_error=900.0)
    service = ArrivalService(side.clock, side.audit, side.documents, side.deliveries, timing)

    def decided(by: ArrivalService) -> str:
        with side.database.write() as work:
            try:
                by.decide(Access(work, side.scope, OPERATOR), delivery_id, NOT_THERE, REASON)
            except Conflict as error:
                return error.code
        return "decided"

    walk.clock.step(timedelta(minutes=10))
    assert decided(service) == "may_still_arrive"
    walk.clock.advance(timedelta(seconds=QUICK.settle))
    # A process that has not counted cannot know, before clocks could hardly differ by so much.
    another = ArrivalService(side.clock, side.audit, side.documents, side.deliveries, timing)
    assert decided(another) == "may_still_arrive"
    assert decided(service) == "decided"


def test_what_a_person_has_not_found_and_the_target_has_is_not_sent_again(
    walk: Walk, runner: DeliveryRunner
) -> None:
    delivery_id = lost_in_idm(walk, runner, "cut")
    walk.clock.advance(timedelta(seconds=QUICK.settle))
    decide(walk, delivery_id, Arrival.NOT_THERE)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1


def test_a_worker_that_has_begun_is_first_and_one_that_comes_later_does_nothing(
    walk: Walk, runner: DeliveryRunner
) -> None:
    delivery_id = lost_in_idm(walk, runner, "cut")
    (item,) = walk.items(walk.side.detail(delivery_id))
    walk.clock.advance(timedelta(minutes=1))
    seen = walk.side.detail(delivery_id).delivery
    codes: list[str] = []

    def meanwhile(method: str, path: str) -> None:
        if method == "GET" and ITEMS in path:
            codes.append(refused(walk, delivery_id, Arrival.THERE, reference=item.pid).code)

    walk.proxy.fault("GET", ITEMS, "break", status=503)
    walk.proxy.after_commit = meanwhile
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    assert codes == ["nothing_unknown"]
    decide(walk, delivery_id, Arrival.THERE, reference=item.pid)
    assert runner.run_pass(delivery_id, seen.pass_number + 1).kind is OutcomeKind.SETTLED
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE


def test_a_late_answer_is_noted_and_changes_nothing(walk: Walk, runner: DeliveryRunner) -> None:
    delivery_id = walk.exported()
    watch = LeaseWatch(
        Schedule(walk.side.database, walk.clock, QUICK, "other"), walk.clock, QUICK, frozenset
    )

    def meanwhile(method: str, path: str) -> None:
        if method == "POST" and ITEMS in path:
            watch.look()
            walk.clock.advance(timedelta(seconds=QUICK.takeover))
            assert watch.look() == 1
            (item,) = walk.items(walk.side.detail(delivery_id))
            decide(walk, delivery_id, Arrival.THERE, reference=item.pid)

    walk.proxy.after_commit = meanwhile
    assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
    detail = walk.side.detail(delivery_id)
    assert attempt_states(walk, delivery_id, StepKind.IDM_CREATE) == [AttemptState.SUCCEEDED]
    assert detail.delivery.status is DeliveryStatus.PENDING
    told = walk.side.timeline(detail.delivery.document_id)
    assert any("A late answer" in text for text in told)
    with walk.side.database.read() as work:
        access = work.within(walk.side.scope)
        assert not walk.side.documents.is_held(access, detail.delivery.document_id)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert walk.proxy.count("POST", ITEMS) == 1


def test_it_needs_the_right_to_decide_and_the_newest_export(
    walk: Walk, runner: DeliveryRunner
) -> None:
    delivery_id = lost_in_idm(walk, runner, "cut")
    rights = Rights(frozenset({Grant(Permission.EXPORT, EVERY_TYPE)}))
    own = walk.side.scope.organization_id
    clerk = Actor(
        "usr_1",
        "clerk",
        organization_roles=frozenset({(own, OrganizationRole.USER)}),
        rights=frozenset({(own, rights)}),
    )
    assert isinstance(refused(walk, delivery_id, Arrival.THERE, actor=clerk), Forbidden)
    with walk.side.database.write() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        walk.side.deliveries.cancel(access, delivery_id)
        document_id = walk.side.deliveries.get(access, delivery_id).delivery.document_id
        walk.side.deliveries.re_export(access, document_id, "another way")
    assert refused(walk, delivery_id, Arrival.THERE, reference="1").code == "delivery_superseded"


def _lost_in_ln(walk: Walk, runner: DeliveryRunner, kind: str) -> str:
    """An invoice whose answer was lost, in an LN whose service lists nothing."""

    def after(method: str, path: str) -> None:
        if LN in path:
            walk.proxy.fault("POST", LN, kind)
            walk.proxy.after_commit = lambda _method, _path: None

    walk.proxy.after_commit = after
    delivery_id = walk.exported(f"A-{kind}-{walk.side.scope.organization_id}")
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    return delivery_id


def _in_ln(client: IonApiClient, walk: Walk, delivery_id: str) -> int:
    number = walk.side.detail(delivery_id).delivery.document_name.removesuffix(".xml")
    listed = client.ln.list(SERVICE, {"InvoiceNumberSupplier": number}, company="200")
    return len(listed)


def test_an_ln_that_lists_nothing_gets_an_end_by_a_person(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_LN, erp_mappings.LN, "SUP000001", ln_list="Find")
    with closing(walk.side.runner()) as runner:
        there = _lost_in_ln(walk, runner, "cut")
        decided = decide(walk, there, Arrival.THERE, reference="200-77")
        assert (decided.status, decided.erp_reference) == (DeliveryStatus.DELIVERED, "200-77")
        assert decided.erp_status == "accepted"
        assert walk.side.status(decided.document_id) == "exported"
        assert _in_ln(client, walk, there) == 1

        absent = _lost_in_ln(walk, runner, "drop")
        walk.clock.advance(timedelta(minutes=5))
        decide(walk, absent, Arrival.NOT_THERE)
        assert walk.run(runner, absent).kind is OutcomeKind.DONE
        assert _in_ln(client, walk, absent) == 1


def test_what_has_failed_without_a_lost_call_is_not_decided(
    walk: Walk, runner: DeliveryRunner
) -> None:
    walk.proxy.fault("POST", ITEMS, "refuse", status=400, body=b"{}")
    delivery_id = walk.exported()
    assert runner.run(delivery_id).kind is OutcomeKind.FAILED
    told = refused(walk, delivery_id, Arrival.THERE, reference="1")
    assert isinstance(told, Conflict)
    assert told.code == "nothing_unknown"
