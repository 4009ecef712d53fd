"""Peers written in Python, each in an environment of its own that is made once for a machine."""

from __future__ import annotations

import fcntl
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

from .processes import CACHE, MissingTool

# inforion pins what no current Python installs. It reads databases too: pyodbc needs a driver
# manager of the system, and is an empty module here.
_INFORION = "inforion==2.26.2.4"
_INFORIONS_PACKAGES = (
    *("pandas<3", "openpyxl", "requests", "urllib3<2", "validators<0.21", "progressbar2"),
    *(
        "xlrd",
        "XlsxWriter",
        "curlify",
        "oauthlib",
        "requests-oauthlib",
        "requests-toolbelt",
        "PyYAML",
    ),
)
_TAP = "tap-infor==1.2.1"


def inforions_python() -> Path:
    """Return the Python of an environment with inforion; raises MissingTool."""
    steps = (_INFORIONS_PACKAGES, ("--no-deps", _INFORION))
    return _environment("inforion-1", steps, empty_modules=("pyodbc",))


def taps_python() -> Path:
    """Return the Python of an environment with tap-infor; raises MissingTool."""
    return _environment("tap-infor-1.2.1", ((_TAP,),))


def _environment(
    name: str, steps: Sequence[Sequence[str]], empty_modules: Sequence[str] = ()
) -> Path:
    folder = CACHE / name
    python, ready = folder / "bin" / "python", folder / "ready"
    CACHE.mkdir(parents=True, exist_ok=True)
    # Two test processes ask at once: the second waits for what the first makes.
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ready.is_file():
            return python
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for more in steps:
            done = subprocess.run([*pip, *more], check=False, capture_output=True, text=True)
            if done.returncode:
                raise MissingTool(f"{name} cannot be installed: {done.stderr[-300:]}")
        where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        library = subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip()
        for module in empty_modules:
            (Path(library) / f"{module}.py").touch()
        ready.touch()
    return python
