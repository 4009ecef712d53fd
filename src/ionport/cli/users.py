"""`ionport setup-link`, `ionport user add|list|grant|reset`."""

from __future__ import annotations

import sys

import click

from ionport.application import Application
from ionport.cli.opening import OPERATOR, opened, tenant_option, tenant_scope, user_named
from ionport.cli.output import as_json_option, paged, print_json, print_page
from ionport.core.errors import InvalidInput, NotFound
from ionport.core.paging import PageRequest
from ionport.core.secrets import Secret
from ionport.identity.access import Access
from ionport.identity.accounts.model import MadeLink
from ionport.identity.members.model import Member, MemberQuery
from ionport.identity.model import OrganizationRole, TenantRole
from ionport.identity.service import NewUser
from ionport.store import TenantScope

_MEMBER_SHOWN = ("username", "name", "email", "role", "disabled", "last_sign_in")


@click.command("setup-link")
@click.pass_context
def setup_link(ctx: click.Context) -> None:
    """Print a new one-time link that makes the first administrator; older links end."""
    with opened(ctx) as application:
        with application.database.write() as work:
            token = application.setup.make_setup_link(work)
        click.echo(f"{application.settings.origin}/set-up/{token.reveal()}")


@click.group()
def user() -> None:
    """Add and list users, give roles, reset passwords."""


