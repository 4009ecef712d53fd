"""Programs as a tenant's own metadata describes them (docs/decisions/0026-….md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from ionport.sandbox.m3.catalogue import Field, FieldType, Program, Transaction, program_named
from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.model import Record, Session
from ionport.sandbox.m3.programs.behaviour import Behaviour
from ionport.sandbox.own.transactions import OwnField, OwnTransaction

# The transactions of a tenant's program that were learned, by name in lower case.
OwnTransactions = Callable[[str, str], Mapping[str, OwnTransaction]]

# Where the metadata has no length, none is refused.
_ANY_LENGTH = 32_000
_SAMPLES = {FieldType.NUMBER: "1", FieldType.DATE: "20260131", FieldType.TEXT: "text"}


def extended(name: str, known: Program | None, told: Mapping[str, OwnTransaction]) -> Program:
    """Return a program with the tenant's transactions in place of those of the same name."""
    base = known or program_named("GENERAL")
    before = base.transactions if base is not None else {}
    own = {key: _transaction(name, each) for key, each in told.items()}
    return Program(name, MappingProxyType({**before, **own}), is_complete=False)


def sampling(transaction: Transaction) -> Behaviour:
    """Return the behaviour of a transaction whose fields alone are known: it returns one record.

    A field that goes in and comes out keeps its value; others have a value of their type.
    """

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        if not transaction.outputs:
            return []
        return [
            {
                name: values.get(name) or _SAMPLES[field.type][: field.length]
                for name, field in transaction.outputs.items()
            }
        ]

    return Behaviour(work)


def _transaction(program: str, told: OwnTransaction) -> Transaction:
    return Transaction(
        program, told.name, _fields(told.inputs), _fields(told.outputs), is_told=True
    )


def _fields(told: Sequence[OwnField]) -> Mapping[str, Field]:
    return MappingProxyType(
        {
            each.name: Field(
                each.name, FieldType(each.type), each.length or _ANY_LENGTH, each.is_mandatory
            )
            for each in told
        }
    )
