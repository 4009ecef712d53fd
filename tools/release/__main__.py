"""Builds a release: `python -m tools.release [FOLDER]` (default: dist).

Wheel and sdist are built, each is installed into clean environments and tried there, and the
list of parts (SBOM) and the digests are written beside them. Nothing is uploaded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from ionport import __version__
from tools import assets
from tools.release.locked import ROOT, RUNTIME
from tools.release.notice import PAGE, notice
from tools.release.sbom import sbom

_PACKED: Final = (
    ("manual", "*.md"),
    ("web/templates", "*.html"),
    ("web/static", "*"),
    ("mappings", "*.xml"),
    ("documents/samples", "*"),
)
# Runs in the clean environment: what is packed, one name on a line.
_LIST: Final = """
import importlib.resources, sys
folder = importlib.resources.files("ionport")
for path in sorted(folder.rglob("*")):
    if path.is_file() and path.suffix != ".pyc":
        print(path.relative_to(folder).as_posix())
"""


def main() -> int:
    """Build the release; exit status 1 when something of it does not work."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "dist").absolute()
    if PAGE.read_text(encoding="utf-8") != notice():
        return _fail("NOTICE is not that of the lock files: python -m tools.release.notice")
    if f"## {__version__}" not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        return _fail(f"CHANGELOG.md does not tell of {__version__}.")
    assets.main()
    shutil.rmtree(target, ignore_errors=True)
    _run([sys.executable, "-m", "uv", "build", "--quiet", "--out-dir", str(target), str(ROOT)])
    built = sorted([*target.glob("*.whl"), *target.glob("*.tar.gz")])
    if len(built) != 2:
        return _fail(f"Built were {[path.name for path in built]}.")
    for path in built:
        _try(path)
    parts = target / f"ionport-{__version__}.cdx.json"
    parts.write_text(json.dumps(sbom(datetime.now(UTC)), indent=1) + "\n", encoding="utf-8")
    digests = "".join(
        f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in (*built, parts)
    )
    (target / "SHA256SUMS").write_text(digests, encoding="utf-8")
    _tell(f"The release is in {target}.")
    return 0


def _try(path: Path) -> None:
    """Install a built file twice, bare and with all that the server needs, and use it."""
    with _environment() as python:
        _run([*_pip(python), str(path)])
        told = _run([python, "-m", "ionport", "--version"])
        _require(told.strip() == f"ionport {__version__}", told)
        told = _run([python, "-m", "ionport", "connection", "prove", "nosuch.ionapi"], status=1)
        _require("There is no such file" in told, told)
        _tell(f"{path.name}: the base install works")
    with _environment() as python:
        _run([*_pip(python), "--require-hashes", "-r", str(RUNTIME)])
        _run([*_pip(python), "--no-deps", str(path)])
        packed = set(_run([python, "-c", _LIST]).splitlines())
        missing = sorted(_wanted() - packed)
        _require(not missing, f"not packed: {missing[:5]}")
        told = _run([python, "-m", "ionport", "demo", "--once"])
        _require("The walk is done" in told, told)
        _tell(f"{path.name}: the demo works, with {len(packed)} files")


def _wanted() -> set[str]:
    source = ROOT / "src/ionport"
    found = {
        path.relative_to(source).as_posix()
        for folder, pattern in _PACKED
        for path in (source / folder).rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".stamp"
    }
    _require(len(found) > 100, f"{len(found)} files are looked for")
    return found


@contextmanager
def _environment() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="ionport-release-") as folder:
        _run([sys.executable, "-m", "venv", folder])
        yield f"{folder}/bin/python"


def _pip(python: str) -> list[str]:
    return [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def _run(command: list[str], *, status: int = 0) -> str:
    """Run a command away from the checkout, so that only what is installed is found."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "IONPORT_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(  # noqa: S603
        command,
        cwd=tempfile.gettempdir(),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    _require(done.returncode == status, f"{' '.join(command)}\n{done.stdout[-3000:]}")
    return done.stdout


def _require(condition: bool, text: str) -> None:
    if not condition:
        raise SystemExit(_fail(text))


def _fail(text: str) -> int:
    _tell(f"No release: {text}")
    return 1


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
