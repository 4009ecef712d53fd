"""The servers of a benchmark, each in its own process, and the tools that measure the machine."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_START_SECONDS = 30.0
CACHE = Path(os.environ.get("IONPORT_BENCHMARK_CACHE", Path.home() / ".cache/ionport-benchmarks"))


class MissingTool(Exception):
    """Something the benchmark needs is not on this machine; the text says what to install."""


@contextmanager
def serving(
    command: Sequence[str], port_pattern: str, *, env: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server for the time of the block; yields the port it prints."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}
    )
    try:
        port = _printed_port(process, port_pattern)
        _wait_until_listening(port)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=_START_SECONDS)


def _printed_port(process: subprocess.Popen[str], pattern: str) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while process.stdout and (line := process.stdout.readline()):
        if found := re.search(pattern, line):
            return int(found[1])
        if time.monotonic() > deadline:
            break
    raise MissingTool(f"{process.args!r} did not start")


def _wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def node_peer(package: str, major: int, script: Path) -> list[str]:
    """Return the command that runs `script` beside `package`, installed once into the cache."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise MissingTool("the peer needs node and npm")
    folder = CACHE / f"{package}-{major}"
    if not (folder / "node_modules" / package).is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n')
        done = subprocess.run(
            [npm, "install", "--silent", "--no-audit", "--no-fund", f"{package}@{major}"],
            cwd=folder,
            check=False,
        )
        if done.returncode:
            raise MissingTool(f"{package} cannot be installed from npm")
    # Node looks for packages beside the script's own place.
    shutil.copy(script, folder / script.name)
    return [node, str(folder / script.name)]


def compiled_environment(source: Path) -> dict[str, str]:
    """Compile `source` and return the environment in which Python uses that bytecode."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(source)], check=True)
    return {"PYTHONDONTWRITEBYTECODE": ""}


def openssl_signs_per_second(seconds: int = 1) -> float:
    """Return what `openssl speed rsa2048` signs per second on one core.

    By the clock on the wall: by its own count of CPU time it would not feel what else the machine
    does, as the servers do.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        raise MissingTool("openssl is needed to tell the share of its speed")
    done = subprocess.run(
        [openssl, "speed", "-elapsed", "-seconds", str(seconds), "rsa2048"],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.splitlines()[-1].split()[-2])