def _read_password(*, from_stdin: bool) -> Secret:
    if from_stdin:
        return Secret(sys.stdin.readline().rstrip("\n"))
    return Secret(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@user.command("add")
@click.argument("username")
@click.option("--name", default="", help="Full name.")
@click.option("--email", default="", help="E-mail address.")
@click.option("--administrator", is_flag=True, help="Administrator of tenant and organization.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option(
    "--link", is_flag=True, help="Print a one-time link, with which the user chooses a password."
)
@as_json_option
@click.pass_context
def user_add(
    ctx: click.Context,
    username: str,
    name: str,
    email: str,
    administrator: bool,
    password_stdin: bool,
    link: bool,
    as_json: bool,
) -> None:
    """Add a user to the first tenant and organization."""
    with opened(ctx) as application:
        identity = application.identity
        password_hash = (
            identity.hash_of_nothing()
            if link
            else identity.hash_password(_read_password(from_stdin=password_stdin))
        )
        made_link = None
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
            if link:
                made_link = application.accounts.make_operator_link(work, OPERATOR, made.username)
    shown = {"link": made_link.address(application.settings.origin)} if made_link else {}
    if as_json:
        print_json({**_row(Member(made, tenant_role)), **shown})
        return
    click.echo(f"Added {made.username} ({role.value}).")
    if made_link:
        _print_link(application, made_link)


def _print_link(application: Application, made: MadeLink) -> None:
    until = made.expires_at.strftime("%Y-%m-%d %H:%M UTC")
    click.echo(f"{made.user.username} chooses a password here, once, until {until}:")
    click.echo(made.address(application.settings.origin))


@user.command("list")
@tenant_option
@click.option("--text", default="", help="Part of username, name or e-mail address.")
@paged
@as_json_option
@click.pass_context
def user_list(
    ctx: click.Context, tenant: str | None, text: str, page: int, per_page: int, as_json: bool
) -> None:
    """List the users of a tenant, by username."""
    query = MemberQuery(text=text, page=PageRequest(page, per_page))
    with opened(ctx) as application:
        scope = tenant_scope(application, tenant)
        with application.database.read() as work:
            found = application.members.list_members(Access(work, scope, OPERATOR), query)
    empty = "No such users. Add one with: ionport user add USERNAME"
    print_page(found, _row, as_json=as_json, shown=_MEMBER_SHOWN, empty=empty)


@user.command("grant")
@click.argument("username")
@tenant_option
@click.option(
    "--tenant-role",
    type=click.Choice([role.value for role in TenantRole], case_sensitive=False),
    help="Role in the tenant.",
)
@click.option(
    "--organization-role",
    type=click.Choice([role.value for role in OrganizationRole], case_sensitive=False),
    help="Role in the organization of the document side.",
)
@as_json_option
@click.pass_context
def user_grant(
    ctx: click.Context,
    username: str,
    tenant: str | None,
    tenant_role: str | None,
    organization_role: str | None,
    as_json: bool,
) -> None:
    """Give a user a role in a tenant, in the organization, or in both."""
    if not tenant_role and not organization_role:
        raise click.UsageError("Name --tenant-role, --organization-role or both.")
    row = {"username": username, "tenant": "", "tenant_role": "", "organization_role": ""}
    with opened(ctx) as application:
        scope = tenant_scope(application, tenant)
        with application.database.write() as work:
            found = user_named(application, work, username)
            row["username"] = found.username
            if tenant_role:
                _set_tenant_role(
                    application, Access(work, scope, OPERATOR), found.id, TenantRole(tenant_role)
                )
                row |= {"tenant": scope.tenant_id, "tenant_role": tenant_role}
            if organization_role:
                application.identity.set_organization_role(
                    work,
                    OPERATOR,
                    found.id,
                    application.organization.id,
                    OrganizationRole(organization_role),
                )
                row["organization_role"] = organization_role
    if as_json:
        print_json(row)
        return
    if tenant_role:
        click.echo(f"{found.username} has the role {tenant_role} in {scope.tenant_id}.")
    if organization_role:
        click.echo(f"{found.username} has the role {organization_role} in the organization.")


def _set_tenant_role(
    application: Application, access: Access[TenantScope], user_id: str, role: TenantRole
) -> None:
    try:
        # A user who is a member already may be the tenant's last administrator.
        application.members.set_role(access, user_id, role)
    except NotFound:
        application.identity.set_tenant_role(
            access.work, access.actor, user_id, access.scope.tenant_id, role
        )


@user.command("reset")
@click.argument("username")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Set the password read from standard input instead; ends all sessions.",
)
@click.option("--second-factor", is_flag=True, help="Switch the second factor off instead.")
@click.pass_context
def user_reset(
    ctx: click.Context, username: str, password_stdin: bool, second_factor: bool
) -> None:
    """Print a one-time link with which the user chooses a new password.

    All sessions of the user end when the link is used.
    """
    with opened(ctx) as application:
        if second_factor:
            with application.database.write() as work:
                changed, was_on = application.accounts.switch_factor_off_for(
                    work, OPERATOR, username
                )
            state = "is off; open sessions have ended" if was_on else "was off already"
            click.echo(f"The second factor of {changed.username} {state}.")
            return
        if not password_stdin:
            with application.database.write() as work:
                made = application.accounts.make_operator_link(work, OPERATOR, username)
            _print_link(application, made)
            return
        password_hash = application.identity.hash_password(_read_password(from_stdin=True))
        with application.database.write() as work:
            changed = application.identity.reset_password(work, OPERATOR, username, password_hash)
        click.echo(f"The password of {changed.username} is set; open sessions have ended.")


@user.command("openid")
@click.argument("username")
@click.option("--subject", help="The person's `sub` at the provider: bind it to the user.")
@click.option("--forget", is_flag=True, help="Forget the user's accounts at providers.")
@click.pass_context
def user_openid(ctx: click.Context, username: str, subject: str | None, forget: bool) -> None:
    """Say who a user is at the OpenID Connect provider of the settings."""
    if bool(subject) == forget:
        raise click.UsageError("Name --subject or --forget.")
    with opened(ctx) as application:
        if application.openid is None:
            raise InvalidInput("No provider is set: see IONPORT_OPENID_ISSUER.")
        with application.database.write() as work:
            if subject:
                found = application.openid.bind(work, OPERATOR, username, subject)
                click.echo(f"{found.username} signs in as {subject} of the provider.")
            else:
                count = application.openid.unbind(work, OPERATOR, username)
                click.echo(f"Forgotten: {count}.")


def _row(member: Member) -> dict[str, object]:
    last = member.user.last_sign_in_at
    return {
        "id": member.user.id,
        "username": member.user.username,
        "name": member.user.full_name,
        "email": member.user.email,
        "role": member.role.value,
        "disabled": member.user.is_disabled,
        "last_sign_in": last.isoformat(timespec="seconds") if last else "",
    }
