"""Values of IDM: items, their attributes and files, and the pid that names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from ionport.core.errors import NotFound
from ionport.core.i18n import _

MAX_FILE_BYTES = 100_000_000
MAX_ATTRIBUTES = 500
MAX_FILES = 10
MAX_VALUE = 100_000
MAX_FILENAME = 255
MAX_SEARCH_LIMIT = 1000

_PID = re.compile(
    r"(?P<entity>[\w.-]{1,100})-(?P<number>[0-9]{1,9})-(?P<version>[0-9]{1,5})-LATEST"
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
class NewItem:
    """An item as a client sends it; `acl` is empty when the client names none."""

    entity_name: str
    attributes: tuple[Attribute, ...]
    files: tuple[NewFile, ...]
    acl: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A stored file of an item; the main file's name is empty (facts/infor-targets.md §1.3)."""

    name: str
    filename: str
    mime_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked item whose files lie in the blobs: ready for a short transaction."""

    entity_name: str
    attributes: tuple[Attribute, ...]
    resources: tuple[Resource, ...]
    acl: str


@dataclass(frozen=True, slots=True)
class Item:
    """A stored item."""

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

    @property
    def pid(self) -> str:
        """The item's name towards clients (facts/infor-targets.md §1.3)."""
        return f"{self.entity_name}-{self.number}-{self.version}-LATEST"

    @property
    def main_resource(self) -> Resource | None:
        return self.resource("")

    def resource(self, name: str) -> Resource | None:
        """Return the file of that name, or None."""
        return next((each for each in self.resources if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Pid:
    """The parts of an item's name."""

    entity_name: str
    number: int
    version: int


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items a list shows; `text` is looked for in attribute values and file names."""

    entity: str | None = None
    text: str | None = None
    ascending: bool = False


def read_pid(text: str) -> Pid:
    """Read `<Entity>-<id>-<version>-LATEST`; raises NotFound, since nothing has another name."""
    match = _PID.fullmatch(text)
    if match is None:
        raise item_not_found()
    return Pid(match["entity"], int(match["number"]), int(match["version"]))


def item_not_found() -> NotFound:
    """Return the error of a pid that names nothing in this tenant."""
    return NotFound(_("There is no item with this pid."), code="item_not_found")
