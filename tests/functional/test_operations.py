"""The manual's commands move an installation, scale it out, back it up and restore it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, text

from ionport.application import open_application
from ionport.cli.serving import processes
from ionport.manual import read_page
from ionport.settings import Settings, Side
from ionport.store import sqlite_url
from tests.support import databases, sides
from tests.support.exporting import invoice
from tests.support.ports import free_port
from tests.support.sides import PATIENCE, until

_RUNS_ON = ("up", "worker")


@dataclass(slots=True)
class Shell:
    """Who follows the manual: one folder, one environment, and what was started."""

    folder: Path
    url: str
    environment: dict[str, str]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def follow(self, heading: str, *numbers: int) -> None:
        """Run the blocks of commands under a heading of the page: all, or those of a number."""
        section = read_page("operations").text.split(f"## {heading}\n")[1].split("\n## ")[0]
        blocks = re.findall(r"```\n(.*?)```", section, re.DOTALL)
        for number in numbers or range(len(blocks)):
            for line in blocks[number].strip().splitlines():
                self.run(line)

    def run(self, line: str) -> str:
        for shown, meant in (
            ("postgresql://ionport:PASSWORD@db.example.com/ionport", self.url),
            ("/backups", str(self.folder / "backups")),
            ("/safe", str(self.folder / "safe")),
        ):
            line = line.replace(shown, meant)
        words = shlex.split(line)
        if words[0] == "export":
            name, _sign, value = words[1].partition("=")
            self.environment[name] = value
            return ""
        if words[0] == "unset":
            del self.environment[words[1]]
            return ""
        if words[0] == "ionport":
            words = [sys.executable, "-m", *words]
        if words[-1] in _RUNS_ON or "up" in words:
            self.running.append(self._start(words))
            return ""
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self._environment(),
            timeout=PATIENCE,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _start(self, words: list[str]) -> subprocess.Popen[str]:
        with (self.folder / "processes.log").open("a") as log:
            return subprocess.Popen(
                words, cwd=self.folder, env=self._environment(), stdout=log, stderr=log, text=True
            )

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def answers(self) -> bool:
        try:
            port = self.environment["IONPORT_PORT"]
            return httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=10).is_success
        except httpx2.TransportError:
            return False

    def told(self) -> str:
        """Return what the processes have written last."""
        return (self.folder / "processes.log").read_text()[-4_000:]

    def processes(self) -> int:
        """Return how many run deliveries on PostgreSQL."""
        return len(_values(self.url, "SELECT id FROM export_workers"))

    def stop(self) -> None:
        for process in self.running:
            process.terminate()
        for process in self.running:
            assert process.wait(PATIENCE) == 0, self.told()
        self.running.clear()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    for name in ("backups", "safe"):
        (tmp_path / name).mkdir()
    url = databases.fresh_postgresql()
    made = Shell(
        tmp_path,
        url.replace("+psycopg", ""),
        {"IONPORT_DATA": "data", "IONPORT_PORT": str(free_port()), "IONPORT_SIDE": "documents"},
    )
    yield made
    for process in made.running:
        process.kill()
        process.wait()
    databases.drop_postgresql(url)


def deliver(shell: Shell, *numbers: str) -> None:
    files = [shell.folder / f"{number}.xml" for number in numbers]
    for file in files:
        file.write_bytes(invoice(file.stem))
    added = json.loads(shell.run(f"ionport document add {shlex.join(map(str, files))} --json"))
    shell.run(f"ionport export run {shlex.join(each['id'] for each in added)}")


def delivered(url: str) -> int:
    """Return how many deliveries have reached Infor; all of them have to be."""
    found = _values(url, "SELECT status FROM deliveries")
    return len(found) if set(found) == {"delivered"} else 0


def _values(url: str, query: str) -> list[str]:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        found = [str(each) for each in connection.execute(text(query)).scalars()]
    engine.dispose()
    return found


def test_an_operator_who_follows_the_manual_moves_scales_backs_up_and_restores(
    shell: Shell,
) -> None:
    data = shell.folder / "data"
    with sides.infor_process(shell.folder / "infor") as infor:
        credentials = sides.make_credentials(shell.folder / "infor", infor.url)
        application = open_application(sides.settings_of(data, Side.DOCUMENTS, origin=infor.url))
        sides.configure_export(application, credentials)
        application.close()

        shell.follow("Use PostgreSQL instead of SQLite", 0)
        shell.follow("Several processes and machines")
        assert until(shell.answers), shell.told()
        # Two behind the address, and one beside them.
        assert until(lambda: shell.processes() == 3)
        first = shell.running[0].pid
        killed = _children(first)[0]
        os.kill(killed, signal.SIGKILL)
        deliver(shell, "91001", "91002", "91003")
        assert until(lambda: delivered(shell.url) == 3)

        # The one that was killed is started anew.
        assert until(lambda: len(_children(first)) == 2 and killed not in _children(first))
        shell.follow("Back up")
        shell.stop()
        shell.follow("Use PostgreSQL instead of SQLite", 1)
        assert delivered(sqlite_url(data / "ionport.db")) == 3
        shell.follow("Restore")
        shell.environment["IONPORT_DATA"] = "restored"
        restored = sqlite_url(shell.folder / "restored" / "ionport.db")
        assert delivered(restored) == 3
        shell.run("ionport up")
        assert until(shell.answers), shell.told()
        deliver(shell, "91004")
        assert until(lambda: delivered(restored) == 4)
        shell.stop()


def test_a_server_process_stops_when_the_first_one_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *call: told.append(call))
    reading, writing = os.pipe()
    processes.stop_with(reading)
    assert not told
    os.close(writing)
    assert until(lambda: told == [(os.getpid(), signal.SIGTERM)])
    os.close(reading)


def test_the_address_of_several_processes_is_told_once_one_of_them_has_begun(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark, seen = tmp_path / "begun", list[bool]()

    def program(_settings: Settings, _listener: int, first_process: int) -> list[str]:
        begin = f"import os; open({str(mark)!r}, 'w'); os.write({first_process}, b'.')"
        return [sys.executable, "-S", "-c", f"{begin}; os.read({first_process}, 1)"]

    def begun() -> None:
        seen.append(mark.exists())
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(processes, "_arguments", program)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with socket.socket() as listener:
            processes.serve_in_processes(Settings(data=tmp_path), listener, 2, begun)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert seen == [True]


def test_several_processes_on_sqlite_are_refused(shell: Shell) -> None:
    words = [sys.executable, "-m", "ionport", "--data", str(shell.folder / "d"), "up"]
    process = subprocess.run(
        [*words, "--workers", "2"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert process.returncode == 1
    assert "need PostgreSQL" in process.stdout + process.stderr


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sorted(int(each) for each in found)
