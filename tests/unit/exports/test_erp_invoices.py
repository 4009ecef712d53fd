"""Invoices in M3 and LN: what arrives is what was planned, and it arrives once."""

from __future__ import annotations

import functools
import itertools
from decimal import Decimal

import pytest
from lxml import etree

from ionport.core.errors import InvalidInput
from ionport.exports.destinations.erp_invoices import m3_lines
from ionport.exports.destinations.infor_idm_m3 import VALIDATE_OPTION
from ionport.exports.model import (
    AttemptState,
    DeliveryDetail,
    DeliveryStatus,
    ExportMethod,
    OutcomeKind,
    StepKind,
    StepStatus,
)
from ionport.identity.access import Access
from ionport.ionapi import IonApiClient, M3Request
from ionport.ionapi.m3 import chunks
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from ionport.sandbox.ln.model import GoodsReceipt
from ionport.sandbox.ln.service import LnService, LnSettings
from tests.support import erp_mappings
from tests.support.exporting import OPERATOR, closing, was_unknown
from tests.support.infor_side import InforSide
from tests.support.planned import assert_m3_as_planned, planned_calls
from tests.support.soap import SERVICE
from tests.unit.exports.conftest import SCOPE, Opened, Walk

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
M3_BULK = "/M3/m3api-rest/v2/execute"
LN = f"/LN/c4ws/services/{SERVICE}"
_numbers = itertools.count(1)


def number() -> str:
    return f"E-{next(_numbers)}"


def steps(detail: DeliveryDetail) -> dict[StepKind, StepStatus]:
    return {step.kind: step.status for step in detail.steps}


def heads(client: IonApiClient, invoice: str) -> list[str]:
    wanted = {"SPYN": "20001", "SUNO": "20001", "SINO": invoice}
    found = client.m3.execute("APS450MI", "LstInvBySupInv", wanted, company="1", division="AAA")
    return [record["INBN"] for record in found.records]


def lines(client: IonApiClient, batch: str) -> list[dict[str, str]]:
    found = client.m3.execute("APS450MI", "LstLines", {"INBN": batch}, company="1", max_records=0)
    return [dict(record) for record in found.records]


@pytest.mark.parametrize(
    ("method", "mapping"),
    [
        (ExportMethod.INFOR_IDM_M3, erp_mappings.M3),
        (ExportMethod.INFOR_IDM_M3_TOML, erp_mappings.TOML),
    ],
)
def test_an_invoice_is_entered_in_m3_with_its_lines(
    opened: Opened, client: IonApiClient, method: ExportMethod, mapping: bytes
) -> None:
    walk = opened(method, mapping, **{VALIDATE_OPTION: "on"})
    invoice = number()
    delivery_id = walk.exported(invoice)
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    assert set(steps(detail).values()) == {StepStatus.DONE}
    (batch,) = heads(client, invoice)
    assert detail.delivery.erp_reference == batch
    head = client.m3.execute("APS450MI", "GetHead", {"INBN": batch}, company="1")
    assert head.first("CORI") == detail.delivery.correlation_id
    assert head.first("SINO") == invoice
    with walk.side.database.read() as work:
        document = walk.side.documents.get(
            work.within(walk.side.scope), detail.delivery.document_id
        )
    source = etree.fromstring(walk.side.blobs.get(document.content_sha256))
    entered = lines(client, batch)
    quantities = source.xpath("//*[local-name()='InvoicedQuantity']/text()")
    amounts = source.xpath(
        "//*[local-name()='InvoiceLine']/*[local-name()='LineExtensionAmount']/text()"
    )
    assert [Decimal(line["IVQA"]) for line in entered] == [Decimal(each) for each in quantities]
    assert [Decimal(line["NLAM"]) for line in entered] == [Decimal(each) for each in amounts]
    (payable,) = source.xpath("//*[local-name()='TaxInclusiveAmount']/text()")
    assert Decimal(head.first("CUAM")) == Decimal(payable)
    plan = planned_calls(walk.side, document.id, walk.configuration.id)
    assert assert_m3_as_planned(plan, head.records[0], entered) > 10
    assert any("ValidByBatchNo" in call.body for call in plan.calls)
    told = walk.side.timeline(detail.delivery.document_id)
    assert any(f"M3 batch {batch}." in text for text in told)
    assert len(walk.items(detail)) == 1


@pytest.mark.parametrize("kind", ["cut", "drop"])
@pytest.mark.parametrize("position", [1, 2])
def test_a_lost_answer_of_head_or_lines_makes_nothing_twice(
    opened: Opened, client: IonApiClient, kind: str, position: int
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3)
    invoice = number()
    delivery_id = walk.exported(invoice)
    break_call(walk, position, kind)
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    assert any(was_unknown(attempt) for attempt in detail.attempts)
    (batch,) = heads(client, invoice)
    assert len(lines(client, batch)) == rows_of(walk, detail)


