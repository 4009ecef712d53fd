"""Whatever a document says: a payload that is right, or a message that names line and value."""

from __future__ import annotations

import dataclasses
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionport.core.errors import InvalidInput
from ionport.ionapi import idm, ln, m3
from ionport.mappings.grammars.files import own_template, read_mapping
from ionport.mappings.model import MappingKind, RenderSource
from ionport.mappings.rendering.bod import explain_bod, parse_bod_mapping, render_bod
from ionport.mappings.rendering.capture_document.schema import SYNC_CAPTURE_DOCUMENT, Node
from ionport.mappings.rendering.default import default_json, default_xml
from ionport.mappings.rendering.idm import parse_idm_mapping, render_idm_item
from ionport.mappings.rendering.ln import LINE_NAMES, parse_ln_mapping, render_ln
from ionport.mappings.rendering.m3 import parse_m3_mapping, render_m3
from tests.support.reference import needs_reference_data, reference_files
from tests.unit.mappings.sources import ENVELOPE, demo_source, local, schema_violations

T = TypeVar("T")
_NOT_MAPPED = "document_type_not_mapped"
_SOURCE = demo_source()
_BOD = parse_bod_mapping(own_template(MappingKind.BOD)[1].decode())
_IDM = parse_idm_mapping(own_template(MappingKind.IDM)[1].decode())
_M3 = parse_m3_mapping(own_template(MappingKind.M3)[1].decode())
_LN = parse_ln_mapping(own_template(MappingKind.LN)[1].decode())
_NASTY = st.sampled_from(
    ["</Value><Value>", "]]>", "&amp;", '"', "'", '" or "1"="1', "\\", "\x00", "\ufffe", "\ud800"]
)
_TEXTS = st.lists(st.one_of(st.text(max_size=8), _NASTY), max_size=4).map("".join)
_FIELDS = st.dictionaries(st.sampled_from(sorted({*_SOURCE.fields, "supplier_id"})), _TEXTS)
_ROWS = st.lists(
    st.dictionaries(st.sampled_from(sorted(_SOURCE.tables["INVOICE_TABLE"][0])), _TEXTS), max_size=3
)


def _made(make: Callable[[], T], *codes: str) -> T | None:
    """Return what is made, None where it is refused for one of these reasons."""
    try:
        return make()
    except InvalidInput as error:
        if error.code not in codes or len(error.text) > 600:
            raise
        return None


@st.composite
def _sources(draw: st.DrawFn) -> RenderSource:
    fields = {**_SOURCE.fields, "supplier_id": "20001", **draw(_FIELDS)}
    return dataclasses.replace(_SOURCE, fields=fields, tables={"INVOICE_TABLE": draw(_ROWS)})


def _misplaced(element: ElementTree.Element, node: Node) -> Iterator[str]:
    """Yield what the schema does not allow at this place."""
    names = [local(child) for child in element]
    order = list(node.children)
    if set(names) - set(order) or names != sorted(names, key=order.index):
        yield f"{node.name}: {names}"
        return
    for name, child in node.children.items():
        if child.cardinality in "1?" and names.count(name) > 1:
            yield f"{node.name}/{name}: {names.count(name)} times"
        if child.is_mandatory and name not in names:
            yield f"{node.name}/{name} is missing"
    for own in element:
        yield from _misplaced(own, node.children[local(own)])


@settings(max_examples=30, deadline=None)
@given(source=_sources())
def test_a_bod_is_well_formed_in_the_schemas_order_and_has_the_values_as_they_are(
    source: RenderSource,
) -> None:
    told = ("control_character", "too_long_for_ion")
    bod = _made(lambda: render_bod(_BOD, source, ENVELOPE), *told)
    if bod is None:
        return
    root = ElementTree.fromstring(bod)
    assert list(_misplaced(root, SYNC_CAPTURE_DOCUMENT)) == []
    texts = {element.text or "" for element in root.iter()}
    for value in explain_bod(_BOD, source, ENVELOPE):
        if "/@" not in value.target:
            assert value.value in texts


