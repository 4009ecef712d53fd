"""Watched folders and SFTP servers that documents are received from, with test and log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from ionport.core.i18n import _
from ionport.core.sftp.session import SftpAccount
from ionport.documents.intake.sources.model import MAX_NAME, IntakeSource, Stage
from ionport.store import Work
from ionport.web.forms.declared import FieldKind, Form, FormField, Group
from ionport.web.forms.fields import errors_of, secret_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, visit_of

MANUAL = "intake"

_MAX_PATH = 1_000


def list_sources(request: Request) -> Response:
    """Show the sources, and why one cannot be looked into."""
    visit, scope = visit_of(request), organization_scope(request)
    service = documents_of(request).sources
    with visit.services.database.read() as work:
        access = work.within(scope)
        context = {
            "sources": service.list(access),
            "can_add": service.root_of(access) is not None,
            "places": _places(request, work),
        }
    return render(request, "settings/watched_folders/list.html", context)


def add_form(request: Request) -> Response:
    """Show the empty form of a watched folder."""
    return _add_page(request, {}, {})


def add(request: Request) -> Response:
    """Have a folder watched."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    with visit.services.database.read() as work:
        form = _form(_places(request, work))
    values = form.sent(visit.form)
    paths = {name: values[name] for name in ("folder", "archive", "error") if values[name]}
    try:
        form.check(values)
        with visit.write(scope) as access:
            source = documents_of(request).sources.add_folder(
                access,
                values["name"],
                {"folder": "", **paths},
                values["sub_organization"] or None,
            )
    except (InvalidInput, Conflict) as error:
        return _add_page(request, values, errors_of(error), error.status)
    text = _("{name} is watched. Test it now.").format(name=source.name)
    return redirect(request, _url(request, source.id), text=text)


def _add_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    with visit.services.database.read() as work:
        root = documents_of(request).sources.root_of(work.within(scope))
        form = _form(_places(request, work))
    context = {"form": form, "values": values, "errors": errors, "root": root}
    return render(request, "settings/watched_folders/add.html", context, status=status)


def _form(places: Mapping[str, str]) -> Form:
    fields = [
        FormField("name", _("Name"), required=True, limit=MAX_NAME),
        FormField("folder", _("Watched folder"), required=True, limit=_MAX_PATH),
        FormField(
            "archive",
            _("Archive"),
            limit=_MAX_PATH,
            help=_("Where received files go; empty: archive in the watched folder."),
        ),
        FormField(
            "error",
            _("Errors"),
            limit=_MAX_PATH,
            help=_("Where refused files go, each with a note; empty: error in the watched folder."),
        ),
        FormField(
            "sub_organization",
            _("Sub-Organization"),
            FieldKind.CHOICE,
            choices=list(places.items()),
            empty=_("By the company that an invoice is addressed to"),
        ),
    ]
    return Form(fields)


def add_sftp_form(request: Request) -> Response:
    """Show the empty form of an SFTP server."""
    return _sftp_page(request, {"port": "22"}, {})


