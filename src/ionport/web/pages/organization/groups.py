"""Groups of the organization: what their members may do with documents of which type."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _, ngettext
from ionport.documents.types import DOCUMENT_TYPES
from ionport.identity.edits import ChangedMeanwhile
from ionport.identity.groups.model import Group
from ionport.identity.groups.permissions import (
    EVERY_TYPE,
    OF_MEMBERS,
    OF_ORGANIZATION,
    Grant,
    Permission,
)
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import organization_trail
from ionport.web.routes import form_routes
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "groups"


def list_groups(request: Request) -> Response:
    """Show the groups with what they allow."""
    with organization_read(request) as access:
        groups = visit_of(request).services.groups.list(access)
    context = {"groups": groups, "permissions": list(Permission), "allowed": _allowed}
    return render(request, "organization/groups/list.html", context)


def _allowed(group: Group, permission: Permission) -> str:
    """Return with which document types a group allows something; empty for none."""
    kinds = group.rights.types(permission)
    if kinds is None:
        return _("yes") if permission in OF_ORGANIZATION else _("every type")
    return ", ".join(_label(kind) for kind in sorted(kinds))


def _label(kind: str) -> str:
    known = DOCUMENT_TYPES.get(kind)
    return known.label if known else kind


def add_form(request: Request) -> Response:
    """Show the empty form of a new group."""
    with visit_of(request).read(organization_scope(request)) as access:
        access.require_organization_administrator()
    everything = frozenset(Grant(one) for one in OF_MEMBERS)
    return _form_page(request, None, "", everything, {})


def add(request: Request) -> Response:
    """Make a group."""
    visit, scope = visit_of(request), organization_scope(request)
    name, grants = text_of(visit.form, "name"), _grants_of(visit.form)
    try:
        with visit.write(scope) as access:
            group = visit.services.groups.create(access, name, grants)
    except (InvalidInput, Conflict) as error:
        return _form_page(request, None, name, grants, errors_of(error), error.status)
    text = _("The group {name} is added. Put people into it on their pages.")
    return redirect(request, path_to(request, "colleagues"), text=text.format(name=group.name))


def show(request: Request) -> Response:
    """Show a group's form, and what was done about the group."""
    with organization_read(request) as access:
        group = visit_of(request).services.groups.get(access, str(request.path_params["group"]))
    show_stored(request, _stored(group))
    return _form_page(request, group, group.name, group.grants, {})


def change(request: Request) -> Response:
    """Give a group another name and other permissions."""
    visit, scope = visit_of(request), organization_scope(request)
    groups, group_id = visit.services.groups, str(request.path_params["group"])
    name, grants = text_of(visit.form, "name"), _grants_of(visit.form)
    try:
        with visit.write(scope) as access:
            stored = groups.get(access, group_id)
            require_unchanged(
                request, access, group_id, lambda: _stored(groups.get(access, group_id))
            )
            group = groups.change(access, group_id, name, grants)
    except (ChangedMeanwhile, InvalidInput) as error:
        return _form_page(request, stored, name, grants, errors_of(error), error.status)
    text = _("{name} is saved. What it allows holds from now on.").format(name=group.name)
    return redirect(request, path_to(request, "group", group=group_id), text=text)


def _form_page(
    request: Request,
    group: Group | None,
    name: str,
    grants: Collection[Grant],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    trail = []
    if group is not None:
        with visit_of(request).services.database.read() as work:
            trail = organization_trail(request, work, [group.id])
    context = {
        "group": group,
        "name": name,
        "errors": errors,
        "types": [("", _("Every type")), *((one, _label(one)) for one in DOCUMENT_TYPES)],
        "permissions": list(Permission),
        "of_organization": OF_ORGANIZATION,
        "ticked": {_box(grant) for grant in grants},
        "by_type": {grant.permission for grant in grants if grant.document_type != EVERY_TYPE},
        "trail": trail,
    }
    return render(request, "organization/groups/form.html", context, status=status)


def _box(grant: Grant) -> str:
    return f"{grant.permission.value}:{grant.document_type}"


def _grants_of(form: FormData) -> frozenset[Grant]:
    """Return the ticked permissions; values that no box of the page has are left out."""
    known, kinds = {one.value: one for one in Permission}, {EVERY_TYPE, *DOCUMENT_TYPES}
    found = set()
    for sent in form.getlist("grant"):
        permission, _colon, kind = sent.partition(":") if isinstance(sent, str) else ("", "", "")
        if permission in known and kind in kinds:
            found.add(Grant(known[permission], kind))
    return frozenset(found)


def _stored(group: Group) -> dict[str, str]:
    granted = ", ".join(sorted(map(_box, group.grants)))
    return {"name": group.name, ".grants": granted}


def delete_form(request: Request) -> Response:
    """Ask before a group is deleted."""
    with organization_read(request) as access:
        group = visit_of(request).services.groups.get(access, str(request.path_params["group"]))
    people = ngettext("{n} person is in it.", "{n} people are in it.", group.members)
    texts = [
        people.format(n=group.members) if group.members else _("Nobody is in it."),
        _(
            "Who is in no other group may then do everything with documents, as a member without"
            " groups may. Put them into another group first if that is too much."
        ),
    ]
    crumbs = [
        (_("Settings"), path_to(request, "settings")),
        (_("Groups"), path_to(request, "groups")),
        (group.name, path_to(request, "group", group=group.id)),
    ]
    heading = _("Delete the group {name}?").format(name=group.name)
    return ask_first(
        request, heading, texts if group.members else texts[:1], _("Delete"), crumbs=crumbs
    )


def delete(request: Request) -> Response:
    """Delete a group."""
    with organization_write(request) as access:
        visit_of(request).services.groups.delete(access, str(request.path_params["group"]))
    return redirect(request, path_to(request, "groups"), text=_("The group is deleted."))


_BASE = "/settings/groups"
ROUTES = [
    Route(_BASE, list_groups, name="groups"),
    *form_routes(f"{_BASE}/add", add_form, add, name="group_add"),
    *form_routes(f"{_BASE}/{{group}}", show, change, name="group"),
    *form_routes(f"{_BASE}/{{group}}/delete", delete_form, delete, name="group_delete"),
]
