"""The groups of lines that each kind of `.properties` file has.

Source: docs/reference/mapping-files.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ionport.mappings.grammars.entries.model import Group, Part
from ionport.mappings.grammars.sections import LN_SECTIONS, M3_SECTIONS, Section
from ionport.mappings.model import MappingKind

OTHER = Group("other", Part.NAME, Part.CONSTANT)
"""The group of lines that belong to no other: keys without a prefix."""
_TYPES = Group("types", Part.TYPE, Part.TARGET)
_IDM = (
    _TYPES,
    Group("values", Part.NAME, Part.CONSTANT, "SV_", ("Static_Values",)),
    Group("constants", Part.TARGET, Part.CONSTANT, "SF_", ("Static_Fields",)),
    Group("fields", Part.SOURCE, Part.TARGET, "IF_", ("Index_Fields",)),
    Group("embedded", Part.NAME, Part.EXPRESSION, "EFE_"),
    Group("expressions", Part.NAME, Part.EXPRESSION),
)
_BOD = (
    Group("types", Part.TYPE, Part.TARGET, "", ("Document_Types",)),
    Group("constants", Part.NAME, Part.CONSTANT, "SFV_", ("Static_Fields",)),
    Group("constant_paths", Part.NAME, Part.PATH, "SFP_", ("Static_Fields",)),
    Group("generated", Part.NAME, Part.CONSTANT, "GFV_", ("Generated_Fields",)),
    Group("generated_paths", Part.NAME, Part.PATH, "GFP_", ("Generated_Fields",)),
    Group("fields", Part.SOURCE, Part.TARGET, "IF_", ("Index_Fields",)),
    Group("field_paths", Part.NAME, Part.PATH, "IFP_"),
    Group("field_values", Part.NAME, Part.CONSTANT, "IFV_"),
    Group("order_fields", Part.NAME, Part.SOURCE, "POF_", ("PO_Fields",)),
    Group("order_paths", Part.NAME, Part.PATH, "POP_", ("PO_Fields",)),
    Group("page_paths", Part.NAME, Part.PATH, "PFP_", ("Page_Elements",)),
    Group("batch_paths", Part.NAME, Part.PATH, "Path_", ("Batch_Level_Properties",)),
    Group("columns", Part.SOURCE, Part.TARGET, "TN_"),
    Group("table_paths", Part.NAME, Part.PATH, "TNP_"),
    Group("table_values", Part.NAME, Part.CONSTANT, "TNV_"),
    Group("column_paths", Part.NAME, Part.PATH, "TCP_"),
    Group("column_values", Part.NAME, Part.CONSTANT, "TCV_"),
    Group("paths", Part.NAME, Part.PATH),
)
_LISTS = {
    MappingKind.IDM: ("Static_Values", "Static_Fields", "Index_Fields", "EMBEDDED_FILES_EXPORT"),
    MappingKind.BOD: (
        *dict.fromkeys(name for group in _BOD for name in group.lists),
        "IF_Attributes",
        "IF_Elements",
        "Tables",
        "TableColumn_StaticFields",
        "TableColumn_MappedFields",
        "Document_Types",
    ),
}
_BY_KEY = {
    MappingKind.IDM: {"ACL_Fields": "expressions", "Searchable_PDF_Name": "expressions"},
    MappingKind.BOD: {
        "DT_Path": "paths",
        "IF_COMMON_PATH": "paths",
        "Pages_COMMON_PATH": "paths",
        "Table_COMMON_PATH": "paths",
    },
}


def groups_of(kind: MappingKind) -> Sequence[Group]:
    """Return the groups of a kind of `.properties` file."""
    if kind is MappingKind.IDM:
        return _IDM
    if kind is MappingKind.BOD:
        return _BOD
    return tuple(_of_sections((LN_SECTIONS if kind is MappingKind.LN else M3_SECTIONS).values()))


def lists_of(kind: MappingKind) -> frozenset[str]:
    """Return the keys of lists, whose items are shown as rows."""
    if kind in _LISTS:
        return frozenset(_LISTS[kind])
    groups = (group for group in groups_of(kind) if group.value is not Part.TABLE)
    return frozenset(name for group in groups for name in group.lists)


def group_of(kind: MappingKind, groups: Sequence[Group], key: str, types: Iterable[str]) -> Group:
    """Return the group of a key; `types` are the keys that are document types."""
    by_id: Mapping[str, Group] = {group.id: group for group in groups}
    if named := _BY_KEY.get(kind, {}).get(key):
        return by_id[named]
    found = [group for group in groups if group.prefix and key.startswith(group.prefix)]
    if found:
        return max(found, key=lambda group: len(group.prefix))
    if key in types:
        return by_id.get("types", OTHER)
    tables = (group for group in groups if group.value is Part.TABLE and key in group.lists)
    return next(tables, OTHER)


def _of_sections(sections: Iterable[Section]) -> Iterable[Group]:
    for one in sections:
        constant, named = one.constant_prefix, one.id
        if one.table_keys:
            tables = f"{named}.table"
            yield Group(tables, Part.NAME, Part.TABLE, "", one.table_keys, section=named)
        lists = (one.constants,)
        yield Group(
            f"{named}.constants", Part.TARGET, Part.CONSTANT, constant, lists, section=named
        )
        fields = f"{named}.fields"
        yield Group(fields, Part.TARGET, Part.SOURCE, one.field_prefix, one.fields, section=named)
