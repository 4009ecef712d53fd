"""Order confirmations and delivery notes arrive in IDM and at ION, and nowhere else."""

from __future__ import annotations

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import InvalidInput
from ionport.documents.suppliers.csv_file import read_suppliers
from ionport.documents.suppliers.service import SupplierService
from ionport.exports.model import ExportMethod, OutcomeKind
from ionport.identity.access import Access
from ionport.mappings.grammars.files import own_template
from ionport.mappings.model import MappingKind
from tests.support.exporting import OPERATOR, DocumentSide, closing
from tests.support.infor_side import InforSide
from tests.support.orders import DESPATCH_ADVICE, ORDER_RESPONSE
from tests.support.proxy import FaultyProxy
from tests.unit.exports.conftest import Walk

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("document_type", "content", "wanted"),
    [
        (
            "ORDER_CONFIRMATION",
            ORDER_RESPONSE,
            {"Order_confirmation_number": "OC-77", "Delivery_Date": "2026-04-01"},
        ),
        ("DELIVERY_NOTE", DESPATCH_ADVICE, {"Delivery_Note_Id": "DN77"}),
    ],
)
def test_an_order_document_arrives_in_idm_and_at_ion(
    side: DocumentSide,
    infor: InforSide,
    clock: MovableClock,
    proxy: FaultyProxy,
    credentials: dict[str, str],
    document_type: str,
    content: bytes,
    wanted: dict[str, str],
) -> None:
    connection_id = side.connect({**credentials, "iu": proxy.url})
    made = side.configure(connection_id, title="Orders", document_type=document_type)
    walk = Walk(side, infor, clock, proxy, made)
    delivery = side.export(side.add_document("order.xml", content))
    with closing(side.runner()) as runner:
        assert walk.run(runner, delivery.id).kind is OutcomeKind.DONE
    detail = side.detail(delivery.id)
    (item,) = walk.items(detail)
    assert item.entity_name == document_type
    attributes = {one.name: one.value for one in item.attributes}
    assert {**wanted, "Purchase_Order": "4500001"}.items() <= attributes.items()
    (message,) = walk.messages(detail)
    assert message.parameters["documentName"] == "Sync.CaptureDocument"


@pytest.mark.parametrize("method", [ExportMethod.INFOR_IDM_M3, ExportMethod.INFOR_IDM_LN])
def test_a_configuration_whose_erp_books_no_such_document_is_not_activated(
    side: DocumentSide, credentials: dict[str, str], method: ExportMethod
) -> None:
    kind = MappingKind.M3 if method is ExportMethod.INFOR_IDM_M3 else MappingKind.LN
    template = own_template(kind)[1]
    connection_id = side.connect(credentials)
    with pytest.raises(InvalidInput, match=r"book invoices and credit notes.*DELIVERY_NOTE"):
        side.configure(connection_id, method, erp=template, document_type="DELIVERY_NOTE")


def test_a_second_delivery_note_of_one_number_is_held_and_a_new_confirmation_is_not(
    side: DocumentSide,
) -> None:
    side.add_document("first.xml", DESPATCH_ADVICE)
    copy = side.add_document("copy.xml", DESPATCH_ADVICE.replace(b">10<", b">11<", 1))
    assert side.status(copy) == "ready_for_validation"
    assert any("DN77" in text for text in side.timeline(copy))
    side.add_document("confirmed.xml", ORDER_RESPONSE)
    later = ORDER_RESPONSE.replace(b"<cbc:IssueDate>2026-03-05", b"<cbc:IssueDate>2026-03-06")
    assert side.status(side.add_document("again.xml", later)) != "ready_for_validation"


def test_the_category_of_the_supplier_comes_from_the_master_data(side: DocumentSide) -> None:
    document_id = side.add_document("order.xml", ORDER_RESPONSE)
    suppliers = SupplierService(side.clock, side.audit)
    text = b"number,name,category\nSUP001,Nordwerk GmbH,A\nSUP002,Nordwerk,\n"
    with side.database.write() as work:
        access = Access(work, side.scope, OPERATOR)
        document = side.documents.get(access, document_id)
        assert "supplier_category" not in side.documents.more_fields(access, document)
        suppliers.store(access, read_suppliers(text))
        assert side.documents.more_fields(access, document)["supplier_category"] == "A"
        # The name is another supplier's too: then nobody knows whose category counts.
        suppliers.store(access, read_suppliers(text.replace(b"Nordwerk,", b"Nordwerk,B")))
        assert "supplier_category" not in side.documents.more_fields(access, document)
