"""`ionport mapping add`, `ionport document add`, `ionport export configure|run|status`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ionport.cli.house import OPERATOR, find_by_name, opened, organization_scope, print_json
from ionport.core.errors import Conflict, InvalidInput, IonportError
from ionport.core.paging import PageRequest
from ionport.core.xml import MAX_BYTES
from ionport.documents.review.model import DocumentHeld
from ionport.documents.review.service import keeping_findings
from ionport.exports.model import ConfigurationFields, Delivery, DeliveryFilter, ExportMethod
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingKind
from ionport.wiring import DocumentSide, House

_ALL = PageRequest(per_page=200)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def documents_side(house: House) -> DocumentSide:
    """Return the document side's services; raises InvalidInput on an Infor-only data folder."""
    if house.documents is None:
        raise InvalidInput("This data folder serves the Infor side only (IONPORT_SIDE).")
    return house.documents


def connection_id_of(house: House, name: str) -> str:
    """Return the id of the connection that `name` names."""
    with house.database.read() as work:
        page = documents_side(house).connections.list(
            work, organization_scope(house), OPERATOR, _ALL
        )
    return find_by_name({item.id: item.name for item in page.items}, name, "connection")


def _mapping_id_of(house: House, name: str, kind: MappingKind) -> str:
    with house.database.read() as work:
        page = documents_side(house).mappings.list(work, organization_scope(house), _ALL, kind)
    return find_by_name({item.id: item.name for item in page.items}, name, "mapping file")


@click.group()
def mapping() -> None:
    """Document side: mapping files."""


@mapping.command("add")
@click.argument("file", type=_FILE)
@click.option("--name", help="Name; default: the file's. The same name makes a new version.")
@click.pass_context
def mapping_add(ctx: click.Context, file: Path, name: str | None) -> None:
    """Add a mapping FILE (IDM or BOD), or a new version of it, and show what the linter finds."""
    with opened(ctx) as house:
        prepared = prepare_mapping(file.read_bytes())
        with house.database.write() as work:
            version = documents_side(house).mappings.add(
                work, organization_scope(house), OPERATOR, name or file.name, prepared
            )
        click.echo(f"{version.mapping_name}, version {version.number} ({version.kind.label}).")
        for finding in version.findings:
            where = f"line {finding.line}: " if finding.line else ""
            click.echo(
                f"  {finding.severity.value}: {where}{finding.text} {finding.remedy}".rstrip()
            )


@click.group()
def document() -> None:
    """Document side: add documents."""


