"""The data folder: whose it is, what happens when it cannot be used, and its key ring."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from ionport.application import Application, open_application
from ionport.cli import main
from ionport.cli.serving.server import RunningServer
from ionport.core.errors import Unavailable
from ionport.core.paging import PageRequest
from ionport.core.sealing import load_key_ring
from ionport.documents.samples import read_sample
from ionport.identity.access import Access
from ionport.migrations import upgrade
from ionport.settings import Side
from ionport.settings_reading import load_settings
from ionport.store import Database, OrganizationScope, SystemScope
from tests.support import sides
from tests.support.patience import PATIENCE

ORIGIN = "http://127.0.0.1:8400"
ROUNDS = 4
_SYSTEM = SystemScope("test")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def run_ionport(folder: Path, *arguments: str, before: list[str] | None = None) -> str:
    """Run a command that is refused, and return all that it said."""
    found = subprocess.run(
        [*(before or []), sys.executable, "-m", "ionport", "--data", str(folder), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 1, found.stdout
    assert "Traceback" not in found.stdout
    return found.stdout


@contextmanager
def read_only(folder: Path) -> Iterator[list[str]]:
    """Return what a command begins with that finds the folder read-only."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield []
        folder.chmod(0o700)
        return
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-m", "true"], check=False).returncode:
        pytest.skip("root writes everywhere, and may not mount here")
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    yield [unshare, "-m", "sh", "-c", script, str(folder)]


def filled(folder: Path) -> Application:
    """Open a data folder with secrets of both sides."""
    credentials = sides.make_credentials(folder, ORIGIN)
    application = open_application(sides.settings_of(folder, Side.BOTH, origin=ORIGIN))
    sides.configure_export(application, credentials)
    return application


@pytest.mark.parametrize("was_there", [True, False])
def test_a_start_on_a_read_only_folder_says_so_and_where(
    tmp_path: Path, *, was_there: bool
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    if was_there:
        open_application(load_settings({}, data=folder)).close()
    with read_only(folder) as before:
        told = run_ionport(folder, "up", "--port", "0", before=before)
    assert f"The data folder {folder} cannot be written" in told
    assert "IONPORT_DATA" in told


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "ionport.db").mkdir()
    told = run_ionport(tmp_path, "up", "--port", "0")
    assert "ionport.db cannot be used" in told


def test_a_lost_key_ring_is_told_and_not_replaced(tmp_path: Path) -> None:
    filled(tmp_path).close()
    path = tmp_path / "keys.json"
    kept = path.read_text(encoding="utf-8")
    path.unlink()
    for command in (["up", "--port", "0"], ["rotate-keys"]):
        assert f"The key file {path} is missing" in run_ionport(tmp_path, *command)
        assert not path.exists()
    path.write_text(kept, encoding="utf-8")
    open_application(load_settings({}, data=tmp_path)).close()


@pytest.mark.on_each_database
def test_a_key_ring_is_missed_on_every_database(tmp_path: Path, database_url: str) -> None:
    is_file = database_url.startswith("sqlite")
    named = {} if is_file else {"database_url": database_url}
    settings = load_settings({}, data=tmp_path, **named)
    application = open_application(settings)
    assert application.infor is not None
    with application.database.write() as work:
        application.infor.signing_keys.rotate(work.within(_SYSTEM))
    application.close()
    settings.key_file.unlink()
    with pytest.raises(Unavailable) as caught:
        open_application(settings)
    assert caught.value.code == "key_ring_lost"
    assert not settings.key_file.exists()


def test_everything_in_the_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    application = filled(folder)
    assert application.documents is not None
    scope, documents = (
        OrganizationScope(application.organization.id),
        application.documents.documents,
    )
    content = read_sample("demo-invoice-ubl.xml")
    prepared = documents.prepare_receipt(scope, content, "invoice.xml")
    with application.database.write() as work:
        documents.receive(Access(work, scope, sides.OPERATOR), prepared)
    application.close()
    # As the version before left it.
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    server = sides.start_ionport(
        ["up", "--port", "0"],
        {"IONPORT_DATA": str(folder), "IONPORT_LOG_LEVEL": "WARNING"},
        tmp_path / "server.log",
    )
    try:
        assert sides.until(lambda: _is_up(server.url))
        found = {path: mode_of(path) for path in (folder, *folder.iterdir())}
    finally:
        server.stop()
    assert found.pop(folder / "blobs") == found.pop(folder) == 0o700
    assert {"ionport.db", "ionport.db-wal", "ionport.db-shm", "keys.json"} < {
        path.name for path in found
    }
    assert set(found.values()) == {0o600}


