"""`ionport tenant create|list`."""

from __future__ import annotations

import click

from ionport.cli.opening import OPERATOR, opened, user_named
from ionport.cli.output import as_json_option, print_json, print_page, whole
from ionport.identity.model import Tenant


@click.group()
def tenant() -> None:
    """Infor side: create and list tenants."""


@tenant.command("create")
@click.argument("tenant_id")
@click.option(
    "--administrator", metavar="USERNAME", required=True, help="Who becomes IONAPI-Administrator."
)
@as_json_option
@click.pass_context
def tenant_create(ctx: click.Context, tenant_id: str, administrator: str, as_json: bool) -> None:
    """Create a tenant such as ACME_TST; without an administrator nobody could use it."""
    with opened(ctx) as application, application.database.write() as work:
        user = user_named(application, work, administrator)
        made = application.identity.create_tenant(work, OPERATOR, tenant_id, user.id)
    if as_json:
        print_json(_row(made))
    else:
        click.echo(f"Created tenant {made.id}.")


@tenant.command("list")
@as_json_option
@click.pass_context
def tenant_list(ctx: click.Context, as_json: bool) -> None:
    """List the tenants (at most 200), by id."""
    with opened(ctx) as application, application.database.read() as work:
        page = whole(application.identity.list_tenants(work))
    shown = ("tenant", "environment", "created")
    print_page(page, _row, as_json=as_json, shown=shown, empty="")


def _row(item: Tenant) -> dict[str, str]:
    return {
        "tenant": item.id,
        "environment": item.environment,
        "created": item.created_at.isoformat(timespec="seconds"),
    }
