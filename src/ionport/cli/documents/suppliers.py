"""`ionport supplier import|fetch|list|export|show|accept-account|remove-account|delete`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ionport.cli.documents.connections import connection_id_of
from ionport.cli.opening import OPERATOR, opened_documents
from ionport.cli.output import as_json_option, paged, print_json, print_page
from ionport.connections.suppliers.model import Erp, FetchRequest
from ionport.core.paging import PageRequest
from ionport.documents.suppliers.csv_file import MAX_BYTES, read_suppliers
from ionport.documents.suppliers.model import (
    KnownAccount,
    Supplier,
    SupplierChange,
    SupplierImport,
    cells_of,
)

_SHOWN = ("number", "name", "vat_id", "tax_number", "gln", "ibans", "category")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TOLD = 200


@click.group()
def supplier() -> None:
    """Document side: suppliers as master data, with the accounts known of them."""


@supplier.command("import")
@click.argument("file", type=_FILE)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@as_json_option
@click.pass_context
def supplier_import(ctx: click.Context, file: Path, dry_run: bool, as_json: bool) -> None:
    """Import suppliers from a CSV FILE, all of them or none.

    The first line names the columns: number, name, vat_id, tax_number, gln, ibans (several by |),
    category.
    Suppliers are found by number; those that the file does not name stay as they are.
    """
    with file.open("rb") as opened_file:
        lines = read_suppliers(opened_file.read(MAX_BYTES + 1))
    with opened_documents(ctx) as documents:
        service = documents.side.suppliers
        if dry_run:
            with documents.read() as access:
                found = service.compare(access, lines)
        else:
            with documents.write() as access:
                found = service.store(access, lines)
    if as_json:
        print_json(_import_row(found, dry_run=dry_run))
        return
    _print_result(found, dry_run=dry_run)


@supplier.command("fetch")
@click.option("--connection", "connection_name", required=True, help="Name of the connection.")
@click.option(
    "--from", "erp", type=click.Choice([erp.value for erp in Erp]), required=True, help="The ERP."
)
@click.option("--company", default="", help="Company; default: that of the account's user.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@as_json_option
@click.pass_context
def supplier_fetch(
    ctx: click.Context, connection_name: str, erp: str, company: str, dry_run: bool, as_json: bool
) -> None:
    """Fetch suppliers from the M3 or LN behind a connection.

    New suppliers are added, and empty values of known ones are filled. Nothing is replaced or
    deleted, and accounts are not fetched.
    """
    with opened_documents(ctx) as documents:
        fetched = documents.side.supplier_fetching.fetch(
            documents.scope,
            OPERATOR,
            FetchRequest(
                connection_id_of(documents, connection_name), Erp(erp), company, is_check=dry_run
            ),
        )
    result, found = fetched.result, fetched.found
    if as_json:
        left_out = [{"number": number, "reason": reason} for number, reason in found.left_out]
        kept = [_change_row(change) for change in result.kept[:_TOLD]]
        more = {"kept": kept, "left_out": left_out[:_TOLD], "is_cut": found.is_cut}
        print_json({**_import_row(result, dry_run=dry_run), **more})
        return
    for number, reason in found.left_out[:_TOLD]:
        click.echo(f"left out {number}: {reason}")
    for change in result.kept[:_TOLD]:
        click.echo(f"kept: {_change_text(change, ' stays, the ERP has ')}")
    _print_result(result, dry_run=dry_run)
    if found.is_cut:
        click.echo("The ERP has, or may have, more suppliers than one fetch reads.")


@supplier.command("list")
@click.option("--text", default="", help="Part of number, name, identifier or account.")
@paged
@as_json_option
@click.pass_context
def supplier_list(ctx: click.Context, text: str, page: int, per_page: int, as_json: bool) -> None:
    """List suppliers, by number."""
    with opened_documents(ctx) as documents, documents.read() as access:
        service = documents.side.suppliers
        found = service.list(access, PageRequest(page, per_page), text)
    empty = "No such suppliers. Import them with: ionport supplier import FILE"
    print_page(found, _row, as_json=as_json, shown=_SHOWN, empty=empty)


@supplier.command("export")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default: standard output.",
)
@click.pass_context
def supplier_export(ctx: click.Context, output: Path | None) -> None:
    """Write all suppliers as a CSV file that can be imported again."""
    with opened_documents(ctx) as documents, documents.read() as access:
        pieces = documents.side.suppliers.export(access)
        if output is None:
            for piece in pieces:
                click.echo(piece, nl=False)
            return
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
    click.echo(f"Wrote {output}.")


@supplier.command("show")
@click.argument("number")
@as_json_option
@click.pass_context
def supplier_show(ctx: click.Context, number: str, as_json: bool) -> None:
    """Show the supplier with this NUMBER and the accounts that are known of it."""
    with opened_documents(ctx) as documents, documents.read() as access:
        service = documents.side.suppliers
        found = service.find(access, number)
        accounts = service.accounts(access, found.id)
    row = {**_row(found), "accounts": [_account_row(one) for one in accounts]}
    if as_json:
        print_json(row)
        return
    for name in (*_SHOWN[:-1], "updated", "by"):
        if row[name]:
            click.echo(f"{name}: {row[name]}")
    for one in accounts:
        by = "master data" if one.is_master_data else f"invoice {one.document_id}"
        click.echo(f"account: {one.account} ({by})")


@supplier.command("accept-account")
@click.argument("number")
@click.argument("account")
@click.pass_context
def supplier_accept_account(ctx: click.Context, number: str, account: str) -> None:
    """Add an ACCOUNT (an IBAN, or ACCOUNT/BIC) to the master data of a supplier."""
    with opened_documents(ctx) as documents, documents.write() as access:
        service = documents.side.suppliers
        found = service.find(access, number)
        accepted = service.accept_account(access, found.id, account)
    click.echo(f"{accepted} is known of {found.values.name} now.")


@supplier.command("remove-account")
@click.argument("number")
@click.argument("account")
@click.pass_context
def supplier_remove_account(ctx: click.Context, number: str, account: str) -> None:
    """Let an ACCOUNT of a supplier be known no longer, also where an invoice made it known."""
    with opened_documents(ctx) as documents, documents.write() as access:
        service = documents.side.suppliers
        found = service.find(access, number)
        service.remove_account(access, found.id, account)
    click.echo(f"{account} is known of {found.values.name} no longer.")


@supplier.command("delete")
@click.argument("number")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
@click.pass_context
def supplier_delete(ctx: click.Context, number: str, yes: bool, as_json: bool) -> None:
    """Delete the supplier with this NUMBER; accounts that its invoices made known stay known."""
    with opened_documents(ctx) as documents:
        service = documents.side.suppliers
        with documents.read() as access:
            found = service.find(access, number)
        if not yes:
            click.confirm(f"Delete the supplier {number} {found.values.name}?", abort=True)
        with documents.write() as access:
            service.delete(access, found.id)
    if as_json:
        print_json({"id": found.id, "number": number, "name": found.values.name})
    else:
        click.echo(f"Deleted {number} {found.values.name}.")


def _account_row(account: KnownAccount) -> dict[str, Any]:
    return {
        "account": account.account,
        "master_data": account.is_master_data,
        "document": account.document_id,
        "known": account.known_at.isoformat(timespec="seconds") if account.known_at else None,
    }


def _row(supplier: Supplier) -> dict[str, Any]:
    return {
        "id": supplier.id,
        **cells_of(supplier.values),
        "updated": supplier.updated_at.isoformat(timespec="seconds"),
        "by": supplier.updated_by,
    }


def _print_result(found: SupplierImport, *, dry_run: bool) -> None:
    for change in found.changes[:_TOLD]:
        click.echo(_change_text(change))
    if (more := len(found.changes) - _TOLD) > 0:
        click.echo(f"and {more} more.")
    would = "Would be added" if dry_run else "Added"
    click.echo(
        f"{would}: {found.added}, changed: {found.changed}, the same as before: {found.unchanged}."
    )


def _change_text(change: SupplierChange, between: str = " → ") -> str:
    if change.supplier_id is None:
        return f"line {change.line}: new {change.values.number} {change.values.name}"
    what = ", ".join(
        f"{name} {old or 'nothing'}{between}{new or 'nothing'}"
        for name, (old, new) in change.changed.items()
    )
    return f"line {change.line}: {change.values.number}: {what}"


def _import_row(found: SupplierImport, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "added": found.added,
        "changed": found.changed,
        "unchanged": found.unchanged,
        "changes": [_change_row(change) for change in found.changes[:_TOLD]],
    }


def _change_row(change: SupplierChange) -> dict[str, Any]:
    return {
        "line": change.line,
        "number": change.values.number,
        "new": change.supplier_id is None,
        "values": {name: {"old": old, "new": new} for name, (old, new) in change.changed.items()},
    }
