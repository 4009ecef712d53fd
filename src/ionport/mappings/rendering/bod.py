"""BOD mappings: their grammar, and the Sync.CaptureDocument that they make.

Source: docs/reference/mapping-files.md#bod.

Where several lines of a file fill one place, the value of the purchase order wins over a field's
(IFP_), a field's over a constant (SFP_), a constant over a generated or batch value.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.types import DOCUMENT_TYPES, TAX_LINES
from ionport.mappings.grammars.aliases import comparable, field_id
from ionport.mappings.grammars.properties import Properties, parse_properties
from ionport.mappings.model import BodAddress, BodEnvelope, RenderSource
from ionport.mappings.rendering.capture_document.schema import Target, group_of
from ionport.mappings.rendering.capture_document.supplies import (
    BATCH_VALUES,
    GENERATORS,
    add,
    add_constant,
    add_item,
    constant,
    created_at,
    field_value,
)
from ionport.mappings.rendering.capture_document.tables import add_tables
from ionport.mappings.rendering.capture_document.tree import (
    CAPTURE_DOCUMENT,
    PAGE,
    ROOT,
    VALUE,
    State,
    Step,
    Supply,
    Tree,
)
from ionport.mappings.rendering.model import Traced
from ionport.mappings.rendering.tables import header_value, tax_field
from ionport.mappings.rendering.values import clean, place_text, shown

DOCUMENT_NAME = "Sync.CaptureDocument"
"""The name of the BOD in the header of an ION message."""

_APPLICATION_AREA = (ROOT, "ApplicationArea")
_SYNC = (ROOT, "DataArea", "Sync")
_LOGICAL_ID = (*_APPLICATION_AREA, "Sender", "LogicalID")
_ENTITY, _LOCATION = (*_SYNC, "AccountingEntityID"), (*_SYNC, "LocationID")
_DOCUMENT_ID = (*CAPTURE_DOCUMENT, "DocumentID", "ID")
# What the header of the message takes: docs/reference/ion-messaging.md#parameters.
_MAX_LENGTHS = {_LOGICAL_ID: 250, _ENTITY: 22, _LOCATION: 22, _DOCUMENT_ID: 100}
_NO_SEPARATORS = str.maketrans({sign: f"%{ord(sign):02X}" for sign in ":?&%"})
# Tells where a Name ends in the number of a VAT rate: VatPercent3.
_NUMBERED = re.compile(r"(.*[^\d])3", re.ASCII)


@dataclass(frozen=True, slots=True)
class BodMapping:
    """A read BOD mapping. `document_types` is keyed by the comparable document type."""

    document_types: Mapping[str, str]
    tree: Tree

    def document_type(self, document_type: str) -> str:
        """Return the text of DocumentType; raises InvalidInput when the type is not mapped."""
        text = self.document_types.get(comparable(document_type))
        if not text:
            raise InvalidInput(
                _(
                    "The BOD mapping has no line for documents of type {type}. Add {type} to"
                    " Document_Types and a line “{type}=<document type in Infor>”."
                ).format(type=document_type),
                code="document_type_not_mapped",
            )
        return text


def parse_bod_mapping(text: str) -> BodMapping:
    """Read a BOD mapping as it is; the linter reports what is wrong with it."""
    properties = parse_properties(text)
    tree = Tree()
    _add_single_values(tree, properties)
    _add_fields(tree, properties)
    _add_pages(tree, properties)
    add_tables(tree, properties)
    tree.ensure(*_SYNC)
    # The schema demands the first; the published mappings read the second for the invoice.
    for area in (_APPLICATION_AREA, CAPTURE_DOCUMENT):
        tree.add(Target((*area, "CreationDateTime")), Supply(created_at))
    return BodMapping(
        document_types={
            comparable(name): properties.get(name) for name in properties.names("Document_Types")
        },
        tree=tree.freeze(),
    )


def render_bod(mapping: BodMapping, source: RenderSource, envelope: BodEnvelope) -> bytes:
    """Return the BOD of a document; the same arguments give the same bytes.

    Raises:
        InvalidInput: the mapping has no line for this type of document, or a value is too long
            for the message's header or has a sign that XML cannot write.
    """
    return mapping.tree.write(_addressed_state(mapping, source, envelope))


def explain_bod(
    mapping: BodMapping, source: RenderSource, envelope: BodEnvelope
) -> tuple[Traced, ...]:
    """Return the values of the BOD in its order, with lines and fields; raises as `render_bod`."""
    state = _addressed_state(mapping, source, envelope)
    state.trace = []
    mapping.tree.write(state)
    return tuple(state.trace)


def bod_name(mapping: BodMapping, source: RenderSource, envelope: BodEnvelope) -> str:
    """Return the BODID up to its query, which answers repeat; raises as `render_bod`.

    Source: docs/reference/ion-messaging.md#synccapturedocument.
    """
    return _addressed_state(mapping, source, envelope).bod_id.partition("?")[0]


def bod_address(mapping: BodMapping, source: RenderSource) -> BodAddress:
    """Return what the header of the ION message repeats; raises InvalidInput as `render_bod`."""
    epoch = datetime.fromtimestamp(0, UTC)
    return _address(mapping, _state(mapping, source, BodEnvelope("", epoch)))


def _addressed_state(mapping: BodMapping, source: RenderSource, envelope: BodEnvelope) -> State:
    """Return the state with the BODID: docs/reference/ion-messaging.md#synccapturedocument.

    Signs of the document's id that separate the parts of a BODID are written as in a URL.
    """
    state = _state(mapping, source, envelope)
    address = _address(mapping, state)
    place = f"{envelope.tenant_id}:{address.accounting_entity}:{address.location}"
    document = address.document_id.translate(_NO_SEPARATORS)
    tail = f"{envelope.revision}?CaptureDocument&verb=Sync"
    state.bod_id = f"infor-nid:{place}:{document}:{tail}"
    return state


def _state(mapping: BodMapping, source: RenderSource, envelope: BodEnvelope) -> State:
    return State(source, envelope, mapping.document_type(source.document_type))


def _address(mapping: BodMapping, state: State) -> BodAddress:
    texts = {}
    for elements, limit in _MAX_LENGTHS.items():
        text, supply = mapping.tree.text_at(state, *elements)
        if len(text) > limit:
            place = place_text(supply.line, supply.key) if supply else elements[-1]
            raise InvalidInput(
                _(
                    "{place}: the value “{value}” has {length} characters; ION takes {limit} for"
                    " {element}."
                ).format(
                    place=place,
                    value=shown(text),
                    length=len(text),
                    limit=limit,
                    element="/".join(elements[-2:]),
                ),
                code="too_long_for_ion",
            )
        texts[elements] = text
    return BodAddress(
        logical_id=texts[_LOGICAL_ID],
        accounting_entity=texts[_ENTITY],
        location=texts[_LOCATION],
        document_id=texts[_DOCUMENT_ID]
        or clean(state.source.fields.get("correlation_id", ""), None, "correlation_id"),
    )


def _add_single_values(tree: Tree, properties: Properties) -> None:
    """Add what occurs once, the strongest source of a place first."""
    for name in properties.names("PO_Fields"):
        field = "purchase_order_" + properties.get("POF_" + name).lower()
        add(tree, properties, "POP_" + name, field_value(field), (field,))
    for name in properties.names("Index_Fields"):
        if name not in _structural_names(properties):
            field = field_id(name)
            add(tree, properties, "IFP_" + name, field_value(field), (field,))
    for name in properties.names("Static_Fields"):
        text = properties.get("SFV_" + name)
        add(tree, properties, "SFP_" + name, constant(text), said_by="SFV_" + name)
    for name in properties.names("Generated_Fields"):
        if generator := GENERATORS.get(properties.get("GFV_" + name).lower()):
            add(tree, properties, "GFP_" + name, generator)
    for name in properties.names("Batch_Level_Properties"):
        if batch_value := BATCH_VALUES.get(name.lower()):
            add(tree, properties, "Path_" + name, batch_value)
    add(tree, properties, "DT_Path", lambda state: state.document_type)


@dataclass(frozen=True, slots=True)
class _Field:
    """A DocumentField: the document's field or term, its Name, and how it stands in the list."""

    field: str
    name: str
    number: int
    line: int | None
    key: str

    @property
    def step(self) -> Step:
        origin = Supply(field_value(self.field), self.line, self.key)
        return Step(origin, f"{self.key} {self.number}")


