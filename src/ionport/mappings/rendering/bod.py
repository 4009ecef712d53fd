"""BOD mappings: their grammar, and the Sync.CaptureDocument that they make.

Source: docs/reference/mapping-files.md#bod.

Where several lines of a file fill one place, the value of the purchase order wins over a field's
(IFP_), a field's over a constant (SFP_), a constant over a generated or batch value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.documents.types import DOCUMENT_TYPES
from ionport.mappings.grammars.aliases import column_id, comparable, field_id
from ionport.mappings.grammars.properties import Properties, parse_properties
from ionport.mappings.model import BodAddress, BodEnvelope, RenderSource
from ionport.mappings.rendering.bod_tree import Source, State, TableMapping, Tree
from ionport.mappings.rendering.schema import Target, group_of, target_of

DOCUMENT_NAME = "Sync.CaptureDocument"
"""The name of the BOD in the header of an ION message."""

_ROOT = "SyncCaptureDocument"
_APPLICATION_AREA = (_ROOT, "ApplicationArea")
_SYNC = (_ROOT, "DataArea", "Sync")
_CAPTURE_DOCUMENT = (_ROOT, "DataArea", "CaptureDocument")
_TABLE = (*_CAPTURE_DOCUMENT, "DocumentTable")
_MAX_BOD_ID = 255
MAX_TABLES = 20
# An e-invoice has no pages; readers still expect the one that its fields are said to be on.
_PAGE = "1"


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
    """Read a BOD mapping as it is; what is wrong with it, the linter says."""
    properties = parse_properties(text)
    tree = Tree()
    _add_single_values(tree, properties)
    _add_fields(tree, properties)
    _add_pages(tree, properties)
    _add_tables(tree, properties)
    tree.ensure(*_SYNC)
    tree.add(Target((*_APPLICATION_AREA, "CreationDateTime")), _created_at)
    return BodMapping(
        document_types={
            comparable(name): properties.get(name) for name in properties.names("Document_Types")
        },
        tree=tree.freeze(),
    )


def render_bod(mapping: BodMapping, source: RenderSource, envelope: BodEnvelope) -> bytes:
    """Return the BOD of a document; the same arguments give the same bytes.

    Raises:
        InvalidInput: the mapping has no line for this type of document.
    """
    state = _state(mapping, source, envelope)
    address = _address(mapping, state)
    place = f"{envelope.tenant_id}:{address.accounting_entity}:{address.location}"
    tail = f":{envelope.revision}?CaptureDocument&verb=Sync"
    state.bod_id = f"infor-nid:{place}:{address.document_id}{tail}"
    if len(state.bod_id) > _MAX_BOD_ID:
        state.bod_id = f"infor-nid:{place}:{source.fields.get('correlation_id', '')}{tail}"
    return mapping.tree.write(state)


def bod_address(mapping: BodMapping, source: RenderSource) -> BodAddress:
    """Return what the header of the ION message repeats; raises InvalidInput as `render_bod`."""
    epoch = datetime.fromtimestamp(0, UTC)
    return _address(mapping, _state(mapping, source, BodEnvelope("", epoch)))


def _state(mapping: BodMapping, source: RenderSource, envelope: BodEnvelope) -> State:
    return State(
        source=source,
        envelope=envelope,
        document_type=mapping.document_type(source.document_type),
        tables={comparable(name): rows for name, rows in source.tables.items()},
    )


def _address(mapping: BodMapping, state: State) -> BodAddress:
    text_at = mapping.tree.text_at
    document_id = text_at(state, *_CAPTURE_DOCUMENT, "DocumentID", "ID")
    return BodAddress(
        logical_id=text_at(state, *_APPLICATION_AREA, "Sender", "LogicalID"),
        accounting_entity=text_at(state, *_SYNC, "AccountingEntityID"),
        location=text_at(state, *_SYNC, "LocationID"),
        document_id=document_id or state.source.fields.get("correlation_id", ""),
    )


def _add_single_values(tree: Tree, properties: Properties) -> None:
    """Add what occurs once, the strongest source of a place first."""
    for name in properties.names("PO_Fields"):
        field = "purchase_order_" + properties.get("POF_" + name).lower()
        _add(tree, properties.get("POP_" + name), _field_value(field))
    for name in properties.names("Index_Fields"):
        if name not in _structural_names(properties):
            _add(tree, properties.get("IFP_" + name), _field_value(field_id(name)))
    for name in properties.names("Static_Fields"):
        _add(tree, properties.get("SFP_" + name), _constant(properties.get("SFV_" + name)))
    for name in properties.names("Generated_Fields"):
        if generator := GENERATORS.get(properties.get("GFV_" + name).lower()):
            _add(tree, properties.get("GFP_" + name), generator)
    for name in properties.names("Batch_Level_Properties"):
        if batch_value := BATCH_VALUES.get(name.lower()):
            _add(tree, properties.get("Path_" + name), batch_value)
    _add(tree, properties.get("DT_Path"), lambda state: state.document_type)


def _add_fields(tree: Tree, properties: Properties) -> None:
    group = group_of(properties.get("IF_COMMON_PATH"))
    if group is None:
        return
    listed = [
        (field_id(name), target)
        for name in properties.names("Index_Fields")
        if (target := properties.get("IF_" + name))
    ]
    fields = [(field, target, str(number)) for number, (field, target) in enumerate(listed, 1)]

    def each(state: State) -> Iterator[None]:
        for field, name, number in fields:
            if value := state.source.fields.get(field, ""):
                state.item = _field_item(field, name, value, number)
                yield

    tree.repeat(group, each)
    for name in properties.names("IF_Elements"):
        _add(tree, properties.get("IFP_" + name), _item(name))
    for name in properties.names("IF_Attributes"):
        _add(tree, properties.get("IFP_" + name), _constant(properties.get("IFV_" + name)))


def _field_item(field: str, name: str, value: str, number: str) -> dict[str, str]:
    kind, category = _FIELD_KINDS.get(field, ("STRING", ""))
    return {
        "name": name,
        "value": value,
        "fieldordernumber": number,
        "page": _PAGE,
        "pageid": _PAGE,
        "datatype": kind,
        "category": category,
    }


def _add_pages(tree: Tree, properties: Properties) -> None:
    group = group_of(properties.get("Pages_COMMON_PATH"))
    if group is None:
        return

    def each(state: State) -> Iterator[None]:
        state.item = {
            "pageid": _PAGE,
            "sourcefilename": state.source.file_name,
            "filemimetype": state.source.mime_type,
        }
        yield

    tree.repeat(group, each)
    for name in properties.names("Page_Elements"):
        _add(tree, properties.get("PFP_" + name), _item(name))


def _add_tables(tree: Tree, properties: Properties) -> None:
    group = group_of(properties.get("Table_COMMON_PATH"))
    tables = [_table(properties, name) for name in properties.names("Tables")[:MAX_TABLES]]
    if group is None or group.elements != _TABLE or not tables:
        return
    tree.repeat(group, lambda state: _each_table(state, tables))
    tree.repeat(Target((*_TABLE, "Row")), _each_row)
    tree.repeat(Target((*_TABLE, "Row", "Column")), _each_column)
    tree.add(Target((*_TABLE, "Row", "ID")), lambda state: str(state.row_number))
    for target in dict.fromkeys(target for table in tables for target in table.constants):
        tree.add(target, _table_constant(target))
    for name in properties.names("TableColumn_StaticFields"):
        _add(tree, properties.get("TCP_" + name), _constant(properties.get("TCV_" + name)))
    for name in properties.names("TableColumn_MappedFields"):
        _add(tree, properties.get("TCP_" + name), _item(name))


def _table(properties: Properties, name: str) -> TableMapping:
    prefix = f"TN_{name}_TC_"
    constants: dict[Target, str] = {}
    for item in properties.names(f"TN_{name}_Static_Fields"):
        if target := target_of(properties.get(f"TNP_{name}_{item}")):
            constants[target] = properties.get(f"TNV_{name}_{item}")
    columns = tuple(
        (column_id(line.key.removeprefix(prefix)), line.value)
        for line in properties
        if line.key.startswith(prefix) and line.value
    )
    return TableMapping(comparable(properties.get("TN_" + name) or name), constants, columns)


def _each_table(state: State, tables: list[TableMapping]) -> Iterator[None]:
    for table in tables:
        state.table = table
        yield


def _each_row(state: State) -> Iterator[None]:
    table = state.table
    if table is not None:
        for number, row in enumerate(state.tables.get(table.source_name, ()), start=1):
            state.row_number, state.row = number, row
            yield


def _each_column(state: State) -> Iterator[None]:
    table, row = state.table, state.row
    for column, name in table.columns if table else ():
        # Columns of the invoice table are in capitals, those of the tax lines are not.
        if value := row.get(column) or row.get(column.lower(), ""):
            state.item = {"name": name, "value": value, "pageid": _PAGE}
            yield


def _add(tree: Tree, path: str, source: Source) -> None:
    if target := target_of(path):
        tree.add(target, source)


def _structural_names(properties: Properties) -> set[str]:
    """Names whose IFP_ line lays out a DocumentField instead of copying a field."""
    return {*properties.names("IF_Elements"), *properties.names("IF_Attributes")}


def _constant(text: str) -> Source:
    return lambda _state: text


def _field_value(field: str) -> Source:
    return lambda state: state.source.fields.get(field, "")


def _item(name: str) -> Source:
    key = name.lower()
    return lambda state: state.item.get(key, "")


def _table_constant(target: Target) -> Source:
    return lambda state: state.table.constants.get(target, "") if state.table else ""


def _created_at(state: State) -> str:
    return _moment(state.envelope.created_at)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


GENERATORS: Mapping[str, Source] = {
    "bodid": lambda state: state.bod_id,
    "currentdate": _created_at,
}
"""What GFV_ may name, in lower case."""

BATCH_VALUES: Mapping[str, Source] = {
    "filesize": lambda state: str(state.source.size_bytes),
    "lastmodificationperson": lambda state: state.envelope.last_modified_by,
    "lastmodifieddatetime": lambda state: _moment(
        state.envelope.last_modified_at or state.envelope.created_at
    ),
}
"""What Batch_Level_Properties may list, in lower case."""

_FIELD_KINDS = {
    field.id: (field.type.value, field.group)
    for document_type in DOCUMENT_TYPES.values()
    for field in document_type.fields
}
