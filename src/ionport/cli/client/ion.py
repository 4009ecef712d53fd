"""`ionport ion send`: business documents into ION from the command line."""

from __future__ import annotations

import uuid
from pathlib import Path

import click

from ionport.cli.client.opening import assignment, calling, credential_option
from ionport.cli.output import as_json_option, print_json
from ionport.ionapi.messaging import DEFAULT_TO, MAX_PAYLOAD, BodMessage


@click.group()
def ion() -> None:
    """Business documents for ION, with an .ionapi file."""


@ion.command("send")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("document_name")
@credential_option
@click.option("--from", "sender", required=True, help="Logical ID of the connection point: lid://…")
@click.option(
    "--to", "receiver", default=DEFAULT_TO, show_default=True, help="Logical ID that it is sent to."
)
@click.option(
    "--message-id",
    help="Message id; what is sent again under the same id, ION takes once. Default: a new one.",
)
@click.option("--accounting-entity", help="Accounting entity (AccountingEntityID).")
@click.option("--location", help="Location (LocationID).")
@click.option("--document-id", help="Document id (BODID's DocumentID).")
@click.option("--custom", multiple=True, metavar="Custom_NAME=VALUE", help="A further property.")
@as_json_option
def ion_send(
    file: Path,
    document_name: str,
    credential: Path,
    sender: str,
    receiver: str,
    message_id: str | None,
    accounting_entity: str | None,
    location: str | None,
    document_id: str | None,
    custom: tuple[str, ...],
    as_json: bool,
) -> None:
    """Send FILE to ION as a business document, such as Sync.SupplierInvoice.

    Its message id is printed first: where no answer comes (exit status 3), the same command with
    this --message-id is safe to repeat.
    """
    if file.stat().st_size > MAX_PAYLOAD:
        raise click.ClickException(
            f"{file} has {file.stat().st_size:,} bytes; ION takes {MAX_PAYLOAD:,}. Do not embed"
            " files in the document: store them in IDM and refer to them."
        )
    message = BodMessage(
        document_name,
        message_id or str(uuid.uuid4()),
        sender,
        file.read_bytes(),
        to_logical_id=receiver,
        accounting_entity=accounting_entity,
        location=location,
        document_id=document_id,
        custom=dict(map(assignment, custom)),
    )
    click.echo(f"Message id {message.message_id}", err=True)
    with calling(credential, as_json=as_json, writes=True) as client:
        published = client.messaging.publish(message)
    if as_json:
        facts = {"status": published.status, "text": published.text}
        print_json({"message_id": published.message_id, **facts})
    else:
        click.echo(f"ION has taken it: {published.text or published.status}")
