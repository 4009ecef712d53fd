"""`ionport export errors`, `ionport export retry --cause` and `ionport export re-export`."""

from __future__ import annotations

import time
from typing import Final, NoReturn

import click

from ionport.cli.opening import OPERATOR, OpenedDocuments, opened_documents
from ionport.cli.output import as_json_option, print_json, print_rows
from ionport.documents.bulk.model import BulkRun, BulkState
from ionport.documents.model import ErpStatus

_SHOWN = ("cause", "deliveries", "erp_status", "title", "remedy")
_POLL_SECONDS: Final = 0.5


@click.command("errors")
@as_json_option
@click.pass_context
def export_errors(ctx: click.Context, as_json: bool) -> None:
    """List what failed or the ERP has not taken, by cause, the most frequent first.

    What failed is tried again by `ionport export retry --cause`; what the ERP has rejected, or has
    said nothing of and does not have, is exported as new by `ionport export re-export --cause`.
    """
    with opened_documents(ctx) as documents, documents.read() as access:
        groups = documents.side.error_queue.groups(access)
    rows = [
        {
            "cause": group.cause.key,
            "deliveries": group.deliveries,
            "rejected": group.erp_status is ErpStatus.REJECTED,
            "erp_status": group.erp_status.value if group.erp_status else "",
            "title": group.cause.title or group.text,
            "text": group.text,
            "remedy": group.remedy,
            "mapping": group.cause.mapping,
            "since": group.oldest.isoformat(),
            "newest": group.newest_id,
        }
        for group in groups
    ]
    print_rows(rows, as_json=as_json, shown=_SHOWN, empty="No delivery has failed or was rejected.")


def retry_cause(ctx: click.Context, cause: str, *, as_json: bool) -> NoReturn:
    """Try all deliveries of a cause again, and say how many; exit status 1 when some stay."""
    with opened_documents(ctx) as documents:
        database, queue = documents.application.database, documents.side.error_queue
        run = queue.retry(database, documents.scope, OPERATOR, cause)
        _settle(ctx, documents, run, "are tried again", as_json=as_json)


@click.command("re-export")
@click.option(
    "--cause", required=True, help="A cause of `ionport export errors` with an ERP status."
)
@click.option("--reason", required=True, help="Why they are exported again; it is kept.")
@as_json_option
@click.pass_context
def export_re_export(ctx: click.Context, cause: str, reason: str, as_json: bool) -> None:
    """Export all that the ERP has not taken for one cause again as new.

    Mend the cause first, and look whether the ERP has what it has said nothing of. Exit status 1
    when some stay.
    """
    with opened_documents(ctx) as documents:
        database, queue = documents.application.database, documents.side.error_queue
        run = queue.re_export(database, documents.scope, OPERATOR, cause, reason)
        _settle(ctx, documents, run, "are exported again as new", as_json=as_json)


def _settle(
    ctx: click.Context, documents: OpenedDocuments, run: BulkRun, what: str, *, as_json: bool
) -> NoReturn:
    """Do a run here, or wait for the server that has taken it, and report what became of it."""
    side = documents.side
    while True:
        side.bulk_runner.run_one(run.id)
        with documents.read() as access:
            run, refused = side.replays.get(access, run.id)
        if run.state is not BulkState.RUNNING:
            break
        time.sleep(_POLL_SECONDS)
    if as_json:
        print_json({"tried": run.done, "refused": dict(refused), "left": run.open})
    else:
        click.echo(f"{run.done} {what}.")
        for reason, number in refused.items():
            click.echo(f"{number} stay: {reason}")
        if run.open:
            click.echo(f"The action was {run.state.value} at a page: {run.open} are left.")
    ctx.exit(1 if run.left_out or run.open else 0)
