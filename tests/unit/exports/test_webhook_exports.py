"""Documents are posted to a real receiver: signed, and again the same under the same id."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook as Verifier

from ionport.connections.model import CheckStatus, TargetKind
from ionport.connections.proofs import is_refusal
from ionport.core.clock import MovableClock
from ionport.core.errors import InvalidInput
from ionport.exports.model import (
    AttemptState,
    DeliveryDetail,
    DeliveryStatus,
    ExportMethod,
    OutcomeKind,
    StepKind,
)
from ionport.exports.timing import ExportTiming
from ionport.mappings.model import MappingKind
from tests.support.exporting import QUICK, DocumentSide, closing
from tests.support.proofs import failed_stage
from tests.support.receiver import Call, Receiver, Reply, receiving

# The same in each process of the run: it is part of names of tests.
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
# For the receiver that never answers first, and does so then.
IMPATIENT = replace(QUICK, gateway_timeout=0.4, after_gateway=1.6)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def configure(side: DocumentSide, receiver: Receiver, **options: str) -> str:
    connection_id = side.add_target(TargetKind.WEBHOOK, {"url": receiver.url}, SECRET)
    side.configure(connection_id, ExportMethod.WEBHOOK, options=options)
    return connection_id


def deliver(
    side: DocumentSide, clock: MovableClock, waits: int = 20, timing: ExportTiming = QUICK
) -> DeliveryDetail:
    delivery_id = side.export(side.receive("471102")).id
    with closing(side.runner(timing)) as runner:
        for _ in range(waits):
            outcome = runner.run(delivery_id)
            if outcome.kind is not OutcomeKind.WAIT:
                break
            clock.advance(timedelta(seconds=outcome.seconds))
    return side.detail(delivery_id)


def signature_of(call: Call) -> None:
    """Raise when the signature is wrong; the time is the test's clock's, not this machine's."""
    own = Verifier(SECRET)
    message, stamp = call.headers["webhook-id"], call.headers["webhook-timestamp"]
    at = datetime.fromtimestamp(int(stamp), UTC)
    assert call.headers["webhook-signature"] == own.sign(message, at, call.body.decode())


def test_the_values_are_posted_signed_as_json(
    side: DocumentSide, clock: MovableClock, receiver: Receiver
) -> None:
    configure(side, receiver)
    detail = deliver(side, clock)
    assert detail.delivery.status is DeliveryStatus.DELIVERED, detail.delivery.error_text
    (call,) = receiver.calls
    signature_of(call)
    assert call.id == detail.delivery.message_id
    assert call.headers["content-type"] == "application/json"
    values = json.loads(call.body)["fields_compact"]
    assert values["invoice_id"] == "471102"
    assert values["correlation_id"] == detail.delivery.correlation_id
    assert SECRET not in repr(detail)


def test_xml_is_posted_where_the_configuration_says_so(
    side: DocumentSide, clock: MovableClock, receiver: Receiver
) -> None:
    configure(side, receiver, webhook_form="xml")
    deliver(side, clock)
    (call,) = receiver.calls
    signature_of(call)
    assert call.headers["content-type"] == "application/xml"
    assert b"<invoice_id>471102</invoice_id>" in call.body


@pytest.mark.parametrize(
    "first", [Reply(never=True), Reply(503), Reply(429), Reply(500), Reply(507)]
)
def test_what_may_have_arrived_is_posted_again_with_the_same_bytes_under_the_same_id(
    side: DocumentSide, clock: MovableClock, receiver: Receiver, first: Reply
) -> None:
    configure(side, receiver)
    receiver.answer(first, 200)
    detail = deliver(side, clock, timing=IMPATIENT if first.never else QUICK)
    assert detail.delivery.status is DeliveryStatus.DELIVERED, detail.delivery.error_text
    one, two = receiver.calls
    assert (one.id, one.body) == (two.id, two.body)
    signature_of(two)
    attempts = [each for each in detail.attempts if each.step is StepKind.WEBHOOK_POST]
    assert sorted(each.number for each in attempts) == [1, 2]


