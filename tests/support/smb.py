"""A real SMB server (Samba's smbd) on a high port, which serves one folder as a share."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.sides import until

PASSWORD = "correct horse battery"
SHARE = "invoices"


@dataclass(frozen=True, slots=True)
class SmbServer:
    """Where it listens, and who may sign on."""

    port: int
    username: str

    def parameters(self, in_folder: str = "", **changes: str) -> dict[str, str]:
        """What a connection to it says."""
        return {
            "host": "127.0.0.1",
            "port": str(self.port),
            "username": self.username,
            "share": SHARE,
            "folder": in_folder,
            **changes,
        }


@contextmanager
def smb_server(root: Path, home: Path) -> Iterator[SmbServer]:
    """Serve `root` as the share until the block ends; `home` is the server's own."""
    smbd, pdbedit = _program("smbd"), _program("pdbedit")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
    user = getpass.getuser()
    configuration = home / "smb.conf"
    configuration.write_text(_CONFIGURATION.format(home=home, root=root, port=port, share=SHARE))
    subprocess.run(
        [pdbedit, "-s", configuration, "-a", "-t", "-u", user],
        input=f"{PASSWORD}\n{PASSWORD}\n", text=True, capture_output=True, check=True,
    )  # fmt: skip
    process = subprocess.Popen(
        [smbd, "--foreground", "--no-process-group", f"--configfile={configuration}"],
        # Its end is told to its whole process group.
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert until(lambda: _listens(port), seconds=30), (home / "log").read_text()
        yield SmbServer(port, user)
    finally:
        process.terminate()
        process.wait(30)


_CONFIGURATION = """[global]
smb ports = {port}
interfaces = 127.0.0.1
bind interfaces only = yes
server role = standalone server
disable netbios = yes
server min protocol = SMB2
passdb backend = tdbsam:{home}/passdb.tdb
private dir = {home}
lock directory = {home}
state directory = {home}
cache directory = {home}
pid directory = {home}
ncalrpc dir = {home}/ncalrpc
log file = {home}/log
load printers = no
printcap name = /dev/null
[{share}]
path = {root}
read only = no
"""


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin")
    if found is None:
        pytest.skip(f"SMB is not tested: {name} is not installed (apt install samba)")
    return found


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
