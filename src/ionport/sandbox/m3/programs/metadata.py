"""Which transactions and fields a program has, as MRS001MI tells clients.

Source: docs/reference/m3.md#supplier-invoices.

A client that fits its records to a program's fields asks here first. Names of the fields in the
answer are inferred.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.m3.catalogue import (
    Field,
    Program,
    Transaction,
    program_names,
)
from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import Record, Session
from ionport.sandbox.m3.programs.behaviour import Behaviour

# What the first input field's position is: the transaction's name comes before it.
_FIRST_POSITION = 16
_NOT_IMITATED = "The sandbox does not imitate it"
# What a transaction that only reads begins with.
_READING = ("Get", "Lst", "List", "Sel", "Search")


def behaviours(imitated: Callable[[str], Collection[str]]) -> Mapping[str, Behaviour]:
    """Return the transactions; `imitated` gives the names of a program's imitated ones.

    A transaction that only Infor has is listed too, and its text says that it is not imitated.
    """

    def list_transactions(_company: Company, session: Session, values: Record) -> Sequence[Record]:
        program = _program(session, values)
        first, done = values.get("TRNM", ""), imitated(program.name)
        found = sorted(program.transactions.values(), key=lambda each: each.name)
        return [
            {
                "MINM": program.name,
                "TRNM": each.name,
                "TRDS": ""
                if each.is_general or each.is_told or each.name in done
                else _NOT_IMITATED,
                "STAT": "20",
                "SIMU": "S" if each.name.startswith(_READING) else "M",
            }
            for each in found
            if each.name >= first
        ][: session.limit]

    def list_programs(_company: Company, session: Session, values: Record) -> Sequence[Record]:
        first = values.get("MINM", "").upper()
        return [
            {"MINM": name, "OBNM": name[:6], "MIDS": "" if imitated(name) else _NOT_IMITATED}
            for name in program_names()
            if name >= first
        ][: session.limit]

    return {
        # Typed output of the H5 SDK reads the same fields here.
        "LstAdtFieldInf": Behaviour(_list_fields),
        "LstFields": Behaviour(_list_fields),
        "LstPrograms": Behaviour(list_programs),
        "LstTransactions": Behaviour(list_transactions),
    }


def _list_fields(_company: Company, session: Session, values: Record) -> Sequence[Record]:
    """The fields of a transaction: those that go in (I), those that come out (O), or both."""
    transaction = _transaction(_program(session, values), values["TRNM"])
    directions = {"I": transaction.inputs, "O": transaction.outputs}
    wanted = values.get("TRTP", "").upper()
    found = [
        {**field, "MINM": values["MINM"].upper(), "TRNM": transaction.name, "TRTP": direction}
        for direction, fields in directions.items()
        if wanted in ("", direction)
        for field in _fields(fields.values())
    ]
    return found[: session.limit]


def _fields(fields: Iterable[Field]) -> Iterator[Record]:
    position = _FIRST_POSITION
    for field in fields:
        last = position + field.length - 1
        yield {
            "FLNM": field.name,
            "FRPO": str(position),
            "TOPO": str(last),
            "LENG": str(field.length),
            "TYPE": field.type.value,
            "MAND": "1" if field.is_mandatory else "0",
        }
        position = last + 1


def _program(session: Session, values: Record) -> Program:
    program = session.programs(values["MINM"])
    if program is None:
        raise _missing("MINM", values["MINM"])
    return program


def _transaction(program: Program, name: str) -> Transaction:
    transaction = program.transaction(name)
    if transaction is None:
        raise _missing("TRNM", name)
    return transaction


def _missing(field: str, value: str) -> TransactionFailed:
    text = f"{field} {quoted(value)} does not exist"
    return TransactionFailed(text, code=f"W{field}03", field=field)
