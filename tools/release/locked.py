"""The packages of the lock files, with the licences that their installed metadata names."""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
RUNTIME: Final = ROOT / "requirements.lock"
DEVELOPMENT: Final = ROOT / "requirements-dev.lock"
NPM: Final = ROOT / "package-lock.json"
# Needed by @tabler/core's script, which the wheel does not have.
_NOT_PACKED: Final = ("@popperjs/core",)
_PIN: Final = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
# Older metadata has words; SPDX has identifiers.
_SPDX: Final = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd-0-clause": "0BSD",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
# Locked for platforms other than the one that this runs on.
_ELSEWHERE: Final = {
    "colorama": "BSD-3-Clause",
    "httpx2-jsfetch": "BSD-3-Clause",
    "pywin32": "PSF-2.0",
    "sspilib": "MIT",
}
# Whose metadata names none: read in its source.
_UNNAMED: Final = {"saxonche": "MPL-2.0"}


@dataclass(frozen=True, slots=True)
class Locked:
    """One locked package; `hashes` are SHA-256 in hex of its files."""

    name: str
    version: str
    licence: str
    hashes: tuple[str, ...] = ()


def runtime() -> list[Locked]:
    """Return what the extras `server` and `postgres` install."""
    return list(_pins(RUNTIME))


def development() -> list[Locked]:
    """Return what the lock for development has beside them."""
    known = {package.name for package in runtime()}
    return [package for package in _pins(DEVELOPMENT) if package.name not in known]


def npm() -> list[Locked]:
    """Return the npm packages of which the wheel has parts; those for tests are no such ones."""
    content = json.loads(NPM.read_text(encoding="utf-8"))["packages"]
    found: Mapping[str, Mapping[str, Any]] = {
        path.removeprefix("node_modules/"): item
        for path, item in content.items()
        if path and not item.get("dev")
    }
    return [
        Locked(name, item["version"], _spdx(item["license"]))
        for name, item in sorted(found.items())
        if name not in _NOT_PACKED
    ]


def _pins(path: Path) -> Iterator[Locked]:
    text = path.read_text(encoding="utf-8")
    pins = list(_PIN.finditer(text))
    ends = [pin.start() for pin in pins[1:]] + [len(text)]
    for pin, end in zip(pins, ends, strict=True):
        hashes = tuple(sorted(_HASH.findall(text, pin.end(), end)))
        yield Locked(pin["name"], pin["version"], _licence(pin["name"]), hashes)


def _licence(name: str) -> str:
    """Return the SPDX expression of a package; raises LookupError when nothing tells it."""
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        if name in _ELSEWHERE:
            return _ELSEWHERE[name]
        raise LookupError(f"{name} is not installed here: name its licence in {__file__}") from None
    if name in _UNNAMED:
        return _UNNAMED[name]
    if expression := metadata.get("License-Expression"):
        return str(expression)
    first_line = str(metadata.get("License") or "").strip().partition("\n")[0]
    classifiers = [
        text.rpartition("::")[2].strip()
        for text in metadata.get_all("Classifier", [])
        if text.startswith("License ::")
    ]
    for words in (first_line, " OR ".join(sorted(map(_spdx, classifiers)))):
        if words and len(words) < 60:
            return _spdx(words)
    raise LookupError(f"{name} names no licence: name it in {__file__}")


def _spdx(words: str) -> str:
    return _SPDX.get(words.lower(), words)
