"""The progress of a load in a file beside its rows, from which an interrupted load goes on.

Each line is a JSON object. The first names the load; then come the rows that are about to be sent
(on the disk before a byte of them is sent), and the result of each. A row that was sent and has no
result is *unknown*: M3 may have done it, and it is sent again only on request. Results survive the
end of this process at once, and a power failure from the next sent rows on: a row whose result is
lost with it is unknown.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ..errors import RequestRefused

if sys.platform != "win32":
    import fcntl

_FORMAT: Final = "ionport m3 load 1"
_KINDS: Final = ({"sent"}, {"result"}, {"unsent"})


class RowState(StrEnum):
    """The state of a row."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RowResult:
    """A row's end. `returned` are the fields that M3 gave back, the rest is M3's reason."""

    row: int
    state: RowState
    returned: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    field: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class LoadIdentity:
    """The identity of a load: a journal is continued by the same load only."""

    program: str
    transaction: str
    company: str
    division: str
    tenant: str
    rows_sha256: str


class Journal:
    """The journal of one load; several threads may write."""

    def __init__(self, path: Path, identity: LoadIdentity) -> None:
        """Open the journal, made when there is none.

        Raises:
            RequestRefused: it belongs to another load, is no journal, or another process has it
                open.
            OSError: it cannot be read or written.
        """
        self.path = path
        self.results: dict[int, RowResult] = {}
        self._sent: set[int] = set()
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._written = self._durable = 0
        self._file = path.open("a", encoding="utf-8")
        try:
            self._open(identity)
        except BaseException:
            self._file.close()
            raise

    def unknown(self) -> list[int]:
        """Return the rows that were sent and have no result."""
        told = {row for row, result in self.results.items() if result.state is RowState.UNKNOWN}
        return sorted(told | (self._sent - self.results.keys()))

    def sending(self, rows: Iterable[int]) -> None:
        """Write durably that these rows are about to be sent."""
        with self._lock:
            numbers = list(rows)
            self._sent.update(numbers)
            for row in numbers:
                self.results.pop(row, None)
            self._write({"sent": numbers})
            mine = self._written
        self._sync(mine)

    def ended(self, results: Iterable[RowResult], unsent: Iterable[int] = ()) -> None:
        """Write the results of rows; nothing was done of those in `unsent`."""
        with self._lock:
            for result in results:
                self.results[result.row] = result
                self._write({"result": _fields(result)}, is_last=False)
            undone = list(unsent)
            self._sent.difference_update(undone)
            self._write({"unsent": undone})

    def close(self) -> None:
        """Close the file, all of it on the disk."""
        self._sync(self._written)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self, identity: LoadIdentity) -> None:
        if not _locked(self._file.fileno()):
            raise RequestRefused(
                f"Another load with {self.path.name} is under way: wait until it has ended."
            )
        content = self.path.read_bytes()
        if not content:
            self._write({"format": _FORMAT, **asdict(identity)})
            return
        self._read(content.decode("utf-8", "replace"), identity)
        if not content.endswith(b"\n"):
            # A crash has cut the last line: the next entry must begin a new one.
            self._file.write("\n")

    def _write(self, entry: Mapping[str, Any], *, is_last: bool = True) -> None:
        self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        if is_last:
            self._file.flush()
            self._written += 1

    def _sync(self, written: int) -> None:
        """Return when so many writes are on the disk: one thread waits for it, for all."""
        with self._syncing:
            if self._durable >= written:
                return
            reached = self._written
            os.fsync(self._file.fileno())
            self._durable = reached

    def _read(self, text: str, identity: LoadIdentity) -> None:
        # Texts of M3 may have the line separators of Unicode, which JSON leaves as they are.
        lines = enumerate(text.split("\n"), start=1)
        read = [(number, _entry(line)) for number, line in lines if line]
        entries = [entry for _number, entry in read if entry is not None]
        if not entries or entries[0].get("format") != _FORMAT:
            raise RequestRefused(f"{self.path.name} is no journal of a load. Name another file.")
        if {key: entries[0].get(key) for key in asdict(identity)} != asdict(identity):
            raise RequestRefused(
                f"{self.path.name} is the journal of another load: of other rows, another"
                " transaction, company or tenant. Name another journal for this one."
            )
        for number, each in read[1:]:
            if each is not None and each.keys() not in _KINDS:
                raise RequestRefused(
                    f"Line {number} of {self.path.name} is damaged, and with it is lost which rows"
                    " were sent. Look in M3, then load the rows that are not there from a new file."
                )
        for entry in entries[1:]:
            if "sent" in entry:
                self._sent.update(entry["sent"])
                for row in entry["sent"]:
                    self.results.pop(row, None)
            elif "result" in entry:
                result = RowResult(
                    **{**entry["result"], "state": RowState(entry["result"]["state"])}
                )
                self.results[result.row] = result
            else:
                self._sent.difference_update(entry.get("unsent", ()))


def _fields(result: RowResult) -> dict[str, Any]:
    # asdict copies what is in it as well, which takes ten times as long.
    return {
        "row": result.row,
        "state": result.state,
        "returned": dict(result.returned),
        "code": result.code,
        "field": result.field,
        "message": result.message,
    }


def _locked(descriptor: int) -> bool:
    """Lock the open file for this process, and tell whether no other has it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _entry(line: str) -> dict[str, Any] | None:
    """Read a line; None for one that a crash has cut off, an empty entry for what is none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None if line.startswith("{") else {}
    return entry if isinstance(entry, dict) else {}
