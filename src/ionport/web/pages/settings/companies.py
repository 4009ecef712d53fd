"""Companies: the buyers of invoices, with their numbers in Infor."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _, ngettext
from ionport.documents.companies.model import COMPANY_FIELDS, Company
from ionport.identity.edits import ChangedMeanwhile
from ionport.store import Work
from ionport.web.forms.declared import FieldKind, Form, FormField, Group
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import organization_trail
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_scope, organization_write, visit_of

MANUAL = "companies"

_MAIN = "main"
_TEXT = 200


def list_companies(request: Request) -> Response:
    """Show the organization's companies."""
    visit, scope = visit_of(request), organization_scope(request)
    with visit.services.database.read() as work:
        found = documents_of(request).companies.list(work.within(scope))
        places = _places(request, work)
    context = {"companies": found, "places": places}
    return render(request, "settings/companies/list.html", context)


def _places(request: Request, work: Work) -> Mapping[str, str]:
    """Return the sub-organizations by id, with their names."""
    identity, scope = visit_of(request).services.identity, organization_scope(request)
    return {one.id: one.name for one in identity.list_sub_organizations(work.within(scope))}


def add_form(request: Request) -> Response:
    """Show the empty form of a company."""
    scope = organization_scope(request)
    visit_of(request).actor.require_organization_administrator(scope.organization_id)
    return _add_page(request, {}, {})


def add(request: Request) -> Response:
    """Add a company, and a sub-organization for its documents where none is chosen."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    with visit.services.database.read() as work:
        form = _form(_free_places(request, work))
    values = form.sent(visit.form)
    try:
        form.check(values)
        with visit.write(scope) as access:
            company = documents_of(request).companies.add(
                access,
                _of_company(values),
                sub_organization_id=None if values["place"] == _MAIN else values["place"] or None,
                is_main=values["place"] == _MAIN,
            )
    except (InvalidInput, Conflict) as error:
        return _add_page(request, values, errors_of(error), error.status)
    text = _("{name} is added. Invoices that wait are judged anew.")
    return redirect(request, _url(request, company.id), text=text.format(name=company.name))


def _add_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    with visit.services.database.read() as work:
        form = _form(_free_places(request, work))
        is_first = not documents_of(request).companies.list(work.within(scope))
    if is_first:
        # The configurations that there are deliver for the organization itself.
        values = {"place": _MAIN, **values}
    context = {"form": form, "values": values, "errors": errors, "is_first": is_first}
    return render(request, "settings/companies/add.html", context, status=status)


def _free_places(request: Request, work: Work) -> list[tuple[str, str]]:
    """Return where a company may be put: what has none yet, and the organization itself."""
    known = documents_of(request).companies.list(work.within(organization_scope(request)))
    taken = {company.sub_organization_id for company in known}
    places = [each for each in _places(request, work).items() if each[0] not in taken]
    main = [] if None in taken else [(_MAIN, _("The organization itself"))]
    return [*main, *places]


def show(request: Request) -> Response:
    """Show a company; administrators change it here."""
    return _detail_page(request, None, {})


def save(request: Request) -> Response:
    """Keep the changed values of a company."""
    visit, scope = visit_of(request), organization_scope(request)
    service, company_id = documents_of(request).companies, str(request.path_params["company"])
    form = _form()
    values = form.sent(visit.form)
    try:
        form.check(values)
        with visit.write(scope) as access:
            # Checked before anything is compared: without the right a person learns nothing of it.
            visit.actor.require_organization_administrator(scope.organization_id)
            require_unchanged(
                request,
                access,
                company_id,
                lambda: service.get(access, company_id).values,
            )
            company = service.change(access, company_id, values)
    except (InvalidInput, ChangedMeanwhile) as error:
        return _detail_page(request, values, errors_of(error), error.status)
    text = _("{name} is saved.").format(name=company.name)
    return redirect(request, _url(request, company_id), text=text)


def _detail_page(
    request: Request,
    values: Mapping[str, str] | None,
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    side = documents_of(request)
    with visit.services.database.read() as work:
        access = work.within(scope)
        company = side.companies.get(access, request.path_params["company"])
        context = {
            "company": company,
            "form": _form(),
            "values": company.values if values is None else values,
            "errors": errors,
            "place": _places(request, work).get(company.sub_organization_id or "", ""),
            "count": side.documents.count_of_place(access, company.sub_organization_id),
            "trail": organization_trail(request, work, [company.id]),
        }
    if request.method == "GET":
        show_stored(request, company.values)
    return render(request, "settings/companies/detail.html", context, status=status)


def delete_form(request: Request) -> Response:
    """Ask before a company is deleted, and say what follows."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    with visit.services.database.read() as work:
        company = documents_of(request).companies.get(
            work.within(scope), request.path_params["company"]
        )
        points = _consequences(request, work, company)
    crumbs = [
        (_("Settings"), path_to(request, "settings")),
        (_("Companies"), path_to(request, "companies")),
        (company.name, _url(request, company.id)),
    ]
    heading = _("Delete {name}?").format(name=company.name)
    texts = [_("What is known of the company is deleted.")]
    return ask_first(request, heading, texts, _("Delete"), crumbs=crumbs, points=points)


