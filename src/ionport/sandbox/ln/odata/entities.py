"""The entities of LN's OData, from what the sandbox's LN keeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from ionport.sandbox.ln.invoices import shown
from ionport.sandbox.ln.model import LINES, Component, GoodsReceipt, Invoice, Kind, Values
from ionport.sandbox.ln.odata.model import INVOICE, EntityValues
from ionport.sandbox.ln.seeds import PARTNERS
from ionport.sandbox.ln.service import LnService
from ionport.store import ScopedWork, TenantScope

# As many of a company as an answer looks through.
_MAX_READ = 10_000


class Entities:
    """Reads the entities of a set, in the order of their keys."""

    def __init__(self, service: LnService) -> None:
        self._service = service
        self._of: Mapping[str, Callable[[ScopedWork[TenantScope], int], Iterable[EntityValues]]] = {
            "BusinessPartners": self._partners,
            "Orders": self._orders,
            "ReceivedPurchaseInvoices": self._invoices,
        }

    def of(
        self, access: ScopedWork[TenantScope], entity_set: str, company: int
    ) -> Iterable[EntityValues]:
        """Return the entities of a company."""
        return self._of[entity_set](access, company)

    def _partners(self, _access: ScopedWork[TenantScope], _company: int) -> Iterable[EntityValues]:
        for partner in PARTNERS:
            yield {
                "BusinessPartner": partner["businessPartnerCode"],
                "Name": partner["name"],
                "Status": partner["status"],
                "Role": partner["businessPartnerRole"],
                "Currency": partner["currency"],
                "Country": partner["addressCountry"],
            }

    def _orders(self, access: ScopedWork[TenantScope], company: int) -> Iterable[EntityValues]:
        lines: dict[str, list[GoodsReceipt]] = defaultdict(list)
        for receipt in self._service.goods(access, company):
            lines[receipt.order].append(receipt)
        for order in sorted(lines):
            yield {
                "Order": order,
                "LogisticCompany": company,
                "Lines": [_order_line(each) for each in lines[order]],
            }

    def _invoices(self, access: ScopedWork[TenantScope], company: int) -> Iterable[EntityValues]:
        invoices = islice(self._service.scan(access, company), _MAX_READ)
        return map(invoice_entity, invoices)


def _order_line(receipt: GoodsReceipt) -> EntityValues:
    return {
        "Order": receipt.order,
        "Position": receipt.position,
        "Sequence": receipt.sequence,
        "Receipt": receipt.receipt,
        "ReceiptLine": receipt.receipt_line,
        "PackingSlip": receipt.packing_slip,
        "ReceivedQuantity": float(receipt.quantity),
    }


def invoice_entity(invoice: Invoice) -> EntityValues:
    """Return an invoice with its lines as an entity."""
    own = _typed(shown(invoice), INVOICE.properties)
    lines = {
        component.name: [
            _typed(line, _kinds(component)) for line in invoice.draft.lines.get(component.name, ())
        ]
        for component in LINES
    }
    return {**own, **lines}


def _kinds(component: Component) -> Mapping[str, Kind]:
    return {each.name: each.kind for each in component.attributes.values()}


def _typed(values: Values, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        text = values.get(name, "")
        if not text:
            found[name] = None
        elif kind is Kind.INTEGER:
            found[name] = int(text)
        else:
            found[name] = float(text) if kind is Kind.NUMBER else text
    return found
