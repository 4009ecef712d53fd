"""An invoice belongs to the company that it is addressed to; one for no company holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Conflict, Forbidden, InvalidInput
from ionport.documents.bulk.decisions import decision_steps, judge_step
from ionport.documents.bulk.model import BulkAction, BulkRun, BulkState, Selection
from ionport.documents.bulk.repository import BulkRepository
from ionport.documents.bulk.runner import BulkRunner
from ionport.documents.bulk.service import BulkService
from ionport.documents.companies.model import COMPANY_FIELDS, Company, Match, addressee_of, match
from ionport.documents.companies.service import CompanyService
from ionport.documents.model import Document, DocumentStatus
from ionport.documents.review.approvals import ApprovalPolicy
from ionport.documents.review.model import DocumentHeld, Finding
from ionport.documents.review.service import keeping_findings
from ionport.documents.suppliers.csv_file import read_suppliers
from ionport.documents.suppliers.service import SupplierService
from ionport.identity.access import Access
from ionport.identity.model import Actor
from ionport.store import Database, SystemScope
from tests.support.exporting import OPERATOR, DocumentSide, document_side, holding, invoice

SOUTH = {
    "name": "Südmaschinen AG",
    "vat_id": "de 987654321",
    "postal_code": "89073",
    "accounting_entity": "001_100",
    "cono": "001",
    "divi": "100",
}
NORTH = {"name": "Nordwerk GmbH", "gln": "4012345000009", "country_code": "de"}


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
def side(database: Database, tmp_path: Path, clock: MovableClock) -> DocumentSide:
    return document_side(database, tmp_path / "blobs", clock)


@pytest.fixture
def companies(side: DocumentSide) -> CompanyService:
    return CompanyService(side.clock, side.audit, side.identity)


def _add(
    side: DocumentSide, companies: CompanyService, values: dict[str, str], **place: object
) -> Company:
    with side.database.write() as work:
        return companies.add(Access(work, side.scope, OPERATOR), values, **place)  # type: ignore[arg-type]


def _document(side: DocumentSide, document_id: str) -> tuple[Document, list[str]]:
    with side.database.read() as work:
        access = work.within(side.scope)
        found = side.documents.findings(access, document_id)
        return side.documents.get(access, document_id), [one.code for one in holding(found)]


def test_an_invoice_goes_to_the_company_it_is_addressed_to(
    side: DocumentSide, companies: CompanyService
) -> None:
    _add(side, companies, NORTH)
    south = _add(side, companies, SOUTH)
    document, findings = _document(side, side.receive())
    assert (document.sub_organization_id, findings) == (south.sub_organization_id, [])
    assert document.status is DocumentStatus.VALIDATED_PENDING_EXPORT
    with side.database.read() as work:
        fields = side.documents.more_fields(work.within(side.scope), document)
    assert fields["accounting_entity"] == "001_100"
    assert (fields["company"], fields["division"], fields["company_id"]) == ("001", "100", "100")


def test_an_invoice_for_no_company_holds_once_one_is_defined(
    side: DocumentSide, companies: CompanyService
) -> None:
    before = side.receive("RE-1")
    assert _document(side, before)[1] == []
    _add(side, companies, NORTH)
    document, findings = _document(side, side.receive("RE-2"))
    assert (document.status, findings) == (DocumentStatus.READY_FOR_VALIDATION, ["no_company"])
    # What came in before is compared where its delivery would be made.
    waiting, _findings = _document(side, before)
    with pytest.raises(DocumentHeld) as held, keeping_findings(side.database) as work:
        side.documents.review.require_free(Access(work, side.scope, OPERATOR), waiting, None)
    assert "none of your companies" in held.value.text
    with keeping_findings(side.database) as work:
        access = Access(work, side.scope, OPERATOR)
        seen = [one.id for one in side.documents.findings(access, before)]
        side.documents.review.require_free(access, waiting, "it is for us", seen)


def test_another_companys_place_that_a_person_chose_holds(
    side: DocumentSide, companies: CompanyService
) -> None:
    north = _add(side, companies, NORTH)
    _add(side, companies, SOUTH)
    prepared = side.documents.prepare_receipt(side.scope, invoice("RE-3"), "a.xml")
    with side.database.write() as work:
        made = side.documents.receive(
            Access(work, side.scope, OPERATOR), prepared, north.sub_organization_id
        )
    document, findings = _document(side, made.id)
    assert (document.sub_organization_id, findings) == (
        north.sub_organization_id,
        ["other_company"],
    )


def _company(**values: str) -> Company:
    given = {**dict.fromkeys(COMPANY_FIELDS, ""), "name": "Acme GmbH", **values}
    at = datetime(2026, 3, 5, tzinfo=UTC)
    return Company(str(values), None, given, updated_at=at, updated_by="anna")


BUYER = {"buyer_name": "ACME  GmbH", "buyer_address": "Gate 5, London SW1A 1AA"}


@pytest.mark.parametrize(
    ("values", "fields", "how"),
    [
        ({"vat_id": "DE111111111"}, {"buyer_tax_id": "de 111.111.111"}, Match.IDENTIFIER),
        ({"tax_number": "21/815/08150"}, {"buyer_tax_number": "2181508150"}, Match.IDENTIFIER),
        ({"gln": "4012345000009"}, {"buyer_id": "4012345000009"}, Match.IDENTIFIER),
        ({"postal_code": "SW1A 1AA"}, {}, Match.ADDRESS),
        ({"postal_code": "SW1A 1AA", "vat_id": "GB1"}, {"buyer_tax_id": "GB2"}, Match.ADDRESS),
        ({"postal_code": "SW1A 2AA"}, {}, Match.NONE),
        ({"postal_code": ""}, {}, Match.NONE),
        ({"name": "Acme Ltd", "postal_code": "SW1A 1AA"}, {}, Match.NONE),
    ],
    ids=["vat", "tax", "gln", "address", "other-vat", "postcode", "no-postcode", "name"],
)
def test_identifiers_decide_and_else_name_with_postal_code(
    values: dict[str, str], fields: dict[str, str], how: Match
) -> None:
    assert match([_company(**values)], addressee_of({**BUYER, **fields}))[0] is how


def test_companies_of_one_vat_group_are_told_apart_by_their_address() -> None:
    one = _company(vat_id="DE1", postal_code="SW1A 1AA")
    two = _company(vat_id="DE1", postal_code="20095")
    buyer = addressee_of({**BUYER, "buyer_tax_id": "DE1"})
    assert match([two, one], buyer) == (Match.IDENTIFIER, one)
    assert match([two, two], addressee_of({"buyer_tax_id": "DE1"})) == (Match.SEVERAL, None)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""),
        ("gln", "4012345000008"),
        ("cono", "1000"),
        ("divi", "ABCD"),
        ("vat_id", "987654321"),
        ("country_code", "XX"),
        ("accounting_entity", "001 100"),
        ("street", "x" * 201),
    ],
)
def test_a_wrong_value_is_named_at_its_field(
    side: DocumentSide, companies: CompanyService, field: str, text: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        _add(side, companies, {**SOUTH, field: text})
    assert list(caught.value.fields) == [field]


def test_the_organization_itself_is_one_company_at_most(
    side: DocumentSide, companies: CompanyService
) -> None:
    main = _add(side, companies, SOUTH, is_main=True)
    with pytest.raises(Conflict):
        _add(side, companies, NORTH, is_main=True)
    document, findings = _document(side, side.receive())
    assert (document.sub_organization_id, findings) == (None, [])
    with side.database.write() as work, pytest.raises(Forbidden):
        companies.change(Access(work, side.scope, Actor("usr_1", "anna")), main.id, {"cono": "2"})
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        changed = companies.change(access, main.id, {"cono": "2"})
        assert (changed.values["cono"], changed.values["divi"]) == ("2", "100")
        companies.delete(access, main.id)
        assert companies.list(access) == []


def test_a_document_is_moved_to_another_company_and_judged_anew(
    side: DocumentSide, companies: CompanyService
) -> None:
    south, north = _add(side, companies, SOUTH), _add(side, companies, NORTH)
    document_id = side.add_document("a.xml", invoice("1"))
    assert _document(side, document_id)[0].sub_organization_id == south.sub_organization_id

    def move(place: str | None, seen: str | None = None) -> bool:
        with side.database.write() as work:
            moving = side.documents.moving
            return moving.move(Access(work, side.scope, OPERATOR), document_id, place or "", seen)

    assert move(north.sub_organization_id)
    document, found = _document(side, document_id)
    assert document.sub_organization_id == north.sub_organization_id
    assert found == ["other_company"]
    assert document.status is DocumentStatus.READY_FOR_VALIDATION
    assert not move(north.sub_organization_id)
    with pytest.raises(Conflict) as late:
        move(None, south.sub_organization_id)
    assert late.value.code == "changed_meanwhile"
    with pytest.raises(InvalidInput):
        move("org_none")
    assert move(south.sub_organization_id)
    document, _found = _document(side, document_id)
    assert document.status is DocumentStatus.VALIDATED_PENDING_EXPORT
    assert side.timeline(document_id).count("It was moved from Südmaschinen AG to Nordwerk GmbH.")
    with side.database.write() as work:
        side.documents.decisions.reject(Access(work, side.scope, OPERATOR), document_id, "not ours")
    with pytest.raises(Conflict) as closed:
        move(None)
    assert closed.value.code == "document_closed"


def test_a_correction_leaves_a_document_where_a_person_moved_it(
    side: DocumentSide, companies: CompanyService
) -> None:
    _add(side, companies, SOUTH)
    document_id = side.receive()
    with side.database.write() as work:
        side.documents.moving.move(Access(work, side.scope, OPERATOR), document_id, "")
    assert _document(side, document_id)[1] == ["other_company"]
    _correct(side, document_id, due_date="2031-01-01")
    document, found = _document(side, document_id)
    assert (document.sub_organization_id, found) == (None, ["other_company"])
    assert document.status is DocumentStatus.READY_FOR_VALIDATION


def test_a_correction_sees_a_move_that_was_made_while_the_file_was_read(
    side: DocumentSide, companies: CompanyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = side.receive()
    _add(side, companies, SOUTH)
    north = _add(side, companies, NORTH)
    service = side.documents.corrections
    read = service._read

    def move_meanwhile(*values: object) -> object:
        with side.database.write() as work:
            place = north.sub_organization_id or ""
            side.documents.moving.move(Access(work, side.scope, OPERATOR), document_id, place)
        return read(*values)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "_read", move_meanwhile)
    _correct(side, document_id, due_date="2031-01-01")
    document, found = _document(side, document_id)
    assert (document.sub_organization_id, found) == (north.sub_organization_id, ["other_company"])


def test_a_correction_that_gives_a_document_its_place_tells_the_timeline(
    side: DocumentSide, companies: CompanyService
) -> None:
    document_id = side.receive()
    south = _add(side, companies, SOUTH)
    _correct(side, document_id, due_date="2031-01-01")
    assert _document(side, document_id)[0].sub_organization_id == south.sub_organization_id
    told = "It was moved from The organization itself to Südmaschinen AG."
    assert side.timeline(document_id).count(told) == 1


def _correct(side: DocumentSide, document_id: str, **values: str) -> None:
    side.documents.corrections.correct(side.database, side.scope, OPERATOR, document_id, values)


def test_a_document_that_moves_to_another_company_is_approved_anew(
    side: DocumentSide, companies: CompanyService
) -> None:
    side.documents.review.policy_of = lambda *_: ApprovalPolicy(first_from=Decimal(0))
    _add(side, companies, SOUTH)
    north = _add(side, companies, NORTH)
    document_id = side.receive()
    decisions = side.documents.decisions
    with side.database.write() as work:
        decisions.approve(Access(work, side.scope, OPERATOR), document_id)
    assert _document(side, document_id)[0].status is DocumentStatus.VALIDATED_PENDING_EXPORT
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        place = north.sub_organization_id or ""
        side.documents.moving.move(access, document_id, place)
        decisions.accept(access, document_id, "it pays for the other one")
        made = decisions.list(access, document_id)
    assert _document(side, document_id)[0].status is DocumentStatus.PENDING_APPROVAL
    assert [each.kind.value for each in made if each.is_active] == ["accept"]


def test_undoing_a_correction_that_gave_a_place_takes_the_place_away(
    side: DocumentSide, companies: CompanyService
) -> None:
    south = _add(side, companies, {"name": "Elsewhere AG", "vat_id": "DE111111111"})
    document_id = side.receive()
    assert _document(side, document_id)[0].sub_organization_id is None
    _correct(side, document_id, buyer_tax_id="DE111111111")
    assert _document(side, document_id)[0].sub_organization_id == south.sub_organization_id
    side.documents.decisions.undo_any(side.database, side.scope, OPERATOR, document_id)
    document, found = _document(side, document_id)
    assert (document.sub_organization_id, found) == (None, ["no_company"])
    told = "It was moved from Elsewhere AG to The organization itself."
    assert side.timeline(document_id).count(told) == 1


def test_whoever_moves_a_document_to_where_it_is_keeps_it_there(
    side: DocumentSide, companies: CompanyService
) -> None:
    document_id = side.receive()
    _add(side, companies, SOUTH)
    for _each in range(2):
        with side.database.write() as work:
            assert not side.documents.moving.move(
                Access(work, side.scope, OPERATOR), document_id, ""
            )
    told = "It stays with The organization itself: a person has said so."
    assert side.timeline(document_id).count(told) == 1
    _correct(side, document_id, due_date="2031-01-01")
    document, found = _document(side, document_id)
    assert (document.sub_organization_id, found) == (None, ["other_company"])


def test_documents_that_wait_are_judged_anew_when_companies_change(
    side: DocumentSide, companies: CompanyService
) -> None:
    waits, exported, held = (side.add_document(f"{n}.xml", invoice(n)) for n in "123")
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        side.documents.decisions.hold(access, held, "asked")
        for status in (DocumentStatus.EXPORTING, DocumentStatus.EXPORTED):
            side.documents.export_status.record(access, exported, status, "")
    north = _add(side, companies, NORTH)
    (run,) = _runs(side)
    assert (run.action, run.total, run.person) == (BulkAction.JUDGE, 2, OPERATOR.name)
    _judge(side)
    (run,) = _runs(side)
    assert (run.done, run.state) == (2, BulkState.DONE)
    document, found = _document(side, waits)
    assert (document.status, found) == (DocumentStatus.READY_FOR_VALIDATION, ["no_company"])
    document, found = _document(side, held)
    assert (document.status, found) == (DocumentStatus.ON_HOLD, ["no_company"])
    assert _document(side, exported)[1] == []
    # The company that they are for: they find it, and what held them holds no longer.
    south = _add(side, companies, SOUTH)
    _judge(side)
    document, _found = _document(side, waits)
    assert document.sub_organization_id == south.sub_organization_id
    assert document.status is DocumentStatus.VALIDATED_PENDING_EXPORT
    assert "What was found no longer holds" in " ".join(side.timeline(waits))
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        companies.change(access, south.id, {"vat_id": "", "postal_code": "1"})
        companies.delete(access, north.id)
    # The second change judges what the first would have judged.
    assert [run.state for run in _runs(side)][:2] == [BulkState.RUNNING, BulkState.CANCELLED]
    _judge(side)
    assert _document(side, waits)[0].status is DocumentStatus.READY_FOR_VALIDATION


def test_judging_anew_gives_way_to_what_a_person_begins(
    side: DocumentSide, companies: CompanyService
) -> None:
    first = side.receive()
    _add(side, companies, NORTH)
    with side.database.write() as work:
        bulk = BulkService(side.clock, side.audit)
        chosen = Selection(ids=[first])
        rejecting = bulk.start(
            Access(work, side.scope, OPERATOR), BulkAction.REJECT, chosen, "not ours"
        )
    with side.database.read() as work:
        free = BulkRepository(work.connection).free(SystemScope("test"), side.clock.now())
    assert free == rejecting.id
    _judge(side)
    assert [(run.done, run.left_out) for run in _runs(side)] == [(1, 0), (0, 1)]


def _runs(side: DocumentSide) -> Sequence[BulkRun]:
    with side.database.read() as work:
        return BulkService(side.clock, side.audit).list(work.within(side.scope))


def _judge(side: DocumentSide) -> None:
    steps = {
        BulkAction.JUDGE: judge_step(side.documents.anew),
        **decision_steps(side.documents.decisions),
    }
    BulkRunner(side.database, side.clock, steps).run_all()


def test_what_suppliers_and_settings_say_now_holds_and_frees_documents_that_wait(
    side: DocumentSide,
) -> None:
    document_id = side.receive()
    suppliers, types = SupplierService(side.clock, side.audit), side.documents.review.types
    account = _document(side, document_id)[0].fields["supplier_iban"]

    def known(iban: str) -> None:
        text = f"number,name,vat_id,tax_number,gln,ibans\r\n1,Any name,{vat_id},,,{iban}\r\n"
        with side.database.write() as work:
            suppliers.store(Access(work, side.scope, OPERATOR), read_suppliers(text.encode()))
        _judge(side)

    vat_id = _document(side, document_id)[0].fields["supplier_tax_id"]
    known("DE02120300000000202051")
    document, found = _document(side, document_id)
    assert (document.status, found) == (DocumentStatus.READY_FOR_VALIDATION, ["unknown_account"])
    known(account)
    document, _found = _document(side, document_id)
    assert document.status is DocumentStatus.VALIDATED_PENDING_EXPORT
    for first_from, status in (
        ("0", DocumentStatus.PENDING_APPROVAL),
        (None, DocumentStatus.VALIDATED_PENDING_EXPORT),
    ):
        with side.database.write() as work:
            values = {"first_from": first_from}
            types.set_approvals(Access(work, side.scope, OPERATOR), "INVOICE", values)
        _judge(side)
        assert _document(side, document_id)[0].status is status
    for required, status in (
        (True, DocumentStatus.READY_FOR_VALIDATION),
        (False, DocumentStatus.VALIDATED_PENDING_EXPORT),
    ):
        with side.database.write() as work:
            values = {"required": required}
            types.set_field(Access(work, side.scope, OPERATOR), "INVOICE", "creditor_id", values)
        _judge(side)
        assert _document(side, document_id)[0].status is status
    codes = [one.code for one in _stored(side, document_id) if one.resolved_at is None]
    assert len(codes) == len(set(codes))


def _stored(side: DocumentSide, document_id: str) -> Sequence[Finding]:
    with side.database.read() as work:
        return side.documents.findings(work.within(side.scope), document_id)
