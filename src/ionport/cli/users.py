"""`ionport setup-link`, `ionport user add|reset`."""

from __future__ import annotations

import sys

import click

from ionport.cli.opening import OPERATOR, opened
from ionport.core.secrets import Secret
from ionport.identity.model import OrganizationRole, TenantRole
from ionport.identity.service import NewUser


@click.command("setup-link")
@click.pass_context
def setup_link(ctx: click.Context) -> None:
    """Print a new one-time link that makes the first administrator; older links die."""
    with opened(ctx) as application:
        with application.database.write() as work:
            token = application.setup.make_setup_link(work)
        click.echo(f"{application.settings.origin}/set-up/{token.reveal()}")


@click.group()
def user() -> None:
    """Add users, reset passwords."""


def _read_password(*, from_stdin: bool) -> Secret:
    if from_stdin:
        return Secret(sys.stdin.readline().rstrip("\n"))
    return Secret(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@user.command("add")
@click.argument("username")
@click.option("--name", default="", help="Full name.")
@click.option("--email", default="")
@click.option("--administrator", is_flag=True, help="Administrator of tenant and organization.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_context
def user_add(
    ctx: click.Context,
    username: str,
    name: str,
    email: str,
    administrator: bool,
    password_stdin: bool,
) -> None:
    """Add a user to the first tenant and organization."""
    with opened(ctx) as application:
        password_hash = application.identity.hash_password(
            _read_password(from_stdin=password_stdin)
        )
        tenant_role = TenantRole.IONAPI_ADMINISTRATOR if administrator else TenantRole.USER
        role = OrganizationRole.ADMINISTRATOR if administrator else OrganizationRole.USER
        with application.database.write() as work:
            made = application.identity.create_user(
                work, OPERATOR, NewUser(username, name, email), password_hash
            )
            application.identity.set_tenant_role(
                work, OPERATOR, made.id, application.tenant.id, tenant_role
            )
            application.identity.set_organization_role(
                work, OPERATOR, made.id, application.organization.id, role
            )
        click.echo(f"Added {made.username} ({role.value}).")


@user.command("reset")
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_context
def user_reset(ctx: click.Context, username: str, password_stdin: bool) -> None:
    """Set a new password; ends all sessions of the user."""
    with opened(ctx) as application:
        password_hash = application.identity.hash_password(
            _read_password(from_stdin=password_stdin)
        )
        with application.database.write() as work:
            changed = application.identity.reset_password(work, OPERATOR, username, password_hash)
        click.echo(f"The password of {changed.username} is set; open sessions have ended.")
