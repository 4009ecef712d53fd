from __future__ import annotations

import re

import pytest

from ionport.core.errors import InvalidInput
from ionport.sandbox.idm.datamodel import check_acl, check_attribute, entity_named
from ionport.sandbox.idm.model import Attribute
from tests.support.reference import FOLDER, needs_reference_data

_INVOICE_TYPE = re.compile(r"^INVOICE=(\S+)", re.MULTILINE)
_TARGETS = re.compile(r"^(?:SF_(\w+)|IF_\w+\s*=\s*(\w+))", re.MULTILINE)


@needs_reference_data
@pytest.mark.parametrize("name", ["IDM-Mapping_Invoice_M3", "IDM-Mapping_Invoice_LN"])
def test_the_vendors_mapping_writes_to_known_attributes(name: str) -> None:
    text = (FOLDER / "mappings" / f"{name}.properties").read_text(encoding="utf-8")
    entity_name = _INVOICE_TYPE.findall(text)[-1]
    entity = entity_named(entity_name)
    targets = {static or indexed for static, indexed in _TARGETS.findall(text)}
    assert len(targets) > 5
    assert targets <= set(entity.attributes)


def test_a_date_is_a_date_or_empty() -> None:
    entity = entity_named("M3_SupplierInvoice")
    for value in ("", "2020-02-29"):
        check_attribute(entity, Attribute("M3_InvoiceDate", value))
    for value in ("2021-02-29", "20200229", "2020-W09-6", "29.02.2020"):
        with pytest.raises(InvalidInput, match="M3_InvoiceDate"):
            check_attribute(entity, Attribute("M3_InvoiceDate", value))


def test_an_acl_is_one_of_the_document_type() -> None:
    entity = entity_named("LN_SupplierInvoice")
    check_acl(entity, "Private")
    with pytest.raises(InvalidInput, match="Everybody"):
        check_acl(entity, "Everybody")
