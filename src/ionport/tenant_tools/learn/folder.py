"""The folder of learned files: one folder for each tenant, with each file as it came."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ionport.core.errors import IonportError
from ionport.sandbox.own.learned import Learned, read_learned
from ionport.sandbox.own.metadata import OwnOfTenants

logger = logging.getLogger(__name__)

MAX_FILES: Final = 500


@dataclass(frozen=True, slots=True)
class LearnedFile:
    """A file that was learned; `key` is its name in `forget`."""

    key: str
    learned: Learned


def store(learned: Path, tenant_id: str, content: bytes, source: str, suite: str) -> None:
    """Keep a file that `read_learned` has taken of a tenant; one of the same name is replaced."""
    folder = learned / tenant_id
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


def stored(learned: Path, tenant_id: str) -> Sequence[LearnedFile]:
    """Return what was learned of a tenant; a file that cannot be read is logged."""
    return list(_stored(learned / tenant_id))


def forget(learned: Path, tenant_id: str, source: str) -> bool:
    """Remove a tenant's file by its name; False when none of that name was learned."""
    path = learned / tenant_id / f"{_key(source)}.json"
    if not path.exists():
        return False
    path.unlink()
    return True


def take_over(learned: Path, tenant_id: str) -> None:
    """Give a tenant the files of before there was a folder for each tenant, when all shared them.

    One that the tenant has learned anew since is dropped.
    """
    for path in sorted(learned.glob("*.json")):
        kept = learned / tenant_id / path.name
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        # Another process of the same folder may be faster.
        with suppress(FileNotFoundError):
            if kept.exists():
                path.unlink()
            else:
                path.replace(kept)
                logger.info("%s, which all tenants shared, is now of %s", path.name, tenant_id)


def learn_all(own: OwnOfTenants, learned: Path) -> None:
    """Give a sandbox everything that was learned of its tenants."""
    for folder in sorted(learned.iterdir()) if learned.is_dir() else ():
        for each in stored(learned, folder.name):
            own.of(folder.name).learn(each.learned)


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
