"""`ionport company add|list|show|change|delete`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ionport.cli.opening import OpenedDocuments, find_by_name, opened_documents
from ionport.cli.output import as_json_option, print_json, print_rows
from ionport.documents.companies.model import COMPANY_FIELDS, Company

Command = TypeVar("Command", bound=Callable[..., Any])

_SHOWN = ("name", "accounting_entity", "cono", "divi", "ln_company", "vat_id", "gln")
_HELP = {
    "name": "Name as invoices write it.",
    "accounting_entity": "Accounting entity in ION, such as 001_100.",
    "cono": "M3 company.",
    "divi": "M3 division.",
    "ln_company": "LN company.",
    "vat_id": "VAT id.",
    "tax_number": "Tax number.",
    "gln": "Global Location Number.",
    "street": "Street.",
    "postal_code": "Postal code.",
    "city": "City.",
    "country_code": "Country, two letters.",
}


def _with_values(command: Command) -> Command:
    for name in reversed([name for name in COMPANY_FIELDS if name != "name"]):
        command = click.option(f"--{name.replace('_', '-')}", name, help=_HELP[name])(command)
    return command


@click.group()
def company() -> None:
    """Document side: your companies, whom invoices may be addressed to."""


@company.command("add")
@click.argument("name")
@_with_values
@click.option("--sub-organization", help="Existing sub-organization; default: a new one.")
@click.option("--main", is_flag=True, help="Its documents belong to the organization itself.")
@as_json_option
@click.pass_context
def company_add(
    ctx: click.Context,
    /,
    name: str,
    sub_organization: str | None,
    main: bool,
    as_json: bool,
    **values: str | None,
) -> None:
    """Add a company with a sub-organization for its documents.

    From then on an invoice that is addressed to none of the companies holds.
    """
    if main and sub_organization:
        raise click.UsageError("--main and --sub-organization exclude each other.")
    with opened_documents(ctx) as documents, documents.write() as access:
        known = {}
        if sub_organization:
            found = documents.application.identity.list_sub_organizations(access)
            known = {one.id: one.name for one in found}
        added = documents.side.companies.add(
            access,
            {"name": name, **_given(values)},
            sub_organization_id=(
                find_by_name(known, sub_organization, "sub-organization")
                if sub_organization
                else None
            ),
            is_main=main,
        )
    _print(added, as_json=as_json)


@company.command("list")
@as_json_option
@click.pass_context
def company_list(ctx: click.Context, as_json: bool) -> None:
    """List the companies, by name."""
    with opened_documents(ctx) as documents, documents.read() as access:
        found = documents.side.companies.list(access)
    empty = "No companies. Add one with: ionport company add NAME --vat-id …"
    print_rows([_row(one) for one in found], as_json=as_json, shown=_SHOWN, empty=empty)


@company.command("show")
@click.argument("company")
@as_json_option
@click.pass_context
def company_show(ctx: click.Context, company: str, as_json: bool) -> None:
    """Show a COMPANY, named by name or id."""
    with opened_documents(ctx) as documents:
        found = _found(documents, company)
    _print(found, as_json=as_json)


@company.command("change")
@click.argument("company")
@click.option("--name", help=_HELP["name"])
@_with_values
@as_json_option
@click.pass_context
def company_change(
    ctx: click.Context, /, company: str, as_json: bool, **values: str | None
) -> None:
    """Change what the options name; an empty text removes a value."""
    with opened_documents(ctx) as documents:
        found = _found(documents, company)
        with documents.write() as access:
            changed = documents.side.companies.change(access, found.id, _given(values))
    _print(changed, as_json=as_json)


@company.command("delete")
@click.argument("company")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
@click.pass_context
def company_delete(ctx: click.Context, company: str, yes: bool, as_json: bool) -> None:
    """Delete a company; its sub-organization and its documents stay."""
    with opened_documents(ctx) as documents:
        found = _found(documents, company)
        if not yes:
            click.confirm(f"Delete the company {found.name}?", abort=True)
        with documents.write() as access:
            documents.side.companies.delete(access, found.id)
    if as_json:
        print_json({"id": found.id, "name": found.name})
    else:
        click.echo(f"Deleted {found.name}.")


def _found(documents: OpenedDocuments, wanted: str) -> Company:
    with documents.read() as access:
        known = documents.side.companies.list(access)
    found = find_by_name({one.id: one.name for one in known}, wanted, "company")
    return next(one for one in known if one.id == found)


def _given(values: dict[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in values.items() if text is not None}


def _row(company: Company) -> dict[str, Any]:
    return {
        "id": company.id,
        "sub_organization": company.sub_organization_id,
        **company.values,
        "updated": company.updated_at.isoformat(timespec="seconds"),
        "by": company.updated_by,
    }


def _print(company: Company, *, as_json: bool) -> None:
    row = _row(company)
    if as_json:
        print_json(row)
        return
    for name, value in row.items():
        if value:
            click.echo(f"{name.replace('_', ' ')}: {value}")