def rows_of(walk: Walk, detail: DeliveryDetail) -> int:
    with walk.side.database.read() as work:
        access = work.within(walk.side.scope)
        document = walk.side.documents.get(access, detail.delivery.document_id)
    return len(document.tables["INVOICE_TABLE"])


def break_call(walk: Walk, position: int, kind: str, **details: object) -> None:
    """Break the bulk call of M3 at this position."""
    if position == 1:
        walk.proxy.fault("POST", M3_BULK, kind, **details)
        return
    passed = itertools.count(2)

    def after(method: str, path: str) -> None:
        if (method, M3_BULK in path) == ("POST", True) and next(passed) == position:
            walk.proxy.fault("POST", M3_BULK, kind, **details)

    walk.proxy.after_commit = after


def test_a_refused_line_leaves_the_batch_named_and_retry_sends_what_is_missing(
    opened: Opened, client: IonApiClient
) -> None:
    wrong = erp_mappings.M3.replace(b"IR_SF_RDTP=1", b"IR_SF_RDTP=4")
    walk = opened(ExportMethod.INFOR_IDM_M3, wrong)
    invoice = number()
    delivery_id = walk.exported(invoice)
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
        failed = walk.side.detail(delivery_id)
        (batch,) = heads(client, invoice)
        assert batch in failed.delivery.error_text
        assert batch in failed.delivery.remedy
        assert "receipt_lines" in failed.delivery.error_text
        assert failed.delivery.erp_reference == batch
        # Somebody enters the first line by hand, and the mapping is corrected.
        with walk.side.database.read() as work:
            access = work.within(walk.side.scope)
            rows = walk.side.documents.get(access, failed.delivery.document_id).tables
        first = rows["INVOICE_TABLE"][0]
        record = {"INBN": batch, "RDTP": "1", "IVQA": first["QUANTITY"]}
        record |= {"NLAM": first["TOTAL_AMOUNT"], "POPN": first["ITEM_NUMBER"]}
        (entered,) = client.m3.bulk("APS450MI", [M3Request("AddLine", record)], company="1")
        assert entered.ok, entered.error
        mapping_id = walk.side.add_mapping(
            MappingKind.M3, erp_mappings.M3, "m3 of Invoices to Infor"
        )
        walk.side.switch_to_newest(walk.configuration.id, MappingKind.M3, mapping_id)
        with walk.side.database.write() as work:
            walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert heads(client, invoice) == [batch]
    assert len(lines(client, batch)) == len(rows["INVOICE_TABLE"])


def test_an_invoice_that_is_in_m3_already_is_held_and_shown(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3)
    invoice = number()
    delivery_id = walk.exported(invoice)
    detail = walk.side.detail(delivery_id)
    with walk.side.database.read() as work:
        fields = walk.side.documents.get(
            work.within(walk.side.scope), detail.delivery.document_id
        ).fields
    record = {"SUNO": "20001", "SINO": invoice, "IVDT": fields["invoice_date"].replace("-", "")}
    (theirs,) = client.m3.bulk("APS450MI", [M3Request("AddHead", record)], company="1")
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.SETTLED
    held = walk.side.detail(delivery_id).delivery
    assert (held.status, held.error_code) == (DeliveryStatus.WAITING, "document_held")
    assert theirs.first("INBN") in held.error_text
    assert heads(client, invoice) == [theirs.first("INBN")]


def test_an_invoice_of_another_year_is_another_invoice(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3)
    invoice = number()
    record = {"SUNO": "20001", "SINO": invoice, "IVDT": "20190301"}
    client.m3.bulk("APS450MI", [M3Request("AddHead", record)], company="1")
    delivery_id = walk.exported(invoice)
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert len(heads(client, invoice)) == 2


def test_no_acceptance_lets_a_mapping_without_correlation_id_into_m3(opened: Opened) -> None:
    without = erp_mappings.M3.replace(b",CORI\n", b"\n")
    with pytest.raises(InvalidInput, match="nothing is sent without it"):
        opened(ExportMethod.INFOR_IDM_M3, without, accepts_at_least_once=True)


def test_an_invoice_is_created_in_ln_and_names_its_item(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_LN, erp_mappings.LN, "SUP000001")
    invoice = number()
    delivery_id = walk.exported(invoice)
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    (found,) = client.ln.list(SERVICE, {"InvoiceNumberSupplier": invoice}, company="200")
    assert found.value("DocumentIDExternalPackage") == detail.delivery.correlation_id
    assert found.value("IDMReference") == detail.delivery.idm_pid
    own = f"{found.value('ReceivedInvoiceCompany')}-{found.value('ReceivedPurchaseInvoice')}"
    assert detail.delivery.erp_reference == own


