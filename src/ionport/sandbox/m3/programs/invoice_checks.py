"""What validation finds wrong with an invoice of the batch. Which checks there are is inferred."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ionport.sandbox.m3.company import Company
from ionport.sandbox.m3.model import Record
from ionport.sandbox.m3.programs.orders import ORDER_LINES, ORDERS, number
from ionport.sandbox.m3.programs.partners import SUPPLIERS

# By line type (docs/reference/m3.md#supplier-invoices): of each group of fields one must be there.
LINE_TYPES: Mapping[str, Sequence[Sequence[str]]] = {
    "1": (("IVQA", "GLAM", "NLAM"), ("ITNO", "POPN", "PUNO", "SUDO", "REPN")),
    "2": (("NLAM",), ("CEID", "CHGT")),
    "3": (("VTCD",), ("VTA1", "VTP1")),
    "5": (("NLAM",), ("CEID", "CHGT")),
    "8": (("NLAM",),),
}


@dataclass(frozen=True, slots=True)
class Errors:
    """What is wrong with the head, and with the lines by their transaction number."""

    head: Sequence[str]
    lines: Mapping[str, str]

    @property
    def texts(self) -> Sequence[str]:
        return (*self.head, *self.lines.values())


def find_errors(company: Company, head: Record, lines: Sequence[Record]) -> Errors:
    """Check an invoice against itself and the company's suppliers and orders."""
    texts = {line["TRNO"]: next(_line_errors(company, line), "") for line in lines}
    wrong = {transaction: text for transaction, text in texts.items() if text}
    return Errors(tuple(_head_errors(company, head)), wrong)


def _head_errors(company: Company, head: Record) -> Iterator[str]:
    for name in ("SUNO", "SPYN"):
        if company.get(SUPPLIERS.file, head[name]) is None:
            yield f"{name}: supplier {head[name]} does not exist"
    if not head.get("SINO"):
        yield "SINO must be entered"
    if not number(head, "CUAM"):
        yield "CUAM must be entered"
    if head.get("PUNO") and company.get(ORDERS.file, head["PUNO"]) is None:
        yield f"Purchase order {head['PUNO']} does not exist"


def _line_errors(company: Company, line: Record) -> Iterator[str]:
    for group in LINE_TYPES[line["RDTP"]]:
        if not any(line.get(name) for name in group):
            yield f"Line {line['TRNO']}: {' / '.join(group)} must be entered"
    if line.get("PUNO") and line.get("PNLI") and not _is_ordered(company, line):
        yield (
            f"Line {line['TRNO']}: purchase order line {line['PUNO']}/{line['PNLI']} does not exist"
        )


def _is_ordered(company: Company, line: Record) -> bool:
    return company.get(ORDER_LINES.file, *ORDER_LINES.key(line)) is not None
