"""Values of IDM: items, their attributes and files, and the pid that names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from ionport.core.errors import NotFound

MAX_FILE_BYTES = 100_000_000
MAX_ATTRIBUTES = 500
MAX_FILES = 10
MAX_VALUE = 100_000
MAX_FILENAME = 255
MAX_SEARCH_LIMIT = 1000
MAX_VERSIONS = 1000

_PID = re.compile(
    r"(?P<entity>[\w.-]{1,100})-(?P<number>[0-9]{1,9})-(?P<version>[0-9]{1,5})(?P<latest>-LATEST)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One value of an item. A name that occurs again holds several values."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file as a client sends it."""

    name: str
    filename: str
    mime_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ItemContent:
    """What a client sends of an item: all of a new one, the changes to one that is there.

    `attributes` are None when the client sends none, and `acl` is empty when it names none.
    """

    entity_name: str
    attributes: tuple[Attribute, ...] | None
    files: tuple[NewFile, ...]
    acl: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A stored file of an item; the main file's name is empty (docs/reference/idm.md#items)."""

    name: str
    filename: str
    mime_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a client sends of an item, its files in the blobs: ready for a short transaction."""

    entity_name: str
    attributes: tuple[Attribute, ...] | None
    resources: tuple[Resource, ...]
    acl: str


@dataclass(frozen=True, slots=True)
class Item:
    """A stored item, as it is now or was in an earlier version.

    `checked_out_by` is the user who alone may change it; None: it is checked in.
    """

    number: int
    tenant_id: str
    entity_name: str
    version: int
    acl: str
    attributes: tuple[Attribute, ...]
    resources: tuple[Resource, ...]
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    checked_out_by: str | None = None
    checked_out_at: datetime | None = None
    is_latest: bool = True

    @property
    def pid(self) -> str:
        """The item's name towards clients (docs/reference/idm.md#items)."""
        version = f"{self.entity_name}-{self.number}-{self.version}"
        return f"{version}-LATEST" if self.is_latest else version

    @property
    def main_resource(self) -> Resource | None:
        return self.resource("")

    def resource(self, name: str) -> Resource | None:
        """Return the file of that name, or None."""
        return next((each for each in self.resources if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Flags:
    """Which flags a client sends with a change (docs/reference/idm.md#update-and-delete).

    Attributes:
        check_out: keep others from changing the item.
        check_in: let others change it again; the change makes a new version.
        merge: keep the attributes that the change does not name.
    """

    check_out: bool = False
    check_in: bool = False
    merge: bool = False


@dataclass(frozen=True, slots=True)
class Pid:
    """The parts of an item's name. Without LATEST it names one version for good."""

    entity_name: str
    number: int
    version: int
    is_latest: bool = True


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items a list shows; `text` is looked for in attribute values and file names."""

    entity: str | None = None
    text: str | None = None
    ascending: bool = False
    checked_out: bool = False


def read_pid(text: str) -> Pid:
    """Read `<Entity>-<id>-<version>[-LATEST]`; raises NotFound: nothing has another name."""
    match = _PID.fullmatch(text)
    if match is None or int(match["number"]) >= 2**31:
        raise item_not_found()
    return Pid(
        match["entity"], int(match["number"]), int(match["version"]), match["latest"] is not None
    )


def item_not_found() -> NotFound:
    """Return the error of a pid that names nothing in this tenant."""
    return NotFound("There is no item with this pid.", code="item_not_found")
