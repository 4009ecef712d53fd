"""EXPORTMI: a part of SQL over one of M3's tables (docs/reference/m3.md#exportmi).

The query runs on a copy of the table's records, in the same way and within the same bounds as a
query of Compass. Names of tables and the letters before their columns are inferred but for OCUSMA
and CSYTAB.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ionport.sandbox.datafabric.compass.content import Column
from ionport.sandbox.datafabric.compass.dialect import translate
from ionport.sandbox.datafabric.compass.execution import Bounds, Content, Source, execute
from ionport.sandbox.datafabric.compass.model import QueryFailed
from ionport.sandbox.kit.texts import quoted
from ionport.sandbox.m3.catalogue import FieldType, Transaction, program_named
from ionport.sandbox.m3.company import Company, Records
from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import File, Record, Session
from ionport.sandbox.m3.programs.behaviour import Behaviour

_QUERY = re.compile(
    r"\s*(?P<columns>.+?)\s+from\s+(?P<table>\w+)(?P<rest>(\s+(where|order\s+by)\b.*)?)",
    re.IGNORECASE | re.DOTALL,
)
_OTHER_TABLES = re.compile(r"\b(select|from|join|union)\b", re.IGNORECASE)
_TEXTS = re.compile(r"'(?:[^']|'')*'")
_SECONDS: Final = 2.0
# No more is copied.
_MAX_RECORDS: Final = 20_000
_DEFAULT_LENGTH: Final = 15
# With one of these as the separator each value follows its column's name.
_NAMING: Final = ("*", "#")


@dataclass(frozen=True, slots=True)
class _Table:
    """One of M3's tables: its records, the prefix of its columns, the program that defines them."""

    file: File
    prefix: str
    program: str


TABLES: Mapping[str, _Table] = {
    "CFACIL": _Table(File.FACILITY, "CF", "CRS008MI"),
    "CIDMAS": _Table(File.SUPPLIER, "ID", "CRS620MI"),
    "CMNDIV": _Table(File.DIVISION, "CC", "MNS100MI"),
    "CSYTAB": _Table(File.GENERAL_CODE, "CT", "CRS175MI"),
    "CUGEX1": _Table(File.CUSTOM_FIELDS, "F1", "CUSEXTMI"),
    "FAPIBH": _Table(File.INVOICE, "E5", "APS450MI"),
    "FAPIBL": _Table(File.INVOICE_LINE, "E6", "APS450MI"),
    "MITBAL": _Table(File.ITEM_WAREHOUSE, "MB", "MMS200MI"),
    "MITFAC": _Table(File.ITEM_FACILITY, "M9", "MMS200MI"),
    "MITMAS": _Table(File.ITEM, "MM", "MMS200MI"),
    "MITPCE": _Table(File.LOCATION, "MS", "MMS010MI"),
    "MITPOP": _Table(File.ITEM_ALIAS, "MP", "MMS025MI"),
    "MITWHL": _Table(File.WAREHOUSE, "MW", "MMS005MI"),
    "MPHEAD": _Table(File.ORDER, "IA", "PPS200MI"),
    "MPLINE": _Table(File.ORDER_LINE, "IB", "PPS200MI"),
    "OCUSMA": _Table(File.CUSTOMER, "OK", "CRS610MI"),
    "OOHEAD": _Table(File.CUSTOMER_ORDER, "OA", "OIS100MI"),
    "OOLINE": _Table(File.CUSTOMER_ORDER_LINE, "OB", "OIS100MI"),
    "MGHEAD": _Table(File.DISTRIBUTION_ORDER, "MG", "MMS100MI"),
    "MGLINE": _Table(File.DISTRIBUTION_LINE, "MR", "MMS100MI"),
    "MHDISH": _Table(File.DISPATCH, "OQ", "MWS410MI"),
    "MHDISL": _Table(File.DISPATCH_LINE, "UR", "MWS411MI"),
    "MITLOC": _Table(File.BALANCE, "ML", "MMS060MI"),
    "OPRBAS": _Table(File.BASE_PRICE, "OD", "OIS017MI"),
    "OPRICH": _Table(File.PRICE_LIST, "OJ", "OIS017MI"),
}
# A transaction of MDBREADMI names its table and an index: LstOOHEAD00.
_TABLE_READ = re.compile(r"(?P<kind>Get|Lst|Sel)(?P<table>[A-Z0-9]{6})[A-Z0-9]{1,2}")


def _select(company: Records, session: Session, values: Record) -> Sequence[Record]:
    return _replies(company, session, values, is_padded=False)


def _select_padded(company: Records, session: Session, values: Record) -> Sequence[Record]:
    return _replies(company, session, values, is_padded=True)


def _replies(
    company: Records, session: Session, values: Record, *, is_padded: bool
) -> Sequence[Record]:
    name, table, sql = _read(values["QERY"])
    columns = _columns(table)
    rows = [
        {table.prefix + field: value for field, value in record.items() if field.isupper()}
        | {f"{table.prefix}CONO": str(company.number)}
        for record in company.records(table.file, limit=_MAX_RECORDS)
    ]
    source = Source(name, list(columns.values()), [Content(rows, "")])
    try:
        found = execute(translate(sql), [source], Bounds(_SECONDS), row_limit=session.limit)
    except QueryFailed as error:
        raise TransactionFailed(error.text, field="QERY") from error
    names = [column["name"] for column in found.columns]
    write = _Writer(table, names, values.get("SEPC", " ").strip(), is_padded=is_padded)
    lines = [write.line(json.loads(line)) for line in found.lines.splitlines()]
    heading = [write.heading()] if values.get("HDRS") == "1" else []
    return [{"REPL": line} for line in (*heading, *lines)]