@pytest.mark.parametrize("text", ["\x00", "\x00\x00", "a\x00b"])
def test_an_id_of_the_message_with_a_control_character_is_told(text: str) -> None:
    text = "".join(list(text))
    source = dataclasses.replace(_SOURCE, fields={**_SOURCE.fields, "correlation_id": text})
    with pytest.raises(InvalidInput, match=r"correlation_id.*U\+0000"):
        render_bod(_BOD, source, ENVELOPE)


@settings(max_examples=30, deadline=None)
@given(source=_sources())
def test_m3_and_ln_get_each_value_whole_or_are_told_why_not(source: RenderSource) -> None:
    told = ("control_character", "not_for_m3", "m3_field_missing")
    calls = _made(lambda: render_m3(_M3, source), *told)
    if calls is not None:
        requests = [m3.M3Request(call.transaction, call.values()) for call in calls]
        sent = json.loads(m3.bulk_body("APS450MI", requests))["transactions"]
        assert [each["record"] for each in sent] == [call.values() for call in calls]
    payload = _made(lambda: render_ln(_LN, source), "control_character", "not_for_ln")
    if payload is None:
        return
    lines = tuple(
        ln.LnLine(LINE_NAMES[name], tuple((one.target, one.value) for one in row))
        for name, rows in payload.lines.items()
        for row in rows
    )
    entity = ln.LnEntity(tuple((one.target, one.value) for one in payload.header), lines)
    root = ElementTree.fromstring(ln.create_envelope("ReceivedPurchaseInvoice", entity))
    found = [(element.tag, element.text) for element in root.iter()]
    for value in payload.every_value():
        assert (value.target, value.value) in found


@settings(max_examples=30, deadline=None)
@given(source=_sources())
def test_an_item_and_the_question_for_it_keep_values_apart_from_the_query(
    source: RenderSource,
) -> None:
    item = _made(lambda: render_idm_item(_IDM, source), "control_character")
    if item is None:
        return
    draft = idm.ItemDraft(item.entity_name, item.attributes, ((item.filename, b""),), item.acl)
    content = json.loads(idm.item_json(draft, [""]))
    attributes = content["item"]["attrs"]["attr"]
    assert [(one["name"], one["value"]) for one in attributes] == list(item.attributes)
    assert "/" not in item.filename


@settings(max_examples=30, deadline=None)
@given(source=_sources())
def test_the_default_forms_are_json_and_xml(source: RenderSource) -> None:
    assert json.loads(default_json(source))["document_type"] == "INVOICE"
    _made(lambda: ElementTree.fromstring(default_xml(source)), "control_character")


@settings(max_examples=30, deadline=None)
@given(lines=st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=12))
def test_a_mapping_of_any_text_makes_a_document_or_says_why_not(lines: list[str]) -> None:
    text = "\n".join([*lines, "Document_Types=INVOICE", "INVOICE=X", "HeaderFields=SUNO"])
    told = ("document_type_not_mapped", "m3_field_missing", "not_for_m3", "control_character")
    _made(lambda: ElementTree.fromstring(render_bod(parse_bod_mapping(text), _SOURCE, ENVELOPE)))
    _made(lambda: render_m3(parse_m3_mapping(text), _SOURCE), *told)
    _made(lambda: render_ln(parse_ln_mapping(text), _SOURCE), *told)
    _made(lambda: render_idm_item(parse_idm_mapping(text), _SOURCE), *told)


@needs_reference_data
@pytest.mark.parametrize(
    "path",
    [*reference_files("mappings/BOD-*"), *reference_files("mappings/IDM-*")],
    ids=lambda path: path.name,
)
def test_every_shipped_file_renders_for_a_matching_document(path: Path) -> None:
    text = read_mapping(path.read_bytes())[0]
    types = ("INVOICE", "ORDER_CONFIRMATION", "DELIVERY_NOTE")
    rendered = []
    for document_type in types:
        source = dataclasses.replace(_SOURCE, document_type=document_type)
        if path.name.startswith("IDM"):
            mapping = parse_idm_mapping(text)
            item = _made(partial(render_idm_item, mapping, source), _NOT_MAPPED)
            rendered += [item.attributes] if item else []
        else:
            bod_mapping = parse_bod_mapping(text)
            bod = _made(partial(render_bod, bod_mapping, source, ENVELOPE), _NOT_MAPPED)
            rendered += [bod] if bod else []
            assert not bod or list(schema_violations(bod)) == []
    assert rendered
