"""`ionport export configure|run|status|retry|cancel|list|deactivate`, and the group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import click

from ionport.cli.documents.connections import connection_id_of
from ionport.cli.documents.export.arrivals import export_decide
from ionport.cli.documents.export.dry_runs import export_dry_run
from ionport.cli.documents.export.errors import export_errors, export_re_export, retry_cause
from ionport.cli.documents.export.rows import delivery_row
from ionport.cli.documents.export.transfer import export_load, export_save
from ionport.cli.documents.mapping.names import mapping_id_of
from ionport.cli.opening import ALL, OPERATOR, OpenedDocuments, find_by_name, opened_documents
from ionport.cli.output import Command, as_json_option, paged, print_json, print_page, print_rows
from ionport.core.errors import InvalidInput, IonportError
from ionport.core.paging import PageRequest
from ionport.document_side import DocumentSide
from ionport.documents.review.model import DocumentHeld
from ionport.documents.review.service import keeping_findings
from ionport.exports.configurations.model import ConfigurationFields, ExportConfiguration
from ionport.exports.destinations import destination_of, destination_with
from ionport.exports.dry_run import Comparison
from ionport.exports.listing import DeliveryFilter
from ionport.exports.model import Delivery, DeliveryStatus, ExportMethod
from ionport.identity.access import Access
from ionport.mappings.model import MappingKind
from ionport.store import OrganizationScope

_DELIVERY_SHOWN = ("delivery", "document", "configuration", "status", "idm_pid", "error")


@click.group()
def export() -> None:
    """Document side: configure exports, run and steer them."""


export.add_command(export_dry_run)
export.add_command(export_decide)
export.add_command(export_errors)
export.add_command(export_re_export)
export.add_command(export_save)
export.add_command(export_load)


_MAPPING_OPTIONS: Final = {
    MappingKind.IDM: ("--idm-mapping", "Name of the IDM mapping file."),
    MappingKind.BOD: ("--bod-mapping", "Name of the BOD mapping file: ION BOD, IDM + ION BOD."),
    MappingKind.M3: ("--m3-mapping", "Name of the M3 mapping file: IDM + M3."),
    MappingKind.TOML: ("--toml-mapping", "Name of the M3 mapping file in TOML: IDM + M3 (TOML)."),
    MappingKind.LN: ("--ln-mapping", "Name of the LN mapping file: IDM + LN."),
    MappingKind.XSLT: ("--xslt", "Name of the stylesheet of a method that writes files."),
}


def _mapping_options(command: Command) -> Command:
    """Add an option for each kind of mapping file, whose parameter is called as the kind."""
    for kind, (option, text) in reversed(_MAPPING_OPTIONS.items()):
        command = click.option(option, kind.value, help=text)(command)
    return command


@export.command("configure")
@click.argument("title")
@click.option("--connection", "connection_name", required=True, help="Name of the connection.")
@click.option(
    "--method",
    type=click.Choice([method.value for method in ExportMethod]),
    help="Export method; default: the one that takes just these mapping files.",
)
@_mapping_options
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="What else the method asks, such as folder=2026 or history=on.",
)
@click.option(
    "--document-type",
    default="INVOICE",
    show_default=True,
    help="Type of the documents that are exported.",
)
@click.option("--activate/--no-activate", default=True, help="Activate at once, or not.")
@click.option("--replace", is_flag=True, help="Switch off the active one that is in the way.")
@click.option("--accept-at-least-once", is_flag=True, help="Accept a mapping without correlation.")
@click.option(
    "--all-the-same",
    metavar="REASON",
    default="",
    help="Activate although the proof of the connection has not passed; the reason is kept.",
)
@as_json_option
@click.pass_context
def export_configure(
    ctx: click.Context,
    /,
    title: str,
    connection_name: str,
    method: str | None,
    options: tuple[str, ...],
    document_type: str,
    activate: bool,
    replace: bool,
    accept_at_least_once: bool,
    all_the_same: str,
    as_json: bool,
    **mapping_names: str | None,
) -> None:
    """Create an export configuration and activate it.

    Prove its connection before: `ionport connection prove NAME`. What the tenant's IDM lacks of
    the IDM mapping file is told, as the page does.
    """
    with opened_documents(ctx) as documents:
        service = documents.side.configurations
        connection_id = connection_id_of(documents, connection_name)
        mappings = {
            kind: mapping_id_of(documents, name, kind)
            for kind in _MAPPING_OPTIONS
            if (name := mapping_names[kind.value])
        }
        fields = ConfigurationFields(
            title=title,
            document_type=document_type,
            method=ExportMethod(method) if method else destination_with(mappings.keys()).method,
            connection_id=connection_id,
            mappings=mappings,
            accepts_at_least_once=accept_at_least_once,
            options=_options(options),
        )
        tenant = _asked_tenant(documents, fields) if activate else None
        with documents.write() as access:
            made = service.create(access, fields)
            if activate:
                made = service.activate(access, made.id, replace=replace, reason=all_the_same)
    _tell_made(made, tenant, as_json=as_json)


def _tell_made(made: ExportConfiguration, tenant: Comparison | None, *, as_json: bool) -> None:
    if as_json:
        print_json(_configuration_row(made) | ({"tenant": _tenant_row(tenant)} if tenant else {}))
        return
    for line in _tenant_lines(tenant) if tenant else ():
        click.echo(line)
    state = "active" if made.is_active else "inactive"
    click.echo(f"{made.title}: {destination_of(made.method).label}, {state}.")


def _asked_tenant(documents: OpenedDocuments, fields: ConfigurationFields) -> Comparison | None:
    """Compare the IDM mapping file, if there is one, with the tenant's data model."""
    scope, side = documents.scope, documents.side
    mapping_id = fields.mapping_ids().get(MappingKind.IDM)
    if not mapping_id:
        return None
    with documents.read() as access:
        text = side.mappings.latest_version(access, mapping_id).text
    return side.dry_runs.before_activation(
        scope, OPERATOR, fields.connection_id, fields.method, text
    )


