"""The list of a release's parts (SBOM) as CycloneDX 1.6 JSON, from the lock files."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from ionport import __version__
from tools.release.locked import NPM, RUNTIME, Locked, npm, runtime

_NAMESPACE: Final = uuid.UUID("6f0f0b0e-1c53-5f43-9d2c-0a7d1f6a9b11")
_ONE_LICENCE: Final = re.compile(r"[A-Za-z0-9.+-]+")


def sbom(now: datetime) -> Mapping[str, Any]:
    """Return the parts that the wheel packs and that its extras `server` and `postgres` install.

    The serial number follows from version and lock files: the same release has the same one.
    """
    locks = sha256(RUNTIME.read_bytes() + NPM.read_bytes()).hexdigest()
    parts = [_component(package, "pypi", "required") for package in runtime()]
    parts += [_component(package, "npm", "required") for package in npm()]
    own = {
        "type": "application",
        "bom-ref": f"pkg:pypi/ionport@{__version__}",
        "name": "ionport",
        "version": __version__,
        "purl": f"pkg:pypi/ionport@{__version__}",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{__version__} {locks}')}",
        "version": 1,
        "metadata": {"timestamp": now.isoformat(timespec="seconds"), "component": own},
        "components": parts,
        "dependencies": [{"ref": own["bom-ref"], "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def _component(package: Locked, kind: str, scope: str) -> dict[str, Any]:
    # A scoped npm package is `%40scope/name` in a purl.
    purl = f"pkg:{kind}/{quote(package.name, safe='/')}@{package.version}"
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "scope": scope,
        "purl": purl,
        "licenses": [_licence(package.licence)],
    }
    if len(package.hashes) == 1:
        # Of several files only one is installed, and the list does not know which.
        found["hashes"] = [{"alg": "SHA-256", "content": package.hashes[0]}]
    return found


def _licence(expression: str) -> dict[str, Any]:
    if _ONE_LICENCE.fullmatch(expression):
        return {"license": {"id": expression}}
    return {"expression": expression}