def _consequences(request: Request, work: Work, company: Company) -> list[str]:
    side, scope = documents_of(request), organization_scope(request)
    access = work.within(scope)
    count = side.documents.count_of_place(access, company.sub_organization_id)
    is_last = len(side.companies.list(access)) == 1
    place = _places(request, work).get(company.sub_organization_id or "")
    if place is None:
        where = ngettext(
            "{n} document stays with the organization itself.",
            "{n} documents stay with the organization itself.",
            count,
        )
    else:
        where = ngettext(
            "{n} document stays in the sub-organization {place}, which stays too.",
            "{n} documents stay in the sub-organization {place}, which stays too.",
            count,
        )
    return [
        where.format(n=count, place=place),
        _("Mapping files that name its accounting entity, company or division get no value."),
        _("It is the last one: invoices are compared with no company from then on.")
        if is_last
        else _("Invoices addressed to it hold from then on, because they are for no company."),
    ]


def delete(request: Request) -> Response:
    """Delete a company."""
    service, company_id = documents_of(request).companies, request.path_params["company"]
    with organization_write(request) as access:
        company = service.get(access, company_id)
        service.delete(access, company_id)
    text = _("{name} is deleted.").format(name=company.name)
    return redirect(request, path_to(request, "companies"), text=text)


def _form(places: list[tuple[str, str]] | None = None) -> Form:
    """Return the fields; `places` are offered where a new company is made."""
    known = Group(
        _("What invoices call it"),
        [
            FormField("name", _("Name"), required=True, limit=_TEXT),
            FormField("vat_id", _("VAT id"), limit=20, placeholder="DE123456789"),
            FormField("tax_number", _("Tax number"), limit=_TEXT),
            FormField("gln", _("GLN"), limit=20, help=_("Global Location Number, 13 digits.")),
        ],
    )
    address = Group(
        _("Address"),
        [
            FormField("street", _("Street"), limit=_TEXT),
            FormField("postal_code", _("Postal code"), limit=20),
            FormField("city", _("City"), limit=_TEXT),
            FormField("country_code", _("Country"), limit=2, placeholder="DE"),
        ],
    )
    infor = Group(
        _("What Infor calls it"),
        [
            FormField(
                "accounting_entity", _("Accounting Entity"), limit=100, placeholder="001_100"
            ),
            FormField("cono", _("M3 company (CONO)"), limit=3),
            FormField("divi", _("M3 division (DIVI)"), limit=3),
            FormField("ln_company", _("LN company"), limit=4),
        ],
    )
    if places is None:
        return Form([known, address, infor])
    place = FormField(
        "place",
        _("Its documents belong to"),
        FieldKind.CHOICE,
        choices=places,
        empty=_("A new sub-organization of its name"),
        help=_("A sub-organization decides on its own export configurations."),
    )
    return Form([known, address, infor, Group(_("Documents"), [place])])


def _of_company(values: Mapping[str, str]) -> dict[str, str]:
    return {name: values[name] for name in COMPANY_FIELDS}


def _url(request: Request, company_id: str) -> str:
    return path_to(request, "company", company=company_id)


_BASE = "/settings/companies"
_ONE = f"{_BASE}/{{company}}"
ROUTES = [
    Route(_BASE, list_companies, name="companies"),
    *form_routes(f"{_BASE}/new", add_form, add, name="company_add"),
    *form_routes(_ONE, show, save, name="company"),
    *form_routes(f"{_ONE}/delete", delete_form, delete, name="company_delete"),
]
