"""Suppliers come from a CSV file as a whole or not at all."""

from __future__ import annotations

import pytest

from ionport.core.clock import MovableClock
from ionport.core.errors import Forbidden, InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.documents.suppliers.account_repository import AccountRepository
from ionport.documents.suppliers.csv_file import read_suppliers, write_suppliers
from ionport.documents.suppliers.model import SupplierImport, SupplierValues
from ionport.documents.suppliers.service import SupplierService
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.identity.model import Actor, Organization
from ionport.identity.repository import OrganizationRepository
from ionport.store import Database, OrganizationScope, SystemScope

ACME, OTHER = OrganizationScope("org_acme"), OrganizationScope("org_other")
OPERATOR = Actor.operator("test")
HEADER = "number,name,vat_id,tax_number,gln,ibans,category\r\n"
TWO = (
    HEADER
    + "1,Nordwerk GmbH,DE123456789,,4012345000009,DE89 3704 0044 0532 0130 00|12345/XYZ,A\r\n"
    '2,"Müller, Söhne",,12/345,,,\r\n'
)


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
def service(database: Database, clock: MovableClock) -> SupplierService:
    with database.write() as work:
        for id_ in ("org_acme", "org_other"):
            OrganizationRepository(work.connection).add(
                SystemScope("test"), Organization(id_, id_, None), clock.now()
            )
    return SupplierService(clock, AuditLog(clock))


def _import(service: SupplierService, database: Database, text: str) -> SupplierImport:
    lines = read_suppliers(text.encode())
    with database.write() as work:
        return service.store(Access(work, ACME, OPERATOR), lines)


def test_a_list_is_imported_listed_and_exported_as_it_was(
    service: SupplierService, database: Database
) -> None:
    assert _import(service, database, TWO).added == 2
    assert _import(service, database, TWO).unchanged == 2
    with database.read() as work:
        access = work.within(ACME)
        (found,) = service.list(access, PageRequest(), "SÖHNE").items
        assert (found.values.number, found.values.tax_number) == ("2", "12/345")
        exported = "".join(service.export(access))
        assert service.list(work.within(OTHER), PageRequest()).total == 0
    assert exported == TWO.replace("DE89 3704 0044 0532 0130 00", "DE89370400440532013000")
    assert [values for _line, values in read_suppliers(exported.encode())] == [
        values for _line, values in read_suppliers(TWO.encode())
    ]


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "'=1+1",
        "''@x",
        "+49 30 1",
        "-Dash",
        "@home",
        "A;=cmd",
        "A,=cmd",
        "A;'-1",
        "\uff1d1",
        "'plain",
        "Plain = Ltd - Co",
    ],
)
def test_no_cell_of_an_export_is_a_formula_and_it_reads_back_as_it_was(name: str) -> None:
    values = SupplierValues("1", name, "", "", "", ())
    exported = "".join(write_suppliers([values]))
    for delimiter in ",;\t":
        cells = exported.splitlines()[1].replace('"', "").split(delimiter)
        assert not any(cell.startswith(tuple("=+-@\uff1d")) for cell in cells)
    ((_line, read),) = read_suppliers(exported.encode())
    assert read == values


def test_a_deleted_supplier_is_gone_with_its_master_data(
    service: SupplierService, database: Database
) -> None:
    _import(service, database, TWO)
    with database.write() as work:
        access = work.within(ACME)
        found = service.find(access, "1")
        with pytest.raises(Forbidden):
            service.delete(Access(work, ACME, Actor("usr_1", "anna")), found.id)
        with pytest.raises(NotFound):
            service.delete(Access(work, OTHER, OPERATOR), found.id)
        service.delete(Access(work, ACME, OPERATOR), found.id)
        assert service.list(access, PageRequest()).total == 1
        assert AccountRepository(work.connection).known(ACME, found.values.identities) == {}
    assert _import(service, database, TWO).added == 1


def test_an_account_is_accepted_once_and_removed_again(
    service: SupplierService, database: Database
) -> None:
    _import(service, database, TWO)
    iban = "DE02 1203 0000 0000 2020 51"
    with database.write() as work:
        access = Access(work, ACME, OPERATOR)
        found = service.find(access, "1")
        for wrong in ("", "DE02 1203 0000 0000 2020 52"):
            with pytest.raises(InvalidInput):
                service.accept_account(access, found.id, wrong)
        for _again in range(2):
            account = service.accept_account(access, found.id, iban)
        known = service.accounts(access, found.id)
        assert [one.account for one in known][-1] == account == iban.replace(" ", "")
        assert len(known) == 3
        service.remove_account(access, found.id, account)
        assert len(service.accounts(access, found.id)) == 2
        with pytest.raises(NotFound):
            service.remove_account(access, found.id, account)


def test_a_dry_run_says_what_would_change_and_changes_nothing(
    service: SupplierService, database: Database
) -> None:
    _import(service, database, TWO)
    lines = read_suppliers((HEADER + "1,Nordwerk AG,DE123456789,,,\n3,New,,,,\n").encode())
    for _again in range(2):
        with database.read() as work:
            found = service.compare(Access(work, ACME, OPERATOR), lines)
            with pytest.raises(Forbidden):
                service.compare(Access(work, ACME, Actor("usr_1", "anna")), lines)
        assert (found.added, found.changed, found.unchanged) == (1, 1, 0)
    assert found.changes[0].changed["name"] == ("Nordwerk GmbH", "Nordwerk AG")
    assert (found.changes[0].line, found.changes[1].line) == (2, 3)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "first line names the columns"),
        ("number,colour\n1,red\n", "first line names the columns"),
        (HEADER + "1,A,,,,DE00370400440532013000\n", "Line 2: DE00370400440532013000 is no IBAN"),
        (HEADER + "1,A,,,,\n\n1,B,,,,\n", "Line 4: number 1 stands in line 2 already"),
        (HEADER + ",A,,,4012345000008,\n", "Line 2: number is missing. Line 2: 4012345000008 is"),
        (HEADER + '1,"A\n', "Line 2: unexpected end of data"),
        (HEADER + "1,A,,,,,,more\n", "Line 2: more cells than columns"),
        (HEADER + f"1,{'A' * 201},,,,\n", "Line 2: name is too long"),
        (HEADER + f"1,A,,,,{'|'.join(str(n) for n in range(21))}\n", "more than 20 accounts"),
        ("\0\0", "no text file"),
    ],
    ids=["empty", "columns", "iban", "twice", "missing", "quote", "cells", "long", "many", "bytes"],
)
def test_every_mistake_is_named_by_its_line(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_suppliers(text.encode())
    assert says in caught.value.text


def test_a_list_as_a_german_spreadsheet_writes_it_is_read() -> None:
    text = "Supplier Number;Supplier Name;IBAN\n7;Müller;\n"
    ((line, values),) = read_suppliers(text.encode("cp1252"))
    assert (line, values.number, values.name) == (2, "7", "Müller")
    assert "".join(write_suppliers([values])).endswith("7,Müller,,,,,\r\n")
