"""Builds a release: `python -m tools.release [FOLDER]` (default: dist).

Wheel and sdist are built, each is installed into clean environments and tried there, and the
list of parts (SBOM) and the digests are written beside them. Nothing is uploaded.
"""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from ionport import __version__
from tools import assets
from tools.release.locked import ROOT, RUNTIME
from tools.release.notice import PAGE, notice
from tools.release.sbom import sbom
from tools.release.strangers_path import walk
from tools.release.trying import environment, fail, pip, require, run, tell

_PACKED: Final = (
    ("manual", "*.md"),
    ("manual", "*.png"),
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
        return fail("NOTICE is not that of the lock files: python -m tools.release.notice")
    if f"## {__version__}" not in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"):
        return fail(f"CHANGELOG.md does not tell of {__version__}.")
    assets.main()
    shutil.rmtree(target, ignore_errors=True)
    run([sys.executable, "-m", "uv", "build", "--quiet", "--out-dir", str(target), str(ROOT)])
    built = sorted([*target.glob("*.whl"), *target.glob("*.tar.gz")])
    if len(built) != 2:
        return fail(f"Built were {[path.name for path in built]}.")
    for path in built:
        _try(path)
    walk(built[-1] if built[-1].suffix == ".whl" else built[0])
    tell("the stranger's path works")
    parts = target / f"ionport-{__version__}.cdx.json"
    parts.write_text(json.dumps(sbom(datetime.now(UTC)), indent=1) + "\n", encoding="utf-8")
    digests = "".join(
        f"{sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in (*built, parts)
    )
    (target / "SHA256SUMS").write_text(digests, encoding="utf-8")
    tell(f"The release is in {target}.")
    return 0


def _try(path: Path) -> None:
    """Install a built file twice, bare and with all that the server needs, and use it."""
    with environment() as python:
        run([*pip(python), str(path)])
        told = run([python, "-m", "ionport", "--version"])
        require(told.strip() == f"ionport {__version__}", told)
        told = run([python, "-m", "ionport", "connection", "prove", "nosuch.ionapi"], status=1)
        require("There is no such file" in told, told)
        tell(f"{path.name}: the base install works")
    with environment() as python:
        run([*pip(python), "--require-hashes", "-r", str(RUNTIME)])
        run([*pip(python), "--no-deps", str(path)])
        packed = set(run([python, "-c", _LIST]).splitlines())
        missing = sorted(_wanted() - packed)
        require(not missing, f"not packed: {missing[:5]}")
        told = run([python, "-m", "ionport", "demo", "--once"])
        require("The walk is done" in told, told)
        tell(f"{path.name}: the demo works, with {len(packed)} files")


def _wanted() -> set[str]:
    source = ROOT / "src/ionport"
    found = {
        path.relative_to(source).as_posix()
        for folder, pattern in _PACKED
        for path in (source / folder).rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".stamp"
    }
    require(len(found) > 100, f"{len(found)} files are looked for")
    return found


if __name__ == "__main__":
    sys.exit(main())