@pytest.mark.parametrize("kind", ["cut", "drop"])
def test_a_lost_answer_of_ln_makes_no_second_invoice(
    opened: Opened, client: IonApiClient, kind: str
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_LN, erp_mappings.LN, "SUP000001")
    invoice = number()

    def after(method: str, path: str) -> None:
        # The first call of LN asks; the next one creates.
        if LN in path:
            walk.proxy.fault("POST", LN, kind)
            walk.proxy.after_commit = lambda _method, _path: None

    walk.proxy.after_commit = after
    delivery_id = walk.exported(invoice)
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    assert any(was_unknown(attempt) for attempt in walk.side.detail(delivery_id).attempts)
    assert len(client.ln.list(SERVICE, {"InvoiceNumberSupplier": invoice}, company="200")) == 1


def test_an_ln_that_lists_nothing_leaves_a_lost_answer_to_a_person(
    opened: Opened, client: IonApiClient
) -> None:
    walk = opened(ExportMethod.INFOR_IDM_LN, erp_mappings.LN, "SUP000001", ln_list="Find")
    invoice = number()
    once = walk.exported(number())
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, once).kind is OutcomeKind.DONE

    def after(method: str, path: str) -> None:
        if LN in path:
            walk.proxy.fault("POST", LN, "cut")
            walk.proxy.after_commit = lambda _method, _path: None

    walk.proxy.after_commit = after
    delivery_id = walk.exported(invoice)
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
        with walk.side.database.write() as work:
            walk.side.deliveries.retry(Access(work, walk.side.scope, OPERATOR), delivery_id)
        assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    detail = walk.side.detail(delivery_id)
    assert detail.delivery.error_code == "ln_answer_unknown"
    assert "Look for the invoice in LN" in detail.delivery.remedy
    (made,) = (each for each in detail.attempts if each.step is StepKind.LN_CREATE)
    assert made.state is AttemptState.UNKNOWN
    assert len(client.ln.list(SERVICE, {"InvoiceNumberSupplier": invoice}, company="200")) == 1


def test_what_ln_refuses_is_told_in_its_words_and_nothing_is_made(
    opened: Opened, client: IonApiClient
) -> None:
    wrong = erp_mappings.LN.replace(b"InvoiceAmount", b"AmountOfMoney")
    walk = opened(ExportMethod.INFOR_IDM_LN, wrong, "SUP000001")
    invoice = number()
    delivery_id = walk.exported(invoice)
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.FAILED
    delivery = walk.side.detail(delivery_id).delivery
    assert "AmountOfMoney" in delivery.error_text
    assert delivery.error_code == "ln_fault"
    assert client.ln.list(SERVICE, {"InvoiceNumberSupplier": invoice}, company="200") == ()


def test_more_lines_than_m3_takes_at_once_go_in_parts_and_once(
    opened: Opened, client: IonApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(m3_lines, "chunks", functools.partial(chunks, most=1))
    walk = opened(ExportMethod.INFOR_IDM_M3, erp_mappings.M3)
    invoice = number()
    delivery_id = walk.exported(invoice)
    # The head, then one call for each line: the answer of the second line is lost.
    break_call(walk, 3, "cut")
    with closing(walk.side.runner()) as runner:
        assert walk.run(runner, delivery_id).kind is OutcomeKind.DONE
    detail = walk.side.detail(delivery_id)
    sent = [each for each in detail.attempts if each.step is StepKind.M3_LINES]
    assert [each.state for each in sent][:1] == [AttemptState.PART]
    assert any(was_unknown(each) for each in sent)
    (batch,) = heads(client, invoice)
    assert len(lines(client, batch)) == rows_of(walk, detail) > 2


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        (ExportMethod.INFOR_IDM_M3, MappingKind.M3),
        (ExportMethod.INFOR_IDM_M3_TOML, MappingKind.TOML),
        (ExportMethod.INFOR_IDM_LN, MappingKind.LN),
    ],
)
def test_our_own_templates_deliver(
    opened: Opened, infor: InforSide, method: ExportMethod, kind: MappingKind
) -> None:
    walk = opened(method, own_template(kind)[1], "SUP000001")
    with infor.database.write() as work:
        for position in (10, 20, 30):
            goods = GoodsReceipt(200, "4500017", position, "RCP-2", position, "1000000")
            LnService(infor.clock, LnSettings()).receive(work.within(SCOPE), goods)
    delivery_id = walk.exported(number())
    with closing(walk.side.runner()) as runner:
        outcome = walk.run(runner, delivery_id)
    delivery = walk.side.detail(delivery_id).delivery
    assert outcome.kind is OutcomeKind.DONE, (delivery.error_text, delivery.remedy)
    assert delivery.erp_reference
