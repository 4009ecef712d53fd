"""`ionport export dry-run`: what an export of a document would write or send."""

from __future__ import annotations

import click

from ionport.cli.opening import OPERATOR, opened_documents
from ionport.cli.output import as_json_option, print_json
from ionport.exports.dry_run import DryRun, as_curl


@click.command("dry-run")
@click.argument("document_id", metavar="DOCUMENT")
@click.option("--configuration", required=True, help="Its id, of `ionport export list`.")
@as_json_option
@click.pass_context
def export_dry_run(ctx: click.Context, document_id: str, configuration: str, as_json: bool) -> None:
    """Say what an export of DOCUMENT would write or send; nothing is sent, nothing is stored.

    Files are told with name, size and content, calls with headers and body, without what is
    secret. Exit status 1 when something stands in the way.
    """
    with opened_documents(ctx) as documents:
        run = documents.side.dry_runs.of_configuration(
            documents.scope, OPERATOR, document_id, configuration
        )
    if as_json:
        print_json(_told(run))
    else:
        _print(run)
    ctx.exit(1 if run.obstacles else 0)


def _told(run: DryRun) -> dict[str, object]:
    return {
        "calls": [
            {
                "title": call.title,
                "method": call.method,
                "path": call.path,
                "content_type": call.content_type,
                "headers": dict(call.headers),
                "body": call.body,
                "curl": as_curl(call),
                "values": [{"target": each.target, "value": each.value} for each in call.values],
            }
            for call in run.calls
        ],
        "obstacles": [
            {"where": one.where, "text": one.text, "remedy": one.remedy} for one in run.obstacles
        ],
        "unsent": list(run.unsent),
    }


def _print(run: DryRun) -> None:
    for number, call in enumerate(run.calls, start=1):
        click.echo(f"{number}. {call.title}: {call.method} {call.path}".replace(":  ", ": "))
        if not call.method or call.headers:
            for value in call.values:
                click.echo(f"   {value.target}: {value.value}")
        click.echo(call.body)
    for one in run.obstacles:
        click.echo(f"In the way: {one.where}: {one.text} {one.remedy}".rstrip())
