"""Infor side: Configuration of a tenant's authorization server.

Source: docs/reference/credentials.md#scopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Conflict, InvalidInput, existing
from ionport.core.i18n import _
from ionport.identity.edits import ChangedMeanwhile
from ionport.oauth.tenant.settings import (
    Limits,
    RefusalForm,
    ScopeMode,
    TenantSettings,
    TokenForm,
    UrlFlavour,
)
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, is_on, text_of, whole_number
from ionport.web.rendering.confirm import Crumbs, ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import trail_of
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_read, tenant_scope, tenant_write, visit_of

MANUAL = "scopes"

_LIMITS = ("logins_per_minute", "logins_per_day", "tokens_per_client_per_day")

Choice = TypeVar("Choice", ScopeMode, UrlFlavour, TokenForm, RefusalForm)


def show(request: Request) -> Response:
    """Show the settings that are in force and the tenant's own scopes."""
    values = _values(_settings(request))
    show_stored(request, values)
    return _page(request, values, {})


def _settings(request: Request) -> TenantSettings:
    with tenant_read(request) as access:
        return infor_of(request).tenant_settings.get(access)


def _page(
    request: Request, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    visit, scope = visit_of(request), tenant_scope(request)
    with tenant_read(request) as access:
        scopes = infor_of(request).tenant_settings.list_custom_scopes(access)
        issuers = infor_of(request).saml_issuers.list_issuers(access)
        subjects = [scope.tenant_id, *(custom.name for custom in scopes)]
        trail = trail_of(request, access.work, subjects)
    context = {
        "values": values,
        "errors": errors,
        "scopes": scopes,
        "issuers": issuers,
        "now": visit.services.clock.now(),
        "modes": _modes(),
        "flavours": _flavours(),
        "token_forms": _token_forms(),
        "refusal_forms": _refusal_forms(),
        "trail": trail,
    }
    return render(request, "tenant/configuration/configuration.html", context, status=status)


def save(request: Request) -> Response:
    """Save the settings; what can stop clients asks first."""
    visit, scope = visit_of(request), tenant_scope(request)
    before = _settings(request)
    try:
        wanted = _sent(visit.form)
        wanted.check()
    except InvalidInput as error:
        return _page(request, _sent_values(visit.form), errors_of(error), error.status)
    consequences = _consequences(before, wanted)
    if consequences and not is_on(visit.form, "confirmed"):
        text = _("This changes what clients of {tenant} can do:").format(tenant=scope.tenant_id)
        return ask_first(
            request, _("Save the configuration?"), [text], _("Save"),
            crumbs=_crumbs(request), points=consequences, keeps_mark=True,
            hidden=[*sorted(_values(wanted).items()), ("confirmed", "on")],
        )  # fmt: skip
    settings = infor_of(request).tenant_settings
    try:
        with visit.write(scope) as access:
            require_unchanged(
                request, access, scope.tenant_id, lambda: _values(settings.get(access))
            )
            settings.change(access, wanted)
    except ChangedMeanwhile as error:
        return _page(request, _sent_values(visit.form), errors_of(error), error.status)
    text = _("The configuration is saved. It holds from the next request on.")
    return redirect(request, _url(request), text=text)


def _sent(form: FormData) -> TenantSettings:
    limits = {name: whole_number(form, name) for name in _LIMITS}
    return TenantSettings(
        scope_mode=_one_of(ScopeMode, form, "scope_mode"),
        implicit_allowed=is_on(form, "implicit_allowed"),
        url_flavour=_one_of(UrlFlavour, form, "url_flavour"),
        token_form=_one_of(TokenForm, form, "token_form"),
        refresh_tokens_rotate=is_on(form, "refresh_tokens_rotate"),
        refusal_form=_one_of(RefusalForm, form, "refusal_form"),
        limits=Limits(
            are_on=is_on(form, "limits_are_on"),
            # 0 is out of range, and so is told beside the field.
            **{name: number or 0 for name, number in limits.items()},
        ),
    )


def _one_of(choices: type[Choice], form: FormData, name: str) -> Choice:
    value = text_of(form, name)
    if value not in list(choices):
        text = _("Choose one of these.")
        raise InvalidInput(text, fields={name: text})
    return choices(value)


def _values(settings: TenantSettings) -> dict[str, str]:
    values = {name: str(getattr(settings.limits, name)) for name in _LIMITS}
    return {
        **values,
        "scope_mode": settings.scope_mode.value,
        "implicit_allowed": "on" if settings.implicit_allowed else "",
        "refresh_tokens_rotate": "on" if settings.refresh_tokens_rotate else "",
        "url_flavour": settings.url_flavour.value,
        "token_form": settings.token_form.value,
        "refusal_form": settings.refusal_form.value,
        "limits_are_on": "on" if settings.limits.are_on else "",
    }


def _sent_values(form: FormData) -> dict[str, str]:
    names = ("scope_mode", "implicit_allowed", "url_flavour", "token_form", "limits_are_on")
    more = ("refresh_tokens_rotate", "refusal_form")
    return {name: text_of(form, name) for name in (*names, *more, *_LIMITS)}


def _consequences(before: TenantSettings, wanted: TenantSettings) -> list[str]:
    """Return what a change means for clients that work today."""
    found = []
    if wanted.scope_mode is not before.scope_mode and wanted.scope_mode is not ScopeMode.DISABLED:
        found.append(
            _(
                "Tokens without the scope of an API suite are refused there with 403. Give scopes"
                " to the apps and their service accounts; their clients need new tokens."
            )
        )
    if wanted.implicit_allowed and not before.implicit_allowed:
        found.append(
            _("Web apps get access tokens in the address of the page, where others can read them.")
        )
    if before.implicit_allowed and not wanted.implicit_allowed:
        found.append(_("Web apps that ask for response_type=token are refused."))
    if wanted.refresh_tokens_rotate and not before.refresh_tokens_rotate:
        found.append(
            _(
                "Each use of a refresh token gives another one. Clients that keep the first, and"
                " several that share one, have to log in again."
            )
        )
    if wanted.url_flavour is not before.url_flavour:
        found.append(
            _("New credential files name other addresses. Files that are out keep working.")
        )
    if wanted.token_form is not before.token_form:
        found.append(
            _("New access tokens carry other claims. Programs that read them must know both.")
        )
    if wanted.refusal_form is not before.refusal_form:
        found.append(
            _("Refusals of the gateway have other bodies. Programs that read them must know both.")
        )
    if wanted.limits.are_on and wanted.limits != before.limits:
        found.append(_("Clients over a limit are refused with 429 until it counts anew."))
    return found


def add_scope_form(request: Request) -> Response:
    """Show the empty form of a custom scope."""
    visit_of(request).actor.require_tenant_administrator(tenant_scope(request).tenant_id)
    return render(request, "tenant/configuration/add_scope.html", {"values": {}, "errors": {}})


def add_scope(request: Request) -> Response:
    """Add a custom scope."""
    values = {name: text_of(visit_of(request).form, name) for name in ("name", "description")}
    try:
        with tenant_write(request) as access:
            infor_of(request).tenant_settings.add_custom_scope(
                access, values["name"], values["description"]
            )
    except (InvalidInput, Conflict) as error:
        errors = errors_of(error) if isinstance(error, InvalidInput) else {"name": error.text}
        context = {"values": values, "errors": errors}
        return render(request, "tenant/configuration/add_scope.html", context, status=error.status)
    text = _("Scope {name} is added.").format(name=values["name"])
    return redirect(request, _url(request), text=text)


def delete_scope_form(request: Request) -> Response:
    """Ask before a custom scope is deleted."""
    with tenant_read(request) as access:
        scopes = infor_of(request).tenant_settings.list_custom_scopes(access)
    custom = next((one for one in scopes if one.name == request.path_params["scope"]), None)
    custom = existing(custom, _("There is no such scope in this tenant."))
    text = _(
        "Apps and service accounts that name this scope keep the name, and tokens that carry it"
        " stay valid until they end."
    )
    heading = _("Delete scope {name}?").format(name=custom.name)
    return ask_first(request, heading, [text], _("Delete"), crumbs=_crumbs(request))


def delete_scope(request: Request) -> Response:
    """Delete a custom scope."""
    name = request.path_params["scope"]
    with tenant_write(request) as access:
        infor_of(request).tenant_settings.delete_custom_scope(access, name)
    return redirect(request, _url(request), text=_("Scope {name} is deleted.").format(name=name))


def _modes() -> list[tuple[str, str]]:
    return [
        (ScopeMode.DISABLED.value, _("Scopes mean nothing; every token reaches every API suite.")),
        (ScopeMode.ENFORCED.value, _("Every token needs the scope of the API suite it calls.")),
        (
            ScopeMode.PER_APP.value,
            _("Only tokens of apps with Enforce Scopes switched on need scopes."),
        ),
    ]


def _flavours() -> list[tuple[str, str]]:
    return [
        (UrlFlavour.CLOUD.value, _("Cloud: token.oauth2")),
        (UrlFlavour.ON_PREMISES.value, _("On-premises: connect/token")),
    ]


def _token_forms() -> list[tuple[str, str]]:
    return [
        (TokenForm.INFOR.value, _("As Infor's (no subject)")),
        (TokenForm.RFC9068.value, _("RFC 9068 (with subject)")),
    ]


def _refusal_forms() -> list[tuple[str, str]]:
    return [
        (RefusalForm.EXPLAINED.value, _("Explained: what happened, and the request to ask about")),
        (RefusalForm.INFOR.value, _("Bare, as Infor's: the status alone")),
    ]


def _crumbs(request: Request) -> Crumbs:
    return [(_("ION API"), None), (_("Configuration"), _url(request))]


def _url(request: Request) -> str:
    return path_to(request, "configuration", tenant=tenant_scope(request).tenant_id)


_BASE = "/ion-api/{tenant}/configuration"
_SCOPE = f"{_BASE}/scopes/{{scope:path}}/delete"
ROUTES = [
    *form_routes(_BASE, show, save, name="configuration"),
    *form_routes(f"{_BASE}/scopes/add", add_scope_form, add_scope, name="scope_add"),
    *form_routes(_SCOPE, delete_scope_form, delete_scope, name="scope_delete"),
]
