"""How soon a test-suite has its server: ionport's fixture against moto's, imports included.

Each round is a fresh Python process on compiled bytecode that imports the library, starts its
server in a thread and calls one of its services over HTTP; the two take turns. Ours makes more of
it: a tenant in a SQLite file, an RSA key, an app with a service account, a login, and a call with
the token. moto's asks S3 for its buckets, with no credential.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from statistics import median
from typing import Any

from support.processes import CACHE, MissingTool, compiled_environment

FLOOR = 1.3
IMPORT_GOAL_SECONDS = 0.25
_MOTO = "moto[server]>=5,<6"
_ROOT = Path(__file__).parent.parent
_SECONDS = 60
_LEFT_OUT = (
    "pytest's own start (both plugins' users pay for it), the first import after an installation"
    " (no bytecode yet), the end of the server"
)
_OURS = """
import http.client, os
from ionport.testing.start import started_infor
running = started_infor()
infor = running.__enter__()
connection = http.client.HTTPConnection(infor.url.removeprefix("http://"))
path = f"/{infor.tenant}/IDM/api/datamodel/entities"
connection.request("GET", path, headers={"Authorization": f"Bearer {infor.token()}"})
assert connection.getresponse().status == 200
os._exit(0)
"""
_PEER = """
import http.client, os
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
connection = http.client.HTTPConnection(*server.get_host_and_port())
connection.request("GET", "/", headers={"Host": "s3.amazonaws.com"})
assert connection.getresponse().status == 200
os._exit(0)
"""
_IMPORT = "import ionport.ionapi, os; os._exit(0)"


class Contender:
    """A script in an interpreter, and how long each run of it took, by the clock and the CPU's."""

    def __init__(self, python: Path, script: str, environment: dict[str, str]) -> None:
        self._command = [str(python), "-c", script]
        self._environment = {**os.environ, **environment}
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []

    def run(self) -> tuple[float, float]:
        started, used = time.perf_counter(), _cpu_of_children()
        done = subprocess.run(
            self._command,
            env=self._environment,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode())
        return time.perf_counter() - started, _cpu_of_children() - used

    def measure(self) -> None:
        seconds, cpu_seconds = self.run()
        self.seconds.append(seconds)
        self.cpu_seconds.append(cpu_seconds)

    @property
    def median(self) -> float:
        return median(self.seconds)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _peer_python() -> Path:
    """Return the interpreter of an environment of moto's own, made once."""
    folder = CACHE / "moto-5"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*command, _MOTO], check=False).returncode:
            raise MissingTool("the peer could not be installed")
        subprocess.run([str(python), "-m", "compileall", "-q", str(folder)], check=False)
        (folder / "ready").touch()
    return python


def _measure(rounds: int, temporary: str) -> dict[str, Any]:
    compiled = compiled_environment(_ROOT / "src" / "ionport") | {"TMPDIR": temporary}
    own = compiled | {"PYTHONPATH": str(_ROOT / "src")}
    ours = Contender(Path(sys.executable), _OURS, own)
    library = Contender(Path(sys.executable), _IMPORT, own)
    nothing = Contender(Path(sys.executable), "import os; os._exit(0)", own)
    peer = Contender(_peer_python(), _PEER, {**compiled, "PYTHONPATH": ""})
    contenders = (ours, peer, library, nothing)
    for contender in contenders:
        contender.run()
    for _round in range(rounds):
        for contender in contenders:
            contender.measure()
    ratio = median(mine / other for mine, other in zip(ours.seconds, peer.seconds, strict=True))
    return {
        "rounds": rounds,
        "ready_seconds": round(ours.median, 3),
        "peer_ready_seconds": round(peer.median, 3),
        "ratio": round(ratio, 2),
        "cpu_seconds": round(median(ours.cpu_seconds), 3),
        "peer_cpu_seconds": round(median(peer.cpu_seconds), 3),
        "import_ionapi_seconds": round(library.median - nothing.median, 3),
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="under 50 seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit 1 beyond the floor")
    options = parser.parse_args()
    # The processes end at once, and what they leave goes with this folder.
    with tempfile.TemporaryDirectory(prefix="ionport-bench-") as temporary:
        result = _measure(9 if options.quick else 25, temporary)
    result |= {"floor": FLOOR, "left_out": _LEFT_OUT}
    if options.json:
        print(json.dumps(result))
    else:
        _print(result)
    passed = result["ratio"] <= FLOOR and result["import_ionapi_seconds"] <= IMPORT_GOAL_SECONDS
    if not options.json or options.check:
        verdict = "" if passed else "BEYOND THE FLOOR"
        print(f"ratio {result['ratio']:.2f} (floor {FLOOR} of the peer's time)", verdict)
    return 1 if options.check and not passed else 0


def _print(result: dict[str, Any]) -> None:
    print(f"a server for a test-suite, first call answered, median of {result['rounds']} rounds")
    for name, key in (("ours", ""), ("moto's server", "peer_")):
        ready, cpu = result[f"{key}ready_seconds"], result[f"{key}cpu_seconds"]
        print(f"  {name:<21} {ready * 1000:>6,.0f} ms, {cpu * 1000:,.0f} ms of CPU time")
    print(
        f"  import ionport.ionapi {result['import_ionapi_seconds'] * 1000:>6,.0f} ms (at most 250)"
    )
    print(f"  load of the machine   {result['load_average']:>6}")
    print(f"left out: {result['left_out']}")


if __name__ == "__main__":
    sys.exit(main())
