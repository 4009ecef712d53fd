"""Which transactions are imitated, and where their behaviour is known from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ionport.sandbox.kit.operations import Fact, Input, Part, from_clients, inferred, verified
from ionport.sandbox.m3.catalogue import GENERAL, FieldType, Transaction, program_named
from ionport.sandbox.m3.programs.general import GENERAL_BEHAVIOURS
from ionport.sandbox.m3.service import BEHAVIOURS

_GENERAL = verified(
    "docs/reference/m3.md#transactions-and-fields", left_out="texts of messages and headings"
)
# Fields of every transaction are verified by the program's swagger; what is not seen is named.
_FACTS: Mapping[str, Fact] = {
    "APS110MI": verified("docs/reference/m3.md#supplier-invoices"),
    "APS450MI": verified(
        "docs/reference/m3.md#supplier-invoices", left_out="when a status changes is concluded"
    ),
    "APS455MI": verified(
        "docs/reference/m3.md#supplier-invoices", left_out="what validation checks is concluded"
    ),
    "CRS620MI": inferred("docs/reference/m3.md#suppliers"),
    "EXPORTMI": from_clients(
        "docs/reference/m3.md#exportmi", left_out="Search; names of most tables are inferred"
    ),
    "MHS850MI": inferred("docs/reference/m3.md#supplier-invoices"),
    "MRS001MI": verified(
        "docs/reference/m3.md#transactions-and-fields", left_out="texts of fields and transactions"
    ),
    "PPS001MI": inferred("docs/reference/m3.md#supplier-invoices"),
    "PPS200MI": inferred("docs/reference/m3.md#supplier-invoices"),
}
_CLIENTS = from_clients(
    "docs/reference/m3.md#public-programs", left_out="types and lengths of fields are inferred"
)
# Their output fields are in the classes of M3H5, inputs beside the named ones are not.
_READ = from_clients(
    "docs/reference/m3.md#stock-prices-and-deliveries", left_out="what they keep is inferred"
)
_FACTS_OF_CLIENTS = dict.fromkeys(
    ("CRS008MI", "CRS045MI", "CRS165MI", "CUSEXTMI", "MMS005MI", "MMS010MI", "MMS025MI"), _CLIENTS
) | dict.fromkeys(("MMS015MI", "MMS235MI", "MNS095MI", "OIS100MI", "PPS040MI"), _CLIENTS)
_FACTS_OF_CLIENTS |= dict.fromkeys(
    ("MMS060MI", "MMS100MI", "MWS410MI", "MWS411MI", "OIS017MI", "OIS320MI"), _READ
)
_OTHERS = inferred("docs/reference/m3.md#transactions-and-fields")


def parts() -> Sequence[Part]:
    """Return the imitated transactions, the general ones first; reads the whole catalogue."""
    general = [_part(each, _GENERAL) for each in _transactions(GENERAL, GENERAL_BEHAVIOURS)]
    return [*general, *(part for program in BEHAVIOURS for part in _program(program))]


def _program(name: str) -> Iterator[Part]:
    program = program_named(name)
    own = [] if program is None else [t for t in program.transactions.values() if not t.is_general]
    fact = {**_FACTS, **_FACTS_OF_CLIENTS}.get(name, _OTHERS)
    missing = sorted(each.name for each in own if each.name not in BEHAVIOURS[name])
    if missing:
        refused = f"refused as TransactionNotImitated: {', '.join(missing)}"
        fact = replace(fact, left_out="; ".join(filter(None, (fact.left_out, refused))))
    return (_part(each, fact) for each in _transactions(name, BEHAVIOURS[name]))


def _transactions(program: str, names: Mapping[str, object]) -> Iterator[Transaction]:
    found = program_named(program)
    transactions = (found.transaction(name) if found else None for name in names)
    return (each for each in transactions if each is not None)


def _part(transaction: Transaction, fact: Fact) -> Part:
    return Part(
        transaction.program,
        transaction.name,
        fact,
        [
            Input(field.name, field.length, field.type is FieldType.NUMBER, field.is_mandatory)
            for field in transaction.inputs.values()
        ],
    )
