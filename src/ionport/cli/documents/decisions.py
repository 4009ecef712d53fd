"""`ionport document correct|accept|reject|duplicate|hold|release|delete|restore|approve|move|…`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import click

from ionport.cli.opening import OPERATOR, OpenedDocuments, find_by_name, opened_documents
from ionport.cli.output import as_json_option, print_json
from ionport.core.errors import InvalidInput
from ionport.documents.review.decisions.model import DecisionKind
from ionport.documents.review.decisions.service import DecisionService
from ionport.identity.access import Access
from ionport.store import OrganizationScope

_reason = click.option("--reason", required=True, help="Why; kept with the decision.")
_document = click.argument("document_id")
_Decide = Callable[[DecisionService, Access[OrganizationScope]], None]
# The same for what takes the id of the document and a reason.
_DecideWhy = Callable[[DecisionService, Access[OrganizationScope], str, str], None]


@click.command("correct")
@_document
@click.argument("values", nargs=-1, required=True, metavar="FIELD=VALUE…")
@as_json_option
@click.pass_context
def document_correct(
    ctx: click.Context, document_id: str, values: tuple[str, ...], as_json: bool
) -> None:
    """Give fields other values: total_amount=119.00, INVOICE_TABLE/2/QUANTITY=3, due_date=.

    The received file stays as it is, and the document is judged anew.
    """
    given = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals:
            raise InvalidInput(f"{value}: write FIELD=VALUE, or FIELD= to take a value away.")
        given[name] = text
    with opened_documents(ctx) as documents:
        service, database = documents.side.documents.corrections, documents.application.database
        service.correct(database, documents.scope, OPERATOR, document_id, given)
        _tell(documents, document_id, as_json=as_json)


@click.command("accept")
@_document
@_reason
@click.option("--finding", "findings", multiple=True, help="Id of a finding.")
@click.option("--all", "takes_all", is_flag=True, help="Everything that holds; it is listed first.")
@click.option("--yes", is_flag=True, help="With --all: list what holds, and do not ask.")
@as_json_option
@click.pass_context
def document_accept(
    ctx: click.Context,
    document_id: str,
    reason: str,
    findings: tuple[str, ...],
    takes_all: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Accept the findings that are named, or --all that hold a document, for a reason.

    What has come to hold after it was listed is not accepted.
    """
    if takes_all == bool(findings):
        raise click.UsageError("Name findings by --finding (document show lists them), or --all.")
    wanted, looked_at = frozenset(findings), None
    if takes_all:
        wanted, looked_at = _asked_about(ctx, document_id, yes=yes)
    _run(ctx, document_id, as_json, lambda service, access: service.accept(
        access, document_id, reason, wanted, looked_at
    ))  # fmt: skip


def _asked_about(
    ctx: click.Context, document_id: str, *, yes: bool
) -> tuple[frozenset[str], datetime]:
    """List the holding findings and ask about them; return the ids to accept, and the time."""
    with opened_documents(ctx) as documents, documents.read() as access:
        looked_at = documents.application.clock.now()
        service = documents.side.documents
        found = [each for each in service.findings(access, document_id) if each.is_open]
    for each in found:
        click.echo(f"  {each.id}  {each.text}", err=True)
    if found and not yes:
        click.confirm(f"Accept what holds the document ({len(found)})?", abort=True, err=True)
    acceptable = [each for each in found if each.can_be_accepted]
    return frozenset(each.id for each in acceptable or found), looked_at


@click.command("duplicate")
@_document
@click.argument("other_id")
@click.option("--reason", default="", help="More to say about it.")
@as_json_option
@click.pass_context
def document_duplicate(
    ctx: click.Context, document_id: str, other_id: str, reason: str, as_json: bool
) -> None:
    """Reject a document as a duplicate of another one."""
    _run(ctx, document_id, as_json, lambda service, access: service.reject(
        access, document_id, reason, other_id
    ))  # fmt: skip


