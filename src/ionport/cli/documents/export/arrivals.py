"""`ionport export decide`: whether what a lost call has sent is at its target."""

from __future__ import annotations

import click

from ionport.cli.documents.export.rows import delivery_row
from ionport.cli.opening import opened_documents
from ionport.cli.output import as_json_option, print_rows
from ionport.exports.arrivals.model import Arrival

_FOUND = {each.value.replace("_", "-"): each for each in Arrival}


@click.command("decide")
@click.argument("delivery_id")
@click.argument("found", type=click.Choice(list(_FOUND)))
@click.option("--reason", required=True, help="How you know; it is kept.")
@click.option("--reference", default="", help="The target's number of what is there.")
@as_json_option
@click.pass_context
def export_decide(
    ctx: click.Context, delivery_id: str, found: str, reason: str, reference: str, as_json: bool
) -> None:
    """Decide of a call without an answer: what it sent is there, or it is not.

    What is there is not sent again, and the delivery goes on with the next step. What is not there
    is sent once more under the same correlation id.
    """
    with opened_documents(ctx) as documents, documents.write() as access:
        decided = documents.side.arrivals.decide(
            access, delivery_id, _FOUND[found], reason, reference
        )
    shown = ("delivery", "status", "error")
    print_rows([delivery_row(decided)], as_json=as_json, shown=shown, empty="")
