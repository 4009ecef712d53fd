"""`ionport webhook list|test`."""

from __future__ import annotations

from typing import Any

import click

from ionport.cli.opening import opened_documents
from ionport.cli.output import as_json_option, print_json, print_rows
from ionport.core.errors import Unavailable
from ionport.documents.webhooks.model import WebhookEndpoint

_SHOWN = ("id", "name", "state", "failing_since", "url")


@click.group("webhook")
def webhook() -> None:
    """Document side: programs that are told what happens to documents."""


@webhook.command("list")
@as_json_option
@click.pass_context
def webhook_list(ctx: click.Context, as_json: bool) -> None:
    """List the webhooks, by name."""
    with opened_documents(ctx) as documents, documents.read() as access:
        found = documents.side.webhooks.list(access)
    rows = [_row(endpoint) for endpoint in found]
    print_rows(rows, as_json=as_json, shown=_SHOWN, empty="No webhook yet.")


@webhook.command("test")
@click.argument("webhook_id")
@as_json_option
@click.pass_context
def webhook_test(ctx: click.Context, webhook_id: str, as_json: bool) -> None:
    """Send a test message to the webhook WEBHOOK_ID, and say how it went.

    Exit status 1 when it has not arrived.
    """
    with opened_documents(ctx) as documents:
        service = documents.side.webhooks
        with documents.write() as access:
            started = service.begin_test(access, webhook_id)
        attempt = service.finish_test(*started)
    told = {
        "arrived": attempt.arrived,
        "http_status": attempt.status,
        "milliseconds": attempt.milliseconds,
        "error": attempt.error,
        "answer": attempt.answer,
    }
    if as_json:
        print_json(told)
    if not attempt.arrived:
        raise Unavailable(f"The test has not arrived. {attempt.text}", code="webhook_not_arrived")
    if not as_json:
        click.echo(f"Arrived: status {attempt.status}, {attempt.milliseconds} ms.")


def _row(endpoint: WebhookEndpoint) -> dict[str, Any]:
    since = endpoint.failing_since
    return {
        "id": endpoint.id,
        "name": endpoint.name,
        "url": endpoint.url,
        "events": " ".join(sorted(endpoint.events)),
        "state": endpoint.state.value,
        "failing_since": since.isoformat() if since else "",
    }
