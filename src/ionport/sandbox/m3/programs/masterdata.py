"""The transactions get, list, search, add, change and delete over any file of records.

A program module says which transaction does which of these with which file. What is left blank
in an add or a change stays as it was, as in M3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import File, Key, Record, Session, numbered
from ionport.sandbox.m3.programs.behaviour import Behaviour

# Makes the rest of a record when it is added; raises TransactionFailed.
Completion = Callable[[Company, Session, Record], Record]


@dataclass(frozen=True, slots=True)
class KeyField:
    """A part of a file's key; with a width it is a number."""

    name: str
    width: int = 0


@dataclass(frozen=True, slots=True)
class MasterFile:
    """A file of records that transactions name by their key.

    Attributes:
        noun: what a record is called in messages.
        code: the message ids' beginning; `03` and `04` end them.
    """

    file: File
    noun: str
    code: str
    keys: tuple[KeyField, ...]

    def key(self, values: Record) -> Key:
        """Return the key that the values name; what they leave out is blank or zero."""
        return tuple(
            numbered(values.get(field.name, "0"), field.width)
            if field.width
            else values.get(field.name, "")
            for field in self.keys
        )

    def get(self, company: Company, values: Record) -> Record:
        """Return the record that the values name; raises TransactionFailed."""
        record = company.get(self.file, *self.key(values))
        if record is None:
            raise self.missing(values)
        return record

    def missing(self, values: Record) -> TransactionFailed:
        """Return the error that there is no such record."""
        return self._failure("{noun} {key} does not exist", "03", values)

    def put(self, company: Company, record: Record) -> None:
        """Keep a record under the key that it has itself."""
        company.put(self.file, self.key(record), record)

    def add(self, company: Company, session: Session, record: Record) -> Record:
        """Keep a new record; raises TransactionFailed when its key is taken."""
        key = self.key(record)
        if company.get(self.file, *key) is not None:
            raise self._failure("{noun} {key} already exists", "04", record)
        stamped = {
            **record,
            "CONO": str(company.number),
            "RGDT": session.today,
            "RGTM": session.time,
            "LMDT": session.today,
            "CHNO": "1",
            "CHID": session.user,
        }
        company.put(self.file, key, stamped)
        return stamped

    def change(self, company: Company, session: Session, record: Record, values: Record) -> Record:
        """Keep a record with other values."""
        changed = {
            **record,
            **values,
            "LMDT": session.today,
            "CHNO": str((int(record.get("CHNO", "0")) + 1) % 1000),
            "CHID": session.user,
        }
        company.put(self.file, self.key(record), changed)
        return changed

    def _failure(self, text: str, ending: str, values: Record) -> TransactionFailed:
        key = "/".join(values.get(field.name, "") for field in self.keys)
        return TransactionFailed(
            text.format(noun=self.noun, key=key),
            code=f"{self.code}{ending}",
            field=self.keys[-1].name,
        )


def get(file: MasterFile) -> Behaviour:
    """The record that the key names."""

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        return [file.get(company, values)]

    return Behaviour(work, reads=lambda _session, values: [(file.file, file.key(values))])


def list_from(file: MasterFile, fixed: int = 0, *, of: MasterFile | None = None) -> Behaviour:
    """The records from the key on that share its first `fixed` parts.

    These parts must name a record in the file `of`, when there is one.
    """

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        if of is not None:
            of.get(company, values)
        key = file.key(values)
        return company.records(file.file, key[:fixed], start=key[fixed:], limit=session.limit)

    return Behaviour(work)


def list_between(file: MasterFile, first: str, last: str) -> Behaviour:
    """The records whose key lies between two input fields; either may be blank."""

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        end = values.get(last, "")
        found = company.records(file.file, start=(values.get(first, ""),))
        return [each for each in found if not end or file.key(each) <= (end,)][: session.limit]

    return Behaviour(work)


def list_by(file: MasterFile, name: str) -> Behaviour:
    """The records from a value of another field on, in the order of that field."""

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        first = values.get(name, "")
        found = [each for each in company.records(file.file) if each.get(name, "") >= first]
        return sorted(found, key=lambda each: each.get(name, ""))[: session.limit]

    return Behaviour(work)


def list_where(file: MasterFile, *names: str) -> Behaviour:
    """The records that agree with every one of these input fields that is given."""

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        wanted = {name: values[name] for name in names if name in values}
        found = company.records(file.file)
        return [each for each in found if _agrees(each, wanted)][: session.limit]

    return Behaviour(work)


def first_where(file: MasterFile, *names: str) -> Behaviour:
    """The first record that agrees with every one of these input fields that is given."""
    listed = list_where(file, *names)

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        found = listed.work(company, session, values)
        if not found:
            raise file.missing(values)
        return found[:1]

    return Behaviour(work)


def search(file: MasterFile) -> Behaviour:
    """The records that match every word of SQRY, all without one: `FIELD:value` or text, with `*`.

    A subset of M3's search language; the rest of it is inferred to be rare.
    """

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        words = [_word(word) for word in values.get("SQRY", "").lower().split()]
        found = company.records(file.file)
        hits = [each for each in found if all(_matches(each, *word) for word in words)]
        return hits[: session.limit]

    return Behaviour(work)


def add(
    file: MasterFile, complete: Completion = lambda _company, _session, values: values
) -> Behaviour:
    """A new record, completed; the result is the record."""

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        return [file.add(company, session, complete(company, session, values))]

    return Behaviour(
        work, changes=True, reads=lambda _session, values: [(file.file, file.key(values))]
    )


def change(file: MasterFile) -> Behaviour:
    """The record that the key names with other values; the result is the record."""

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        return [file.change(company, session, file.get(company, values), values)]

    return Behaviour(
        work, changes=True, reads=lambda _session, values: [(file.file, file.key(values))]
    )


def delete(file: MasterFile, *parts: MasterFile) -> Behaviour:
    """Delete the record that the key names, and what belongs to it in other files."""

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        file.get(company, values)
        key = file.key(values)
        for part in parts:
            for record in company.records(part.file, key):
                company.remove(part.file, part.key(record))
        company.remove(file.file, key)
        return []

    return Behaviour(work, changes=True)


def below(parent: MasterFile) -> Completion:
    """Complete a record that belongs to another, which must exist; raises TransactionFailed."""

    def complete(company: Company, _session: Session, values: Record) -> Record:
        parent.get(company, values)
        return values

    return complete


def _agrees(record: Record, wanted: Record) -> bool:
    return all(record.get(name, "") == value for name, value in wanted.items())


def _word(word: str) -> tuple[str, str]:
    name, colon, pattern = word.partition(":")
    return (name.upper(), pattern) if colon else ("", f"*{word}*")


def _matches(record: Record, name: str, pattern: str) -> bool:
    # A bracket is a letter here, not the beginning of a set of letters.
    plain = pattern.replace("[", "[[]")
    values = [record.get(name, "")] if name else list(record.values())
    return any(fnmatchcase(value.lower(), plain) for value in values)
