"""Infor side: the form of an authorized app, to add one and to edit it.

Source: docs/reference/credentials.md#adding-an-app.

The form shows the fields of one type. Another type is chosen and its fields are asked for by a
button, so that nothing needs a script; what was typed stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.identity.edits import ChangedMeanwhile
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppType, AuthorizedApp, GrantType
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, is_on, number_in, text_of, uploads_of
from ionport.web.forms.scope_choice import scopes_of
from ionport.web.middleware.guard import CSRF_FIELD
from ionport.web.pages.authorized_apps.app_fields import app_form
from ionport.web.pages.authorized_apps.apps import app_crumbs, app_url, the_app, use_of
from ionport.web.pages.authorized_apps.consequences import Consequences, consequences
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import infor_of
from ionport.web.state import tenant_scope, visit_of

MANUAL = "choose-a-type"

_UNITS = {"minutes": 60, "hours": 3_600, "days": 86_400}
_NO_NUMBER = -1
_DEFAULTS = {
    "type": AppType.BACKEND_SERVICE.value,
    "grant_type": GrantType.PASSWORD_CREDENTIALS.value,
    "access_token": "2",
    "access_token_unit": "hours",
    "refresh_token": "0",
    "refresh_token_unit": "hours",
}
# A form that is filled in for a use, by the word in the address.
_PRESETS = {
    "document-system": {
        "description": "Delivers invoices to IDM and ION",
        "issue_refresh_tokens": "on",
    },
}
_TEXTS = ("download_url", "package_name", "certificate_fingerprint", "bundle_id", "app_store_id")
_LISTS = ("redirect_urls", "javascript_origins")
_SWITCHES = (
    *("issue_refresh_tokens", "is_public", "use_bridge"),
    *("enforce_scopes", "user_impersonation", "id_translation"),
)
_LIFETIMES = ("access_token", "refresh_token")
_MAX_CERTIFICATE = 64 * 1024


def add_form(request: Request) -> Response:
    """Show the form of a new app, filled in where the address names a preset."""
    visit_of(request).actor.require_tenant_administrator(tenant_scope(request).tenant_id)
    preset = _PRESETS.get(request.query_params.get("preset", ""), {})
    return _page(request, _DEFAULTS | preset, {})


def add(request: Request) -> Response:
    """Make an app and show it with its generated Client ID and Secret."""
    visit, scope = visit_of(request), tenant_scope(request)
    visit.actor.require_tenant_administrator(scope.tenant_id)
    try:
        if _asks_for_fields(visit.form):
            return _page(request, _loaded(request), {})
        draft = _draft(request, None)
        with visit.write(scope) as access:
            app = infor_of(request).apps.create_app(access, draft)
    except InvalidInput as error:
        return _page(request, _values(request), errors_of(error), status=error.status)
    except Conflict as error:
        return _taken(request, error)
    if app.is_public:
        text = _("{name} is saved, with a Client ID. Download its credentials next.")
    else:
        text = _("{name} is saved, with a Client ID and a Secret. Download its credentials next.")
    return redirect(request, app_url(request, app.id), text=text.format(name=app.name))


def edit_form(request: Request) -> Response:
    """Show the form as the app is stored."""
    app = the_app(request)
    show_stored(request, _stored(app))
    return _page(request, _stored(app), {}, app=app)


def edit(request: Request) -> Response:
    """Change an app; it holds from the next request on."""
    visit, scope = visit_of(request), tenant_scope(request)
    app = the_app(request)
    try:
        if _asks_for_fields(visit.form):
            return _page(request, _loaded(request, app), {}, app=app)
        draft = _draft(request, app)
        draft.check()
        found = consequences(app, draft)
        if found.texts and not is_on(visit.form, "confirmed"):
            return _confirm(request, app, found)
        with visit.write(scope) as access:
            apps = infor_of(request).apps
            require_unchanged(
                request, access, app.id, lambda: _stored(apps.get_app(access, app.id))
            )
            changed = apps.edit_app(access, app.id, draft)
    except (InvalidInput, ChangedMeanwhile) as error:
        values = _values(request, app)
        return _page(request, values, errors_of(error), app=app, status=error.status)
    except Conflict as error:
        return _taken(request, error, app)
    text = _("{name} is saved. The change holds from the next request on.")
    return redirect(request, app_url(request, app.id), text=text.format(name=changed.name))


def _confirm(request: Request, app: AuthorizedApp, found: Consequences) -> Response:
    """Ask before a change is saved that stops what works today."""
    sent = [
        (name, value)
        for name, value in visit_of(request).form.multi_items()
        if isinstance(value, str) and name not in (CSRF_FIELD, "action")
    ]
    points = [*found.texts, *(use_of(request) if found.ends_tokens else ())]
    return ask_first(
        request, _("Save {name}?").format(name=app.name), [_("This changes what works today:")],
        _("Save"), crumbs=app_crumbs(request, app), points=points,
        hidden=[*sent, ("confirmed", "on")], back_action="type",
    )  # fmt: skip


def _taken(request: Request, error: Conflict, app: AuthorizedApp | None = None) -> Response:
    return _page(
        request,
        _values(request, app),
        {"name": error.text},
        app=app,
        existing_id=error.existing_id,
        status=error.status,
    )


def _page(
    request: Request,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    app: AuthorizedApp | None = None,
    existing_id: str | None = None,
    status: int = 200,
) -> Response:
    kind = app.type if app else _type(values.get("type", ""))
    if not values.get("shown_type"):
        values = {**values, "is_public": "on" if kind.is_mobile else ""}
    context = {
        "app": app,
        "kind": kind,
        "form": app_form(request, kind, app),
        "values": values,
        "errors": {name.removesuffix("_seconds"): errors[name] for name in errors},
        "existing_url": app_url(request, existing_id) if existing_id else "",
        "units": [("minutes", _("Minutes")), ("hours", _("Hours")), ("days", _("Days"))],
    }
    return render(request, "authorized_apps/form/form.html", context, status=status)


def _asks_for_fields(form: FormData) -> bool:
    """Tell whether the form was sent to get other fields, not to be saved.

    Saving with another type chosen than the one whose fields were shown asks for them as well.
    """
    if text_of(form, "action") in ("type", "certificate"):
        return True
    shown = text_of(form, "shown_type")
    return bool(shown) and shown != text_of(form, "type")


def _loaded(request: Request, app: AuthorizedApp | None = None) -> dict[str, str]:
    """Return the values with the fingerprint of a certificate, when one was sent along."""
    form, values = visit_of(request).form, _values(request, app)
    if text_of(form, "action") == "certificate":
        values["certificate_fingerprint"] = _fingerprint(form)
    if values["shown_type"] != values["type"]:
        values["shown_type"] = ""
    return values


def _fingerprint(form: FormData) -> str:
    """Return the SHA1 fingerprint of the certificate in the upload box, as Android tools show it.

    Raises:
        InvalidInput: there is none, or it cannot be read.
    """
    files = uploads_of(form, "certificate")
    content = files[0].content if files else b""
    try:
        if len(content) > _MAX_CERTIFICATE:
            raise ValueError
        is_text = content.lstrip().startswith(b"-----BEGIN")
        load = x509.load_pem_x509_certificate if is_text else x509.load_der_x509_certificate
        # SHA1 names the certificate as the app stores do; nothing is signed or trusted by it.
        digest = load(content).fingerprint(hashes.SHA1())  # noqa: S303
    except ValueError as error:
        text = _("Choose a certificate file: .cer, .crt, .der or .pem.")
        raise InvalidInput(text, fields={"certificate": text}) from error
    return digest.hex(":").upper()


def _draft(request: Request, app: AuthorizedApp | None) -> AppDraft:
    form, values = visit_of(request).form, _values(request, app)
    kind = app.type if app else _type(values["type"])
    issues, grant = bool(values["issue_refresh_tokens"]), values.get("grant_type", "")
    return AppDraft(
        name=values["name"],
        type=kind,
        grant_type=GrantType(grant) if grant in list(GrantType) else GrantType.PASSWORD_CREDENTIALS,
        description=values["description"],
        access_token_seconds=_seconds(values, "access_token"),
        issue_refresh_tokens=issues,
        refresh_token_seconds=_seconds(values, "refresh_token") if issues else 0,
        is_public=bool(values.get("is_public")),
        redirect_urls=_urls(values.get("redirect_urls", "")),
        javascript_origins=_urls(values.get("javascript_origins", "")),
        enforce_scopes=(
            is_on(form, "enforce_scopes")
            if "offers_enforce_scopes" in form
            else bool(app and app.enforce_scopes)
        ),
        scopes=scopes_of(form) if "scopes" in form else app.scopes if app else (),
        user_impersonation=bool(values.get("user_impersonation")),
        id_translation=bool(values.get("id_translation")),
        use_bridge=bool(values.get("use_bridge")),
        **{name: values.get(name, "") for name in _TEXTS},
    )


def _urls(text: str) -> tuple[str, ...]:
    # A URL has no blanks, so any of them parts two.
    return tuple(dict.fromkeys(text.split()))


def _type(value: str) -> AppType:
    return AppType(value) if value in list(AppType) else AppType.BACKEND_SERVICE


def _seconds(values: Mapping[str, str], name: str) -> int:
    number, unit = number_in(values[name]), _UNITS.get(values[f"{name}_unit"])
    return _NO_NUMBER if number is None or unit is None else number * unit


def _values(request: Request, app: AuthorizedApp | None = None) -> dict[str, str]:
    """Return what was typed; a unit or a grant's lifetime that was not is the usual one."""
    form = visit_of(request).form
    kind = app.type if app else _type(text_of(form, "type"))
    values = app_form(request, kind, app).sent(form)
    for name in ("access_token_unit", "refresh_token", "refresh_token_unit"):
        values[name] = values[name] or _DEFAULTS[name]
    return {**values, "type": kind.value, "shown_type": text_of(form, "shown_type")}


def _stored(app: AuthorizedApp) -> dict[str, str]:
    values = {name: str(getattr(app, name)) for name in (*_TEXTS, "name", "description")}
    values |= {name: "\n".join(getattr(app, name)) for name in (*_LISTS, "scopes")}
    values |= {name: "on" if getattr(app, name) else "" for name in _SWITCHES}
    for name in _LIFETIMES:
        values[name], values[f"{name}_unit"] = _amount(getattr(app, f"{name}_seconds"))
    kind = app.type.value
    return {**values, "type": kind, "shown_type": kind, "grant_type": app.grant_type.value}


def _amount(seconds: int) -> tuple[str, str]:
    """Return a lifetime as the number and the largest unit that it has a whole number of."""
    if seconds == 0:
        return "0", "hours"
    for unit in ("days", "hours", "minutes"):
        if seconds % _UNITS[unit] == 0:
            return str(seconds // _UNITS[unit]), unit
    return str(-(-seconds // 60)), "minutes"


_BASE = "/ion-api/{tenant}/authorized-apps"
ROUTES = [
    *form_routes(f"{_BASE}/add", add_form, add, name="authorized_app_add"),
    *form_routes(f"{_BASE}/{{app}}/edit", edit_form, edit, name="authorized_app_edit"),
]
