"""What a client does with received purchase invoices: create, show, list, process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ionport.core.clock import Clock
from ionport.core.errors import existing
from ionport.sandbox.ln.invoices import ReadInvoice
from ionport.sandbox.ln.model import (
    MAX_PROBLEMS,
    RECEIPT,
    TAX,
    Created,
    Draft,
    GoodsReceipt,
    Invoice,
    Problem,
    Processing,
    RequestRefused,
    Status,
    Values,
    refused,
)
from ionport.sandbox.ln.repository import LnRepository
from ionport.sandbox.ln.seeds import PARTNERS
from ionport.store import ScopedWork, TenantScope

_SUPPLIERS = frozenset(
    partner["businessPartnerCode"]
    for partner in PARTNERS
    if partner["businessPartnerRole"] == "supplier"
)


@dataclass(frozen=True, slots=True)
class LnSettings:
    """How the imitated LN behaves.

    Attributes:
        service: the name of the invoices' business data entity, which Infor does not publish.
        match_receipts: refuse a receipt line of goods that were not received in its logistic
            company, with the documented "not found in direct debit".
    """

    service: str = "ReceivedPurchaseInvoice"
    match_receipts: bool = True


class LnService:
    """Keeps received purchase invoices of a tenant.

    That LN refuses a second invoice of the same supplier, number and financial company, and what
    processing checks, is inferred.
    """

    def __init__(self, clock: Clock, settings: LnSettings) -> None:
        self._clock = clock
        self.settings = settings

    def create(
        self,
        access: ScopedWork[TenantScope],
        read: Sequence[ReadInvoice],
        *,
        client_id: str,
        each_on_its_own: bool,
    ) -> Created:
        """Store the invoices of a request: all of them, or those that are right.

        Raises:
            RequestRefused: one is wrong, or with `each_on_its_own` all are.
        """
        numbers = _take_numbers(LnRepository(access.connection), access.scope, read)
        invoices: list[Invoice] = []
        problems: list[Problem] = []
        for each in read:
            wrong = list(each.problems)
            if each.draft is not None:
                wrong += self._problems_of(access, each.draft)
                number = next(numbers[each.draft.company])
                if not wrong:
                    invoices.append(self._add(access, each.draft, number, client_id))
            problems += wrong
        if problems and not (each_on_its_own and invoices):
            raise RequestRefused(problems)
        return Created(invoices, problems[:MAX_PROBLEMS])

    def locked(self, access: ScopedWork[TenantScope], company: int, number: int) -> Invoice:
        """Return an invoice that no other transaction changes until this one ends.

        Raises:
            NotFound: there is none.
        """
        repository = LnRepository(access.connection)
        repository.lock(access.scope, company)
        found = repository.get(access.scope, company, number)
        return existing(found, f"Received purchase invoice {number} of company {company} not found")

    def change(
        self, access: ScopedWork[TenantScope], invoice: Invoice, read: ReadInvoice
    ) -> Invoice:
        """Change an invoice; raises RequestRefused where it is wrong or already processed."""
        _require_unprocessed(invoice)
        problems = list(read.problems)
        if read.draft is not None:
            problems += self._problems_of(access, read.draft, own=invoice)
        if problems or read.draft is None:
            raise RequestRefused(problems)
        changed = replace(invoice, draft=read.draft, changed_at=self._clock.now())
        LnRepository(access.connection).save_draft(access.scope, changed)
        return changed

    def remove(self, access: ScopedWork[TenantScope], invoice: Invoice) -> None:
        """Remove an invoice; raises RequestRefused once it is processed."""
        _require_unprocessed(invoice)
        LnRepository(access.connection).remove(access.scope, invoice)

    def show(
        self, access: ScopedWork[TenantScope], keys: Sequence[tuple[int, int]]
    ) -> Sequence[Invoice]:
        """Return invoices by their keys; raises RequestRefused when one is missing."""
        repository = LnRepository(access.connection)
        found = []
        for company, number in keys:
            invoice = repository.get(access.scope, company, number)
            if invoice is None:
                raise refused(f"Received purchase invoice {number} of company {company} not found")
            found.append(invoice)
        return found

    def scan(self, access: ScopedWork[TenantScope], company: int) -> Iterator[Invoice]:
        """Return a company's invoices by number."""
        return LnRepository(access.connection).scan(access.scope, company)

    def process(
        self, access: ScopedWork[TenantScope], keys: Sequence[tuple[int, int]]
    ) -> Sequence[Invoice]:
        """Register, match and approve invoices, each up to its first error.

        Raises:
            RequestRefused: one is missing.
        """
        repository = LnRepository(access.connection)
        processed = []
        for invoice in self.show(access, keys):
            if invoice.processing is not Processing.PROCESSED:
                invoice = self._processed(access, invoice)
                repository.save_state(access.scope, invoice)
            processed.append(invoice)
        return processed

    def receive(self, access: ScopedWork[TenantScope], receipt: GoodsReceipt) -> bool:
        """Receive goods that invoices can be matched with; False when they were received before."""
        return LnRepository(access.connection).add_receipt(access.scope, receipt)

    def goods(self, access: ScopedWork[TenantScope], company: int) -> Sequence[GoodsReceipt]:
        """Return the goods that a company has received, by order and position; 1,000 at most."""
        return LnRepository(access.connection).goods(access.scope, company)

    def _add(
        self, access: ScopedWork[TenantScope], draft: Draft, number: int, client_id: str
    ) -> Invoice:
        now = self._clock.now()
        invoice = Invoice(number, draft, client_id, created_at=now, changed_at=now)
        LnRepository(access.connection).add(access.scope, invoice)
        return invoice

    def _problems_of(
        self, access: ScopedWork[TenantScope], draft: Draft, own: Invoice | None = None
    ) -> Sequence[Problem]:
        repository = LnRepository(access.connection)
        other = repository.same(access.scope, draft)
        if other is not None and (own is None or other.key != own.key):
            text = (
                "Supplier invoice {invoice} of supplier {supplier} already exists:"
                " received purchase invoice {number} of company {company}"
            )
            return [
                Problem(
                    text.format(
                        invoice=draft.header["InvoiceNumberSupplier"],
                        supplier=draft.header["SupplierCode"],
                        number=other.number,
                        company=other.company,
                    ),
                    is_conflict=True,
                )
            ]
        if not self.settings.match_receipts:
            return []
        goods = _Goods(repository, access.scope, draft.company)
        lines = draft.lines[RECEIPT.name]
        return [_not_found(line, draft.company) for line in lines if goods.of(line) is None]

    def _processed(self, access: ScopedWork[TenantScope], invoice: Invoice) -> Invoice:
        steps = (
            (Status.REGISTRATION_ERRORS, _registration_problems(invoice.draft)),
            (Status.MATCHING_ERRORS, self._matching_problems(access, invoice)),
        )
        now = self._clock.now()
        for status, problems in steps:
            if problems:
                return replace(
                    invoice,
                    status=status,
                    processing=Processing.IN_PROCESS,
                    messages=tuple(problems),
                    changed_at=now,
                )
        return replace(
            invoice,
            status=Status.APPROVED,
            processing=Processing.PROCESSED,
            messages=(),
            changed_at=now,
        )

    def _matching_problems(
        self, access: ScopedWork[TenantScope], invoice: Invoice
    ) -> Sequence[str]:
        received = _Goods(LnRepository(access.connection), access.scope, invoice.company)
        text = "Order {order}, position {position}: {invoiced} invoiced, {received} received"
        problems = []
        for line in invoice.draft.lines[RECEIPT.name]:
            goods = received.of(line)
            invoiced = Decimal(line.get("InvoicedQuantity", "0"))
            if goods is not None and invoiced > Decimal(goods.quantity):
                problems.append(
                    text.format(
                        order=goods.order,
                        position=goods.position,
                        invoiced=invoiced,
                        received=goods.quantity,
                    )
                )
        return problems


