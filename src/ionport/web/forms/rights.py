"""The one form of a person's rights: roles in tenants and organizations, and groups.

The pages of both sides show it (`shared/rights.html`); what it sends is read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.requests import Request

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.identity.access import Access
from ionport.identity.members.rights import OrganizationRights, PersonRights, WantedRights
from ionport.identity.model import Organization, OrganizationRole, TenantRole
from ionport.store import OrganizationScope, SystemScope, TenantScope
from ionport.web.forms.declared import FieldKind, FormField
from ionport.web.forms.edits import require_unchanged
from ionport.web.forms.fields import text_of
from ionport.web.services import sides_of
from ionport.web.state import visit_of

_NO_ROLE = "none"


@dataclass(frozen=True, slots=True)
class RoleField:
    """A choice of a role, and the groups below it where it is one in an organization."""

    name: str
    label: str
    choices: list[tuple[str, str]]
    value: str
    groups: list[tuple[str, str, bool]]


def person_fields() -> list[FormField]:
    """Return the fields of a new user's name and address."""
    return [
        FormField(
            "username",
            _("Username"),
            required=True,
            autofocus=True,
            limit=100,
            help=_("Letters, digits and . @ + - _ without spaces. An e-mail address will do."),
        ),
        FormField("full_name", _("Full name"), limit=200),
        FormField("email", _("E-mail address"), FieldKind.EMAIL, limit=254),
    ]


def save_rights(
    request: Request, access: Access[TenantScope] | Access[OrganizationScope], user_id: str
) -> str:
    """Store what the form says, if it showed what is stored; raises ChangedMeanwhile.

    Returns the sentence about the new state.
    """
    services = visit_of(request).services
    rights, accounts = services.rights, services.accounts
    require_unchanged(
        request,
        access.within(SystemScope("who changed a user's rights")),
        user_id,
        lambda: stored_rights(rights.of_person(access, user_id)),
    )
    wanted = _wanted(visit_of(request).form, rights.of_person(access, user_id))
    had_link = accounts.has_open_link(access.work, user_id)
    rights.set_of_person(access, user_id, wanted)
    if had_link and not accounts.has_open_link(access.work, user_id):
        return _(
            "The rights are saved. The one-time link that was made before was for other"
            " rights and has ended: make a new one."
        )
    return _("The rights are saved. They hold from now on.")


def stored_rights(rights: PersonRights) -> dict[str, str]:
    """Return the rights as the form names them."""
    values = {f"tenant:{one}": _value(role) for one, role in rights.tenants.items()}
    for one, found in rights.organizations.items():
        values[f"organization:{one}"] = _value(found.role)
        names = [group.name for group in found.offered if group.id in found.groups]
        values[f"groups:{one}"] = ", ".join(names)
    return values


def role_fields(request: Request, rights: PersonRights, own: str) -> list[RoleField]:
    """Return the fields with the stored values, or with those of a refused form.

    `own` is the tenant or organization of the page, from which the person is removed elsewhere.
    """
    form, stored = visit_of(request).form, stored_rights(rights)
    tenants = [(role.value, role.label) for role in TenantRole]
    roles = [(role.value, role.label) for role in OrganizationRole]
    fields = []
    for tenant_id in rights.tenants:
        name = f"tenant:{tenant_id}"
        label = _("Tenant {tenant}").format(tenant=tenant_id)
        choices = [*_nothing(tenant_id == own), *tenants]
        fields.append(RoleField(name, label, choices, text_of(form, name) or stored[name], []))
    for organization_id, found in rights.organizations.items():
        name = f"organization:{organization_id}"
        label = _("Organization {name}").format(name=found.organization.name)
        chosen = _sent_groups(form, organization_id) if text_of(form, name) else found.groups
        fields.append(
            RoleField(
                name,
                label,
                [*_nothing(organization_id == own), *roles],
                text_of(form, name) or stored[name],
                _groups(found, chosen),
            )
        )
    return fields


def fields_elsewhere(
    request: Request, tenant_ids: Sequence[str], organizations: Sequence[Organization] = ()
) -> list[RoleField]:
    """Return the fields of a new user's roles at the other side: none, unless the form has one."""
    tenants = [
        (
            f"tenant:{one}",
            _("Tenant {tenant}").format(tenant=one),
            [(role.value, role.label) for role in TenantRole],
        )
        for one in tenant_ids
    ]
    others = [
        (
            f"organization:{one.id}",
            _("Organization {name}").format(name=one.name),
            [(role.value, role.label) for role in OrganizationRole],
        )
        for one in organizations
    ]
    form = visit_of(request).form
    return [
        RoleField(
            name,
            label,
            [*_nothing(False), *roles],
            text_of(form, name) or _NO_ROLE,
            [],
        )
        for name, label, roles in (*tenants, *others)
    ]


def administered_organizations(request: Request) -> list[Organization]:
    """Return the organization of the reader's pages, where they administer it."""
    visit = visit_of(request)
    if sides_of(request).documents is None or visit.organization is None:
        return []
    own = visit.organization
    return [own] if visit.actor.is_organization_administrator(own.id) else []


def wanted_elsewhere(request: Request) -> WantedRights:
    """Return the roles at the other side from the form of a new user; raises InvalidInput."""
    form = visit_of(request).form
    tenants: dict[str, TenantRole | None] = {}
    organizations: dict[str, tuple[OrganizationRole | None, frozenset[str]]] = {}
    for name in form:
        kind, _colon, place = name.partition(":")
        sent = text_of(form, name)
        if not sent or sent == _NO_ROLE:
            continue
        if kind == "tenant":
            tenants[place] = TenantRole(_known(sent, TenantRole))
        elif kind == "organization":
            role = OrganizationRole(_known(sent, OrganizationRole))
            organizations[place] = (role, frozenset())
    return WantedRights(tenants, organizations)


def _groups(found: OrganizationRights, chosen: frozenset[str]) -> list[tuple[str, str, bool]]:
    return [(group.id, group.name, group.id in chosen) for group in found.offered]


def _nothing(is_own: bool) -> list[tuple[str, str]]:
    return [] if is_own else [(_NO_ROLE, _("No member"))]


def _wanted(form: FormData, rights: PersonRights) -> WantedRights:
    """Return the rights of the form; a role that it does not name stays as it is."""
    tenants: dict[str, TenantRole | None] = {}
    organizations: dict[str, tuple[OrganizationRole | None, frozenset[str]]] = {}
    for tenant_id in rights.tenants:
        sent = text_of(form, f"tenant:{tenant_id}")
        if sent:
            tenants[tenant_id] = None if sent == _NO_ROLE else TenantRole(_known(sent, TenantRole))
    for organization_id in rights.organizations:
        sent = text_of(form, f"organization:{organization_id}")
        if sent:
            role = None if sent == _NO_ROLE else OrganizationRole(_known(sent, OrganizationRole))
            organizations[organization_id] = (role, _sent_groups(form, organization_id))
    return WantedRights(tenants, organizations)


def _sent_groups(form: FormData, organization_id: str) -> frozenset[str]:
    sent = form.getlist(f"groups:{organization_id}")
    return frozenset(one for one in sent if isinstance(one, str))


def _known(sent: str, roles: type[TenantRole] | type[OrganizationRole]) -> str:
    if sent not in list(roles):
        raise InvalidInput(_("Choose a role."))
    return sent


def _value(role: TenantRole | OrganizationRole | None) -> str:
    return role.value if role else _NO_ROLE
