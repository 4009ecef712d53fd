"""Checks of BOD mappings (docs/reference/mapping-files.md#bod)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ionport.mappings.grammars.aliases import CORRELATION_ID, IDM_REFERENCE, comparable, field_id
from ionport.mappings.grammars.properties import Properties, Property
from ionport.mappings.grammars.vocabulary import KNOWN_TYPES, Vocabulary, vocabulary_of
from ionport.mappings.lint.common import (
    ListRule,
    check_column,
    check_fields,
    check_lists,
    check_placeholders,
    empty_value,
    found,
    longest_prefix,
    unknown_key,
)
from ionport.mappings.lint.examples import check_examples, constants_of
from ionport.mappings.lint.receivers import check_receiver
from ionport.mappings.lint.rules.model import NO_CORRELATION_ID
from ionport.mappings.model import Finding, MappingKind
from ionport.mappings.rendering.capture_document.schema import Target, group_of, target_of
from ionport.mappings.rendering.capture_document.supplies import BATCH_VALUES, GENERATORS
from ionport.mappings.rendering.capture_document.tables import MAX_TABLES

_RULES = (
    ListRule("Static_Fields", ("SFP_", "SFV_")),
    ListRule("PO_Fields", ("POP_", "POF_")),
    ListRule("Generated_Fields", ("GFP_", "GFV_")),
    ListRule("Index_Fields", ("IF_",)),
    ListRule("IF_Attributes", ("IFP_", "IFV_")),
    ListRule("IF_Elements", ("IFP_",)),
    ListRule("Page_Elements", ("PFP_",)),
    ListRule("Batch_Level_Properties", ("Path_",)),
    ListRule("Tables", ("TN_",)),
    ListRule("TableColumn_StaticFields", ("TCP_", "TCV_")),
    ListRule("TableColumn_MappedFields", ("TCP_",)),
)
_COMMON_PATHS = ("IF_COMMON_PATH", "Pages_COMMON_PATH", "Table_COMMON_PATH")
BOD_KEYS = {rule.key for rule in _RULES} | {*_COMMON_PATHS, "DT_Path", "Document_Types"}
_PREFIXES = {prefix for rule in _RULES for prefix in rule.prefixes} | {"TNP_", "TNV_"}
_FIELD_PARTS = {"name", "value", "fieldordernumber", "page", "pageid", "datatype", "category"}
_FIELD_PARTS |= {"fieldenumeration"}
_PAGE_PARTS = {"pageid", "sourcefilename", "filemimetype"}
_COLUMN_PARTS = {"name", "value", "pageid"}
_LOGICAL_ID = re.compile(r"lid://[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_MAX_LOGICAL_ID = 250
_SENDER = Target(("SyncCaptureDocument", "ApplicationArea", "Sender", "LogicalID"))
_ALTERNATE_ID = Target(
    ("SyncCaptureDocument", "DataArea", "CaptureDocument", "AlternateDocumentID", "ID")
)


def lint_bod(properties: Properties) -> Iterator[Finding]:
    """Yield the findings about a BOD mapping."""
    yield from _check_logical_id(properties)
    yield from _check_correlation_id(properties)
    yield from _check_document_types(properties)
    yield from _check_paths(properties)
    yield from check_placeholders(properties, ("SFV_", "TNV_"))
    yield from check_examples(MappingKind.BOD, constants_of(properties, "SFV_"))
    sent = {n: "IF_" + n for n in properties.names("Index_Fields") if properties.get("IF_" + n)}
    of = vocabulary_of(properties.names("Document_Types"))
    of_document = {name: key for name, key in sent.items() if field_id(name) != IDM_REFERENCE}
    yield from check_fields(properties, of_document, of)
    yield from _check_item(properties)
    yield from _check_tables(properties, of)
    yield from _check_keys(properties)
    yield from _check_lists(properties)
    yield from _check_names(properties)
    yield from _check_same_names(properties, sent.values())
    yield from check_receiver(properties)


def _check_keys(properties: Properties) -> Iterator[Finding]:
    types = set(properties.names("Document_Types"))
    for line in properties:
        if line.key in BOD_KEYS or line.key in types or line.key.startswith(tuple(_PREFIXES)):
            continue
        if comparable(line.key) in KNOWN_TYPES:
            yield found("type_unlisted", line, list="Document_Types")
        else:
            yield unknown_key(properties, line.key, BOD_KEYS | types)


def _check_logical_id(properties: Properties) -> Iterator[Finding]:
    """ION accepts a message only from a connection point that it knows by its logical id."""
    lines = [
        properties.by_key.get("SFV_" + name)
        for name in properties.names("Static_Fields")
        if target_of(properties.get("SFP_" + name)) == _SENDER
    ]
    line = next(filter(None, lines), None)
    if line is None:
        yield found("no_logical_id", key="SFV_LogicalID")
    elif line.value.rstrip("/") in ("", "lid:"):
        yield found("placeholder_logical_id", line)
    elif len(line.value) > _MAX_LOGICAL_ID or not _LOGICAL_ID.fullmatch(line.value):
        yield found("malformed_logical_id", line)


def _check_correlation_id(properties: Properties) -> Iterator[Finding]:
    for name in properties.names("Index_Fields"):
        target = target_of(properties.get("IFP_" + name))
        if field_id(name) == CORRELATION_ID and target == _ALTERNATE_ID:
            return
    yield found(NO_CORRELATION_ID, properties.line("Index_Fields"), key=CORRELATION_ID, case="bod")


def _check_item(properties: Properties) -> Iterator[Finding]:
    """A BOD is made before there is an item in IDM, and by a method without one, too."""
    for name in properties.names("Index_Fields"):
        keys = [key for key in ("IF_" + name, "IFP_" + name) if properties.get(key)]
        if field_id(name) == IDM_REFERENCE and keys:
            yield found("item_not_known", properties.by_key[keys[0]], name=name)


def _check_document_types(properties: Properties) -> Iterator[Finding]:
    names = properties.names("Document_Types")
    if not any(properties.get(name) for name in names):
        yield found("no_document_type", case="bod")
    for name in names:
        if not properties.get(name):
            yield found("type_without_line", properties.by_key["Document_Types"], name=name)


def _check_lists(properties: Properties) -> Iterator[Finding]:
    tables = properties.names("Tables")[:MAX_TABLES]
    rules = [
        ListRule(f"TN_{name}_Static_Fields", (f"TNP_{name}_", f"TNV_{name}_")) for name in tables
    ]
    # A field may have a path besides its name; columns need no list.
    fields = {"IFP_" + name for name in properties.names("Index_Fields")}
    columns = tuple(f"TN_{name}_TC_" for name in tables)
    ignored = BOD_KEYS | fields | {rule.key for rule in rules}
    ignored |= {line.key for line in properties if line.key.startswith(columns)}
    yield from check_lists(properties, (*_RULES, *rules), ignored)
    for name in properties.names("Static_Fields"):
        key = "SFV_" + name
        if properties.has(key) and not properties.get(key):
            yield empty_value(properties, key, "element")


def _check_names(properties: Properties) -> Iterator[Finding]:
    """Names whose meaning is fixed: what is not among them stays empty."""
    for key, prefix, known in (
        ("IF_Elements", "", _FIELD_PARTS),
        ("Page_Elements", "", _PAGE_PARTS),
        ("TableColumn_MappedFields", "", _COLUMN_PARTS),
        ("Batch_Level_Properties", "", set(BATCH_VALUES)),
        ("Generated_Fields", "GFV_", set(GENERATORS)),
    ):
        for name in properties.names(key):
            used = properties.get(prefix + name) if prefix else name
            if used and used.lower() not in known:
                line = properties.by_key.get(prefix + name if prefix else key)
                yield found("unknown_name", line, name=used, names=", ".join(sorted(known)))


def _check_same_names(properties: Properties, keys: Iterable[str]) -> Iterator[Finding]:
    """Two fields under one Name: the receiver takes one of them."""
    first: dict[str, Property] = {}
    for key in keys:
        line = properties.by_key[key]
        other = first.setdefault(line.value, line)
        if other is not line:
            yield found(
                "same_target",
                line,
                name=key,
                target=line.value,
                other=other.key,
                line=str(other.line),
            )


def _check_paths(properties: Properties) -> Iterator[Finding]:
    if properties.names("Index_Fields") and not properties.get("IF_COMMON_PATH"):
        yield found("no_field_path", properties.line("Index_Fields"), key="IF_COMMON_PATH")
    for line in properties:
        is_group = line.key in _COMMON_PATHS
        prefix = longest_prefix(line.key, _PREFIXES)
        is_path = prefix in ("SFP_", "POP_", "GFP_", "IFP_", "PFP_", "Path_", "TNP_", "TCP_")
        if not line.value or not (is_group or is_path or line.key == "DT_Path"):
            continue
        if (group_of if is_group else target_of)(line.value) is None:
            yield found("unknown_path", line, path=line.value.replace("\\\\", "/"))


def _check_tables(properties: Properties, of: Vocabulary) -> Iterator[Finding]:
    tables = properties.names("Tables")
    if len(tables) > MAX_TABLES:
        yield found("too_many_tables", properties.by_key["Tables"], limit=str(MAX_TABLES))
    for table in tables[:MAX_TABLES]:
        prefix = f"TN_{table}_TC_"
        source = properties.get("TN_" + table) or table
        for line in properties:
            if line.key.startswith(prefix):
                yield from check_column(line, source, line.key.removeprefix(prefix), of)
