from __future__ import annotations

import dataclasses

from ionport.mappings.model import RenderSource
from ionport.mappings.rendering.bod import explain_bod, parse_bod_mapping
from ionport.mappings.rendering.explain import unsent
from ionport.mappings.rendering.idm import explain_idm, parse_idm_mapping, render_idm_item
from ionport.mappings.rendering.signs import AmountSign, with_sign
from tests.unit.mappings.sources import BOD_TEMPLATE, ENVELOPE, IDM_TEMPLATE, demo_source

_IDM = parse_idm_mapping(IDM_TEMPLATE)


def test_every_value_of_an_item_says_its_line_and_field() -> None:
    traced = {value.target: value for value in explain_idm(_IDM, demo_source())}
    item = render_idm_item(_IDM, demo_source())
    assert [name for name, _value in item.attributes] == list(traced)[: len(item.attributes)]
    lines = IDM_TEMPLATE.splitlines()
    for value in traced.values():
        assert value.line is not None
        assert lines[value.line - 1].startswith(value.key + "=")
    assert traced["BOD_SupplierInvoiceID"].sources == ("invoice_id",)
    assert traced["file name"].sources == ("invoice_id", "invoice_date")
    assert traced["document type"].key == "INVOICE"


def test_what_goes_nowhere_is_named() -> None:
    source = demo_source()
    sent = explain_bod(parse_bod_mapping(BOD_TEMPLATE), source, ENVELOPE)
    left = unsent(source, sent)
    assert "invoice_id" not in left
    assert "INVOICE_TABLE.QUANTITY" not in left
    assert {"buyer_name", "total_net_amount", "INVOICE_TABLE.VAT"} <= set(left)
    assert len(set(left)) == len(left)
    terms = {"BT-1": "RE-2026-0417", "BT-44": "Buyer", "BT-23": "urn:process"}
    assert [name for name in unsent(source, sent, terms) if name.startswith("BT-")] == ["BT-23"]


def test_a_field_is_sent_when_the_term_that_it_is_made_from_is() -> None:
    text = IDM_TEMPLATE.replace("invoice_id", "BT-1").replace("IF_IF_", "IF_")
    mapping = parse_idm_mapping(text)
    fields = {"invoice_id": "7", "BT-1": "7"}
    source = demo_source(fields=fields, tables={})
    assert unsent(source, explain_idm(mapping, source)) == ()


def _credit_note() -> RenderSource:
    return dataclasses.replace(
        demo_source(document_type="CREDIT_NOTE"),
        fields={"total_amount": "119.00", "tax_rate": "19", "BT-112": "119.00", "invoice_id": "7"},
        tables={"INVOICE_TABLE": [{"QUANTITY": "2", "UNIT_PRICE": "50", "NET_AMOUNT": "-100"}]},
    )


def test_the_amounts_of_a_credit_note_turn_their_sign_where_the_configuration_says_so() -> None:
    turned = with_sign(_credit_note(), AmountSign.NEGATIVE)
    assert dict(turned.fields) == {
        "total_amount": "-119.00",
        "tax_rate": "19",
        "BT-112": "-119.00",
        "invoice_id": "7",
    }
    assert dict(turned.tables["INVOICE_TABLE"][0]) == {
        "QUANTITY": "-2",
        "UNIT_PRICE": "50",
        "NET_AMOUNT": "100",
    }
    for sign in (AmountSign.AS_WRITTEN, None):
        assert with_sign(_credit_note(), sign) == _credit_note()
    assert with_sign(demo_source(), AmountSign.NEGATIVE) == demo_source()
