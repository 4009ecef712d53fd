from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.engine.schedule import Schedule
from ionport.exports.ledger.attempts import Recording
from ionport.exports.model import (
    Attempt,
    AttemptState,
    DeliveryStatus,
    ExportMethod,
    OutcomeKind,
    StepKind,
    StepStatus,
)
from ionport.identity.access import Access
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from tests.support.exporting import OPERATOR, QUICK, closing
from tests.unit.exports.conftest import Walk

ITEMS = "/IDM/api/items"
SEARCH = "/IDM/api/items/search"
PUBLISH = "/v2/multipartMessage"


def create_states(walk: Walk, delivery_id: str, step: StepKind = StepKind.IDM_CREATE) -> list[str]:
    return [
        ">".join(change.state for change in attempt.history)
        for attempt in walk.side.detail(delivery_id).attempts
        if attempt.step is step
    ]


@pytest.mark.on_each_database
def test_a_delivery_puts_one_item_into_idm_and_one_message_into_ion(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    (item,) = walk.items(detail)
    (message,) = walk.messages(detail)
    assert detail.delivery.idm_pid == item.pid
    assert message.arrivals == 1
    assert [(a.step, a.state) for a in detail.attempts] == [
        (StepKind.IDM_LOOK_UP, AttemptState.SUCCEEDED),
        (StepKind.IDM_CREATE, AttemptState.SUCCEEDED),
        (StepKind.ION_PUBLISH, AttemptState.SUCCEEDED),
    ]
    assert all(step.status is StepStatus.DONE for step in detail.steps)
    document_id = detail.delivery.document_id
    assert walk.side.status(document_id) == "exported"
    newest = walk.side.timeline(document_id)[0]
    assert item.pid in newest
    assert message.message_id in newest


def test_the_method_infor_idm_sends_no_message(walk: Walk, runner: DeliveryRunner):
    with walk.side.database.write() as work:
        walk.side.configurations.deactivate(
            Access(work, walk.side.scope, OPERATOR), walk.configuration.id
        )
    walk.side.configure(walk.configuration.connection_id, ExportMethod.INFOR_IDM, title="IDM only")
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    assert len(walk.items(detail)) == 1
    assert walk.messages(detail) == []
    assert StepKind.ION_PUBLISH not in [step.kind for step in detail.steps]


@pytest.mark.on_each_database
def test_a_create_whose_answer_was_lost_is_looked_up_and_not_made_again(
    walk: Walk, runner: DeliveryRunner
):
    walk.proxy.fault("POST", ITEMS, "cut")
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1
    assert create_states(walk, delivery_id) == ["sent>unknown>succeeded"]
    assert walk.proxy.count("POST", ITEMS) == 1


def test_a_create_that_never_arrived_is_made_again_once_that_is_certain(
    walk: Walk, runner: DeliveryRunner
):
    walk.proxy.fault("POST", ITEMS, "drop")
    delivery_id = walk.exported()
    began = walk.clock.now()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1
    assert create_states(walk, delivery_id) == ["sent>unknown>failed", "sent>succeeded"]
    # Not before an item that is late could no longer turn up.
    assert walk.clock.now() - began >= timedelta(seconds=QUICK.settle)


def test_an_item_that_turns_up_late_is_found_and_not_doubled(walk: Walk, runner: DeliveryRunner):
    """The look-up right after the lost answer does not see it yet."""
    walk.proxy.fault("POST", ITEMS, "cut")
    empty = b'{"items":{"item":[]}}'
    json_type = (("Content-Type", "application/json"),)
    # The first answer is for the look-up before the create.
    walk.proxy.fault("GET", SEARCH, "refuse", status=200, times=3, headers=json_type, body=empty)
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1
    assert create_states(walk, delivery_id) == ["sent>unknown>succeeded"]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("kind", ["refuse", "break"])
def test_a_server_error_is_looked_up_before_the_create_is_repeated(
    walk: Walk, runner: DeliveryRunner, status: int, kind: str
):
    walk.proxy.fault("POST", ITEMS, kind, status=status)
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1
    assert walk.proxy.count("POST", ITEMS) == (2 if kind == "refuse" else 1)


def test_a_page_for_people_after_the_commit_is_looked_up_though_it_cannot_heal(
    walk: Walk, runner: DeliveryRunner
):
    walk.proxy.fault("POST", ITEMS, "html")
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(walk.items(walk.side.detail(delivery_id))) == 1


def test_too_many_requests_waits_as_long_as_infor_asks(walk: Walk, runner: DeliveryRunner):
    walk.proxy.fault("POST", ITEMS, "refuse", status=429, headers=(("Retry-After", "7"),))
    delivery_id = walk.exported()
    outcome = runner.run(delivery_id)
    assert (outcome.kind, outcome.seconds) == (OutcomeKind.WAIT, 7.0)
    waiting = walk.side.detail(delivery_id).delivery
    assert waiting.status is DeliveryStatus.WAITING
    assert waiting.next_attempt_at == walk.clock.now() + timedelta(seconds=7)
    assert runner.run(delivery_id).kind is OutcomeKind.SETTLED, "not before it is due"
    assert walk.run(runner, delivery_id).kind is OutcomeKind.SETTLED
    walk.clock.advance(timedelta(seconds=7))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert create_states(walk, delivery_id) == ["sent>failed", "sent>succeeded"]


def test_a_lost_publish_is_repeated_with_the_same_bytes_under_the_same_id(
    walk: Walk, runner: DeliveryRunner
):
    walk.proxy.fault("POST", PUBLISH, "cut", times=2)
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    (message,) = walk.messages(detail)
    assert message.arrivals == 3
    with walk.infor.database.read() as work:
        from tests.unit.exports.conftest import SCOPE

        arrivals = walk.infor.inspection.arrivals(Access(work, SCOPE, OPERATOR), message.id)
    assert all(arrival.is_identical for arrival in arrivals)
    assert len(walk.items(detail)) == 1
    states = create_states(walk, delivery_id, StepKind.ION_PUBLISH)
    assert states == ["sent>unknown", "sent>unknown", "sent>succeeded"]


def test_what_cannot_heal_fails_at_once_with_the_reason(walk: Walk, runner: DeliveryRunner):
    body = b'{"error":{"code":"E1","message":"Attribute M3_Foo is unknown","detail":""}}'
    json_type = (("Content-Type", "application/json"),)
    walk.proxy.fault("POST", ITEMS, "refuse", status=400, headers=json_type, body=body)
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.status is DeliveryStatus.FAILED
    assert "M3_Foo is unknown" in detail.delivery.error_text
    assert walk.proxy.count("POST", ITEMS) == 1
    assert walk.side.status(detail.delivery.document_id) == "export_error"
    assert "M3_Foo" in walk.side.timeline(detail.delivery.document_id)[0]


def test_it_gives_up_after_a_bounded_number_of_tries_and_says_so(
    walk: Walk, runner: DeliveryRunner
):
    walk.proxy.fault("POST", PUBLISH, "refuse", status=503, times=1_000)
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    detail = walk.side.detail(delivery_id)
    assert walk.proxy.count("POST", PUBLISH) == QUICK.max_tries
    assert "Given up after" in detail.delivery.error_text
    assert detail.delivery.remedy


def test_a_wait_longer_than_the_whole_time_allowed_gives_up(walk: Walk):
    walk.proxy.fault("GET", SEARCH, "refuse", status=429, headers=(("Retry-After", "120"),))
    delivery_id = walk.exported()
    with closing(walk.side.runner(replace(QUICK, max_total=60.0))) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    assert walk.proxy.count("GET", SEARCH) == 1


@pytest.mark.on_each_database
def test_retry_goes_on_from_the_failed_step(walk: Walk, runner: DeliveryRunner):
    walk.proxy.fault("POST", PUBLISH, "refuse", status=412)
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    with walk.side.database.write() as work:
        walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
    assert walk.side.status(walk.side.detail(delivery_id).delivery.document_id) == "exporting"
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert walk.proxy.count("POST", ITEMS) == 1
    assert len(walk.messages(walk.side.detail(delivery_id))) == 1


def test_retry_after_a_refusal_uses_the_corrected_mapping(walk: Walk, runner: DeliveryRunner):
    walk.proxy.fault("POST", ITEMS, "refuse", status=400)
    delivery_id = walk.exported()
    walk.run(runner, delivery_id)
    before = walk.side.detail(delivery_id)
    _name, content = own_template(MappingKind.IDM)
    corrected = content + b"\n# corrected\n"
    mapping_id = walk.side.add_mapping(MappingKind.IDM, corrected, "idm of Invoices to Infor")
    walk.side.switch_to_newest(walk.configuration.id, MappingKind.IDM, mapping_id)
    with walk.side.database.write() as work:
        walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    after = walk.side.detail(delivery_id)
    used, used_before = after.delivery.mapping_versions, before.delivery.mapping_versions
    assert used["idm"] != used_before["idm"]
    assert used["bod"] == used_before["bod"]


def test_retry_of_what_may_have_arrived_sends_the_same_bytes(walk: Walk):
    timing = replace(QUICK, max_tries=1)
    with closing(walk.side.runner(timing)) as runner:
        walk.proxy.fault("POST", PUBLISH, "cut")
        delivery_id = walk.exported()
        assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
        with walk.side.database.write() as work:
            walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
        walk.clock.advance(timedelta(hours=1))
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    (message,) = walk.messages(walk.side.detail(delivery_id))
    assert message.arrivals == 2
    assert message.findings == ()


def test_a_mapping_version_that_must_not_be_used_fails_the_delivery(
    walk: Walk, runner: DeliveryRunner
):
    _name, content = own_template(MappingKind.IDM)
    broken = content.replace(b"correlation_id", b"reference")
    configuration = walk.side.configure(
        walk.configuration.connection_id, idm=broken, title="Not active", activate=False
    )
    document_id = walk.side.receive()
    with walk.side.database.write() as work:
        access = Access(work, walk.side.scope, OPERATOR)
        (made,) = walk.side.deliveries.export(access, document_id, configuration.id)
    delivery_id = made.id
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    delivery = walk.side.detail(delivery_id).delivery
    assert delivery.error_code == "mapping_blocked"
    assert walk.proxy.calls == []


def test_at_least_once_is_what_it_says_and_the_ledger_shows_it(walk: Walk, runner: DeliveryRunner):
    _name, content = own_template(MappingKind.IDM)
    without = content.replace(b"correlation_id", b"reference")
    with walk.side.database.write() as work:
        walk.side.configurations.deactivate(
            Access(work, walk.side.scope, OPERATOR), walk.configuration.id
        )
    walk.side.configure(
        walk.configuration.connection_id,
        ExportMethod.INFOR_IDM,
        idm=without,
        title="At least once",
        accepts_at_least_once=True,
    )
    walk.proxy.fault("POST", ITEMS, "cut")
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert create_states(walk, delivery_id) == ["sent>unknown", "sent>succeeded"]
    assert walk.proxy.count("POST", ITEMS) == 2
    look_up = walk.side.detail(delivery_id).steps[1]
    assert look_up.status is StepStatus.SKIPPED
    assert look_up.summary


def test_a_wrong_secret_fails_at_once_and_nothing_was_sent(
    walk: Walk, runner: DeliveryRunner, credentials: dict[str, str]
):
    with walk.side.database.write() as work:
        walk.side.configurations.deactivate(
            Access(work, walk.side.scope, OPERATOR), walk.configuration.id
        )
    wrong = walk.side.connect({**credentials, "cs": "A" * 86})
    walk.side.configure(wrong, title="Wrong secret")
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.error_code == "invalid_client"
    assert detail.delivery.remedy
    (attempt,) = detail.attempts
    assert attempt.exchanges[0]["login"] is True


def test_a_new_credential_of_the_same_tenant_heals_what_failed(
    walk: Walk, runner: DeliveryRunner, credentials: dict[str, str]
):
    gateway = {"iu": walk.proxy.url}
    wrong = walk.side.connect({**credentials, **gateway, "cs": "A" * 86})
    edit(walk, wrong)
    delivery_id = walk.exported()
    assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    edit(walk, walk.side.connect({**credentials, **gateway}))
    with walk.side.database.write() as work:
        walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    elsewhere = walk.side.connect({**credentials, **gateway, "ti": "OTHER_TST"})
    other_id = walk.exported("pending")
    edit(walk, elsewhere)
    assert walk.side.detail(other_id).delivery.connection_id != elsewhere


def edit(walk: Walk, connection_id: str) -> None:
    """Give the active configuration another connection."""
    old = walk.configuration
    fields = replace(old.fields, connection_id=connection_id)
    with walk.side.database.write() as work:
        walk.side.configurations.edit(
            Access(work, walk.side.scope, OPERATOR), old.id, fields, reason="known"
        )


def test_no_secret_and_no_token_reaches_the_ledger_or_the_log(
    walk: Walk,
    runner: DeliveryRunner,
    credentials: dict[str, str],
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level("DEBUG")
    walk.proxy.fault("POST", ITEMS, "cut")
    walk.proxy.fault("POST", PUBLISH, "break", status=500)
    delivery_id = walk.exported()
    walk.run(runner, delivery_id)
    client = runner._clients.get(walk.side.scope, walk.configuration.connection_id)
    tokens = client.token()
    secrets = [credentials[key] for key in ("cs", "saak", "sask")]
    secrets.append(tokens.access_token.reveal())
    secrets += [tokens.refresh_token.reveal()] if tokens.refresh_token else []
    found = caplog.text
    with walk.side.database.read() as work:
        tables = ("deliveries", "delivery_steps", "delivery_attempts", "document_timeline")
        for table in (*tables, "audit_log", "connection_tokens"):
            found += str(work.connection.execute(text(f"select * from {table}")).all())
    for secret in secrets:
        assert secret not in found
        assert secret[5:40] not in found


@pytest.mark.on_each_database
def test_only_one_of_several_workers_creates_the_item(walk: Walk):
    """Several processes run the same delivery at the same moment."""
    delivery_id = walk.exported()
    runners = [walk.side.runner() for _ in range(4)]
    start = threading.Barrier(len(runners))
    problems: list[Exception] = []

    def work(runner: DeliveryRunner) -> None:
        start.wait()
        try:
            for _ in range(5):
                runner.run(delivery_id)
        except Exception as error:  # noqa: BLE001 (told by the test)
            problems.append(error)

    threads = [threading.Thread(target=work, args=(runner,)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for runner in runners:
        runner.close()
    assert problems == []
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    assert walk.proxy.count("POST", ITEMS) == 1
    assert walk.proxy.count("POST", PUBLISH) == 1


def test_a_delivery_that_is_interrupted_again_and_again_ends(walk: Walk):
    with closing(walk.side.runner(replace(QUICK, max_runs=0))) as runner:
        delivery_id = walk.exported()
        with walk.side.database.write() as work:
            runner._records.claim(work, delivery_id, 1)
        Schedule(walk.side.database, walk.clock, QUICK, "wrk_new").begin(is_alone=True)
        assert runner.run(delivery_id).kind is OutcomeKind.FAILED
    assert walk.side.detail(delivery_id).delivery.error_code == "interrupted_too_often"


def test_a_mistake_of_ours_fails_the_delivery_and_retry_looks_first(
    walk: Walk, runner: DeliveryRunner, monkeypatch: pytest.MonkeyPatch
):
    """The call has reached Infor; reading the answer breaks off."""
    whole = Recording.succeeded

    def broken(
        self: Recording, attempt: Attempt, at: datetime, found: Mapping[str, object]
    ) -> Attempt:
        if attempt.step is StepKind.IDM_CREATE:
            raise ZeroDivisionError
        return whole(self, attempt, at, found)

    delivery_id = walk.exported()
    with monkeypatch.context() as patched:
        patched.setattr(Recording, "succeeded", broken)
        assert runner.run(delivery_id).kind is OutcomeKind.FAILED
    assert walk.side.detail(delivery_id).delivery.error_code == "internal"
    assert create_states(walk, delivery_id) == ["sent>unknown"]
    with walk.side.database.write() as work:
        walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert walk.proxy.count("POST", ITEMS) == 1


def test_a_cancelled_delivery_is_not_taken_up(walk: Walk, runner: DeliveryRunner):
    delivery_id = walk.exported()
    with walk.side.database.write() as work:
        walk.side.deliveries.cancel(Access(work, walk.side.scope, OPERATOR), delivery_id)
    assert runner.run(delivery_id).kind is OutcomeKind.SETTLED
    assert walk.proxy.calls == []
    document_id = walk.side.detail(delivery_id).delivery.document_id
    assert walk.side.status(document_id) == "validated_pending_export"


@pytest.mark.on_each_database
def test_a_document_that_is_in_idm_already_is_delivered_without_another_create(
    walk: Walk, runner: DeliveryRunner
):
    """Also where the create is the last step: nothing is left to do then."""
    with walk.side.database.write() as work:
        walk.side.configurations.deactivate(
            Access(work, walk.side.scope, OPERATOR), walk.configuration.id
        )
    walk.side.configure(walk.configuration.connection_id, ExportMethod.INFOR_IDM, title="IDM only")
    delivery_id = walk.exported()
    walk.run(runner, delivery_id)
    with walk.side.database.write() as work:
        for statement in (
            "update deliveries set status = 'pending', due_at = created_at",
            "update delivery_steps set status = 'pending' where kind <> 'render'",
        ):
            work.connection.execute(text(statement))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.status is DeliveryStatus.DELIVERED
    assert walk.proxy.count("POST", ITEMS) == 1
    assert [step.status for step in detail.steps][-1] is StepStatus.SKIPPED
