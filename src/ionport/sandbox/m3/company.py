"""A company's records during one call: read once, changed in memory, written at the end.

A bulk call of a hundred lines of one invoice so costs a handful of statements, not hundreds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from ionport.sandbox.m3.model import File, Key, Record
from ionport.sandbox.m3.parameters import MAX_RECORDS
from ionport.sandbox.m3.repository import M3Repository
from ionport.sandbox.m3.seeds import seeded_records
from ionport.store import Database, TenantScope

_MAX_EFFECTS = 100


class Records(Protocol):
    """Reads a company's records."""

    @property
    def number(self) -> int: ...

    def records(self, file: File, *, limit: int = MAX_RECORDS) -> list[Record]:
        """Return records in the order of their keys."""
        ...


class StoredRecords:
    """Reads a company's records, each time in a transaction of its own."""

    def __init__(self, database: Database, scope: TenantScope, number: int) -> None:
        self._database = database
        self._scope = scope
        self.number = number

    def records(self, file: File, *, limit: int = MAX_RECORDS) -> list[Record]:
        """Return records in the order of their keys."""
        with self._database.read() as work:
            repository = M3Repository(work.connection)
            if repository.series(self._scope, self.number, lock=False) is not None:
                return Company(repository, self._scope, self.number, lock=False).records(
                    file, limit=limit
                )
        with self._database.write() as work:
            company = Company(M3Repository(work.connection), self._scope, self.number, lock=False)
            return company.records(file, limit=limit)


class Company:
    """One company of a tenant. It is made, with its seeds, when a call first names it."""

    def __init__(
        self, repository: M3Repository, scope: TenantScope, number: int, *, lock: bool
    ) -> None:
        self._repository = repository
        self._scope = scope
        self.number = number
        series = repository.series(scope, number, lock=lock)
        if series is None:
            if repository.add_company(scope, number):
                repository.put(scope, number, seeded_records())
            series = repository.series(scope, number, lock=lock)
        self._series: dict[str, int] = series or {}
        self._has_new_numbers = False
        self._known: dict[tuple[File, Key], Record | None] = {}
        self._changed: dict[tuple[File, Key], None] = {}
        self._unwritten: dict[tuple[File, Key], Record] = {}

    def get(self, file: File, *key: str) -> Record | None:
        """Return a record, or None."""
        if (file, key) not in self._known:
            found = self._repository.get(self._scope, self.number, file, [key])
            self._known[file, key] = found.get(key)
        return self._known[file, key]

    def fetch(self, names: Iterable[tuple[File, Key]]) -> None:
        """Read many records at once, so that `get` finds them here."""
        missing: dict[File, list[Key]] = defaultdict(list)
        for file, key in dict.fromkeys(names):
            if (file, key) not in self._known:
                missing[file].append(key)
        for file, keys in missing.items():
            found = self._repository.get(self._scope, self.number, file, keys)
            self._known.update({(file, key): found.get(key) for key in keys})

    def records(
        self, file: File, prefix: Key = (), *, start: Key = (), limit: int = MAX_RECORDS
    ) -> list[Record]:
        """Return records in the order of their keys; see `M3Repository.records`."""
        self._write()
        found = self._repository.records(self._scope, self.number, file, prefix, start, limit)
        return [record for _key, record in found]

    def put(self, file: File, key: Key, record: Record) -> None:
        """Keep a record, in the place of the one that has its key."""
        self._known[file, key] = self._unwritten[file, key] = record
        self._changed[file, key] = None

    def remove(self, file: File, key: Key) -> None:
        """Delete a record."""
        self._known[file, key] = None
        self._unwritten.pop((file, key), None)
        self._repository.remove(self._scope, self.number, [(file, key)])
        self._changed[file, key] = None

    def next_number(self, series: str, first: int = 1) -> int:
        """Take the next number of a series."""
        number = self._series.get(series, first - 1) + 1
        self._series[series] = number
        self._has_new_numbers = True
        return number

    def close(self) -> tuple[str, ...]:
        """Write the remaining changes; return the names of what was changed, at most a hundred."""
        self._write()
        if self._has_new_numbers:
            self._repository.save_series(self._scope, self.number, self._series)
        names = [f"{file} {'/'.join((str(self.number), *key))}" for file, key in self._changed]
        return tuple(names[:_MAX_EFFECTS])

    def _write(self) -> None:
        self._repository.put(self._scope, self.number, self._unwritten)
        self._unwritten = {}
