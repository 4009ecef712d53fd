from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ionport.connections.intake import prepare_connection
from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.documents.model import DocumentStatus
from ionport.exports.configurations.mapping_uses import ConfigurationMappingUses
from ionport.exports.configurations.model import PinnedMapping
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.listing import DeliveryFilter, DeliverySort
from ionport.exports.model import DeliveryStatus, ExportMethod, StepKind
from ionport.exports.status import derive_status
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingKind
from ionport.store import OrganizationScope, SystemScope
from tests.support.exporting import OPERATOR, DocumentSide
from tests.unit.connections.conftest import credential


@pytest.fixture
def ready(side: DocumentSide) -> DocumentSide:
    """A side with one active configuration, and nobody who runs deliveries."""
    with side.database.write() as work:
        connection = side.connections.upload(
            Access(work, side.scope, OPERATOR), "x", prepare_connection(credential())
        )
    side.configure(connection.id)
    return side


def set_status(side: DocumentSide, delivery_id: str, status: DeliveryStatus) -> None:
    with side.database.write() as work:
        DeliveryRepository(work.connection).update(
            SystemScope("test"), delivery_id, {"status": status, "due_at": None}
        )


@pytest.mark.on_each_database
def test_a_delivery_commits_with_its_document_s_status(ready: DocumentSide):
    document_id = ready.receive()

    def export_and_die() -> None:
        with ready.database.write() as work:
            ready.deliveries.export(Access(work, ready.scope, OPERATOR), document_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        export_and_die()
    assert ready.status(document_id) == "validated_pending_export"
    delivery = ready.export(document_id)
    assert ready.status(document_id) == "exporting"
    assert delivery.status is DeliveryStatus.PENDING
    detail = ready.detail(delivery.id)
    assert [step.kind for step in detail.steps] == [
        StepKind.RENDER,
        StepKind.IDM_LOOK_UP,
        StepKind.IDM_CREATE,
        StepKind.ION_PUBLISH,
    ]
    assert len(delivery.correlation_id) == 36


@pytest.mark.on_each_database
def test_the_runner_is_woken_after_the_commit_and_not_before(ready: DocumentSide):
    woken: list[str] = []
    ready.deliveries.wake = lambda: woken.append("yes")
    document_id = ready.receive()
    with ready.database.write() as work:
        ready.deliveries.export(Access(work, ready.scope, OPERATOR), document_id)
        assert woken == []
    assert woken == ["yes"]


@pytest.mark.on_each_database
def test_exporting_again_gives_the_delivery_that_exists(ready: DocumentSide):
    document_id = ready.receive()
    first = ready.export(document_id)
    assert ready.export(document_id).id == first.id
    set_status(ready, first.id, DeliveryStatus.DELIVERED)
    assert ready.export(document_id).id == first.id


def test_without_an_active_configuration_the_user_is_told_where_to_make_one(side: DocumentSide):
    document_id = side.receive()
    with side.database.write() as work, pytest.raises(Conflict, match="Settings"):
        side.deliveries.export(Access(work, side.scope, OPERATOR), document_id)


@pytest.mark.on_each_database
def test_re_export_as_new_has_a_new_correlation_id_and_asks_why(ready: DocumentSide):
    document_id = ready.receive()
    first = ready.export(document_id)
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        with pytest.raises(InvalidInput) as refused:
            ready.deliveries.re_export(access, document_id, "  ")
        with pytest.raises(Conflict, match="not over"):
            ready.deliveries.re_export(access, document_id, "wrong company")
    assert refused.value.fields["reason"]
    set_status(ready, first.id, DeliveryStatus.DELIVERED)
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        (second,) = ready.deliveries.re_export(access, document_id, "wrong company")
        found = ready.deliveries.of_document(access, document_id)
    assert (second.generation, second.reason) == (2, "wrong company")
    assert second.correlation_id != first.correlation_id
    assert second.message_id != first.message_id
    assert [one.generation for one in found] == [2, 1]
    assert "wrong company" in ready.timeline(document_id)[0]


def test_a_superseded_delivery_is_not_retried(ready: DocumentSide):
    document_id = ready.receive()
    first = ready.export(document_id)
    set_status(ready, first.id, DeliveryStatus.FAILED)
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        (second,) = ready.deliveries.re_export(access, document_id, "new")
        with pytest.raises(Conflict) as refused:
            ready.deliveries.retry(access, first.id)
    assert refused.value.existing_id == second.id


@pytest.mark.parametrize(
    "status", [DeliveryStatus.PENDING, DeliveryStatus.RUNNING, DeliveryStatus.DELIVERED]
)
def test_only_what_failed_or_waits_is_retried(ready: DocumentSide, status: DeliveryStatus):
    delivery = ready.export(ready.receive())
    set_status(ready, delivery.id, status)
    with ready.database.write() as work, pytest.raises(Conflict):
        ready.deliveries.retry(Access(work, ready.scope, OPERATOR), delivery.id)


@pytest.mark.on_each_database
def test_a_cancelled_delivery_can_be_taken_up_again(ready: DocumentSide):
    delivery = ready.export(ready.receive())
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        ready.deliveries.cancel(access, delivery.id)
        again = ready.deliveries.retry(access, delivery.id)
    assert again.status is DeliveryStatus.PENDING
    assert again.due_at == ready.clock.now()
    assert (again.correlation_id, again.message_id, again.generation) == (
        delivery.correlation_id,
        delivery.message_id,
        delivery.generation,
    )
    assert ready.status(delivery.document_id) == "exporting"


def test_what_people_do_with_a_delivery_is_in_the_audit_log(ready: DocumentSide):
    delivery = ready.export(ready.receive())
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        ready.deliveries.cancel(access, delivery.id)
        ready.deliveries.retry(access, delivery.id)
        found = ready.audit.list(access, PageRequest(), [delivery.id])
    assert sorted(entry.action for entry in found.items) == [
        "delivery.cancelled",
        "delivery.created",
        "delivery.retried",
    ]


@pytest.mark.parametrize("status", [DeliveryStatus.RUNNING, DeliveryStatus.DELIVERED])
def test_what_runs_or_is_over_is_not_cancelled(ready: DocumentSide, status: DeliveryStatus):
    delivery = ready.export(ready.receive())
    set_status(ready, delivery.id, status)
    with ready.database.write() as work, pytest.raises(Conflict):
        ready.deliveries.cancel(Access(work, ready.scope, OPERATOR), delivery.id)


@pytest.mark.on_each_database
def test_lists_are_filtered_sorted_and_paged(ready: DocumentSide):
    made = []
    for number in ("A-1", "B-2", "C-3"):
        made.append(ready.export(ready.receive(number)))
        ready.clock.advance(timedelta(minutes=1))
    set_status(ready, made[1].id, DeliveryStatus.FAILED)

    def found(
        wanted: DeliveryFilter, page: PageRequest | None = None, **order: object
    ) -> list[str]:
        with ready.database.read() as work:
            result = ready.deliveries.list(
                Access(work, ready.scope, OPERATOR), wanted, page or PageRequest(), **order
            )
        return [one.document_name for one in result.items]

    assert found(DeliveryFilter()) == ["C-3.xml", "B-2.xml", "A-1.xml"]
    by_name = {"sort": DeliverySort.DOCUMENT, "descending": False}
    assert found(DeliveryFilter(), PageRequest(2, 2), **by_name) == ["C-3.xml"]
    assert found(DeliveryFilter(status=DeliveryStatus.FAILED)) == ["B-2.xml"]
    assert found(DeliveryFilter(text="b-2")) == ["B-2.xml"]
    assert found(DeliveryFilter(text=made[0].correlation_id)) == ["A-1.xml"]
    assert found(DeliveryFilter(document_id=made[2].document_id)) == ["C-3.xml"]
    assert found(DeliveryFilter(created_from=made[2].created_at)) == ["C-3.xml"]
    assert found(DeliveryFilter(created_to=made[1].created_at)) == ["A-1.xml"]
    assert found(DeliveryFilter(configuration_id="exp_other")) == []
    with ready.database.read() as work:
        counts = ready.deliveries.counts(Access(work, ready.scope, OPERATOR))
    assert counts[DeliveryStatus.PENDING] == 2
    assert counts[DeliveryStatus.FAILED] == 1
    assert counts[DeliveryStatus.DELIVERED] == 0


def test_members_export_and_strangers_see_nothing(ready: DocumentSide):
    organization_id = ready.scope.organization_id
    member = Actor(
        "usr_1", "Mia", organization_roles=frozenset({(organization_id, OrganizationRole.USER)})
    )
    stranger = Actor("usr_2", "Sam")
    document_id = ready.receive()
    with ready.database.write() as work:
        access = Access(work, ready.scope, stranger)
        (delivery,) = ready.deliveries.export(Access(work, ready.scope, member), document_id)
        assert delivery.created_by == "Mia"
        for call in (
            lambda: ready.deliveries.export(access, document_id),
            lambda: ready.deliveries.get(access, delivery.id),
            lambda: ready.deliveries.retry(access, delivery.id),
            lambda: ready.deliveries.cancel(access, delivery.id),
            lambda: ready.deliveries.counts(access),
        ):
            with pytest.raises(Forbidden):
                call()
        other = OrganizationScope("org_other")
        with pytest.raises(NotFound):
            ready.deliveries.get(Access(work, other, OPERATOR), delivery.id)
        with pytest.raises(NotFound):
            ready.deliveries.export(Access(work, other, OPERATOR), document_id)


def test_a_configuration_that_is_not_active_delivers_when_it_is_named(ready: DocumentSide):
    first = ready.export(ready.receive("first"))
    alternate = ready.configure(
        first.connection_id, ExportMethod.INFOR_IDM, title="Alternate", activate=False
    )
    document_id = ready.receive("second")
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        (delivery,) = ready.deliveries.export(access, document_id, alternate.id)
        with pytest.raises(NotFound):
            ready.deliveries.export(access, document_id, "exp_nobody")
    assert delivery.configuration_title == "Alternate"


@pytest.mark.on_each_database
def test_exported_means_that_all_active_configurations_have_delivered(ready: DocumentSide):
    one = ready.export(ready.receive())
    a = replace(one, configuration_id="a")
    b = replace(one, configuration_id="b")
    both, only_a, none = frozenset({"a", "b"}), frozenset({"a"}), frozenset[str]()
    delivered, failed = DeliveryStatus.DELIVERED, DeliveryStatus.FAILED
    cancelled, waiting = DeliveryStatus.CANCELLED, DeliveryStatus.WAITING
    for statuses, active, expected in [
        ((delivered, delivered), both, DocumentStatus.EXPORTED),
        ((delivered, waiting), both, DocumentStatus.EXPORTING),
        ((failed, waiting), both, DocumentStatus.EXPORTING),
        ((delivered, failed), both, DocumentStatus.EXPORT_ERROR),
        ((delivered, cancelled), both, DocumentStatus.VALIDATED_PENDING_EXPORT),
        ((delivered, failed), only_a, DocumentStatus.EXPORTED),
        ((delivered, cancelled), none, DocumentStatus.EXPORTED),
        ((cancelled, cancelled), none, DocumentStatus.VALIDATED_PENDING_EXPORT),
    ]:
        latest = [replace(a, status=statuses[0]), replace(b, status=statuses[1])]
        assert derive_status(latest, active) is expected, statuses
    assert derive_status([replace(a, status=delivered)], both) is (
        DocumentStatus.VALIDATED_PENDING_EXPORT
    )


@pytest.mark.on_each_database
def test_a_mapping_file_that_a_delivery_names_is_kept_after_another_took_its_place(
    ready: DocumentSide,
) -> None:
    ready.export(ready.receive())
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        (configuration,) = ready.configurations.list(access, PageRequest()).items
        used = configuration.mappings[MappingKind.IDM].mapping_id
        text = ready.mappings.latest_version(access, used).text
        other = ready.mappings.add(access, "other.properties", prepare_mapping(text.encode()))
        ConfigurationRepository(work.connection).pin(
            ready.scope,
            configuration.id,
            {MappingKind.IDM: PinnedMapping(other.mapping_id, other.id)},
        )
        uses = ConfigurationMappingUses()
        assert uses.is_named(access, used)
        spare = ready.mappings.add(access, "spare.properties", prepare_mapping(text.encode()))
        assert not uses.is_named(access, spare.mapping_id)


@pytest.mark.on_each_database
def test_a_configuration_knows_its_last_success_and_its_failures_of_a_day(
    ready: DocumentSide, clock: MovableClock
) -> None:
    def end(number: str, status: DeliveryStatus) -> None:
        delivery = ready.export(ready.receive(number))
        values = {"status": status, "due_at": None, "finished_at": clock.now()}
        with ready.database.write() as work:
            DeliveryRepository(work.connection).update(SystemScope("test"), delivery.id, values)

    end("90", DeliveryStatus.FAILED)
    clock.advance(timedelta(days=1, minutes=1))
    end("91", DeliveryStatus.DELIVERED)
    delivered_at = clock.now()
    clock.advance(timedelta(minutes=1))
    end("92", DeliveryStatus.FAILED)
    with ready.database.read() as work:
        access = Access(work, ready.scope, OPERATOR)
        (configuration,) = ready.configurations.list(access, PageRequest()).items
        records = ready.deliveries.records(access, [configuration.id, "exp_none"])
    record = records[configuration.id]
    assert (record.last_success, record.failures) == (delivered_at, 1)
    assert (records["exp_none"].last_success, records["exp_none"].failures) == (None, 0)
