"""Suppliers as master data: list, CSV import and export, known accounts, deletion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, TooLarge
from ionport.core.i18n import _, ngettext
from ionport.documents.suppliers.csv_file import MAX_BYTES, RefusedLines, read_suppliers
from ionport.documents.suppliers.model import COLUMNS, MAX_SUPPLIERS, Supplier, SupplierImport
from ionport.documents.suppliers.service import account_unknown
from ionport.identity.groups.permissions import Permission
from ionport.web.forms.fields import each_upload, errors_of, text_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.downloads import attachment
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import organization_trail
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "suppliers"


def list_suppliers(request: Request) -> Response:
    """Show the suppliers, by number."""
    state = ListState.of(request, sorts=["number"])
    with organization_read(request) as access:
        found = documents_of(request).suppliers.list(access, state.request, state.filters["q"])
        may_fetch = access.may(Permission.MANAGE_CONNECTIONS)
    context = {"state": state, "page_of": found, "may_fetch": may_fetch}
    return render(request, "settings/suppliers/list.html", context)


def import_form(request: Request) -> Response:
    """Show the form that takes a CSV file."""
    scope = organization_scope(request)
    visit_of(request).actor.require_organization_administrator(scope.organization_id)
    return _import_page(request)


def import_file(request: Request) -> Response:
    """Import a CSV file, all lines or none; or show what it would change."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    service, is_check = documents_of(request).suppliers, text_of(visit.form, "action") == "check"
    file = next(each_upload(visit.form, "file", MAX_BYTES), None)
    if file is None:
        return _import_page(request, error=_("Choose a CSV file."), status=422)
    try:
        lines = read_suppliers(file.content)
        if is_check:
            with visit.read(scope) as access:
                found = service.compare(access, lines)
        else:
            with visit.write(scope) as access:
                found = service.store(access, lines)
    except RefusedLines as error:
        return _import_page(request, mistakes=error.mistakes, status=error.status)
    except (InvalidInput, TooLarge, Conflict) as error:
        return _import_page(request, error=error.text, status=error.status)
    return _import_page(request, found=found, is_check=is_check)


def _import_page(
    request: Request,
    *,
    found: SupplierImport | None = None,
    is_check: bool = False,
    mistakes: Sequence[tuple[int, str]] = (),
    error: str = "",
    status: int = 200,
) -> Response:
    context = {
        "columns": COLUMNS,
        "found": found,
        "is_check": is_check,
        "mistakes": mistakes,
        "error": error,
        "most": MAX_SUPPLIERS,
        "megabytes": MAX_BYTES // 1024 // 1024,
    }
    return render(request, "settings/suppliers/import.html", context, status=status)


def export(request: Request) -> Response:
    """Send all suppliers as a CSV file that can be imported again."""
    with organization_read(request) as access:
        text = "".join(documents_of(request).suppliers.export(access))
    # The byte order mark by which spreadsheets recognise UTF-8.
    return attachment(text.encode("utf-8-sig"), "suppliers.csv")


def show(request: Request) -> Response:
    """Show a supplier with the accounts that are known of it."""
    return _detail_page(request, {})


def _detail_page(request: Request, errors: Mapping[str, str], status: int = 200) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    service = documents_of(request).suppliers
    with visit.services.database.read() as work:
        access = work.within(scope)
        supplier = service.get(access, request.path_params["supplier"])
        context = {
            "supplier": supplier,
            "accounts": service.accounts(access, supplier.id),
            "typed": text_of(visit.form, "account"),
            "errors": errors,
            "trail": organization_trail(request, work, [supplier.id]),
        }
    return render(request, "settings/suppliers/detail.html", context, status=status)


def accept_account(request: Request) -> Response:
    """Add an account to the master data."""
    supplier_id, account = (
        request.path_params["supplier"],
        text_of(visit_of(request).form, "account"),
    )
    try:
        with organization_write(request) as access:
            accepted = documents_of(request).suppliers.accept_account(access, supplier_id, account)
    except InvalidInput as error:
        return _detail_page(request, errors_of(error), error.status)
    text = _("{account} is known now. Invoices that wait are judged anew.")
    return redirect(request, _url(request, supplier_id), text=text.format(account=accepted))


