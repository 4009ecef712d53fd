"""`ionport app create|list`."""

from __future__ import annotations

import click

from ionport.cli.opening import (
    ALL,
    OPERATOR,
    as_json_option,
    infor_side,
    opened,
    print_json,
    tenant_option,
    tenant_scope,
)
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import (
    BACKEND_GRANT_TYPES,
    AppQuery,
    AppType,
    AuthorizedApp,
    GrantType,
)


@click.group()
def app() -> None:
    """Infor side: authorized apps."""


@app.command("create")
@click.argument("name")
@tenant_option
@click.option("--description", default="", help="What the app is for (default: its name).")
@click.option(
    "--grant-type",
    type=click.Choice([item.value for item in BACKEND_GRANT_TYPES]),
    default=GrantType.PASSWORD_CREDENTIALS.value,
)
@click.option("--access-token-seconds", type=int, default=7200, show_default=True)
@click.option("--issue-refresh-tokens", is_flag=True, help="Issue Refresh Tokens (default off).")
@click.option("--refresh-token-seconds", type=int, default=0, help="0 = never expires.")
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
            made = infor_side(application).apps.create_app(work, scope, OPERATOR, draft)
    if as_json:
        print_json(_app_row(made))
    else:
        click.echo(f"Created {made.name} with Client ID {made.client_id}.")
        click.echo("Next: ionport credentials download " + made.name)


@app.command("list")
@tenant_option
@click.option("--text", default="", help="Part of the name.")
@as_json_option
@click.pass_context
def app_list(ctx: click.Context, tenant: str | None, text: str, as_json: bool) -> None:
    """List authorized apps (the first 200)."""
    query = AppQuery(text=text, page=ALL)
    with opened(ctx) as application:
        scope = tenant_scope(application, tenant)
        with application.database.read() as work:
            page = infor_side(application).apps.list_apps(work, scope, OPERATOR, query)
    rows = [_app_row(item) for item in page.items]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['name']}\t{row['type']}\t{row['client_id']}")
    if not rows:
        click.echo("No authorized apps yet. Add one with: ionport app create NAME")


def _app_row(item: AuthorizedApp) -> dict[str, object]:
    return {
        "id": item.id,
        "name": item.name,
        "type": item.type.value,
        "client_id": item.client_id,
        "tenant": item.tenant_id,
        "issue_refresh_tokens": item.issue_refresh_tokens,
    }