def add_sftp(request: Request) -> Response:
    """Have a folder of an SFTP server looked into."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    with visit.services.database.read() as work:
        form = _sftp_fields(_places(request, work))
    values = form.sent(visit.form)
    password, key = (secret_of(visit.form, name) for name in ("password", "private_key"))
    account = SftpAccount(
        host=values["host"],
        port=int(values["port"]) if values["port"].isdecimal() and len(values["port"]) < 6 else 0,
        username=values["username"],
        host_key=" ".join(values["host_key"].split()),
        secret=key if key.reveal().strip() else password,
    )
    service = documents_of(request).sources
    try:
        form.check(values)
        service.check_sftp(account)
        with visit.write(scope) as access:
            source = service.add_sftp(
                access,
                values["name"],
                account,
                {name: values[name] for name in ("folder", "archive", "error")},
                values["sub_organization"] or None,
            )
    except (InvalidInput, Conflict) as error:
        return _sftp_page(request, values, errors_of(error), error.status)
    except Unavailable as error:
        return _sftp_page(request, values, {"": error.text}, error.status)
    text = _("{name} is looked into once a minute. Test it now.").format(name=source.name)
    return redirect(request, _url(request, source.id), text=text)


def _sftp_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    with visit.services.database.read() as work:
        form = _sftp_fields(_places(request, work))
    others = {name: text for name, text in errors.items() if name != "secret"}
    secret_error = errors.get("secret", "")
    context = {"form": form, "values": values, "errors": others, "secret_error": secret_error}
    return render(request, "settings/watched_folders/add_sftp.html", context, status=status)


def _sftp_fields(places: Mapping[str, str]) -> Form:
    host_key = _(
        "The server's public key, such as ssh-ed25519 AAAA… Get it from whoever runs the server;"
        " another key is refused."
    )
    name, *others = _form(places).parts
    account = [
        FormField("host", _("Server"), required=True, limit=253, placeholder="sftp.example.com"),
        FormField("port", _("Port"), FieldKind.NUMBER, required=True),
        FormField("username", _("User name"), required=True, limit=200),
        FormField("host_key", _("Host key"), FieldKind.LINES, required=True, help=host_key),
    ]
    return Form([name, Group(_("Server"), account), *others])


def _places(request: Request, work: Work) -> Mapping[str, str]:
    identity, scope = visit_of(request).services.identity, organization_scope(request)
    return {one.id: one.name for one in identity.list_sub_organizations(work.within(scope))}


def show(request: Request) -> Response:
    """Show a source and the results for its newest files."""
    return _detail_page(request, _source(request), ())


def test(request: Request) -> Response:
    """Try everything that is done with the files of a source, and show how it went."""
    scope = organization_scope(request)
    visit_of(request).actor.require_organization_administrator(scope.organization_id)
    source = _source(request)
    return _detail_page(request, source, documents_of(request).sources.test(source))


def _detail_page(request: Request, source: IntakeSource, stages: Sequence[Stage]) -> Response:
    visit, scope = visit_of(request), organization_scope(request)
    with visit.services.database.read() as work:
        entries = documents_of(request).sources.log(work.within(scope), source.id)
        place = _places(request, work).get(source.sub_organization_id or "", "")
    context = {"source": source, "entries": entries, "stages": stages, "place": place}
    return render(request, "settings/watched_folders/detail.html", context)


def remove_form(request: Request) -> Response:
    """Ask before a source is watched no longer."""
    scope = organization_scope(request)
    visit_of(request).actor.require_organization_administrator(scope.organization_id)
    source = _source(request)
    crumbs = [
        (_("Settings"), path_to(request, "settings")),
        (_("Watched folders"), path_to(request, "watched_folders")),
        (source.name, _url(request, source.id)),
    ]
    points = [
        _("Files that come into it stay there and become no documents."),
        _("Its log is deleted; documents and archived files stay."),
    ]
    heading = _("Watch {name} no longer?").format(name=source.name)
    return ask_first(request, heading, [], _("Remove"), crumbs=crumbs, points=points)


def remove(request: Request) -> Response:
    """Watch a source no longer."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    source = _source(request)
    with visit.write(scope) as access:
        documents_of(request).sources.remove(access, source.id)
    text = _("{name} is watched no longer.").format(name=source.name)
    return redirect(request, path_to(request, "watched_folders"), text=text)


def _source(request: Request) -> IntakeSource:
    """Return the source with the id in the path; raises NotFound."""
    with organization_read(request) as access:
        for source in documents_of(request).sources.list(access):
            if source.id == request.path_params["source"]:
                return source
    raise NotFound(_("There is no such watched folder."))


def _url(request: Request, source_id: str) -> str:
    return path_to(request, "watched_folder", source=source_id)


_BASE = "/settings/watched-folders"
_ONE = f"{_BASE}/{{source}}"
ROUTES = [
    Route(_BASE, list_sources, name="watched_folders"),
    *form_routes(f"{_BASE}/new", add_form, add, name="watched_folder_add"),
    *form_routes(f"{_BASE}/new-sftp", add_sftp_form, add_sftp, name="watched_folder_add_sftp"),
    Route(_ONE, show, name="watched_folder"),
    Route(f"{_ONE}/test", test, methods=["POST"], name="watched_folder_test"),
    *form_routes(f"{_ONE}/remove", remove_form, remove, name="watched_folder_remove"),
]
