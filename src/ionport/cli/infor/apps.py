"""`ionport app create|list|rotate|delete`."""

from __future__ import annotations

from datetime import timedelta

import click

from ionport.application import Application
from ionport.cli.opening import OPERATOR, infor_side, opened, tenant_option, tenant_scope
from ionport.cli.output import as_json_option, paged, print_json, print_page
from ionport.core.errors import InvalidInput
from ionport.core.paging import PageRequest
from ionport.identity.access import Access
from ionport.identity.model import PasswordProof
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import (
    BACKEND_GRANT_TYPES,
    AppQuery,
    AppType,
    AuthorizedApp,
    GrantType,
)
from ionport.store import TenantScope

_SHOWN = ("name", "type", "client_id")


@click.group()
def app() -> None:
    """Infor side: create, list, rotate and delete authorized apps."""


@app.command("create")
@click.argument("name")
@tenant_option
@click.option("--description", default="", help="What the app is for (default: its name).")
@click.option(
    "--grant-type",
    type=click.Choice([item.value for item in BACKEND_GRANT_TYPES]),
    default=GrantType.PASSWORD_CREDENTIALS.value,
    show_default=True,
    help="How the app gets its tokens.",
)
@click.option(
    "--access-token-seconds",
    type=int,
    default=7200,
    show_default=True,
    help="How long an access token is valid.",
)
@click.option("--issue-refresh-tokens", is_flag=True, help="Issue Refresh Tokens (default off).")
@click.option(
    "--refresh-token-seconds",
    type=int,
    default=0,
    show_default=True,
    help="How long a refresh token is valid; 0: it never expires.",
)
@as_json_option
@click.pass_context
def app_create(
    ctx: click.Context,
    name: str,
    tenant: str | None,
    description: str,
    grant_type: str,
    access_token_seconds: int,
    issue_refresh_tokens: bool,
    refresh_token_seconds: int,
    as_json: bool,
) -> None:
    """Add an authorized app of type Backend Service."""
    draft = AppDraft(
        name=name,
        type=AppType.BACKEND_SERVICE,
        grant_type=GrantType(grant_type),
        description=description or name,
        access_token_seconds=access_token_seconds,
        issue_refresh_tokens=issue_refresh_tokens,
        refresh_token_seconds=refresh_token_seconds,
    )
    with opened(ctx) as application:
        scope = tenant_scope(application, tenant)
        with application.database.write() as work:
            made = infor_side(application).apps.create_app(Access(work, scope, OPERATOR), draft)
    if as_json:
        print_json(_app_row(made))
    else:
        click.echo(f"Created {made.name} with Client ID {made.client_id}.")
        click.echo("Next: ionport credentials download " + made.name)


@app.command("list")
@tenant_option
@click.option("--text", default="", help="Part of the name.")
@paged
@as_json_option
@click.pass_context
def app_list(
    ctx: click.Context, tenant: str | None, text: str, page: int, per_page: int, as_json: bool
) -> None:
    """List authorized apps, by name."""
    query = AppQuery(text=text, page=PageRequest(page, per_page))
    with opened(ctx) as application:
        scope = tenant_scope(application, tenant)
        with application.database.read() as work:
            found = infor_side(application).apps.list_apps(Access(work, scope, OPERATOR), query)
    empty = "No authorized apps yet. Add one with: ionport app create NAME"
    print_page(found, _app_row, as_json=as_json, shown=_SHOWN, empty=empty)


@app.command("rotate")
@click.argument("name")
@tenant_option
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="How long the old Secret works beside the new one.",
)
@as_json_option
@click.pass_context
def app_rotate(
    ctx: click.Context, name: str, tenant: str | None, overlap_hours: int, as_json: bool
) -> None:
    """Give an app a new Secret, and show it this once; tokens stay in force."""
    with opened(ctx) as application:
        scope = tenant_scope(application, tenant)
        with application.database.write() as work:
            access = Access(work, scope, OPERATOR)
            found = app_named(application, access, name)
            secret = infor_side(application).app_security.rotate_secret(
                access,
                found.id,
                PasswordProof.operator(application.clock.now()),
                timedelta(hours=overlap_hours),
            )
    if as_json:
        row = {"client_secret": secret.reveal(), "overlap_hours": overlap_hours}
        print_json(_app_row(found) | row)
        return
    click.echo(f"The new Secret of {found.name}, shown this once:")
    click.echo(f"  {secret.reveal()}")
    click.echo(f"The old one works for {overlap_hours} more hours.")


@app.command("delete")
@click.argument("name")
@tenant_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
@click.pass_context
def app_delete(ctx: click.Context, name: str, tenant: str | None, yes: bool, as_json: bool) -> None:
    """Delete an app with its secrets and service accounts; its tokens end at once."""
    with opened(ctx) as application:
        scope = tenant_scope(application, tenant)
        with application.database.read() as work:
            found = app_named(application, Access(work, scope, OPERATOR), name)
        if not yes:
            click.confirm(f"Delete {found.name} and end all its tokens?", abort=True)
        with application.database.write() as work:
            infor_side(application).apps.delete_app(Access(work, scope, OPERATOR), found.id)
    if as_json:
        print_json(_app_row(found))
    else:
        click.echo(f"Deleted {found.name}.")


def app_named(application: Application, access: Access[TenantScope], name: str) -> AuthorizedApp:
    """Return the tenant's app of this name, letter case aside; raises InvalidInput."""
    found = infor_side(application).apps.find_app_by_name(access, name)
    if found is None:
        raise InvalidInput(
            f"There is no authorized app named {name!r}. See them with: ionport app list"
        )
    return found


def _app_row(item: AuthorizedApp) -> dict[str, object]:
    return {
        "id": item.id,
        "name": item.name,
        "type": item.type.value,
        "client_id": item.client_id,
        "tenant": item.tenant_id,
        "issue_refresh_tokens": item.issue_refresh_tokens,
    }
