"""Order, cardinality and attributes of Sync.CaptureDocument.

Source: docs/reference/ion-messaging.md#synccapturedocument.

A line is an element: indented below its parent, then `1` once, `?` at most once, `+` at least
once, `*` any number; then its attributes (`@id` and `@code` stand for the usual ones, `!` marks
a mandatory attribute). Children are in the order in which they must be written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

NAMESPACE = "http://schema.infor.com/InforOAGIS/2"
RELEASE_ID = "9.2"

_SCHEMA = """
SyncCaptureDocument 1 languageCode releaseID! systemEnvironmentCode versionID
  ApplicationArea 1
    Sender ?
      LogicalID ? @id
      ComponentID ? @id
      TaskID ? @id
      ReferenceID ? @id
      ConfirmationCode ? @code
      AuthorizationID ? @id
    CreationDateTime 1
    Signature ? qualifyingAgencyId
    BODID ? @id
    UserAreaMeta ?
  DataArea 1
    Sync 1
      TenantID ? @id
      AccountingEntityID ? @id
      LocationID ? @id
      ActionCriteria *
        ActionExpression * actionCode! expressionLanguage
        ChangeStatus ?
          Code ? @code
          Description ? languageID type
          EffectiveDateTime ?
          ReasonCode ? @code
          Reason * languageID
          StateChange *
            FromStateCode ? @code
            ToStateCode ? @code
            ChangeDateTime ?
            Description * languageID type
            Note * author entryDateTime languageID status type use
            UserAreaMeta ?
          UserAreaMeta ?
    CaptureDocument +
      DocumentID ?
        ID 1 lid schemeName variationID
        RevisionID ?
      AlternateDocumentID *
        ID 1 accountingEntity location schemeName variationID
        RevisionID ?
      LastModificationDateTime ?
      LastModificationPerson ?
        IDs ?
          ID * accountingEntity lid
        Name * languageID
      DocumentDateTime ?
      Description * languageID
      Status ?
        Code ? listID
        EffectiveDateTime ?
        ReasonCode ? accountingEntity listID
        ArchiveIndicator ?
      CreationDateTime ?
      CreationPerson ?
        IDs ?
          ID * accountingEntity lid schemeName variationID
        Name * languageID
      Version ?
      FileSize ?
      DocumentType ? listID
      DocumentLabel * languageID
      DocumentField *
        Name ? languageID
        Value ?
        DataType ? listID
        Category ?
        FieldOrderNumber ?
        FieldValueEnumerationString *
        PageID ?
      DocumentPage *
        PageID ?
        SourceFileName ?
        SourceMimeType ?
      DocumentTable *
        ID ?
        Name ? languageID
        Row +
          ID ?
          Column +
            Name ? languageID
            Value ?
            PageID ?
"""
_ATTRIBUTE_GROUPS = {
    "@id": "accountingEntity lid location schemeAgencyID schemeAgencyName schemeDataURI schemeID"
    " schemeName schemeURI schemeVersionID variationID",
    "@code": "languageID listAgencyID listAgencyName listID listName listSchemeURI listURI"
    " listVersionID name",
}
_SEPARATOR = re.compile(r"\\+|/")


@dataclass(frozen=True, slots=True)
class Node:
    """An element; `cardinality` is `1`, `?`, `+` or `*`, attributes tell whether mandatory."""

    name: str
    cardinality: str
    attributes: Mapping[str, bool]
    children: dict[str, Node] = field(default_factory=dict)

    @property
    def is_mandatory(self) -> bool:
        return self.cardinality in "1+"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a path of a mapping file leads: element names from the root, and an attribute."""

    elements: tuple[str, ...]
    attribute: str | None = None


def _read(lines: list[str]) -> Node:
    open_nodes: list[Node] = []
    for line in lines:
        name, cardinality, *words = line.split()
        attributes = " ".join(_ATTRIBUTE_GROUPS.get(word, word) for word in words).split()
        node = Node(name, cardinality, {a.removesuffix("!"): a.endswith("!") for a in attributes})
        depth = (len(line) - len(line.lstrip())) // 2
        del open_nodes[depth:]
        if open_nodes:
            open_nodes[-1].children[name] = node
        open_nodes.append(node)
    return open_nodes[0]


SYNC_CAPTURE_DOCUMENT = _read(_SCHEMA.strip("\n").split("\n"))
"""The root element."""


def target_of(path: str) -> Target | None:
    """Return where a path such as `SyncCaptureDocumentType/DataArea/Sync/LocationID` leads.

    Backslashes separate as well, single or doubled. None when the schema has no such element or
    attribute, or one that holds no text. A person is written as text by some files: then its
    Name is meant (docs/reference/mapping-files.md#bod).
    """
    steps = _steps(path)
    if steps is None:
        return None
    node, names = SYNC_CAPTURE_DOCUMENT, [SYNC_CAPTURE_DOCUMENT.name]
    for index, step in enumerate(steps):
        if step in node.children:
            node = node.children[step]
            names.append(step)
        elif step in node.attributes and index == len(steps) - 1:
            return Target(tuple(names), step)
        else:
            return None
    if "Name" in node.children and node.name.endswith("Person"):
        return Target((*names, "Name"))
    return None if node.children else Target(tuple(names))


def group_of(path: str) -> Target | None:
    """Return the element with children that a COMMON_PATH leads to, or None."""
    steps = _steps(path)
    node: Node | None = None if steps is None else SYNC_CAPTURE_DOCUMENT
    for step in steps or ():
        node = node.children.get(step) if node else None
    if node is None or not node.children:
        return None
    return Target((SYNC_CAPTURE_DOCUMENT.name, *(steps or ())))


def _steps(path: str) -> list[str] | None:
    """Return the steps below the root, None when the path starts elsewhere."""
    root, *steps = [step.strip() for step in _SEPARATOR.split(path.strip())]
    return steps if root.removesuffix("Type") == SYNC_CAPTURE_DOCUMENT.name else None
