"""`ionport mapping add`."""

from __future__ import annotations

from pathlib import Path

import click

from ionport.application import Application
from ionport.cli.opening import (
    ALL,
    OPERATOR,
    documents_side,
    find_by_name,
    opened,
    organization_scope,
)
from ionport.mappings.intake import prepare_mapping
from ionport.mappings.model import MappingKind


def mapping_id_of(application: Application, name: str, kind: MappingKind) -> str:
    """Return the id of the mapping file of `kind` that `name` names."""
    with application.database.read() as work:
        page = documents_side(application).mappings.list(
            work, organization_scope(application), ALL, kind
        )
    return find_by_name({item.id: item.name for item in page.items}, name, "mapping file")


@click.group()
def mapping() -> None:
    """Document side: mapping files."""


@mapping.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", help="Name; default: the file's. The same name makes a new version.")
@click.pass_context
def mapping_add(ctx: click.Context, file: Path, name: str | None) -> None:
    """Add a mapping FILE (IDM or BOD), or a new version of it, and show what the linter finds."""
    with opened(ctx) as application:
        prepared = prepare_mapping(file.read_bytes())
        with application.database.write() as work:
            version = documents_side(application).mappings.add(
                work, organization_scope(application), OPERATOR, name or file.name, prepared
            )
        click.echo(f"{version.mapping_name}, version {version.number} ({version.kind.label}).")
        for finding in version.findings:
            where = f"line {finding.line}: " if finding.line else ""
            click.echo(
                f"  {finding.severity.value}: {where}{finding.text} {finding.remedy}".rstrip()
            )
