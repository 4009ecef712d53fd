"""`ionport export errors` and `ionport export retry --cause`."""

from __future__ import annotations

from typing import NoReturn

import click

from ionport.cli.opening import OPERATOR, documents_side, opened, organization_scope
from ionport.cli.output import as_json_option, print_json, print_rows
from ionport.identity.access import Access

_SHOWN = ("cause", "deliveries", "title", "remedy")


@click.command("errors")
@as_json_option
@click.pass_context
def export_errors(ctx: click.Context, as_json: bool) -> None:
    """List the deliveries that failed, by cause, the most frequent first."""
    with opened(ctx) as application, application.database.read() as work:
        access = Access(work, organization_scope(application), OPERATOR)
        groups = documents_side(application).error_queue.groups(access)
    rows = [
        {
            "cause": group.cause.key,
            "deliveries": group.deliveries,
            "title": group.cause.title or group.text,
            "text": group.text,
            "remedy": group.remedy,
            "mapping": group.cause.mapping,
            "since": group.oldest.isoformat(),
            "newest": group.newest_id,
        }
        for group in groups
    ]
    print_rows(rows, as_json=as_json, shown=_SHOWN, empty="No delivery has failed.")


def retry_cause(ctx: click.Context, cause: str, *, as_json: bool) -> NoReturn:
    """Try all deliveries of a cause again, and say how many; exit status 1 when some stay."""
    with opened(ctx) as application:
        queue, scope = documents_side(application).error_queue, organization_scope(application)
        done = queue.retry(application.database, scope, OPERATOR, cause)
    if as_json:
        print_json({"tried": done.tried, "refused": dict(done.refused), "left": done.left})
    else:
        click.echo(f"{done.tried} are tried again.")
        for reason, number in done.refused.most_common():
            click.echo(f"{number} stay: {reason}")
        if done.left:
            click.echo(f"{done.left} more follow when you run it again.")
    ctx.exit(1 if done.refused else 0)
