from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import pytest

from ionport.core.errors import InvalidInput
from ionport.mappings.rendering.default import default_json, default_xml
from tests.unit.mappings.sources import demo_source


def test_json_and_xml_have_every_value_under_its_id() -> None:
    source = demo_source()
    content = json.loads(default_json(source))
    root = ElementTree.fromstring(default_xml(source))
    for name, value in source.fields.items():
        assert content["fields_compact"][name] == value
        assert root.findtext(f"fields_compact/{name}") == value
    rows = root.findall("tables/INVOICE_TABLE/row")
    assert content["tables"]["INVOICE_TABLE"][1]["QUANTITY"] == "12"
    assert rows[1].findtext("QUANTITY") == "12"
    assert root.findtext("document_type") == content["document_type"] == "INVOICE"


def test_what_a_supplier_writes_stays_a_value() -> None:
    text = '</document>"}],\\ \U0001f600 \u202e & <!-- ]]>\n'
    fields = {"supplier_name": text, "own field <x>": "7"}
    source = demo_source(fields=fields, tables={})
    assert json.loads(default_json(source))["fields_compact"] == fields
    root = ElementTree.fromstring(default_xml(source))
    assert root.findtext("fields_compact/supplier_name") == text
    assert root.find("fields_compact/value").attrib == {"name": "own field <x>"}  # type: ignore[union-attr]


def test_a_control_character_is_told() -> None:
    with pytest.raises(InvalidInput, match=r"supplier_name.*control character"):
        default_xml(demo_source(fields={"supplier_name": "a\x00b"}))
    assert json.loads(default_json(demo_source(fields={"supplier_name": "a\x00b"})))
