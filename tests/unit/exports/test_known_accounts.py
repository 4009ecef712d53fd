"""Invoices are paid to accounts that are known of their supplier."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from ionport.documents.review.model import DocumentHeld, Finding
from ionport.documents.review.service import keeping_findings
from ionport.documents.suppliers.csv_file import read_suppliers
from ionport.documents.suppliers.service import SupplierService
from ionport.identity.access import Access
from tests.support.exporting import OPERATOR, DocumentSide, invoice
from tests.unit.exports.test_deliveries import ready

__all__ = ["ready"]

OWN, OTHER = "DE89370400440532013000", "DE02120300000000202051"
PAYEE = """<cac:PayeeParty><cac:PartyName><cbc:Name>Factor Bank</cbc:Name></cac:PartyName>
</cac:PayeeParty><cac:Delivery>"""


def _content(
    number: str,
    account: str = OWN,
    *,
    supplier: str = "Nordwerk GmbH",
    vat_id: str = "DE123456789",
    payee: str = "",
) -> bytes:
    text = invoice(number, supplier).decode().replace("HRB 0", f"HRB {vat_id}")
    text = text.replace("DE123456789", vat_id).replace(OWN, account)
    return (text.replace("<cac:Delivery>", PAYEE) if payee else text).encode()


def _receive(side: DocumentSide, number: str, *arguments: str, **options: str) -> str:
    return side.add_document(f"{number}.xml", _content(number, *arguments, **options))


def _findings(side: DocumentSide, document_id: str) -> list[Finding]:
    with side.database.read() as work:
        return list(side.documents.findings(work.within(side.scope), document_id))


def _about(side: DocumentSide, document_id: str) -> list[tuple[str, str]]:
    return [(one.code, one.effect.value) for one in _findings(side, document_id)]


def _export(side: DocumentSide, document_id: str, reason: str | None = None) -> None:
    with keeping_findings(side.database) as work:
        side.deliveries.export(
            Access(work, side.scope, OPERATOR), document_id, accept_findings=reason
        )


def test_the_first_account_is_noted_and_known_with_the_first_delivery(ready: DocumentSide) -> None:
    first = _receive(ready, "RE-1")
    assert _about(ready, first) == [("first_account", "notes")]
    assert _about(ready, _receive(ready, "RE-2", OTHER)) == [("first_account", "notes")]
    _export(ready, first)
    assert _about(ready, _receive(ready, "RE-3")) == []
    assert _about(ready, _receive(ready, "RE-4", OTHER)) == [("unknown_account", "holds")]


def test_an_account_is_compared_again_where_the_delivery_is_made(ready: DocumentSide) -> None:
    first, second = _receive(ready, "RE-1"), _receive(ready, "RE-2", OTHER)
    _export(ready, first)
    with pytest.raises(DocumentHeld) as held:
        _export(ready, second)
    assert OTHER in held.value.text
    assert ready.status(second) == "ready_for_validation"
    # Accepting makes it known: the next invoice with it passes.
    _export(ready, second, "confirmed by telephone")
    assert _about(ready, _receive(ready, "RE-3", OTHER)) == []


def test_two_first_invoices_at_the_same_moment_make_one_account_known(ready: DocumentSide) -> None:
    for number in ("A", "B", "C"):
        vat_id = f"DE00000000{ord(number) - 64}"
        named = {"supplier": f"Supplier {number}", "vat_id": vat_id}
        pair = [_receive(ready, f"{number}-{one}", one, **named) for one in (OWN, OTHER)]
        barrier = Barrier(2)

        def export(document_id: str, barrier: Barrier = barrier) -> bool:
            barrier.wait(10)
            try:
                _export(ready, document_id)
            except DocumentHeld:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(export, pair)) == [False, True]


def test_another_suppliers_identity_beside_the_own_does_not_make_an_account_known(
    ready: DocumentSide,
) -> None:
    _export(ready, _receive(ready, "RE-1"))
    _export(ready, _receive(ready, "RE-1", OTHER, supplier="Evil Ltd", vat_id="GB999999999"))
    mixed = _receive(ready, "RE-9", OTHER, vat_id="GB999999999")
    assert _about(ready, mixed) == [("unknown_account", "holds")]


def test_another_payee_holds_until_its_account_is_known(ready: DocumentSide) -> None:
    first = _receive(ready, "RE-1", payee="Factor Bank")
    assert ("other_payee", "holds") in _about(ready, first)
    _export(ready, first, "the assignment is at hand")
    assert _about(ready, _receive(ready, "RE-2", payee="Factor Bank")) == [("other_payee", "notes")]
    assert sorted(_about(ready, _receive(ready, "RE-3", OTHER, payee="Factor Bank"))) == [
        ("other_payee", "holds"),
        ("unknown_account", "holds"),
    ]


def test_accounts_of_the_master_data_are_known(ready: DocumentSide) -> None:
    service = SupplierService(ready.clock, ready.audit)
    lines = read_suppliers(f"number;name;vat id;IBAN\n1;Nord;DE123456789;{OWN}\n".encode())
    with ready.database.write() as work:
        service.store(Access(work, ready.scope, OPERATOR), lines)
    assert _about(ready, _receive(ready, "RE-1")) == []
    assert _about(ready, _receive(ready, "RE-2", OTHER)) == [("unknown_account", "holds")]


def test_an_account_that_is_removed_is_known_under_no_identity_of_its_invoices(
    ready: DocumentSide,
) -> None:
    """The second invoice bears another name: under that one it is known by the second alone."""
    service = SupplierService(ready.clock, ready.audit)
    lines = read_suppliers(b"number;name;vat id\n1;Nord;DE123456789\n")
    with ready.database.write() as work:
        service.store(Access(work, ready.scope, OPERATOR), lines)
    for number, supplier in (("RE-1", "Nordwerk GmbH"), ("RE-2", "Nordwerk Ltd")):
        _export(ready, _receive(ready, number, supplier=supplier))
    with ready.database.write() as work:
        access = Access(work, ready.scope, OPERATOR)
        found = service.find(access, "1")
        (known,) = service.accounts(access, found.id)
        assert (known.account, known.is_master_data) == (OWN, False)
        assert known.document_id
        service.remove_account(access, found.id, OWN)
    third = _receive(ready, "RE-3", supplier="Nordwerk Ltd")
    assert _about(ready, third) == [("first_account", "notes")]
