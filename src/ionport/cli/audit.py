"""`ionport audit list`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from ionport.cli.opening import OPERATOR, opened, organization_scope, tenant_scope
from ionport.cli.output import as_json_option, print_rows
from ionport.core.paging import MAX_PER_PAGE
from ionport.identity.access import Access
from ionport.identity.model import AuditEntry, AuditQuery
from ionport.store import SystemScope

_SHOWN = ("at", "actor", "address", "action", "subject", "details")
_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
_DAY_SHOWN = "YYYY-MM-DD[THH:MM:SS]"


@click.group()
def audit() -> None:
    """List what was changed: who, when and from where."""


@audit.command("list")
@click.option("--tenant", help="Only of this tenant.")
@click.option("--organization", "of_organization", is_flag=True, help="Only of the organization.")
@click.option("--text", default="", help="Part of subject, person, address or details.")
@click.option("--person", default="", help="Who did it: the whole name.")
@click.option("--action", default="", help="What was done, such as user.created.")
@click.option("--since", type=_DAY, metavar=_DAY_SHOWN, help="From this day or moment on (UTC).")
@click.option(
    "--until",
    type=_DAY,
    metavar=_DAY_SHOWN,
    help="Until this day, whole, or before this moment (UTC).",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="How many changes to list at most.",
)
@as_json_option
@click.pass_context
def audit_list(
    ctx: click.Context,
    tenant: str | None,
    of_organization: bool,
    text: str,
    person: str,
    action: str,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    """List changes, the newest first: of everything unless an option narrows it down."""
    if tenant and of_organization:
        raise click.UsageError("Name --tenant or --organization, not both.")
    query = AuditQuery(text, person, action, _utc(since), _end(until))
    found: list[AuditEntry] = []
    with opened(ctx) as application, application.database.read() as work:
        access: Access[Any] = Access(work, SystemScope("audit list"), OPERATOR)
        if tenant:
            access = access.within(tenant_scope(application, tenant))
        elif of_organization:
            access = access.within(organization_scope(application))
        while len(found) < limit:
            size = min(limit - len(found), MAX_PER_PAGE)
            after = (found[-1].at, found[-1].id) if found else None
            read = application.audit.search(access, replace(query, after=after, limit=size))
            found += read[:size]
            if len(read) <= size:
                break
    rows = [_row(entry, as_json=as_json) for entry in found]
    print_rows(rows, as_json=as_json, shown=_SHOWN, empty="Nothing was noted that matches.")


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _end(moment: datetime | None) -> datetime | None:
    is_day = moment is not None and moment.time() == datetime.min.time() and moment.year < 9999
    return _utc(moment + timedelta(days=1) if moment is not None and is_day else moment)


def _row(entry: AuditEntry, *, as_json: bool) -> dict[str, object]:
    details = dict(entry.details)
    return {
        "id": entry.id,
        "at": entry.at.isoformat(timespec="seconds"),
        "scope": entry.scope,
        "actor": entry.actor_name,
        "actor_id": entry.actor_id,
        "address": entry.address,
        "action": entry.action,
        "subject": entry.subject,
        "details": details if as_json else "; ".join(f"{k} {v}" for k, v in details.items()),
    }
