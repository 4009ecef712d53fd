"""IDM is asked before a first create whether the invoice is there already."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from ionport.documents.review.model import DocumentHeld
from ionport.documents.review.service import keeping_findings
from ionport.exports.destinations.infor_idm import IdmPayload
from ionport.exports.engine.runner import DeliveryRunner
from ionport.exports.model import DeliveryStatus, OutcomeKind
from ionport.identity.access import Access
from ionport.ionapi.idm import ItemDraft
from tests.support.exporting import OPERATOR, invoice
from tests.unit.exports.conftest import Walk

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
ITEMS = "/IDM/api/items"


def put_into_idm(
    walk: Walk, runner: DeliveryRunner, number: str, *, date: str = "2026-03-02"
) -> str:
    """Create an item of an invoice as another system does; returns its id."""
    client = runner._clients.get(walk.side.scope, walk.configuration.connection_id)
    attributes = {
        "BOD_SupplierInvoiceID": number,
        "BOD_SupplierPartyID": walk.side.supplier,
        "M3_InvoiceDate": date,
    }
    return client.idm.create_item(
        ItemDraft(
            entity_name="M3_SupplierInvoice",
            attributes=tuple(attributes.items()),
            resources=(("x.xml", b"<x/>"),),
            acl="Public",
        )
    ).pid


def date_of(walk: Walk, delivery_id: str) -> str:
    document_id = walk.side.detail(delivery_id).delivery.document_id
    with walk.side.database.read() as work:
        return walk.side.documents.get(work.within(walk.side.scope), document_id).fields[
            "invoice_date"
        ]


def creates(walk: Walk) -> int:
    """How many creates came through the proxy since the item of the other system."""
    return walk.proxy.count("POST", ITEMS) - 1


def test_an_invoice_that_another_system_has_put_into_idm_is_held_and_shown(
    walk: Walk, runner: DeliveryRunner
):
    delivery_id = walk.exported("AB-1")
    pid = put_into_idm(walk, runner, "AB-1", date=date_of(walk, delivery_id))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.SETTLED
    delivery = walk.side.detail(delivery_id).delivery
    assert (delivery.status, delivery.error_code) == (DeliveryStatus.WAITING, "document_held")
    assert pid in delivery.error_text
    assert creates(walk) == 0
    with walk.side.database.read() as work:
        findings = walk.side.documents.review.list(
            work.within(walk.side.scope), delivery.document_id
        )
    (finding,) = (each for each in findings if each.is_open)
    assert pid in finding.text


def test_a_decision_about_the_item_lets_the_delivery_go_on(walk: Walk, runner: DeliveryRunner):
    delivery_id = walk.exported("AB-2")
    put_into_idm(walk, runner, "AB-2", date=date_of(walk, delivery_id))
    walk.run(runner, delivery_id)
    document_id = walk.side.detail(delivery_id).delivery.document_id
    with walk.side.database.write() as work:
        walk.side.deliveries.export(
            Access(work, walk.side.scope, OPERATOR),
            document_id,
            accept_findings="Another branch's copy.",
        )
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert creates(walk) == 1


def test_an_item_of_another_year_is_another_invoice(walk: Walk, runner: DeliveryRunner):
    delivery_id = walk.exported("AB-3")
    put_into_idm(walk, runner, "AB-3", date="2019-05-01")
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE


def test_the_same_document_exported_again_as_new_is_told_and_goes_on(
    walk: Walk, runner: DeliveryRunner
):
    first = walk.exported("AB-4")
    assert walk.run(runner, first).kind is OutcomeKind.DONE
    delivered = walk.side.detail(first).delivery
    with walk.side.database.write() as work:
        (again,) = walk.side.deliveries.re_export(
            Access(work, walk.side.scope, OPERATOR),
            delivered.document_id,
            "the first one was deleted",
        )
    assert walk.run(runner, again.id).kind is OutcomeKind.DONE
    summary = walk.side.detail(again.id).steps[1].summary
    assert delivered.idm_pid is not None
    assert delivered.idm_pid in summary


def test_no_answer_to_the_question_is_no_create(walk: Walk, runner: DeliveryRunner):
    walk.proxy.fault("GET", "/IDM/api/items/search", "refuse", status=503)
    delivery_id = walk.exported("AB-5")
    assert runner.run(delivery_id).kind is OutcomeKind.WAIT
    assert walk.proxy.count("POST", ITEMS) == 0
    walk.clock.advance(timedelta(seconds=1))
    assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE


def test_a_payload_of_the_version_before_is_read(walk: Walk):
    old = (
        b'{"entity_name":"E","attributes":[["A","1"]],"acl":null,"filename":"x.xml",'
        b'"content_sha256":"00","look_up_attribute":"C","correlation_id":"c"}'
    )
    payload = IdmPayload.from_bytes(old)
    assert payload.same_invoice == ()
    assert IdmPayload.from_bytes(payload.to_bytes()) == payload


def test_a_decision_about_two_documents_frees_both_whichever_arrives_first(
    walk: Walk, runner: DeliveryRunner
):
    first = walk.exported("AB-6")
    content = invoice("AB-6", walk.side.supplier) + b"<!-- sent again -->"
    copy_id = walk.side.add_document("AB-6 again.xml", content)
    for _again in range(2):  # the first time finds out that both are one invoice
        with suppress(DocumentHeld), keeping_findings(walk.side.database) as work:
            walk.side.deliveries.export(
                Access(work, walk.side.scope, OPERATOR), copy_id, accept_findings="They want both."
            )
    with walk.side.database.read() as work:
        (copy,) = walk.side.deliveries.of_document(Access(work, walk.side.scope, OPERATOR), copy_id)
    assert walk.run(runner, copy.id).kind is OutcomeKind.DONE
    assert walk.run(runner, first).kind is OutcomeKind.DONE
