"""Infor side: IDM's document types, as Document Manager → Administration has them.

Source: docs/reference/idm.md#data-model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.identity.access import Access
from ionport.sandbox.idm.datamodel.administration import (
    DocumentTypeService,
    ListedEntity,
    TypeQuery,
    removable_acl,
)
from ionport.sandbox.idm.datamodel.attribute_types import AttributeType
from ionport.sandbox.idm.datamodel.model import Acl, AttributeDefinition, describe
from ionport.store import Work
from ionport.web.forms.fields import errors_of
from ionport.web.pages.sandbox.idm_type_forms import definition_of, new_acl, new_attribute, new_type
from ionport.web.rendering.confirm import ask_first, tell_why_not
from ionport.web.rendering.form_page import show_form
from ionport.web.rendering.lists import ListState
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import trail_of
from ionport.web.routes import form_routes
from ionport.web.services import sandbox_of
from ionport.web.state import tenant_read, tenant_scope, visit_of

MANUAL = "sandbox-idm"

_SORTS = ("name", "items")
_SHOWN_VALUES = 5


def list_types(request: Request) -> Response:
    """Show the document types of the tenant's IDM."""
    state = ListState.of(request, sorts=_SORTS, filters=("q",))
    query = TypeQuery(
        text=state.filters["q"],
        by_items=state.sort == "items",
        descending=state.descending,
        page=state.request,
    )
    with tenant_read(request) as access:
        found = _types(request).list_types(access, query)
    return render(request, "sandbox/idm_types/list.html", {"state": state, "page_of": found})


def add_form(request: Request) -> Response:
    """Show the empty form of a new document type."""
    return _add_page(request, {}, {})


def add(request: Request) -> Response:
    """Add a document type."""
    values = new_type().sent(visit_of(request).form)

    def act(work: Work) -> None:
        _types(request).add_type(
            Access(work, tenant_scope(request), visit_of(request).actor),
            values["name"],
            values["description"],
            needs_acl=bool(values["needs_acl"]),
        )

    text = _("The document type is added. Give it its attributes now.")
    url = partial(_type_url, request, values["name"])
    return _save(request, _add_page, values, act, url, text)


def _add_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    _require_administrator(request)
    return show_form(
        request, new_type(), values, errors, heading=_("Add a document type"), button=_("Save"),
        crumbs=_crumbs(request), last=_("Add"), status=status,
    )  # fmt: skip


def show(request: Request) -> Response:
    """Show a document type with its attributes and ACLs."""
    listed = _listed(request)
    with visit_of(request).services.database.read() as work:
        trail = trail_of(request, work, [listed.entity.name])
    context = {**_context(listed), "trail": trail}
    return render(request, "sandbox/idm_types/detail.html", context)


def delete_form(request: Request) -> Response:
    """Ask before a document type is deleted."""
    listed = _listed(request)
    heading = _("Delete {name}?").format(name=listed.entity.name)
    if listed.items:
        text = _("It has items, so it can only be deleted once these are.")
        return tell_why_not(request, heading, [text], crumbs=_own_crumbs(request))
    text = _(
        "{name} goes with its attributes and ACLs. Clients that create or search its items are"
        " refused then."
    )
    return _ask_first(request, heading, [text.format(name=listed.entity.name)])


def delete(request: Request) -> Response:
    """Delete a document type of one's own."""
    name = _name(request)

    def act(work: Work) -> None:
        _types(request).remove_type(
            Access(work, tenant_scope(request), visit_of(request).actor), name
        )

    url = path_to(request, "document_types", tenant=tenant_scope(request).tenant_id)
    return _remove(request, act, url, _("The document type is deleted."))


def add_attribute_form(request: Request) -> Response:
    """Show the empty form of a new attribute."""
    return _attribute_page(request, {"type": "1", "is_searchable": "on"}, {})