@click.command("move")
@_document
@click.argument("company", required=False)
@click.option("--main", is_flag=True, help="To the organization itself.")
@as_json_option
@click.pass_context
def document_move(
    ctx: click.Context, document_id: str, company: str | None, main: bool, as_json: bool
) -> None:
    """Move a document to another COMPANY or sub-organization, named by name or id.

    Invoices addressed to another company than that hold until somebody accepts it.
    """
    if main == (company is not None):
        raise click.UsageError("Name a company, or --main.")
    with opened_documents(ctx) as documents:
        service = documents.side.documents
        with documents.write() as access:
            known = service.moving.places(access)
            known.pop("")
            place = "" if main else find_by_name(known, company or "", "company")
            moved = service.moving.move(access, document_id, place)
        if not moved:
            click.echo("It belongs there already, and stays there.", err=True)
        _tell(documents, document_id, as_json=as_json)


@click.command("undo")
@_document
@click.argument("decision_id", required=False)
@as_json_option
@click.pass_context
def document_undo(
    ctx: click.Context, document_id: str, decision_id: str | None, as_json: bool
) -> None:
    """Undo a decision, the newest one by default, while nothing of the document was sent."""
    with opened_documents(ctx) as documents:
        service, database = documents.side.documents.decisions, documents.application.database
        service.undo_any(database, documents.scope, OPERATOR, document_id, decision_id)
        _tell(documents, document_id, as_json=as_json)


def _command(
    name: str, told: str, decide: _DecideWhy, *, takes_reason: bool = True
) -> click.Command:
    """Return the command of a decision that needs the document and a reason, no more."""

    @click.command(name, help=told)
    @_document
    @as_json_option
    @click.pass_context
    def command(ctx: click.Context, document_id: str, as_json: bool, reason: str = "") -> None:
        _run(ctx, document_id, as_json, lambda service, access: decide(
            service, access, document_id, reason
        ))  # fmt: skip

    return _reason(command) if takes_reason else command


def _run(ctx: click.Context, document_id: str, as_json: bool, decide: _Decide) -> None:
    with opened_documents(ctx) as documents:
        service = documents.side.documents.decisions
        with documents.write() as access:
            decide(service, access)
        _tell(documents, document_id, as_json=as_json)


def _tell(documents: OpenedDocuments, document_id: str, *, as_json: bool) -> None:
    """Print the document's present status."""
    service = documents.side.documents
    with documents.read() as access:
        document = service.get(access, document_id)
        found = [each for each in service.findings(access, document_id) if each.is_open]
    if as_json:
        findings = [{"id": each.id, "code": each.code, "text": each.text} for each in found]
        print_json({"id": document.id, "status": document.status.value, "findings": findings})
        return
    click.echo(f"{document.id}  {document.filename}  {document.status.label}")
    for each in found:
        click.echo(f"  holds: {each.text}")


COMMANDS = (
    document_correct,
    document_accept,
    _command(
        "reject",
        "Reject a document: it is not exported, and frees what was held because of it.",
        lambda service, access, document_id, reason: service.reject(access, document_id, reason),
    ),
    document_duplicate,
    _command(
        "hold",
        "Put a document on hold: nothing more of it leaves until it is released.",
        lambda service, access, document_id, reason: service.hold(access, document_id, reason),
    ),
    _command(
        "release",
        "Release a document that is on hold.",
        lambda service, access, document_id, _reason: service.take_back(
            access, document_id, {DecisionKind.HOLD}
        ),
        takes_reason=False,
    ),
    _command(
        "delete",
        "Delete a document of which nothing was sent; it can be restored.",
        lambda service, access, document_id, reason: service.delete(access, document_id, reason),
    ),
    _command(
        "restore",
        "Restore a document that was deleted.",
        lambda service, access, document_id, _reason: service.take_back(
            access, document_id, {DecisionKind.DELETE}
        ),
        takes_reason=False,
    ),
    _command(
        "approve",
        "Approve a document whose type and amount need it.",
        lambda service, access, document_id, _reason: service.approve(access, document_id),
        takes_reason=False,
    ),
    document_move,
    document_undo,
)