def remove_account_form(request: Request) -> Response:
    """Ask before an account is known no longer."""
    account = request.query_params.get("account", "")[:100]
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    service = documents_of(request).suppliers
    with visit.read(scope) as access:
        supplier = service.get(access, request.path_params["supplier"])
        known = [one.account for one in service.accounts(access, supplier.id)]
    if account not in known:
        raise account_unknown()
    if known == [account]:
        text = _(
            "It is the last known account: the next invoice counts as the first one of this"
            " supplier, and its account is a note that holds nothing."
        )
    else:
        text = _("An invoice that names it holds from then on, until somebody accepts it.")
    return ask_first(
        request,
        _("Remove the account {account}?").format(account=account),
        [text, _("Documents that were judged before keep their findings.")],
        _("Remove"),
        crumbs=_crumbs(request, supplier),
        action=path_to(request, "supplier_account_remove", supplier=supplier.id),
        hidden=[("account", account)],
    )


def remove_account(request: Request) -> Response:
    """Let an account be known no longer."""
    supplier_id, account = (
        request.path_params["supplier"],
        text_of(visit_of(request).form, "account"),
    )
    with organization_write(request) as access:
        documents_of(request).suppliers.remove_account(access, supplier_id, account)
    text = _("{account} is known no longer.").format(account=account)
    return redirect(request, _url(request, supplier_id), text=text)


def delete_form(request: Request) -> Response:
    """Ask before a supplier is deleted, and say what follows."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    service = documents_of(request).suppliers
    with visit.read(scope) as access:
        supplier = service.get(access, request.path_params["supplier"])
        accounts = service.accounts(access, supplier.id)
    gone = sum(one.is_master_data and one.document_id is None for one in accounts)
    kept = len(accounts) - gone
    counted = [
        ngettext(
            "{n} account is known no longer: an invoice that names it may hold.",
            "{n} accounts are known no longer: an invoice that names one may hold.",
            gone,
        ).format(n=gone),
        ngettext(
            "{n} account stays known, because an invoice made it known.",
            "{n} accounts stay known, because invoices made them known.",
            kept,
        ).format(n=kept),
    ]
    points = [
        *(text for text, count in zip(counted, (gone, kept), strict=True) if count),
        _("Documents stay as they are. An import that names the number adds the supplier anew."),
    ]
    heading = _("Delete {name}?").format(name=supplier.values.name)
    texts = [_("The supplier is deleted from the master data.")]
    crumbs = _crumbs(request, supplier)
    return ask_first(request, heading, texts, _("Delete"), crumbs=crumbs, points=points)


def delete(request: Request) -> Response:
    """Delete a supplier from the master data."""
    with organization_write(request) as access:
        supplier = documents_of(request).suppliers.delete(access, request.path_params["supplier"])
    text = _("{name} is deleted.").format(name=supplier.values.name)
    return redirect(request, path_to(request, "suppliers"), text=text)


def _crumbs(request: Request, supplier: Supplier) -> list[tuple[str, str | None]]:
    return [
        (_("Settings"), path_to(request, "settings")),
        (_("Suppliers"), path_to(request, "suppliers")),
        (supplier.values.name, _url(request, supplier.id)),
    ]


def _url(request: Request, supplier_id: str) -> str:
    return path_to(request, "supplier", supplier=supplier_id)


_BASE = "/settings/suppliers"
_ONE = f"{_BASE}/{{supplier}}"
_REMOVE = f"{_ONE}/accounts/remove"
ROUTES = [
    Route(_BASE, list_suppliers, name="suppliers"),
    *form_routes(f"{_BASE}/import", import_form, import_file, name="supplier_import"),
    Route(f"{_BASE}/suppliers.csv", export, name="supplier_export"),
    Route(_ONE, show, name="supplier"),
    Route(f"{_ONE}/accounts", accept_account, methods=["POST"], name="supplier_account_accept"),
    *form_routes(_REMOVE, remove_account_form, remove_account, name="supplier_account_remove"),
    *form_routes(f"{_ONE}/delete", delete_form, delete, name="supplier_delete"),
]
