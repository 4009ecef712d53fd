"""A newer version takes over from workers of this one and changes the schema: nothing is lost.

The newer version is this program with one more migration, after which nothing that this one writes
about its calls fits on PostgreSQL, where it starts beside them. On SQLite it starts after a kill.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

import ionport
from ionport.migrations import newest_revision
from tests.promises.chaos import finish
from tests.promises.conftest import Installer
from tests.promises.everywhere import METHODS, Everywhere, counterparts
from tests.promises.infor import Target
from tests.promises.test_recovery import Held
from tests.promises.wire import Wire
from tests.promises.workers import Workers, imported
from tests.support.sides import until

HELD = 4
# For each method, before the upgrade and after it.
_IS_LONG = "IONPORT_CHAOS_DOCUMENTS" in os.environ
DATABASES = ["postgresql", *(["sqlite"] if _IS_LONG else [])]
DOCUMENTS = -(-int(os.environ.get("IONPORT_CHAOS_DOCUMENTS") or 1) // (2 * METHODS))
_NEXT = '''
"""What the newer version needs of an attempt."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "next", "{newest}"


def upgrade():
    column = sa.Column("made_by", sa.Text, nullable=False, server_default="older")
    op.add_column("delivery_attempts", column)
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("delivery_attempts", "made_by", server_default=None)
'''
# Where the newer version knows the column, and how: by file below the package.
_KNOWN = {
    "exports/tables.py": (
        '    "delivery_attempts",\n    metadata,\n',
        '    Column("made_by", Text, nullable=False),\n',
    ),
    "exports/model.py": (
        "    call_end: CallEnd = CallEnd.OPEN\n",
        '    made_by: str = "newer"\n',
    ),
}


def newer_version(folder: Path) -> Path:
    """Make the newer version in a folder, and return that folder."""
    there = folder / "ionport"
    # With what is compiled already: its files are known by the time of the source.
    shutil.copytree(Path(ionport.__file__).parent, there, copy_function=os.symlink)
    for name, (behind, line) in _KNOWN.items():
        path = there / name
        text = path.read_text("utf-8")
        assert text.count(behind) == 1, f"the newer version of {name} cannot be made"
        for each in (path, *path.parent.glob(f"__pycache__/{path.stem}.*")):
            each.unlink()
        path.write_text(text.replace(behind, behind + line), "utf-8")
    newest = max((there / "migrations" / "versions").glob("from_*"))
    (newest / "next_of_the_newer_version.py").write_text(_NEXT.format(newest=newest_revision()))
    return folder


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """What the processes of the newer version are made from."""
    folder = newer_version(tmp_path_factory.mktemp("newer"))
    with imported({"PYTHONPATH": str(folder)}) as process:
        yield process


@pytest.mark.parametrize("kind", DATABASES)
def test_each_document_arrives_once_when_a_newer_version_takes_over_with_deliveries_in_flight(
    kind: str,
    target: Target,
    install: Installer,
    crew: Workers,
    newer: subprocess.Popen[str],
    tmp_path: Path,
) -> None:
    with Wire(target.url) as wire, counterparts(tmp_path) as others:
        make = partial(install, kind)
        everywhere = Everywhere(make, target.credentials_through(wire), target.counts, others)
        installation, ledger = everywhere.installation, everywhere.ledger
        held = Held(wire, HELD)
        everywhere.export(DOCUMENTS)
        place = installation.folder, installation.database_url
        older = [crew.start(*place) for _number in range(1 if kind == "sqlite" else 2)]
        held.wait()
        if kind == "sqlite":
            older.pop().kill()
        successors = Workers(newer)
        try:
            successor = successors.start(*place)
            held.released.set()
            assert until(lambda: not any(worker.is_alive for worker in older)), older[0].stacks()
            for worker in older:
                assert "Another version of ionport has taken over" in worker.tail()
            everywhere.export(DOCUMENTS)
            finish(ledger)
            successor.stop()
        finally:
            successors.end_all()
        assert ledger.rows("SELECT DISTINCT made_by FROM delivery_attempts ORDER BY 1") == [
            ("newer",),
            ("older",),
        ]
        everywhere.assert_each_arrived_once()
