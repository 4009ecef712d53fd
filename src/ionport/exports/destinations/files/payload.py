"""The files of a delivery: names and contents, the same on every attempt."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from ionport.exports.destinations.port import ReadContent


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file: its final name, and its content or the digest under which that is stored."""

    name: str
    digest: str
    content: bytes | None = None

    @classmethod
    def made(cls, name: str, content: bytes) -> OutgoingFile:
        """Return a file whose content is part of the payload."""
        return cls(name, sha256(content).hexdigest(), content)

    def bytes(self, read: ReadContent) -> bytes:
        """Return the content; raises IonportError of `read`."""
        return read(self.digest) if self.content is None else self.content


@dataclass(frozen=True)
class FilesPayload:
    """The files of a delivery, for one folder below the target's own; the main file is the last."""

    folder: str
    delivery_id: str
    files: tuple[OutgoingFile, ...]

    def temporary(self, number: int) -> str:
        """Return the temporary name of a file, a hidden one, which readers of folders leave out.

        It is of this payload alone: other files, or others' deliveries, have other names.
        """
        return f".ionport-{self.delivery_id}-{self._mark}-{number}.tmp"

    @cached_property
    def _mark(self) -> str:
        told = "\n".join(f"{file.name}/{file.digest}" for file in self.files)
        return sha256(f"{self.folder}\n{told}".encode()).hexdigest()[:12]

    @property
    def main(self) -> str:
        """The final name of the main file, which stands for the delivery."""
        return self.files[-1].name

    def to_bytes(self) -> bytes:
        """Return the same bytes for the same payload."""
        content = {
            "folder": self.folder,
            "delivery": self.delivery_id,
            "files": [_told(file) for file in self.files],
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> FilesPayload:
        """Read what `to_bytes` wrote."""
        data = json.loads(content)
        return cls(data["folder"], data["delivery"], tuple(_files(data["files"])))


def _told(file: OutgoingFile) -> dict[str, str]:
    told = {"name": file.name, "digest": file.digest}
    if file.content is not None:
        told["content"] = base64.b64encode(file.content).decode()
    return told


def _files(told: Iterable[Mapping[str, Any]]) -> Iterable[OutgoingFile]:
    for one in told:
        content = base64.b64decode(one["content"]) if "content" in one else None
        yield OutgoingFile(one["name"], one["digest"], content)
