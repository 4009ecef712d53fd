"""Which transactions and fields a program has, as MRS001MI tells clients.

Source: docs/reference/m3.md#supplier-invoices.

A client that fits its records to a program's fields asks here first. Names of the fields in the
answer are inferred.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.m3.catalogue import Field, Program, Transaction, program_named
from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import Record, Session
from ionport.sandbox.m3.programs.behaviour import Behaviour

# What the first input field's position is: the transaction's name comes before it.
_FIRST_POSITION = 16


def _list_transactions(_company: Company, session: Session, values: Record) -> Sequence[Record]:
    program = _program(values)
    names = sorted(transaction.name for transaction in program.transactions.values())
    first = values.get("TRNM", "")
    found = [{"MINM": program.name, "TRNM": name} for name in names if name >= first]
    return found[: session.limit]


def _list_fields(_company: Company, session: Session, values: Record) -> Sequence[Record]:
    """The fields of a transaction: those that go in (I), those that come out (O), or both."""
    transaction = _transaction(_program(values), values["TRNM"])
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


def _program(values: Record) -> Program:
    program = program_named(values["MINM"])
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


BEHAVIOURS: Mapping[str, Behaviour] = {
    "LstFields": Behaviour(_list_fields),
    "LstTransactions": Behaviour(_list_transactions),
}
