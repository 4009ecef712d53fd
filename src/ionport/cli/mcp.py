"""`ionport mcp`: a server of the Model Context Protocol for programs on this machine."""

from __future__ import annotations

import click

from ionport.cli.errors import packages_missing


@click.command()
@click.option(
    "--user", "username", help="Read with this user's rights; default: those of the operator."
)
@click.pass_context
def mcp(ctx: click.Context, username: str | None) -> None:
    """Serve read-only tools by the Model Context Protocol, on standard input and output.

    A program that speaks the protocol starts this command itself. Its tools ask the manual,
    explain errors, list connections and their proofs, search IDM, read M3 and look into
    deliveries. Credentials stay sealed; each call stands in the audit log.
    """
    try:
        from ionport.mcp.server import serve
    except ModuleNotFoundError as error:
        raise packages_missing("mcp", error, "mcp") from error
    from ionport.cli.opening import documents_side, opened, organization_scope
    from ionport.core.errors import NotFound
    from ionport.identity.members.actors import actor_of_user
    from ionport.identity.model import Actor
    from ionport.mcp.tools import Tools
    from ionport.store import SystemScope

    with opened(ctx) as application:
        scope = organization_scope(application)
        actor = Actor.operator("MCP server")
        if username:
            with application.database.read() as work:
                user = application.identity.find_user(work, username)
                if user is None or user.is_disabled:
                    raise NotFound(f"There is no user {username!r} who may sign in.")
                actor = actor_of_user(work.within(SystemScope("the MCP server's user")), user)
            scope = actor.scope_in(scope.organization_id)
        serve(
            Tools(
                application.database,
                application.audit,
                documents_side(application),
                scope,
                actor,
            )
        )