def _read(query: str) -> tuple[str, _Table, str]:
    """Return the name of the table, the table, and the query as SQL; raises TransactionFailed."""
    match = _QUERY.fullmatch(query.replace("count(#)", "count(*)"))
    if match is None or _OTHER_TABLES.search(_TEXTS.sub("", match["columns"] + match["rest"])):
        raise TransactionFailed(
            f"The query {quoted(query)} is not like OKCUNO,OKCUNM from OCUSMA where OKSTAT = '20':"
            " one table, and no SELECT before it",
            field="QERY",
        )
    name = match["table"].upper()
    if name not in TABLES:
        raise TransactionFailed(
            f"The sandbox has no table {name}; it has {', '.join(TABLES)}", field="QERY"
        )
    # It reads a copy of this one table, and nothing else.
    return name, TABLES[name], f"SELECT {match['columns']} FROM {name}{match['rest']}"  # noqa: S608


def _columns(table: _Table) -> dict[str, Column]:
    """Return the columns that the table may have: every field that its program tells or takes."""
    program = program_named(table.program)
    own = [each for each in program.transactions.values() if not each.is_general] if program else []
    return {
        field.name: Column(
            table.prefix + field.name, "NUMERIC" if field.type is FieldType.NUMBER else "TEXT"
        )
        for transaction in own
        for fields in (transaction.inputs, transaction.outputs)
        for field in fields.values()
    }


class _Writer:
    """Writes rows as EXPORTMI does: with a separator, or each value as wide as its field."""

    def __init__(
        self, table: _Table, names: Sequence[str], separator: str, *, is_padded: bool
    ) -> None:
        self._names = [name.upper() for name in names]
        self._separator = separator
        self._lengths = [_length(table, name) for name in self._names]
        self._is_padded = is_padded

    def heading(self) -> str:
        """Return the names of the columns as a row."""
        return self._joined(self._names)

    def line(self, row: Sequence[object]) -> str:
        """Return a row; a value that is missing is blank."""
        values = ["" if each is None else str(each) for each in row]
        if self._separator in _NAMING:
            values = [f"{name} {value}" for name, value in zip(self._names, values, strict=True)]
        return self._joined(values)

    def _joined(self, values: Sequence[str]) -> str:
        if self._separator and not self._is_padded:
            return self._separator.join(value.rstrip() for value in values)
        padded = (value.ljust(length) for value, length in zip(values, self._lengths, strict=True))
        return self._separator.join(padded)


def _length(table: _Table, column: str) -> int:
    program = program_named(table.program)
    field = column.removeprefix(table.prefix)
    transactions = program.transactions.values() if program else ()
    lengths = (each.outputs[field].length for each in transactions if field in each.outputs)
    return next(lengths, _DEFAULT_LENGTH)


def _list_fields(_company: Company, session: Session, values: Record) -> Sequence[Record]:
    """The columns of a table with their lengths and types."""
    name = values["FILE"].upper()
    if name not in TABLES:
        raise TransactionFailed(f"The sandbox has no table {name}", field="FILE")
    table = TABLES[name]
    fields = [
        {
            "FLDN": column.name,
            "FLLE": str(_length(table, column.name)),
            "FLTY": "N" if column.affinity == "NUMERIC" else "A",
            "FLDP": "0",
        }
        for column in _columns(table).values()
    ]
    return fields[: session.limit]


def of_table(transaction: Transaction) -> Behaviour | None:
    """Return a list of CMS100MI, or a read of MDBREADMI, over one of the sandbox's tables.

    The list is known by its outputs, which begin with the two letters of one table; None for others
    (docs/reference/m3.md#exportmi). Inputs that are named as outputs choose among the records.
    """
    read = _TABLE_READ.fullmatch(transaction.name) if transaction.program == "MDBREADMI" else None
    if read is not None:
        table, begins = TABLES.get(read["table"]), ""
    elif transaction.program == "CMS100MI":
        begins = next(iter({name[:2] for name in transaction.outputs}), "")
        table = next((each for each in TABLES.values() if each.prefix == begins), None)
    else:
        table = None
    if table is None or not all(name.startswith(begins) for name in transaction.outputs):
        return None
    file, is_single = table.file, read is not None and read["kind"] == "Get"

    def work(company: Company, session: Session, values: Record) -> Sequence[Record]:
        rows = (
            {begins + name: each for name, each in row.items()} for row in company.records(file)
        )
        found = [row for row in rows if all(row.get(key) == values[key] for key in values)]
        if is_single and not found:
            raise TransactionFailed("The record does not exist", code="XRE0103")
        return found[: 1 if is_single else session.limit]

    return Behaviour(work)


BEHAVIOURS: Mapping[str, Behaviour] = {
    "LstFields": Behaviour(_list_fields),
    "Select": Behaviour(_select, ahead=_select),
    "SelectCustom": Behaviour(_select, ahead=_select),
    "SelectPad": Behaviour(_select_padded, ahead=_select_padded),
}