def _tenant_row(found: Comparison) -> dict[str, Any]:
    lacking = [{"text": one.text, "remedy": one.remedy} for one in found.lacking]
    return {"lacking": lacking, "unproved": found.unproved.text if found.unproved else ""}


def _tenant_lines(found: Comparison) -> Iterator[str]:
    if found.unproved is not None:
        yield f"The tenant's data model could not be asked. {found.unproved.text}"
    for one in found.lacking:
        yield f"The tenant's IDM: {one.text} {one.remedy}".rstrip()


def _options(given: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if wrong := [name for name, equals, _value in pairs if not equals]:
        raise click.BadParameter(f"{wrong[0]} is no NAME=VALUE.", param_hint="--option")
    return {name: value for name, _equals, value in pairs}


@export.command("run")
@click.argument("document_ids", nargs=-1, required=True)
@click.option(
    "--accept-findings",
    metavar="REASON",
    help="Export also what findings hold, and keep this reason as the decision on them.",
)
@as_json_option
@click.pass_context
def export_run(
    ctx: click.Context, document_ids: tuple[str, ...], accept_findings: str | None, as_json: bool
) -> None:
    """Export documents through every active configuration that fits them.

    Each document is reported. Exit status 1 when one was held or refused.
    """
    rows: list[dict[str, Any]] = []
    with opened_documents(ctx) as documents:
        for document_id in document_ids:
            made = _export_rows(documents, document_id, accept_findings)
            rows += made
            if not as_json:
                click.echo("\n".join(_exported_line(row) for row in made))
        refused = any("delivery" not in row for row in rows)
        with documents.read() as access:
            has_worker = documents.side.deliveries.has_active_worker(access.work)
    if as_json:
        print_json(rows)
    elif not has_worker and any("delivery" in row for row in rows):
        click.echo("Nothing runs deliveries now: start 'ionport up' (or a worker).")
    ctx.exit(1 if refused else 0)


def _export_rows(
    documents: OpenedDocuments, document_id: str, accept_findings: str | None
) -> list[dict[str, Any]]:
    try:
        return [delivery_row(item) for item in _export(documents, document_id, accept_findings)]
    except DocumentHeld as error:
        return [{"document": document_id, "status": "held", "error": _held(error)}]
    except IonportError as error:
        return [{"document": document_id, "status": "refused", "error": error.text}]


def _exported_line(row: dict[str, Any]) -> str:
    if "delivery" not in row:
        return f"{row['document']}: {row['status']}. {row['error']}"
    status = DeliveryStatus(row["status"]).label
    return f"{row['document']}: {row['delivery']}, {row['configuration']}, {status}"


def _export(
    documents: OpenedDocuments, document_id: str, accept_findings: str | None
) -> Sequence[Delivery]:
    with keeping_findings(documents.application.database) as work:
        access = Access(work, documents.scope, OPERATOR)
        return documents.side.deliveries.export(
            access, document_id, accept_findings=accept_findings
        )


def _held(error: DocumentHeld) -> str:
    if not error.findings:
        return error.text
    lines = [f"  {finding.text}" for finding in error.findings]
    lines.append("  Export it all the same with --accept-findings REASON.")
    return "\n".join([error.filename, *lines])


@export.command("status")
@click.argument("document_id", required=False)
@paged
@as_json_option
@click.pass_context
def export_status(
    ctx: click.Context, document_id: str | None, page: int, per_page: int, as_json: bool
) -> None:
    """Show the newest deliveries, or those of one document."""
    with opened_documents(ctx) as documents, documents.read() as access:
        side = documents.side
        if document_id is not None:
            side.documents.get(access, document_id)
        found = side.deliveries.list(
            access,
            DeliveryFilter(document_id=document_id),
            PageRequest(page, per_page),
        )
    empty = "No deliveries yet. Export a document with: ionport export run DOCUMENT"
    print_page(found, delivery_row, as_json=as_json, shown=_DELIVERY_SHOWN, empty=empty)


@export.command("retry")
@click.argument("delivery_ids", nargs=-1)
@click.option("--cause", help="All that failed with this cause, of `ionport export errors`.")
@as_json_option
@click.pass_context
def export_retry(
    ctx: click.Context, delivery_ids: tuple[str, ...], cause: str | None, as_json: bool
) -> None:
    """Try failed, cancelled or waiting deliveries again now. Exit status 1 when one is refused."""
    if bool(delivery_ids) == bool(cause):
        raise InvalidInput("Name deliveries, or one cause by --cause.")
    if cause:
        retry_cause(ctx, cause, as_json=as_json)
    _steer(ctx, delivery_ids, lambda side: side.deliveries.retry, as_json=as_json)


@export.command("cancel")
@click.argument("delivery_ids", nargs=-1, required=True)
@as_json_option
@click.pass_context
def export_cancel(ctx: click.Context, delivery_ids: tuple[str, ...], as_json: bool) -> None:
    """Cancel deliveries that have not begun, wait or failed. Exit status 1 when one is refused."""
    _steer(ctx, delivery_ids, lambda side: side.deliveries.cancel, as_json=as_json)


_Action = Callable[[Access[OrganizationScope], str], Delivery]


def _steer(
    ctx: click.Context,
    delivery_ids: Sequence[str],
    action_of: Callable[[DocumentSide], _Action],
    *,
    as_json: bool,
) -> None:
    """Do the same to each delivery, and report each: a refused one does not stop the others."""
    rows: list[dict[str, Any]] = []
    with opened_documents(ctx) as documents:
        action = action_of(documents.side)
        for delivery_id in delivery_ids:
            try:
                with documents.write() as access:
                    rows.append(delivery_row(action(access, delivery_id)))
            except IonportError as error:
                rows.append({"delivery": delivery_id, "status": "refused", "error": error.text})
    print_rows(rows, as_json=as_json, shown=("delivery", "status", "error"), empty="")
    ctx.exit(1 if any(row["status"] == "refused" for row in rows) else 0)


@export.command("list")
@click.option("--active", "only_active", is_flag=True, help="Only active ones.")
@paged
@as_json_option
@click.pass_context
def export_list(
    ctx: click.Context, only_active: bool, page: int, per_page: int, as_json: bool
) -> None:
    """List export configurations, by title."""
    with opened_documents(ctx) as documents, documents.read() as access:
        found = documents.side.configurations.list(
            access,
            PageRequest(page, per_page),
            only_active=only_active,
        )
    shown = ("title", "document_type", "method", "active", "id")
    empty = "No export configurations. Make one with: ionport export configure TITLE …"
    print_page(found, _configuration_row, as_json=as_json, shown=shown, empty=empty)


@export.command("deactivate")
@click.argument("title")
@as_json_option
@click.pass_context
def export_deactivate(ctx: click.Context, title: str, as_json: bool) -> None:
    """Switch an export configuration off; its unfinished deliveries go on."""
    with opened_documents(ctx) as documents:
        service = documents.side.configurations
        with documents.read() as access:
            found = service.list(access, ALL)
        titles = {item.id: item.title for item in found.items}
        configuration_id = find_by_name(titles, title, "export configuration")
        with documents.write() as access:
            changed = service.deactivate(access, configuration_id)
    if as_json:
        print_json(_configuration_row(changed))
    else:
        click.echo(f"{changed.title}: inactive. Unfinished deliveries go on.")


def _configuration_row(item: ExportConfiguration) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "document_type": item.document_type,
        "method": item.method.value,
        "active": item.is_active,
        "connection": item.connection_id,
        **{f"{kind}_mapping": pinned.mapping_id for kind, pinned in item.mappings.items()},
        "mapping_versions": {str(kind): version for kind, version in item.version_ids().items()},
    }
