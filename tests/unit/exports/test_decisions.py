"""What a person decides about a document, and what becomes of its findings and deliveries."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal

import pikepdf
import pytest

from ionport.core.errors import Conflict, Forbidden, InvalidInput, IonportError
from ionport.documents.invoice.rules.model import Effect
from ionport.documents.model import Document
from ionport.documents.review.approvals import ApprovalPolicy
from ionport.documents.review.decisions.corrections import corrected_values
from ionport.documents.review.decisions.model import DecisionKind
from ionport.documents.review.decisions.undoable import undoable
from ionport.documents.review.model import DocumentHeld, Finding
from ionport.documents.review.service import keeping_findings
from ionport.exports.ledger.repository import DeliveryRepository
from ionport.exports.ledger.steps_repository import LedgerRepository
from ionport.exports.model import Attempt, AttemptState, Delivery, DeliveryStatus, StepKind
from ionport.exports.status import record_document_status
from ionport.identity.access import Access
from ionport.identity.model import Actor, OrganizationRole
from ionport.store import SystemScope
from tests.support.exporting import OPERATOR, DocumentSide, holding, invoice
from tests.unit.exports.test_deliveries import ready

__all__ = ["ready"]
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def _document(side: DocumentSide, document_id: str) -> Document:
    with side.database.read() as work:
        return side.documents.get(work.within(side.scope), document_id)


def _open(side: DocumentSide, document_id: str) -> list[Finding]:
    with side.database.read() as work:
        found = side.documents.findings(work.within(side.scope), document_id)
    return [finding for finding in found if finding.is_open]


def _correct(side: DocumentSide, document_id: str, **values: str) -> bool:
    return side.documents.corrections.correct(
        side.database, side.scope, OPERATOR, document_id, values
    )


def _undo(side: DocumentSide, document_id: str, kind: DecisionKind) -> None:
    with side.database.read() as work:
        made = side.documents.decisions.list(work.within(side.scope), document_id)
    newest = [each for each in made if each.kind is kind and each.is_active][-1]
    if kind is DecisionKind.CORRECT:
        side.documents.corrections.undo(side.database, side.scope, OPERATOR, document_id, newest.id)
        return
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.documents.decisions.undo(access, document_id, newest.id)


def _decide(side: DocumentSide, name: str, document_id: str, *more: object) -> None:
    with side.database.write() as work:
        getattr(side.documents.decisions, name)(
            Access(work, side.scope, OPERATOR), document_id, *more
        )


def _export(side: DocumentSide, document_id: str, **options: str) -> list[Delivery]:
    with keeping_findings(side.database) as work:
        made = side.deliveries.export(Access(work, side.scope, OPERATOR), document_id, **options)  # type: ignore[arg-type]
        return list(made)


def _wrong_total(side: DocumentSide, number: str = "471102") -> str:
    content = invoice(number, side.supplier)
    content = content.replace(b"2808.81</cbc:PayableAmount", b"2808.80</cbc:PayableAmount")
    return side.add_document(f"{number}.xml", content)


def _send(side: DocumentSide, delivery: Delivery) -> None:
    """Write that a call of the delivery left, and that nobody knows its answer."""
    attempt = Attempt(
        id="att_1",
        delivery_id=delivery.id,
        step=StepKind.IDM_CREATE,
        number=1,
        state=AttemptState.UNKNOWN,
        history=(),
        worker_id="wrk_1",
        sent_at=side.clock.now(),
    )
    with side.database.write() as work:
        LedgerRepository(work.connection).add_attempt(SystemScope("test"), attempt)


def test_a_correction_closes_what_no_longer_holds_and_keeps_old_value_and_bytes(
    ready: DocumentSide,
) -> None:
    document_id = _wrong_total(ready)
    assert _correct(ready, document_id, amount_due="2808.81")
    document = _document(ready, document_id)
    assert (document.status, document.open_findings) == ("validated_pending_export", 0)
    assert document.fields["amount_due"] == "2808.81"
    with ready.database.read() as work:
        access = work.within(ready.scope)
        content = ready.documents.content(access, document_id)
        made = corrected_values(ready.documents.decisions.list(access, document_id))
        (finding,) = holding(ready.documents.findings(access, document_id))
    assert b"2808.80</cbc:PayableAmount" in content
    assert made == {"amount_due": ("2808.80", "2808.81")}
    assert finding.resolved_at is not None
    assert any("from “2808.80” to “2808.81”" in text for text in ready.timeline(document_id))
    assert not _correct(ready, document_id, amount_due="2808.81")
    _undo(ready, document_id, DecisionKind.CORRECT)
    document = _document(ready, document_id)
    assert (document.status, document.fields["amount_due"]) == ("ready_for_validation", "2808.80")
    assert [each.id for each in _open(ready, document_id)] == [finding.id]


def test_a_correction_that_makes_something_wrong_holds(ready: DocumentSide) -> None:
    document_id = ready.receive()
    _correct(ready, document_id, **{"total_amount": "5", "INVOICE_TABLE/1/QUANTITY": "3"})
    document = _document(ready, document_id)
    assert document.tables["INVOICE_TABLE"][0]["QUANTITY"] == "3"
    assert "BR-CO-15" in {finding.code for finding in _open(ready, document_id)}
    with pytest.raises(DocumentHeld):
        _export(ready, document_id)


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("total_amount", "1.234,50"),
        ("invoice_date", "31.01.2026"),
        ("invoice_date", "2026-02-30"),
        ("currency", "EURO"),
        ("supplier_tax_id", "123"),
        ("supplier_iban", "DE89370400440532013001"),
        ("invoice_id", "x" * 101),
        ("correlation_id", "1"),
        ("INVOICE_TABLE/1/TOTAL_AMOUNT", "1"),
        ("INVOICE_TABLE/9/QUANTITY", "1"),
        ("INVOICE_TABLE/x/QUANTITY", "1"),
        ("nothing", "1"),
    ],
    ids=range(12),
)
def test_a_value_of_another_type_is_refused_and_named(
    ready: DocumentSide, target: str, value: str
) -> None:
    document_id = ready.receive()
    with pytest.raises(InvalidInput) as refused:
        _correct(ready, document_id, **{target: value, "invoice_id": "other"} | {target: value})
    assert target in refused.value.fields
    assert _document(ready, document_id).fields["invoice_id"] == "471102"


def test_a_pdf_without_an_invoice_is_held_until_it_is_completed_by_hand(
    ready: DocumentSide,
) -> None:
    stream = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(stream)
    document_id = ready.add_document("scan.pdf", stream.getvalue())
    with pytest.raises(InvalidInput, match="Enter what is missing"):
        _decide(ready, "accept", document_id, "never mind")
    with pytest.raises(DocumentHeld):
        _export(ready, document_id, accept_findings="never mind")
    assert {finding.code for finding in _open(ready, document_id)} == {"no_invoice_in_pdf"}
    _correct(ready, document_id, invoice_id="4711", invoice_date="2026-03-01", currency="EUR")
    assert {finding.code for finding in _open(ready, document_id)} >= {"BR-06", "BR-14"}
    amounts = {"total_net_amount": "100.00", "total_tax_amount": "19.00"}
    totals = {"total_amount": "119.00", "amount_due": "119.00"}
    _correct(ready, document_id, supplier_name="Acme", buyer_name="Us", **amounts, **totals)
    assert {finding.code for finding in _open(ready, document_id)} == {"no_lines"}
    with pytest.raises(DocumentHeld):
        _export(ready, document_id)
    assert len(_export(ready, document_id, accept_findings="booked by its total")) == 1


def test_an_accepted_finding_holds_again_when_the_decision_is_undone(ready: DocumentSide) -> None:
    document_id = _wrong_total(ready)
    _decide(ready, "accept", document_id, "a cent")
    assert _document(ready, document_id).status == "validated_pending_export"
    _undo(ready, document_id, DecisionKind.ACCEPT)
    assert _document(ready, document_id).status == "ready_for_validation"


def test_what_arises_again_after_somebody_looked_is_not_accepted(ready: DocumentSide) -> None:
    reopened, undone = _wrong_total(ready), _wrong_total(ready, "471103")
    _correct(ready, reopened, amount_due="2808.81")
    _decide(ready, "accept", undone, "a cent")
    looked_at = ready.clock.now()
    ready.clock.advance(timedelta(seconds=1))
    _undo(ready, reopened, DecisionKind.CORRECT)
    _undo(ready, undone, DecisionKind.ACCEPT)
    for document_id in (reopened, undone):
        with pytest.raises(Conflict) as late:
            _decide(ready, "accept", document_id, "a cent", None, looked_at)
        assert late.value.code == "changed_meanwhile"
        _decide(ready, "accept", document_id, "a cent", None, ready.clock.now())
        assert _document(ready, document_id).status == "validated_pending_export"


def test_what_has_come_to_hold_after_somebody_looked_is_not_accepted(ready: DocumentSide) -> None:
    document_id = _wrong_total(ready)
    with ready.database.read() as work:
        found = ready.documents.findings(work.within(ready.scope), document_id)
    noted = [finding.code for finding in found if not finding.is_open]
    looked_at = ready.clock.now()
    ready.clock.advance(timedelta(seconds=1))
    with ready.database.write() as work:
        types = ready.documents.review.types
        types.set_effect(Access(work, ready.scope, OPERATOR), "INVOICE", noted[0], Effect.HOLDS)
    _correct(ready, document_id, due_date="2031-01-01")
    assert noted[0] in {finding.code for finding in _open(ready, document_id)}
    with pytest.raises(Conflict) as late:
        _decide(ready, "accept", document_id, "a cent", None, looked_at)
    assert late.value.code == "changed_meanwhile"


def test_rejecting_an_invoice_frees_the_other_one_and_its_claim(ready: DocumentSide) -> None:
    first = ready.receive()
    delivery = ready.export(first)
    second = ready.add_document("again.xml", invoice("471102", ready.supplier) + b"\n")
    assert [finding.code for finding in _open(ready, second)] == ["duplicate_number"]
    _decide(ready, "reject", first, "wrong file", second)
    assert _document(ready, first).status == "rejected"
    assert _document(ready, first).duplicate_of == second
    assert _document(ready, second).status == "validated_pending_export"
    ready.export(second)
    with pytest.raises(DocumentHeld):
        _export(ready, first, accept_findings="all the same")
    _undo(ready, first, DecisionKind.DUPLICATE)
    assert [finding.parameters["document"] for finding in _open(ready, first)] == [second]
    assert ready.detail(delivery.id).delivery.status == "pending"


def test_rejecting_an_invoice_frees_one_that_is_nearly_the_same(ready: DocumentSide) -> None:
    first = ready.receive()
    second = ready.add_document("again.xml", invoice("4711-02", ready.supplier))
    assert [finding.code for finding in _open(ready, second)] == ["similar_number"]
    _decide(ready, "reject", first, "wrong file")
    assert _document(ready, second).status == "validated_pending_export"
    _undo(ready, first, DecisionKind.REJECT)
    assert [finding.parameters["document"] for finding in _open(ready, first)] == [second]


def test_a_finding_that_was_closed_holds_again_when_the_other_document_was_sent(
    ready: DocumentSide,
) -> None:
    first = ready.receive()
    second = ready.add_document("again.xml", invoice("471102", ready.supplier) + b"\n")
    _decide(ready, "reject", first, "wrong file")
    _undo(ready, first, DecisionKind.REJECT)
    assert (len(_open(ready, first)), _open(ready, second)) == (1, [])
    _export(ready, first, accept_findings="this one counts")
    with pytest.raises(DocumentHeld):
        _export(ready, second, accept_findings="not looked at")
    assert [finding.parameters["document"] for finding in _open(ready, second)] == [first]


def test_what_was_sent_keeps_its_claim_and_its_decisions(ready: DocumentSide) -> None:
    first = _wrong_total(ready)
    (delivery,) = _export(ready, first, accept_findings="a cent")
    _send(ready, delivery)
    for attempt in (
        lambda: _decide(ready, "delete", first, "not needed"),
        lambda: _undo(ready, first, DecisionKind.ACCEPT),
    ):
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "sent_already"
    _correct(ready, first, invoice_id="471103")
    for number in ("471102", "471103"):
        again = ready.add_document(f"{number}b.xml", invoice(number, ready.supplier))
        with pytest.raises(DocumentHeld):
            _export(ready, again)


def test_what_can_be_undone_is_what_is_not_refused(ready: DocumentSide) -> None:
    first = _wrong_total(ready)
    _correct(ready, first, due_date="2031-01-01")
    _decide(ready, "accept", first, "a cent")
    _decide(ready, "hold", first, "waits")
    assert _undoable(ready, first) == ["correct", "accept", "hold"]
    _decide(ready, "reject", first, "wrong file")
    assert _undoable(ready, first) == ["accept", "reject"]
    for _again in range(2):
        ready.documents.decisions.undo_any(ready.database, ready.scope, OPERATOR, first)
    (delivery,) = _export(ready, first)
    _send(ready, delivery)
    _decide(ready, "hold", first, "waits")
    assert _undoable(ready, first) == ["hold"]


def _undoable(side: DocumentSide, document_id: str) -> list[str]:
    with side.database.read() as work:
        access = Access(work, side.scope, OPERATOR)
        decisions = side.documents.decisions.list(access, document_id)
        found = undoable(
            access,
            side.documents.review.deliveries,
            side.documents.get(access, document_id),
            decisions,
        )
    return [each.kind.value for each in decisions if each.id in found]


def test_a_correction_replaces_the_claim_while_nothing_was_sent(ready: DocumentSide) -> None:
    first = ready.receive("1")
    ready.export(first)
    _correct(ready, first, invoice_id="2")
    again = ready.add_document("1b.xml", invoice("1", ready.supplier) + b"\n")
    assert len(_export(ready, again)) == 1
    second = ready.add_document("2.xml", invoice("2", ready.supplier))
    assert [finding.code for finding in _open(ready, second)] == ["duplicate_number"]


def test_holding_and_deleting_are_undone_in_their_order(ready: DocumentSide) -> None:
    document_id = ready.receive()
    _decide(ready, "hold", document_id, "ask the buyer")
    _decide(ready, "delete", document_id, "not ours")
    assert _document(ready, document_id).status == "deleted"
    with pytest.raises(Conflict, match="newer"):
        _undo(ready, document_id, DecisionKind.HOLD)
    with pytest.raises(Conflict, match="Deleted"):
        _correct(ready, document_id, invoice_id="2")
    _decide(ready, "take_back", document_id, {DecisionKind.DELETE})
    assert _document(ready, document_id).status == "on_hold"
    _decide(ready, "take_back", document_id, {DecisionKind.HOLD})
    assert _document(ready, document_id).status == "validated_pending_export"


@pytest.fixture
def approving(ready: DocumentSide) -> DocumentSide:
    policy = ApprovalPolicy(first_from=Decimal(1000), second_from=Decimal(2000))
    ready.documents.review.policy_of = lambda access, kind: policy
    return ready


def _approve(side: DocumentSide, document_id: str, name: str) -> None:
    role = frozenset({(side.scope.organization_id, OrganizationRole.USER)})
    with side.database.write() as work:
        actor = Actor(f"usr_{name}", name, organization_roles=role)
        side.documents.decisions.approve(Access(work, side.scope, actor), document_id)


def test_two_persons_approve_and_neither_is_who_changed_an_amount(approving: DocumentSide) -> None:
    document_id = _wrong_total(approving)
    with pytest.raises(DocumentHeld, match="Pending approval"):
        _export(approving, document_id, accept_findings="a cent")
    assert _document(approving, document_id).status == "pending_approval"
    with pytest.raises(DocumentHeld):
        _export(approving, document_id, accept_findings="all the same")
    _approve(approving, document_id, "anna")
    assert _document(approving, document_id).status == "pending_second_approval"
    with pytest.raises(Forbidden) as refused:
        _approve(approving, document_id, "anna")
    assert refused.value.code == "approved_already"
    _approve(approving, document_id, "bert")
    assert _document(approving, document_id).status == "validated_pending_export"
    # A correction makes it another document: it is approved anew, and not by who changed it.
    _correct(approving, document_id, amount_due="2808.81")
    assert _document(approving, document_id).status == "pending_approval"
    with approving.database.write() as work, pytest.raises(Forbidden):
        approving.documents.decisions.approve(Access(work, approving.scope, OPERATOR), document_id)
    for name in ("anna", "bert"):
        _approve(approving, document_id, name)
    assert len(_export(approving, document_id)) == 1


def test_what_is_exported_once_more_is_approved_as_it_is_now(approving: DocumentSide) -> None:
    document_id = approving.receive()
    for name in ("anna", "bert"):
        _approve(approving, document_id, name)
    (delivery,) = _export(approving, document_id)
    done = {"status": DeliveryStatus.DELIVERED, "due_at": None}
    with approving.database.write() as work:
        repository = DeliveryRepository(work.connection)
        every = tuple(DeliveryStatus)
        assert repository.update(approving.scope, delivery.id, done, while_status=every)
        record_document_status(work.within(approving.scope), approving.documents, document_id, "")
    _correct(approving, document_id, due_date="2031-01-01")
    assert _export(approving, document_id)[0].id == delivery.id
    assert _document(approving, document_id).status == "exported"

    def again() -> list[Delivery]:
        with keeping_findings(approving.database) as work:
            return list(
                approving.deliveries.re_export(
                    Access(work, approving.scope, OPERATOR), document_id, "due date"
                )
            )

    def keep() -> None:
        with approving.database.write() as work:
            approving.deliveries.keep_exported(Access(work, approving.scope, OPERATOR), document_id)

    with pytest.raises(Conflict):
        keep()
    with pytest.raises(DocumentHeld, match="Pending approval"):
        again()
    keep()
    assert _document(approving, document_id).status == "exported"
    with pytest.raises(DocumentHeld, match="Pending approval"):
        again()
    for name in ("anna", "bert"):
        _approve(approving, document_id, name)
    assert [each.generation for each in again()] == [2]


def test_who_undoes_the_change_of_an_amount_does_not_approve_it(approving: DocumentSide) -> None:
    document_id = _wrong_total(approving)
    _correct(approving, document_id, amount_due="2808.81")
    role = frozenset({(approving.scope.organization_id, OrganizationRole.USER)})
    anna = Actor("usr_anna", "anna", organization_roles=role)
    approving.documents.decisions.undo_any(approving.database, approving.scope, anna, document_id)
    _decide(approving, "accept", document_id, "a cent")
    with pytest.raises(Forbidden) as refused:
        _approve(approving, document_id, "anna")
    assert refused.value.code == "changed_by_approver"
    _approve(approving, document_id, "bert")


def test_a_small_invoice_needs_no_approval(approving: DocumentSide) -> None:
    approving.documents.review.policy_of = lambda *_: ApprovalPolicy(first_from=Decimal(5000))
    assert _document(approving, approving.receive()).status == "validated_pending_export"


@pytest.mark.parametrize("was_exported", [False, True], ids=["new", "before"])
def test_an_export_frees_what_waits_for_an_approval_that_is_no_longer_needed(
    approving: DocumentSide, was_exported: bool
) -> None:
    review = approving.documents.review
    needed, none = review.policy_of, lambda *_: ApprovalPolicy()
    if was_exported:
        review.policy_of = none
    document_id = approving.receive()
    if was_exported:
        _export(approving, document_id)
        review.policy_of = needed
        _correct(approving, document_id, due_date="2031-01-01")
    assert _document(approving, document_id).status == "pending_approval"
    review.policy_of = none
    (delivery,) = _export(approving, document_id)
    assert _document(approving, document_id).status == "exporting"
    with approving.database.read() as work:
        assert not approving.documents.is_held(work.within(approving.scope), document_id)
    assert delivery.status == "pending"


def test_a_decision_from_another_organization_or_without_a_reason_changes_nothing(
    ready: DocumentSide,
) -> None:
    document_id = ready.receive()
    stranger = Actor("usr_x", "x")
    for name, more in (("reject", ["why"]), ("hold", ["why"]), ("delete", ["why"])):
        with ready.database.write() as work, pytest.raises(Forbidden):
            getattr(ready.documents.decisions, name)(
                Access(work, ready.scope, stranger), document_id, *more
            )
        with pytest.raises(IonportError, match="characters"):
            _decide(ready, name, document_id, " ")
    assert _document(ready, document_id).status == "validated_pending_export"


def test_what_is_being_delivered_or_was_sent_stays_with_its_company(ready: DocumentSide) -> None:
    first = ready.receive()
    (delivery,) = _export(ready, first)

    def move() -> bool:
        with ready.database.write() as work:
            access = Access(work, ready.scope, OPERATOR)
            south = ready.identity.create_sub_organization(access, "South")
            return ready.documents.moving.move(access, first, south.id)

    with pytest.raises(Conflict) as open_one:
        move()
    assert open_one.value.code == "delivery_not_over"
    _send(ready, delivery)
    with pytest.raises(Conflict) as sent:
        move()
    assert sent.value.code == "sent_already"
