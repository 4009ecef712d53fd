"""Checks of BOD mappings (docs/reference/mapping-files.md#bod)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ionport.core.i18n import _
from ionport.mappings.grammars.aliases import CORRELATION_ID, comparable, field_id
from ionport.mappings.grammars.properties import Properties
from ionport.mappings.lint.common import (
    KNOWN_TYPES,
    ListRule,
    check_column,
    check_fields,
    check_lists,
    empty_value,
    longest_prefix,
    no_correlation_id,
    no_document_type,
    unknown_key,
)
from ionport.mappings.model import Finding, Severity
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
    yield from _check_keys(properties)
    yield from _check_lists(properties)
    yield from _check_names(properties)
    yield from check_fields(
        properties,
        {n: "IF_" + n for n in properties.names("Index_Fields") if properties.get("IF_" + n)},
    )
    yield from _check_tables(properties)


def _check_keys(properties: Properties) -> Iterator[Finding]:
    types = set(properties.names("Document_Types"))
    for line in properties:
        if line.key in BOD_KEYS or line.key in types or line.key.startswith(tuple(_PREFIXES)):
            continue
        if comparable(line.key) in KNOWN_TYPES:
            yield Finding(
                Severity.WARNING,
                "defined_unlisted",
                line.line,
                line.key,
                _("Document_Types does not list {key}, so it cannot be exported.").format(
                    key=line.key
                ),
                _("Add {key} to Document_Types, or remove the line.").format(key=line.key),
            )
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
        code, text = "no_logical_id", _("The mapping sets no logical id of the sender.")
    elif line.value.rstrip("/") in ("", "lid:"):
        code, text = "placeholder_logical_id", _("The logical id is still the placeholder.")
    elif len(line.value) > _MAX_LOGICAL_ID or not _LOGICAL_ID.fullmatch(line.value):
        code, text = "malformed_logical_id", _("The logical id is not of the form lid://a.b.c.")
    else:
        return
    yield Finding(
        Severity.ERROR,
        code,
        line.line if line else None,
        line.key if line else "SFV_LogicalID",
        text,
        _(
            "Copy the logical id of your connection point from ION Desk (Connect, Connection"
            " Points), for example lid://infor.ims.docbits_export, into SFV_LogicalID."
        ),
        blocks_activation=True,
    )


def _check_correlation_id(properties: Properties) -> Iterator[Finding]:
    for name in properties.names("Index_Fields"):
        target = target_of(properties.get("IFP_" + name))
        if field_id(name) == CORRELATION_ID and target == _ALTERNATE_ID:
            return
    yield no_correlation_id(
        properties.line("Index_Fields"),
        _(
            "Add CORRELATION_ID to Index_Fields and a line IFP_CORRELATION_ID with the path of"
            " AlternateDocumentID/ID, or accept that documents are delivered at least once."
        ),
    )


def _check_document_types(properties: Properties) -> Iterator[Finding]:
    names = properties.names("Document_Types")
    if not any(properties.get(name) for name in names):
        yield no_document_type(
            _("Add “Document_Types=Invoice” and a line such as “Invoice=M3_SupplierInvoice”.")
        )
    for name in names:
        if not properties.get(name):
            yield Finding(
                Severity.WARNING,
                "listed_undefined",
                properties.line("Document_Types"),
                "Document_Types",
                _("Document_Types lists {name}, but there is no line {name}=….").format(name=name),
                _("Add the line with the document type in Infor."),
            )


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
            remedy = _("Write the value, unless the element stays empty.")
            yield empty_value(properties, key, remedy)


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
                yield _unknown_name(properties, prefix + name if prefix else key, used, known)


def _unknown_name(properties: Properties, key: str, name: str, known: Iterable[str]) -> Finding:
    return Finding(
        Severity.WARNING,
        "unknown_name",
        properties.line(key),
        key,
        _("{name} has no meaning here; its element is not sent.").format(name=name),
        _("Known are: {names}.").format(names=", ".join(sorted(known))),
    )


def _check_paths(properties: Properties) -> Iterator[Finding]:
    if properties.names("Index_Fields") and not properties.get("IF_COMMON_PATH"):
        yield Finding(
            Severity.ERROR,
            "no_field_path",
            properties.line("Index_Fields"),
            "IF_COMMON_PATH",
            _("There is no IF_COMMON_PATH, so none of the fields is sent."),
            _("Add the line with the path of DocumentField."),
            blocks_activation=True,
        )
    # The common paths first: one of them can block.
    for line in sorted(properties, key=lambda line: line.key not in _COMMON_PATHS):
        is_group = line.key in _COMMON_PATHS
        prefix = longest_prefix(line.key, _PREFIXES)
        is_path = prefix in ("SFP_", "POP_", "GFP_", "IFP_", "PFP_", "Path_", "TNP_", "TCP_")
        if not line.value or not (is_group or is_path or line.key == "DT_Path"):
            continue
        if (group_of if is_group else target_of)(line.value) is None:
            yield Finding(
                Severity.ERROR if is_group else Severity.WARNING,
                "unknown_path",
                line.line,
                line.key,
                _("Sync.CaptureDocument has no {path}; nothing is sent for it.").format(
                    path=line.value.replace("\\\\", "/")
                ),
                _("Correct the path, or remove the line."),
                blocks_activation=line.key == "IF_COMMON_PATH",
            )


def _check_tables(properties: Properties) -> Iterator[Finding]:
    tables = properties.names("Tables")
    if len(tables) > MAX_TABLES:
        yield Finding(
            Severity.WARNING,
            "too_many_tables",
            properties.line("Tables"),
            "Tables",
            _("Only the first {limit} tables are sent.").format(limit=MAX_TABLES),
            _("Remove the others."),
        )
    for table in tables[:MAX_TABLES]:
        prefix = f"TN_{table}_TC_"
        source = properties.get("TN_" + table) or table
        for line in properties:
            if line.key.startswith(prefix):
                yield from check_column(properties, line.key, source, line.key.removeprefix(prefix))