@document.command("add")
@click.argument("files", type=_FILE, nargs=-1, required=True)
@_JSON
@click.pass_context
def document_add(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Add e-invoices (EN 16931, UBL or CII). Each file is reported; one that is refused stops
    none of the others. Exit status 1 when one was refused.
    """
    rows: list[dict[str, str]] = []
    try:
        with opened(ctx) as house:
            for file in files:
                rows.append(_receive(house, file))
                if not as_json:
                    click.echo(_result(rows[-1]))
    finally:
        if as_json:
            print_json(rows)
    ctx.exit(1 if any("error" in row for row in rows) else 0)


def _result(row: dict[str, str]) -> str:
    if "error" in row:
        return f"{row['file']}: {row['error']}"
    held = f", held: {row['findings']}" if "findings" in row else ""
    return f"{row['file']}: {row['id']}{held}"


def _receive(house: House, file: Path) -> dict[str, str]:
    scope = organization_scope(house)
    service = documents_side(house).documents
    try:
        prepared = service.prepare_receipt(scope, _content(file), file.name)
        with house.database.write() as work:
            made = service.receive(work, scope, OPERATOR, prepared)
            findings = [each for each in service.findings(work, scope, made.id) if each.is_open]
    except Conflict as error:
        return {"file": file.name, "error": f"{error.text} ({error.existing_id})"}
    except IonportError as error:
        return {"file": file.name, "error": error.text}
    row = {"file": file.name, "id": made.id, "status": made.status.value}
    if findings:
        row["findings"] = " ".join(each.text for each in findings)
    return row


def _content(file: Path) -> bytes:
    """Read a file, but no more of it than what is refused for its size anyway."""
    try:
        with file.open("rb") as opened_file:
            return opened_file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"The file cannot be read: {error.strerror or error}.") from error


@click.group()
def export() -> None:
    """Document side: configure exports, run them, see how they went."""


@export.command("configure")
@click.argument("title")
@click.option("--connection", "connection_name", required=True, help="Name of the connection.")
@click.option("--idm-mapping", required=True, help="Name of the IDM mapping file.")
@click.option("--bod-mapping", help="Name of the BOD mapping file: IDM + ION BOD.")
@click.option("--document-type", default="INVOICE", show_default=True)
@click.option("--activate/--no-activate", default=True, help="Activate at once (default).")
@click.option("--replace", is_flag=True, help="Switch off the active one that is in the way.")
@click.option("--accept-at-least-once", is_flag=True, help="Accept a mapping without correlation.")
@click.option(
    "--all-the-same",
    metavar="REASON",
    default="",
    help="Activate although the proof of the connection has not passed; the reason is kept.",
)
@click.pass_context
def export_configure(
    ctx: click.Context,
    title: str,
    connection_name: str,
    idm_mapping: str,
    bod_mapping: str | None,
    document_type: str,
    activate: bool,
    replace: bool,
    accept_at_least_once: bool,
    all_the_same: str,
) -> None:
    """Create an export configuration and activate it.

    Prove its connection before: ionport connection check NAME.
    """
    with opened(ctx) as house:
        scope = organization_scope(house)
        service = documents_side(house).configurations
        fields = ConfigurationFields(
            title=title,
            document_type=document_type,
            method=ExportMethod.INFOR_IDM_BOD if bod_mapping else ExportMethod.INFOR_IDM,
            connection_id=connection_id_of(house, connection_name),
            idm_mapping_id=_mapping_id_of(house, idm_mapping, MappingKind.IDM),
            bod_mapping_id=_mapping_id_of(house, bod_mapping, MappingKind.BOD)
            if bod_mapping
            else None,
            accepts_at_least_once=accept_at_least_once,
        )
        with house.database.write() as work:
            made = service.create(work, scope, OPERATOR, fields)
            if activate:
                service.activate(
                    work, scope, OPERATOR, made.id, replace=replace, reason=all_the_same
                )
        click.echo(f"{made.title}: {made.method.label}, {'active' if activate else 'inactive'}.")


@export.command("run")
@click.argument("document_ids", nargs=-1, required=True)
@click.option(
    "--accept-findings",
    metavar="REASON",
    help="Export also what findings hold, and keep this reason as the decision on them.",
)
@click.pass_context
def export_run(
    ctx: click.Context, document_ids: tuple[str, ...], accept_findings: str | None
) -> None:
    """Export documents through every active configuration that fits them.

    Each document is reported; exit status 1 when one was held or refused.
    """
    refused = 0
    with opened(ctx) as house:
        deliveries = documents_side(house).deliveries
        for document_id in document_ids:
            try:
                made = _export(house, document_id, accept_findings)
            except DocumentHeld as error:
                refused += 1
                click.echo(f"{document_id}: held. {_held(error)}")
                continue
            except IonportError as error:
                refused += 1
                click.echo(f"{document_id}: refused. {error.text}")
                continue
            for delivery in made:
                click.echo(
                    f"{document_id}: {delivery.id}, {delivery.configuration_title},"
                    f" {delivery.status.label}"
                )
        with house.database.read() as work:
            if refused < len(document_ids) and not deliveries.workers_alive(work):
                click.echo("Nothing runs deliveries now: start 'ionport up' (or a worker).")
    ctx.exit(1 if refused else 0)


def _export(house: House, document_id: str, accept_findings: str | None) -> Sequence[Delivery]:
    with keeping_findings(house.database) as work:
        return documents_side(house).deliveries.export(
            work,
            organization_scope(house),
            OPERATOR,
            document_id,
            accept_findings=accept_findings,
        )


def _held(error: DocumentHeld) -> str:
    lines = [f"  {finding.text}" for finding in error.findings]
    lines.append("  Export it all the same with --accept-findings REASON.")
    return "\n".join([error.filename, *lines])


@export.command("status")
@click.argument("document_id", required=False)
@_JSON
@click.pass_context
def export_status(ctx: click.Context, document_id: str | None, as_json: bool) -> None:
    """Show the newest deliveries (at most 200), or those of one document."""
    with opened(ctx) as house, house.database.read() as work:
        page = documents_side(house).deliveries.list(
            work,
            organization_scope(house),
            OPERATOR,
            DeliveryFilter(document_id=document_id),
            _ALL,
        )
        rows = [
            {
                "delivery": item.id,
                "document": item.document_id,
                "configuration": item.configuration_title,
                "status": item.status.value,
                "error": item.error_text,
                "remedy": item.remedy,
                "idm_pid": item.idm_pid,
                "message_id": item.message_id,
                "correlation_id": item.correlation_id,
            }
            for item in page.items
        ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['delivery']}\t{row['status']}\t{row['idm_pid'] or row['error'] or ''}")
    if not rows:
        click.echo("No deliveries yet. Export a document with: ionport export run DOCUMENT")
