"""`ionport tenant create`."""

from __future__ import annotations

import click

from ionport.cli.opening import OPERATOR, opened
from ionport.core.errors import InvalidInput


@click.group()
def tenant() -> None:
    """Infor side: tenants."""


@tenant.command("create")
@click.argument("tenant_id")
@click.option("--administrator", metavar="USERNAME", help="Who becomes IONAPI-Administrator.")
@click.pass_context
def tenant_create(ctx: click.Context, tenant_id: str, administrator: str | None) -> None:
    """Create a tenant such as ACME_TST."""
    with opened(ctx) as application, application.database.write() as work:
        user = application.identity.find_user(work, administrator) if administrator else None
        if administrator and user is None:
            raise InvalidInput(f"There is no user {administrator!r}; add one with: user add")
        made = application.identity.create_tenant(
            work, OPERATOR, tenant_id, user.id if user else None
        )
        click.echo(f"Created tenant {made.id}.")
