"""`ionport supplier import|list|export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ionport.cli.opening import OPERATOR, documents_side, opened, organization_scope
from ionport.cli.output import as_json_option, paged, print_json, print_page
from ionport.core.paging import PageRequest
from ionport.documents.suppliers.csv_file import MAX_BYTES, read_suppliers
from ionport.documents.suppliers.model import Supplier, SupplierChange, SupplierImport, cells_of

_SHOWN = ("number", "name", "vat_id", "tax_number", "gln", "ibans")
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

    The first line names the columns: number, name, vat_id, tax_number, gln, ibans (several by |).
    Suppliers are found by number; those that the file does not name stay as they are.
    """
    with file.open("rb") as opened_file:
        lines = read_suppliers(opened_file.read(MAX_BYTES + 1))
    with opened(ctx) as application:
        scope, service = organization_scope(application), documents_side(application).suppliers
        if dry_run:
            with application.database.read() as work:
                found = service.compare(work, scope, OPERATOR, lines)
        else:
            with application.database.write() as work:
                found = service.store(work, scope, OPERATOR, lines)
    if as_json:
        print_json(_import_row(found, dry_run=dry_run))
        return
    for change in found.changes[:_TOLD]:
        click.echo(_change_text(change))
    if (more := len(found.changes) - _TOLD) > 0:
        click.echo(f"and {more} more.")
    would = "Would be added" if dry_run else "Added"
    click.echo(
        f"{would}: {found.added}, changed: {found.changed}, the same as before: {found.unchanged}."
    )


@supplier.command("list")
@click.option("--text", default="", help="Part of number, name, identifier or account.")
@paged
@as_json_option
@click.pass_context
def supplier_list(ctx: click.Context, text: str, page: int, per_page: int, as_json: bool) -> None:
    """List suppliers, by number."""
    with opened(ctx) as application, application.database.read() as work:
        scope, service = organization_scope(application), documents_side(application).suppliers
        found = service.list(work, scope, PageRequest(page, per_page), text)
    empty = "No such suppliers. Import them with: ionport supplier import FILE"
    print_page(found, _row, as_json=as_json, shown=_SHOWN, empty=empty)


@supplier.command("export")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: stdout.")
@click.pass_context
def supplier_export(ctx: click.Context, output: Path | None) -> None:
    """Write all suppliers as a CSV file that can be imported again."""
    with opened(ctx) as application, application.database.read() as work:
        scope = organization_scope(application)
        pieces = documents_side(application).suppliers.export(work, scope)
        if output is None:
            for piece in pieces:
                click.echo(piece, nl=False)
            return
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
    click.echo(f"Wrote {output}.")


def _row(supplier: Supplier) -> dict[str, Any]:
    return {
        "id": supplier.id,
        **cells_of(supplier.values),
        "updated": supplier.updated_at.isoformat(timespec="seconds"),
        "by": supplier.updated_by,
    }


def _change_text(change: SupplierChange) -> str:
    if change.supplier_id is None:
        return f"line {change.line}: new {change.values.number} {change.values.name}"
    what = ", ".join(
        f"{name} {old or 'nothing'} → {new or 'nothing'}"
        for name, (old, new) in change.changed.items()
    )
    return f"line {change.line}: {change.values.number}: {what}"


def _import_row(found: SupplierImport, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "added": found.added,
        "changed": found.changed,
        "unchanged": found.unchanged,
        "changes": [
            {
                "line": change.line,
                "number": change.values.number,
                "new": change.supplier_id is None,
                "values": {
                    name: {"old": old, "new": new} for name, (old, new) in change.changed.items()
                },
            }
            for change in found.changes[:_TOLD]
        ],
    }
