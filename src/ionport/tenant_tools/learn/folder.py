"""The folder `learned` of a data folder: each file that was learned, as it came."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ionport.core.errors import IonportError
from ionport.sandbox.own.learned import Learned, read_learned
from ionport.sandbox.own.metadata import OwnMetadata

logger = logging.getLogger(__name__)

NAME: Final = "learned"
MAX_FILES: Final = 500


@dataclass(frozen=True, slots=True)
class LearnedFile:
    """A file that was learned; `key` is what it is forgotten by."""

    key: str
    learned: Learned


def store(data: Path, content: bytes, source: str, suite: str) -> None:
    """Keep a file that `read_learned` has taken; one of the same name is replaced."""
    folder = data / NAME
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {
        "source": source,
        "suite": suite,
        "content": base64.b64encode(content).decode(),
    }
    path = folder / f"{_key(source)}.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps(kept), encoding="utf-8")
    part.replace(path)


def stored(data: Path) -> Sequence[LearnedFile]:
    """Return what was learned, by name; a file that cannot be read is told in the log."""
    return list(_stored(data / NAME))


def forget(data: Path, source: str) -> bool:
    """Remove a file by its name; False when none of that name was learned."""
    path = data / NAME / f"{_key(source)}.json"
    if not path.exists():
        return False
    path.unlink()
    return True


def learn_all(own: OwnMetadata, data: Path) -> None:
    """Give a sandbox everything that was learned in its data folder."""
    for each in stored(data):
        own.learn(each.learned)


def _stored(folder: Path) -> Iterator[LearnedFile]:
    for path in sorted(folder.glob("*.json"))[:MAX_FILES] if folder.is_dir() else ():
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            content = base64.b64decode(kept["content"])
            learned = read_learned(content, kept["source"], suite=kept["suite"])
        except (OSError, ValueError, KeyError, TypeError, IonportError):
            logger.warning("%s cannot be read and tells the sandbox nothing", path.name)
        else:
            yield LearnedFile(path.stem, learned)


def _key(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]
