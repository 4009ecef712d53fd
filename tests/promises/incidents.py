"""One kind of fault, again and again, while documents go out by every method."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ionport.exports.model import ExportMethod
from tests.promises import faults
from tests.promises.crowd import Crowd
from tests.promises.everywhere import Counterparts, Everywhere, counterparts
from tests.promises.infor import Target
from tests.promises.installation import Installation, socket_of, through
from tests.promises.proportion import Proportion
from tests.promises.wire import Relay, Wire
from tests.promises.workers import Workers, clock_of
from tests.support.sides import PATIENCE, until

PROPORTION = Proportion()
# PostgreSQL with its logs needs so much, and some room for rows.
_DISK_OF_POSTGRESQL = 200_000_000


@dataclass
class Scene:
    """What there is to fail: workers, their database, Infor, and the lines to all targets."""

    random: random.Random
    installation: Installation
    everywhere: Everywhere
    others: Counterparts
    crowd: Crowd
    infor: Target
    wire: Wire
    lines: list[Relay]
    database_line: Relay | None = None
    server: faults.PostgreSql | None = None
    disk: Path | None = None
    shift: float = 0.0

    def last(self, shortest: float, longest: float) -> None:
        """Let a fault last, for so many seconds of production."""
        threading.Event().wait(PROPORTION.of(self.random.uniform(shortest, longest)))

    def start_database(self) -> None:
        """Start PostgreSQL, if it has ended."""
        assert self.server is not None
        self.server.start()
        self.installation.reconnect()


def kill(scene: Scene) -> None:
    """Kill a worker."""
    scene.crowd.kill()


def freeze(scene: Scene) -> None:
    """Freeze a worker, half of the times past the takeover of the call that it may have sent."""
    short, takeover = PROPORTION.of(20), PROPORTION.takeover
    chosen = scene.random.choice([(0.0, 2 * short), (takeover, takeover + short)])
    scene.crowd.freeze(scene.random.uniform(*chosen))


def kill_infor(scene: Scene) -> None:
    """Kill the Infor side."""
    scene.infor.kill_and_start()


def cut_lines(scene: Scene) -> None:
    """Cut the lines to all targets, calls under way too."""
    scene.wire.is_away = True
    scene.wire.cut_all()
    for line in scene.lines:
        line.cut()
    scene.last(1, 60)
    for line in scene.lines:
        line.mend()
    scene.wire.is_away = False


def step_clock(scene: Scene) -> None:
    """Step the clock by ten minutes, on or back; never behind the clock of the test itself."""
    step = PROPORTION.of(600)
    scene.shift += scene.random.choice((step, -step)) if scene.shift > 0 else step
    clock_of(scene.installation.folder).write_text(str(scene.shift))


def revoke_token(scene: Scene) -> None:
    """Revoke the access token that the workers share."""
    assert until(lambda: scene.wire.bearer, PATIENCE)
    scene.infor.revoke(scene.wire.bearer)


def cut_off_database(scene: Scene) -> None:
    """Lock a SQLite database; cut the line to PostgreSQL that every other worker has, or stop it.

    Who is connected is told of a cut, and not of a line that stands still.
    """
    line = scene.database_line
    if line is None:
        with faults.locked(scene.installation.folder / "ionport.db"):
            scene.last(5, 40)
        return
    begin, end = scene.random.choice([(line.cut, line.mend), (line.stand_still, line.flow)])
    begin()
    scene.last(5, 300)
    end()


def restart_database(scene: Scene) -> None:
    """Kill PostgreSQL, and start it again."""
    assert scene.server is not None
    scene.server.kill()
    scene.last(0, 20)
    scene.start_database()


def fill_disk(scene: Scene) -> None:
    """Leave no room on the disk of the database, which starts again if that made it end."""
    assert scene.disk is not None
    with faults.full(scene.disk):
        scene.last(10, 60)
    if scene.server is not None:
        scene.start_database()


@dataclass(frozen=True)
class Fault:
    """A kind of fault: what makes one, how often in the long form, and what workers log of it."""

    name: str
    strike: Callable[[Scene], None]
    times: int
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    logged: str = ""

    def __str__(self) -> str:
        return self.name


KILL = Fault("workers are killed", kill, 50)
FAULTS = (
    KILL,
    Fault("workers sleep", freeze, 10),
    Fault("Infor is killed", kill_infor, 20),
    Fault("lines are cut", cut_lines, 20),
    Fault("the clock steps", step_clock, 20),
    Fault("the token is revoked", revoke_token, 20),
    Fault("the database is cut off", cut_off_database, 10),
    # SQLite has no server.
    Fault("the database is killed", restart_database, 8, ("postgresql",)),
    Fault("the disk is full", fill_disk, 6, logged="disk is full|No space left on device"),
)


@dataclass
class _Lines:
    """Relays before the servers that are not Infor's."""

    stack: ExitStack
    made: list[Relay] = field(default_factory=list)

    def through(self, _method: ExportMethod, port: int) -> int:
        self.made.append(self.stack.enter_context(Relay(("127.0.0.1", port))))
        return self.made[-1].port


@contextmanager
def scene_of(
    fault: Fault,
    database: str,
    workers: int,
    *,
    target: Target,
    install: Callable[..., Installation],
    crew: Workers,
    root: Path,
    seed: int,
) -> Iterator[Scene]:
    """Set up what a fault needs below a folder; no worker runs yet."""
    chosen, server, disk, line = random.Random(seed), None, None, None
    folder, options, urls = root / "documents", {}, []
    with ExitStack() as stack:
        infor = Target(crew, root / "infor") if fault.strike is kill_infor else target
        wire = stack.enter_context(Wire(infor.url))
        lines = _Lines(stack)
        others = stack.enter_context(counterparts(root, lines.through))
        if fault.strike is fill_disk and database == "sqlite":
            # The logs stand beside it.
            disk = stack.enter_context(faults.disk_of_its_own(folder))
        if fault.strike in (restart_database, fill_disk) and database == "postgresql":
            size = _DISK_OF_POSTGRESQL if fault.strike is fill_disk else 0
            server = stack.enter_context(faults.postgresql_to_kill(size))
            disk, options = server.disk, {"url": server.url()}
        make = partial(install, database, folder=folder, **options)
        everywhere = Everywhere(make, infor.credentials_through(wire), infor.counts, others)
        installation = everywhere.installation
        stack.callback(crew.end_all)
        if fault.strike is cut_off_database and database == "postgresql":
            line = stack.enter_context(Relay(socket_of(installation.database_url)))
            urls = [installation.database_url, through(installation.database_url, line.port)]
        crowd = Crowd(crew, installation, workers, chosen, urls)
        yield Scene(
            chosen, installation, everywhere, others, crowd, infor, wire, lines.made,
            line, server, disk,
        )  # fmt: skip