def add_attribute(request: Request) -> Response:
    """Add an attribute to a document type."""
    values = new_attribute().sent(visit_of(request).form)

    def act(work: Work) -> None:
        definition = definition_of(values)
        _types(request).add_attribute(
            Access(work, tenant_scope(request), visit_of(request).actor), _name(request), definition
        )

    text = _("The attribute is added.")
    return _save(request, _attribute_page, values, act, partial(_own_url, request), text)


def _attribute_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    _require_administrator(request)
    heading = _("Add an attribute to {name}").format(name=_listed(request).entity.name)
    return show_form(
        request, new_attribute(), values, errors, heading=heading, button=_("Save"),
        crumbs=_own_crumbs(request), last=_("Add attribute"), status=status,
    )  # fmt: skip


def delete_attribute_form(request: Request) -> Response:
    """Ask before an attribute is deleted."""
    with tenant_read(request) as access:
        definition = _types(request).get_attribute(
            access, _name(request), request.path_params["attribute"]
        )
    text = _(
        "Items of {type} can no longer have {name}, and clients that send it or search for it are"
        " refused. An attribute that items have stays."
    ).format(type=_name(request), name=definition.name)
    return _ask_first(request, _("Delete {name}?").format(name=definition.name), [text])


def delete_attribute(request: Request) -> Response:
    """Delete an attribute that was added."""
    attribute = request.path_params["attribute"]

    def act(work: Work) -> None:
        _types(request).remove_attribute(
            Access(work, tenant_scope(request), visit_of(request).actor), _name(request), attribute
        )

    return _remove(request, act, _own_url(request), _("The attribute is deleted."))


def add_acl_form(request: Request) -> Response:
    """Show the empty form of a new ACL."""
    return _acl_page(request, {}, {})


def add_acl(request: Request) -> Response:
    """Add an ACL to a document type."""
    values = new_acl().sent(visit_of(request).form)

    def act(work: Work) -> None:
        acl = Acl(values["name"], values["description"])
        _types(request).add_acl(
            Access(work, tenant_scope(request), visit_of(request).actor), _name(request), acl
        )

    text = _("The ACL is added.")
    return _save(request, _acl_page, values, act, partial(_own_url, request), text)


def _acl_page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    _require_administrator(request)
    heading = _("Add an ACL to {name}").format(name=_listed(request).entity.name)
    return show_form(
        request, new_acl(), values, errors, heading=heading, button=_("Save"),
        crumbs=_own_crumbs(request), last=_("Add ACL"), status=status,
    )  # fmt: skip


def delete_acl_form(request: Request) -> Response:
    """Ask before an ACL is deleted."""
    with tenant_read(request) as access:
        acl = _types(request).get_acl(access, _name(request), request.path_params["acl"])
    text = _("Items of {type} can no longer have the ACL {name}. An ACL that items have stays.")
    heading = _("Delete {name}?").format(name=acl.name)
    return _ask_first(request, heading, [text.format(type=_name(request), name=acl.name)])


def delete_acl(request: Request) -> Response:
    """Delete an ACL that was added."""
    acl = request.path_params["acl"]

    def act(work: Work) -> None:
        _types(request).remove_acl(
            Access(work, tenant_scope(request), visit_of(request).actor), _name(request), acl
        )

    return _remove(request, act, _own_url(request), _("The ACL is deleted."))


def _ask_first(request: Request, heading: str, texts: list[str]) -> Response:
    return ask_first(request, heading, texts, _("Delete"), crumbs=_own_crumbs(request))


def _crumbs(request: Request) -> list[tuple[str, str | None]]:
    tenant = tenant_scope(request).tenant_id
    return [
        (_("ION API"), None),
        (_("Inspector"), path_to(request, "inspector", tenant=tenant)),
        (_("IDM document types"), path_to(request, "document_types", tenant=tenant)),
    ]


def _own_crumbs(request: Request) -> list[tuple[str, str | None]]:
    return [*_crumbs(request), (_name(request), _own_url(request))]


