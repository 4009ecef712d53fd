"""`ionport export configure|run|status`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ionport.application import Application
from ionport.cli.documents.connections import connection_id_of
from ionport.cli.documents.mappings import mapping_id_of
from ionport.cli.opening import (
    ALL,
    OPERATOR,
    as_json_option,
    documents_side,
    opened,
    organization_scope,
    print_json,
)
from ionport.core.errors import IonportError
from ionport.documents.review.model import DocumentHeld
from ionport.documents.review.service import keeping_findings
from ionport.exports.configurations.model import ConfigurationFields
from ionport.exports.model import Delivery, DeliveryFilter, ExportMethod
from ionport.mappings.model import MappingKind


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
    with opened(ctx) as application:
        scope = organization_scope(application)
        service = documents_side(application).configurations
        fields = ConfigurationFields(
            title=title,
            document_type=document_type,
            method=ExportMethod.INFOR_IDM_BOD if bod_mapping else ExportMethod.INFOR_IDM,
            connection_id=connection_id_of(application, connection_name),
            idm_mapping_id=mapping_id_of(application, idm_mapping, MappingKind.IDM),
            bod_mapping_id=mapping_id_of(application, bod_mapping, MappingKind.BOD)
            if bod_mapping
            else None,
            accepts_at_least_once=accept_at_least_once,
        )
        with application.database.write() as work:
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
    with opened(ctx) as application:
        deliveries = documents_side(application).deliveries
        for document_id in document_ids:
            try:
                made = _export(application, document_id, accept_findings)
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
        with application.database.read() as work:
            if refused < len(document_ids) and not deliveries.workers_alive(work):
                click.echo("Nothing runs deliveries now: start 'ionport up' (or a worker).")
    ctx.exit(1 if refused else 0)


def _export(
    application: Application, document_id: str, accept_findings: str | None
) -> Sequence[Delivery]:
    with keeping_findings(application.database) as work:
        return documents_side(application).deliveries.export(
            work,
            organization_scope(application),
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
@as_json_option
@click.pass_context
def export_status(ctx: click.Context, document_id: str | None, as_json: bool) -> None:
    """Show the newest deliveries (at most 200), or those of one document."""
    with opened(ctx) as application, application.database.read() as work:
        page = documents_side(application).deliveries.list(
            work,
            organization_scope(application),
            OPERATOR,
            DeliveryFilter(document_id=document_id),
            ALL,
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
