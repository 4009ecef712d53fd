"""`ionport organization create|list`."""

from __future__ import annotations

import click

from ionport.cli.opening import OPERATOR, opened, user_named
from ionport.cli.output import as_json_option, print_json, print_page, whole
from ionport.identity.model import Organization


@click.group()
def organization() -> None:
    """Document side: create and list organizations."""


@organization.command("create")
@click.argument("name")
@click.option(
    "--administrator", metavar="USERNAME", required=True, help="Who becomes its administrator."
)
@as_json_option
@click.pass_context
def organization_create(ctx: click.Context, name: str, administrator: str, as_json: bool) -> None:
    """Create a further organization, apart from the others in everything.

    Below the roots for watched folders and exports it has a folder of its id for itself; the first
    organization keeps its folders where they are. Commands act on the first organization; the
    others are worked in on the pages and over the JSON API.
    """
    with opened(ctx) as application, application.database.write() as work:
        user = user_named(application, work, administrator)
        made = application.identity.create_organization(work, OPERATOR, name, user.id)
    if as_json:
        print_json(_row(made))
    else:
        click.echo(f"Created organization {made.name} ({made.id}).")


@organization.command("list")
@as_json_option
@click.pass_context
def organization_list(ctx: click.Context, as_json: bool) -> None:
    """List the organizations (at most 500), oldest first; commands act on the first."""
    with opened(ctx) as application, application.database.read() as work:
        page = whole(application.identity.list_organizations(work))
    print_page(page, _row, as_json=as_json, shown=("organization", "name"), empty="")


def _row(item: Organization) -> dict[str, str]:
    return {"organization": item.id, "name": item.name}