def _require_administrator(request: Request) -> None:
    visit_of(request).actor.require_tenant_administrator(tenant_scope(request).tenant_id)


def _save(
    request: Request,
    page: Callable[[Request, Mapping[str, str], Mapping[str, str], int], Response],
    values: Mapping[str, str],
    act: Callable[[Work], None],
    url: Callable[[], str],
    text: str,
) -> Response:
    """Do what a form asks for, or show it again with what is wrong."""
    try:
        with visit_of(request).services.database.write() as work:
            act(work)
    except InvalidInput as error:
        return page(request, values, errors_of(error), error.status)
    except Conflict as error:
        return page(request, values, {"name": error.text}, error.status)
    return redirect(request, url(), text=text)


def _remove(request: Request, act: Callable[[Work], None], url: str, text: str) -> Response:
    """Do what was confirmed, or say why it cannot be done."""
    try:
        with visit_of(request).services.database.write() as work:
            act(work)
    except Conflict as error:
        return redirect(request, _own_url(request), kind="danger", text=error.text)
    return redirect(request, url, text=text)


def _context(listed: ListedEntity) -> dict[str, object]:
    entity = listed.entity
    return {
        "entity": entity,
        "items": listed.items,
        "rules": {each.name: _rules(each) for each in entity.attributes.values()},
        "type_texts": {type_.value: describe(type_) for type_ in AttributeType},
        "own_acls": [acl.name for acl in entity.acls if removable_acl(entity, acl.name)],
    }


def _rules(definition: AttributeDefinition) -> list[str]:
    """Return what an attribute asks of its values, in words."""
    rules = [_("required")] if definition.is_required else []
    if definition.is_unique:
        rules.append(_("unique"))
    if not definition.is_searchable:
        rules.append(_("not searchable"))
    if definition.max_length is not None:
        rules.append(_("at most {count} letters").format(count=definition.max_length))
    if definition.values:
        shown = ", ".join(definition.values[:_SHOWN_VALUES])
        more = " …" if len(definition.values) > _SHOWN_VALUES else ""
        rules.append(_("one of {values}").format(values=shown + more))
    if definition.default:
        rules.append(_("default: {value}").format(value=definition.default))
    return rules


def _listed(request: Request) -> ListedEntity:
    with tenant_read(request) as access:
        return _types(request).get_type(access, _name(request))


def _types(request: Request) -> DocumentTypeService:
    return sandbox_of(request).document_types


def _name(request: Request) -> str:
    return str(request.path_params["document_type"])


def _own_url(request: Request) -> str:
    return _type_url(request, _name(request))


def _type_url(request: Request, name: str) -> str:
    tenant = tenant_scope(request).tenant_id
    return path_to(request, "document_type", tenant=tenant, document_type=name)


_BASE = "/ion-api/{tenant}/inspector/document-types"
_TYPE = f"{_BASE}/{{document_type}}"
_ATTRIBUTE = f"{_TYPE}/attributes/{{attribute}}"
_ACL = f"{_TYPE}/acls/{{acl}}"
ROUTES = [
    Route(_BASE, list_types, name="document_types"),
    *form_routes(f"{_BASE}/add", add_form, add, name="document_type_add"),
    Route(_TYPE, show, name="document_type"),
    *form_routes(f"{_TYPE}/delete", delete_form, delete, name="document_type_delete"),
    *form_routes(f"{_TYPE}/add-attribute", add_attribute_form, add_attribute, name="attribute_add"),
    *form_routes(f"{_TYPE}/add-acl", add_acl_form, add_acl, name="acl_add"),
    *form_routes(
        f"{_ATTRIBUTE}/delete", delete_attribute_form, delete_attribute, name="attribute_delete"
    ),
    *form_routes(f"{_ACL}/delete", delete_acl_form, delete_acl, name="acl_delete"),
]