def test_what_commands_make_anew_is_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    script = "import os, sys; os.umask(0o022); from ionport.cli import main; main()"
    arguments = ["-c", script, "--data", str(folder), "up", "--port", "0"]
    sides.start(arguments, {}, tmp_path / "server.log").stop()
    assert mode_of(folder) == 0o700
    assert {mode_of(path) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "arguments",
    [
        ["app", "list"],
        ["migrate"],
        ["rotate-keys"],
        ["rotate-keys", "--signing"],
        ["setup-link"],
        ["export", "status"],
    ],
)
@pytest.mark.parametrize("was_there", [True, False])
def test_a_command_makes_nothing_in_a_mistyped_folder(
    tmp_path: Path, arguments: list[str], *, was_there: bool
) -> None:
    folder = tmp_path / "dtaa"
    if was_there:
        folder.mkdir(mode=0o755)
    refused = CliRunner().invoke(main, ["--data", str(folder), *arguments])
    assert refused.exit_code == 1
    assert f"There is no ionport in the data folder {folder}" in refused.output
    assert "'ionport up'" in refused.output
    assert list(folder.iterdir()) == [] if was_there else not folder.exists()


@pytest.mark.on_each_database
def test_an_older_schema_is_refused_and_migrated(tmp_path: Path, database_url: str) -> None:
    named = "" if database_url.startswith("sqlite") else database_url
    database = Database(database_url)
    upgrade(database, "head-1")
    database.close()
    run = partial(CliRunner().invoke, main, env={"IONPORT_DATABASE_URL": named})
    refused = run(["--data", str(tmp_path), "app", "list"])
    assert refused.exit_code == 1
    assert "older version of ionport" in refused.output
    assert "'ionport migrate'" in refused.output
    migrated = run(["--data", str(tmp_path), "migrate"])
    assert (migrated.exit_code, ", was " in migrated.output) == (0, True)
    assert "already" in run(["--data", str(tmp_path), "migrate"]).output
    assert not (tmp_path / "keys.json").exists()
    open_application(load_settings({"IONPORT_DATABASE_URL": named}, data=tmp_path)).close()
    assert run(["--data", str(tmp_path), "app", "list"]).exit_code == 0


def test_a_server_ends_when_its_database_gets_the_schema_of_another_version(
    tmp_path: Path,
) -> None:
    server = RunningServer(load_settings({}, data=tmp_path / "data", port=0))
    with server.application.database.write() as work:
        work.connection.execute(text("UPDATE alembic_version SET version_num = 'next'"))
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(Unavailable, match="has the schema next now") as ended:
            server.run()
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
    assert "Another version of ionport has taken over" in str(ended.value)


def test_credentials_name_the_address_that_is_served_whoever_else_tries_to(tmp_path: Path) -> None:
    folder, file = tmp_path / "data", tmp_path / "app.ionapi"
    server = sides.start_ionport(
        ["--data", str(folder), "up", "--port", "0"], {}, tmp_path / "server.log"
    )
    try:
        second = RunningServer(load_settings({}, data=folder, port=0))
        refused = pytest.raises(Unavailable, match="Another process runs deliveries")
        with refused, second.in_background():
            pass
        run = partial(CliRunner().invoke, main)
        assert run(["--data", str(folder), "app", "create", "DocBits_TST"]).exit_code == 0
        arguments = ["credentials", "download", "DocBits_TST", "--output", str(file)]
        assert run(["--data", str(folder), *arguments]).exit_code == 0
    finally:
        server.stop()
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["iu"] == server.url
    assert content["pu"].startswith(f"{server.url}/")


def test_a_folder_that_is_somebody_elses_keeps_its_rights(tmp_path: Path) -> None:
    for name, mode in (("shared", 0o1777), ("home", 0o755)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "letter.txt").write_text("x", encoding="utf-8")
        folder.chmod(mode)
        open_application(load_settings({}, data=folder)).close()
        assert mode_of(folder) == mode
        assert mode_of(folder / "letter.txt") & 0o044
        assert mode_of(folder / "ionport.db") == 0o600


def _rotate_often(folder: str, barrier: Barrier) -> None:
    for _round in range(ROUNDS):
        barrier.wait(PATIENCE)
        main(["--data", folder, "rotate-keys"], standalone_mode=False)


def test_keys_rotated_twice_at_once_open_every_secret(tmp_path: Path) -> None:
    application = filled(tmp_path)
    application.close()
    start = multiprocessing.get_context("spawn")
    barrier = start.Barrier(2)
    other = start.Process(target=_rotate_often, args=(str(tmp_path), barrier))
    other.start()
    _rotate_often(str(tmp_path), barrier)
    other.join(PATIENCE)
    assert other.exitcode == 0
    ring = load_key_ring(application.settings.key_file)
    assert ring is not None
    assert len(json.loads(ring.to_text())["keys"]) == 1 + 2 * ROUNDS
    application = open_application(application.settings)
    assert application.documents is not None
    scope = OrganizationScope(application.organization.id)
    with application.database.read() as work:
        access = Access(work, scope, sides.OPERATOR)
        (connection,) = application.documents.connections.list(access, PageRequest()).items
        assert application.documents.connections.credential(access, connection.id).cs
    application.close()


def _is_up(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", timeout=10).is_success
    except httpx2.TransportError:
        return False