def _take_numbers(
    repository: LnRepository, scope: TenantScope, read: Sequence[ReadInvoice]
) -> dict[int, Iterator[int]]:
    """Take the numbers of a request at once, in the order of the companies.

    The companies stay locked until the transaction ends: no other call then looks for the same
    invoice, and no two requests wait in a circle.
    """
    counts = Counter(each.draft.company for each in read if each.draft is not None)
    return {
        company: iter(repository.next_numbers(scope, company, counts[company]))
        for company in sorted(counts)
    }


def _require_unprocessed(invoice: Invoice) -> None:
    if invoice.processing is Processing.PROCESSED:
        text = f"Received purchase invoice {invoice.number} of company {invoice.company}"
        raise refused(f"{text} is processed and stays as it is")


def _registration_problems(draft: Draft) -> Sequence[str]:
    """Return what is wrong with supplier and amounts."""
    problems = []
    supplier = draft.header["SupplierCode"]
    if supplier not in _SUPPLIERS:
        problems.append(f"Supplier {supplier} does not exist")
    base = draft.header.get("TaxBaseAmount")
    taxes = [Decimal(line.get("TaxAmount", "0")) for line in draft.lines[TAX.name]]
    if base is not None and taxes:
        total, amount = Decimal(base) + sum(taxes), Decimal(draft.header["InvoiceAmount"])
        if total != amount:
            text = "Tax base and tax come to {total}, the invoice amount is {amount}"
            problems.append(text.format(total=total, amount=amount))
    return problems


class _Goods:
    """The goods that a company's invoice is matched with, each order's read once."""

    def __init__(self, repository: LnRepository, scope: TenantScope, company: int) -> None:
        self._repository = repository
        self._scope = scope
        self._company = company
        self._known: dict[tuple[int, str], Sequence[GoodsReceipt]] = {}

    def of(self, line: Values) -> GoodsReceipt | None:
        """Return the goods that a receipt line names; what it leaves out may be anything."""
        if line.get("OrderType", "purchase").lower() != "purchase":
            return None
        key = (int(line.get("LogisticCompany", self._company)), line["Order"])
        if key not in self._known:
            self._known[key] = self._repository.receipts(self._scope, *key)
        return next((each for each in self._known[key] if _is_named(each, line)), None)


def _is_named(goods: GoodsReceipt, line: Values) -> bool:
    numbers = {
        "OrderPosition": goods.position,
        "OrderSequence": goods.sequence,
        "ReceiptLine": goods.receipt_line,
    }
    texts = {"Receipt": goods.receipt, "PackingSlip": goods.packing_slip}
    return all(int(line[name]) == value for name, value in numbers.items() if name in line) and all(
        line[name] == value for name, value in texts.items() if name in line
    )


def _not_found(line: Values, company: int) -> Problem:
    """Return the message that users meet when the company is wrong (docs/reference/ln.md#soap)."""
    order_type = line.get("OrderType", "purchase").capitalize()
    return Problem(
        f"Delivery Note {line.get('PackingSlip', '')}, Order Type: {order_type},"
        f" Order {line['Order']}, Position {line['OrderPosition']},"
        f" Logistic Company {line.get('LogisticCompany', company)},"
        f" Goods Receipt {line.get('Receipt', '')} not found in direct debit"
    )