def _add_fields(tree: Tree, properties: Properties) -> None:
    group = group_of(properties.get("IF_COMMON_PATH"))
    if group is None:
        return
    listed = [
        (name, target)
        for name in properties.names("Index_Fields")
        if (target := properties.get("IF_" + name))
    ]
    fields = [
        _Field(field_id(name), target, number, properties.line("IF_" + name), "IF_" + name)
        for number, (name, target) in enumerate(listed, 1)
    ]
    steps = [(field, field.step) for field in fields]

    def each(state: State) -> Iterator[Step]:
        for field, step in steps:
            if value := header_value(state.source, field.field):
                state.item = _field_item(field, value)
                state.sources = (field.field,)
                yield step
        for field in _further_rates(fields, state.source):
            if value := header_value(state.source, field.field):
                state.item = _field_item(field, value)
                state.sources = (field.field,)
                yield dataclasses.replace(field.step, layout=None)

    tree.repeat(group, each)
    for name in properties.names("IF_Elements"):
        add_item(tree, properties, "IFP_" + name, name)
    for name in properties.names("IF_Attributes"):
        add_constant(tree, properties, "IFP_" + name, properties.get("IFV_" + name))


def _further_rates(fields: list[_Field], source: RenderSource) -> Iterator[_Field]:
    """Yield a field for the fourth and each further VAT rate of the document.

    A file with the values of three rates, the third as `VatPercent3`, stands for any number of
    rates: VatPercent4 follows.
    """
    rates = len(source.tables.get(TAX_LINES, ()))
    if rates <= 3:
        return
    thirds = [
        (field, named[1], match[1])
        for field in fields
        if (named := tax_field(field.field))
        and named[0] == 3
        and (match := _NUMBERED.fullmatch(field.name))
    ]
    numbers = count(len(fields) + 1)
    for rate in range(4, rates + 1):
        for third, kind, name in thirds:
            yield _Field(f"{kind}_{rate}", f"{name}{rate}", next(numbers), third.line, third.key)


def _field_item(field: _Field, value: str) -> dict[str, str]:
    kind, category = _FIELD_KINDS.get(field.field, ("STRING", ""))
    return {
        "name": field.name,
        VALUE: value,
        "fieldordernumber": str(field.number),
        "page": PAGE,
        "pageid": PAGE,
        "datatype": kind,
        "category": category,
    }


def _add_pages(tree: Tree, properties: Properties) -> None:
    group = group_of(properties.get("Pages_COMMON_PATH"))
    if group is None:
        return
    page = Step(Supply(created_at))

    def each(state: State) -> Iterator[Step]:
        state.item = {
            "pageid": PAGE,
            "sourcefilename": state.source.file_name,
            "filemimetype": state.source.mime_type,
        }
        yield page

    tree.repeat(group, each)
    for name in properties.names("Page_Elements"):
        add_item(tree, properties, "PFP_" + name, name)


def _structural_names(properties: Properties) -> set[str]:
    """Names whose IFP_ line lays out a DocumentField instead of copying a field."""
    return {*properties.names("IF_Elements"), *properties.names("IF_Attributes")}


_FIELD_KINDS = {
    field.id: (field.type.value, field.group)
    for document_type in DOCUMENT_TYPES.values()
    for field in document_type.fields
}
