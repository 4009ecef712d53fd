"""Request bodies that are made while they are sent, so that a file is never in memory whole."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..calls import Body
from ..errors import RequestRefused

# A multiple of three: pieces in base64 can be put together as they are.
_PIECE: Final = 3 * 16 * 1024


@dataclass(frozen=True, slots=True)
class FileInBase64:
    """The content of a file, in base64. `size` is in bytes of base64, taken when this is made.

    Raises RequestRefused when the file cannot be read, or has become shorter or longer.
    """

    path: Path
    length: int = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        try:
            length = self.path.stat().st_size
        except OSError as error:
            raise _unreadable(self.path, error) from error
        object.__setattr__(self, "length", length)
        object.__setattr__(self, "size", (length + 2) // 3 * 4)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces():
            yield base64.b64encode(piece)

    def summary(self) -> str:
        """Return the text in place of the content in records: its size and its digest."""
        digest = hashlib.sha256()
        for piece in self._pieces():
            digest.update(piece)
        return f"[{self.length} bytes, SHA-256 {digest.hexdigest()}]"

    def _pieces(self) -> Iterator[bytes]:
        left = self.length
        try:
            with self.path.open("rb") as file:
                # Whole pieces: what follows a shorter one could not be put behind it in base64.
                while piece := file.read(_PIECE):
                    left -= len(piece)
                    if left < 0:
                        break
                    yield piece
        except OSError as error:
            raise _unreadable(self.path, error) from error
        if left:
            raise RequestRefused(f"{self.path.name} was changed while it was sent.")


class Joined:
    """Several parts, one after the other."""

    def __init__(self, parts: Iterable[bytes | Body]) -> None:
        self._parts = list(parts)
        self.size = sum(len(each) if isinstance(each, bytes) else each.size for each in self._parts)

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from part


def _unreadable(path: Path, error: OSError) -> RequestRefused:
    return RequestRefused(f"{path} cannot be read: {error.strerror}.")
