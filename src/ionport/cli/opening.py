"""Opening the data folder for a command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import click

from ionport.application import Application, open_existing
from ionport.cli.serving.served_address import as_served
from ionport.core.errors import InvalidInput
from ionport.core.paging import PageRequest
from ionport.document_side import DocumentSide
from ionport.identity.access import Access
from ionport.identity.model import Actor, User
from ionport.infor_side import InforSide
from ionport.observe.logs import configure_logging
from ionport.settings import Settings
from ionport.settings_reading import load_settings
from ionport.store import OrganizationScope, TenantScope, Work

OPERATOR = Actor.operator()
ALL = PageRequest(per_page=200)

tenant_option = click.option("--tenant", help="Tenant id; default: the first tenant.")


def settings_of(ctx: click.Context, **overrides: object) -> Settings:
    """Read the settings, `--data` and the command's own options over them."""
    settings = load_settings(**{"data": ctx.obj["data"], **overrides})
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    if settings.tracing:
        _start_tracing()
    return settings


def _start_tracing() -> None:
    try:
        from ionport.observe.tracing import start_tracing
    except ModuleNotFoundError as error:
        raise InvalidInput(
            f"IONPORT_TRACING needs the extra 'otel' (missing: {error.name}). Install it from"
            " ionport's checkout: pip install '.[otel]'"
        ) from error
    start_tracing()


@contextmanager
def opened(ctx: click.Context) -> Iterator[Application]:
    """Open the data folder for the time of one command; makes none, and upgrades none.

    Addresses are those that the server of the folder serves.
    """
    application = open_existing(as_served(settings_of(ctx, log_level="WARNING")))
    try:
        yield application
    finally:
        application.close()


def infor_side(application: Application) -> InforSide:
    """Return the Infor side's services; raises InvalidInput on a documents-only data folder."""
    if application.infor is None:
        raise InvalidInput("This data folder serves the document side only (IONPORT_SIDE).")
    return application.infor


def documents_side(application: Application) -> DocumentSide:
    """Return the document side's services; raises InvalidInput on an Infor-only data folder."""
    if application.documents is None:
        raise InvalidInput("This data folder serves the Infor side only (IONPORT_SIDE).")
    return application.documents


@dataclass(frozen=True, slots=True)
class OpenedDocuments:
    """The document side of an open data folder, for the operator."""

    application: Application

    @property
    def side(self) -> DocumentSide:
        """Its services; raises InvalidInput on an Infor-only data folder."""
        return documents_side(self.application)

    @property
    def scope(self) -> OrganizationScope:
        return organization_scope(self.application)

    @contextmanager
    def read(self) -> Iterator[Access[OrganizationScope]]:
        """Open a transaction that only reads."""
        with self.application.database.read() as work:
            yield Access(work, self.scope, OPERATOR)

    @contextmanager
    def write(self) -> Iterator[Access[OrganizationScope]]:
        """Open a transaction that commits."""
        with self.application.database.write() as work:
            yield Access(work, self.scope, OPERATOR)


@contextmanager
def opened_documents(ctx: click.Context) -> Iterator[OpenedDocuments]:
    """Open the data folder as `opened`, for a command of the document side."""
    with opened(ctx) as application:
        yield OpenedDocuments(application)


def tenant_scope(application: Application, tenant: str | None) -> TenantScope:
    """Return the scope of `tenant`, or of the first one; raises NotFound for an unknown one."""
    scope = TenantScope(tenant or application.tenant.id)
    with application.database.read() as work:
        application.identity.get_tenant(work.within(scope))
    return scope


def organization_scope(application: Application) -> OrganizationScope:
    """Return the scope of the organization that the first start made."""
    return OrganizationScope(application.organization.id)


def user_named(application: Application, work: Work, username: str) -> User:
    """Return the user of that name; raises InvalidInput for an unknown one."""
    user = application.identity.find_user(work, username)
    if user is None:
        raise InvalidInput(f"There is no user {username!r}; add one with: ionport user add")
    return user


def find_by_name(items: Mapping[str, str], wanted: str, what: str) -> str:
    """Return the id among `items` (id → name) that `wanted` names, by id or by exact name.

    Raises:
        InvalidInput: none or several are named so.
    """
    if wanted in items:
        return wanted
    found = [item for item, name in items.items() if name.casefold() == wanted.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInput(f"Several {what}s are named {wanted!r}; name one by id: {found}.")
    known = ", ".join(repr(name) for name in sorted(items.values())) or "none"
    raise InvalidInput(f"There is no {what} named {wanted!r}. Known are: {known}.")
