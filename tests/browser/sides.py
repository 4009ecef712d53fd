"""The sides as a user starts them: `ionport up` once, or twice with data folders of their own."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.forked import Forked, run_ionport
from tests.support.sides import PATIENCE, until

_SET_UP_LINK = re.compile(r"http://[^/\s]+/set-up/\S+")


@dataclass(frozen=True, slots=True)
class Side:
    """A running `ionport up`, and the set-up link that it printed."""

    popen: Forked
    set_up_link: str

    @property
    def url(self) -> str:
        return self.set_up_link.partition("/set-up/")[0]

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Let nothing move in the process for the time of the block; connections stay open."""
        self.popen.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.popen.send_signal(signal.SIGCONT)


@contextmanager
def one_server(folder: Path) -> Iterator[Side]:
    """Start both sides in one process, and stop it at the end."""
    with _process(folder, "both") as popen:
        yield Side(popen, _link(popen, folder / "both.out"))


@contextmanager
def both_sides(folder: Path) -> Iterator[tuple[Side, Side]]:
    """Start the Infor side and the document side, and stop them at the end."""
    with ExitStack() as stack:
        started = [
            (stack.enter_context(_process(folder, side)), folder / f"{side}.out")
            for side in ("infor", "documents")
        ]
        infor, documents = (Side(popen, _link(popen, output)) for popen, output in started)
        yield infor, documents


@contextmanager
def _process(folder: Path, side: str) -> Iterator[Forked]:
    command = ["up", "--sandbox", "--side", side, "--port", "0"]
    environment = {"IONPORT_DATA": str(folder / side), "IONPORT_LOG_LEVEL": "WARNING"}
    log = folder / f"{side}.log"
    popen = run_ionport(command, environment, folder / f"{side}.out", log)
    try:
        yield popen
    finally:
        popen.terminate()
        status = popen.wait(PATIENCE)
    assert status == 0, log.read_text(encoding="utf-8")


def _link(popen: Forked, output: Path) -> str:
    def found() -> re.Match[str] | None:
        return _SET_UP_LINK.search(output.read_text(encoding="utf-8"))

    until(lambda: found() or popen.poll() is not None)
    match = found()
    log = output.with_suffix(".log").read_text(encoding="utf-8")
    assert match, f"the server printed no set-up link\n{log}"
    return match[0]
