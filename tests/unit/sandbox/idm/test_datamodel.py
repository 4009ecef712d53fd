from __future__ import annotations

import re

import pytest

from ionport.core.errors import InvalidInput
from ionport.sandbox.idm.datamodel.attribute_types import AttributeType
from ionport.sandbox.idm.datamodel.model import (
    Acl,
    AttributeDefinition,
    Entity,
    check_required,
    checked,
    checked_acl,
    with_defaults,
)
from ionport.sandbox.idm.datamodel.shipped import SHIPPED
from ionport.sandbox.idm.model import Attribute
from tests.support.reference import FOLDER, needs_reference_data

_INVOICE_TYPE = re.compile(r"^INVOICE=(\S+)", re.MULTILINE)
_TARGETS = re.compile(r"^(?:SF_(\w+)|IF_\w+\s*=\s*(\w+))", re.MULTILINE)


@needs_reference_data
@pytest.mark.parametrize("name", ["IDM-Mapping_Invoice_M3", "IDM-Mapping_Invoice_LN"])
def test_the_vendors_mapping_writes_to_known_attributes(name: str) -> None:
    text = (FOLDER / "mappings" / f"{name}.properties").read_text(encoding="utf-8")
    entity = SHIPPED[_INVOICE_TYPE.findall(text)[-1]]
    targets = {static or indexed for static, indexed in _TARGETS.findall(text)}
    assert len(targets) > 5
    assert targets <= set(entity.attributes)


def test_a_date_is_a_date_or_empty() -> None:
    date = SHIPPED["M3_SupplierInvoice"].attributes["M3_InvoiceDate"]
    for value in ("", "2020-02-29"):
        assert date.read(value) == value
    for value in ("2021-02-29", "20200229", "2020-W09-6", "29.02.2020"):
        with pytest.raises(InvalidInput, match="M3_InvoiceDate"):
            date.read(value)


def test_an_acl_is_one_of_the_document_type() -> None:
    entity = SHIPPED["LN_SupplierInvoice"]
    assert checked_acl(entity, "Private") == "Private"
    assert checked_acl(entity, "") == "Public"
    with pytest.raises(InvalidInput, match="Everybody"):
        checked_acl(entity, "Everybody")


def _entity(*definitions: AttributeDefinition, default_acl: str = "") -> Entity:
    return Entity("Own", "Own", {each.name: each for each in definitions}, (Acl("A"),), default_acl)


def test_without_a_default_an_item_must_name_its_acl() -> None:
    with pytest.raises(InvalidInput, match="no default ACL") as caught:
        checked_acl(_entity(), "")
    assert caught.value.code == "acl_missing"


def test_a_required_attribute_needs_a_value_and_is_named() -> None:
    entity = _entity(
        AttributeDefinition("Number", "", is_required=True), AttributeDefinition("Other", "")
    )
    check_required(entity, [Attribute("Number", "1")])
    for attributes in ([], [Attribute("Number", "")], [Attribute("Other", "x")]):
        with pytest.raises(InvalidInput, match="Number") as caught:
            check_required(entity, attributes)
        assert caught.value.code == "required_attribute_missing"


def test_a_default_fills_in_for_what_a_new_item_leaves_out() -> None:
    entity = _entity(AttributeDefinition("State", "", default="new"))
    assert with_defaults(entity, ()) == (Attribute("State", "new"),)
    assert with_defaults(entity, [Attribute("State", "")]) == (Attribute("State", ""),)


def test_a_value_keeps_to_its_length_and_to_its_list() -> None:
    short = AttributeDefinition("Short", "", max_length=3)
    assert short.read("abc") == "abc"
    with pytest.raises(InvalidInput, match="3 letters"):
        short.read("abcd")
    listed = AttributeDefinition("Listed", "", AttributeType.LONG, values=("1", "2"))
    assert listed.read("+2") == "2"
    with pytest.raises(InvalidInput, match="list of values"):
        listed.read("3")


def test_an_unknown_attribute_is_named() -> None:
    with pytest.raises(InvalidInput, match="Colour"):
        checked(_entity(), [Attribute("Colour", "red")])