@pytest.mark.parametrize(
    ("reply", "code", "remedy"),
    [
        (Reply(401), "receiver_http_401", "secret"),
        (Reply(403), "receiver_http_403", "secret"),
        (Reply(404), "receiver_http_404", "address"),
        (Reply(410), "receiver_http_410", "address"),
        (Reply(413), "receiver_http_413", "too large"),
        (Reply(422), "receiver_http_422", "Look at the receiver"),
        (Reply(302, headers=(("Location", "http://127.0.0.1:1/"),)), "redirect", "address"),
    ],
)
def test_a_receiver_that_says_no_ends_the_delivery_at_once(
    side: DocumentSide,
    clock: MovableClock,
    receiver: Receiver,
    reply: Reply,
    code: str,
    remedy: str,
) -> None:
    connection_id = configure(side, receiver)
    receiver.answer(reply)
    detail = deliver(side, clock)
    assert detail.delivery.status is DeliveryStatus.FAILED
    assert detail.delivery.error_code == code
    assert remedy in detail.delivery.remedy
    (attempt,) = [each for each in detail.attempts if each.step is StepKind.WEBHOOK_POST]
    assert attempt.state is AttemptState.FAILED, "surely nothing was taken"
    assert len(receiver.calls) == 1
    failed = failed_stage(side.prove(connection_id))
    assert failed is not None
    assert (failed.key, is_refusal(failed)) == ("ping", True)


def test_a_proof_pings_signed_and_a_dead_receiver_is_no_refusal(
    side: DocumentSide, receiver: Receiver
) -> None:
    connection_id = side.add_target(TargetKind.WEBHOOK, {"url": receiver.url}, SECRET)
    assert side.prove(connection_id).status is CheckStatus.PASSED
    (ping,) = receiver.calls
    signature_of(ping)
    assert json.loads(ping.body) == {"type": "ping"}
    dead = side.add_target(TargetKind.WEBHOOK, {"url": "http://127.0.0.1:1/"}, SECRET)
    failed = failed_stage(side.prove(dead))
    assert failed is not None
    assert (failed.key, is_refusal(failed)) == ("certificate", False)


@pytest.mark.parametrize(
    ("url", "secret", "field"),
    [
        ("http://receiver.example/hook", SECRET, "url"),
        ("https://169.254.169.254/", SECRET, "url"),
        ("https://user:word@receiver.example/", SECRET, "url"),
        ("https://receiver.example/", "", "secret"),
        ("https://receiver.example/", "whsec_!", "secret"),
    ],
)
def test_addresses_and_secrets_that_cannot_be_used_are_refused(
    side: DocumentSide, url: str, secret: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        side.add_target(TargetKind.WEBHOOK, {"url": url}, secret)
    assert field in refused.value.fields
    assert not secret or secret not in str(refused.value)


def test_a_stylesheet_that_makes_no_utf_8_is_refused_at_render(
    side: DocumentSide, clock: MovableClock, receiver: Receiver
) -> None:
    connection_id = side.add_target(TargetKind.WEBHOOK, {"url": receiver.url}, SECRET)
    stylesheet = (
        b'<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        b'<xsl:output method="text" encoding="ISO-8859-1"/>'
        b'<xsl:template match="/">&#228;</xsl:template></xsl:stylesheet>'
    )
    mapping = side.add_mapping(MappingKind.XSLT, stylesheet, "latin")
    side.configure(connection_id, ExportMethod.WEBHOOK, mappings={MappingKind.XSLT: mapping})
    detail = deliver(side, clock)
    assert (detail.delivery.status, detail.delivery.error_code) == (
        DeliveryStatus.FAILED,
        "webhook_not_utf8",
    )
    assert not receiver.calls
