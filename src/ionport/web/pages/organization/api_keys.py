"""API keys of the organization: list, make, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.identity.api_keys.model import ApiKey, ApiScope
from ionport.web.forms.fields import errors_of, text_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_write, visit_of

MANUAL = "json-api"

_FOR_EVER: Final = "0"
_USUAL: Final = "365"


@dataclass(frozen=True, slots=True)
class Typed:
    """The values of the form."""

    name: str = ""
    scopes: Sequence[str] = (ApiScope.DOCUMENTS_READ.value,)
    days: str = _USUAL


def list_keys(request: Request) -> Response:
    """Show the keys by name, and the form for a new one."""
    return _page(request, Typed(), {})


def create(request: Request) -> Response:
    """Make a key and show it, this once."""
    form = visit_of(request).form
    scopes = [value for value in form.getlist("scopes") if isinstance(value, str)]
    typed = Typed(text_of(form, "name"), scopes, text_of(form, "days") or _USUAL)
    days = int(typed.days) if typed.days.isascii() and typed.days.isdigit() else -1
    try:
        with organization_write(request) as access:
            key, secret = documents_of(request).api_keys.create(
                access,
                typed.name,
                typed.scopes,
                days=None if typed.days == _FOR_EVER else min(days, 10**6),
            )
    except InvalidInput as error:
        return _page(request, typed, errors_of(error), error.status)
    except Conflict as error:
        return _page(request, typed, {"name": error.text}, error.status)
    return _shown_once(request, key, secret)


def _shown_once(request: Request, key: ApiKey, secret: Secret) -> Response:
    example = 'curl -H "Authorization: Bearer $API_KEY" "$IONPORT_URL/api/v1/documents"'
    context = {"key": key, "secret": secret.reveal(), "example": example}
    headers = {"Cache-Control": "no-store"}
    return render(request, "organization/api_keys/new.html", context, headers=headers)


def _page(request: Request, typed: Typed, errors: Mapping[str, str], status: int = 200) -> Response:
    with organization_read(request) as access:
        keys = documents_of(request).api_keys.list(access)
    context = {
        "keys": keys,
        "typed": typed,
        "errors": errors,
        "scopes": list(ApiScope),
        "lifetimes": [
            ("30", _("30 days")),
            ("90", _("90 days")),
            (_USUAL, _("One year")),
            (_FOR_EVER, _("Until it is deleted")),
        ],
        "now": visit_of(request).services.clock.now(),
    }
    return render(request, "organization/api_keys/list.html", context, status=status)


def delete_form(request: Request) -> Response:
    """Ask before a key is deleted."""
    with organization_read(request) as access:
        key = documents_of(request).api_keys.get(access, request.path_params["api_key"])
    texts = [_("Programs that use it are refused from the next request on.")]
    crumbs = [(_("Settings"), path_to(request, "settings")), (_("API keys"), _url(request))]
    heading = _("Delete the API key {name}?").format(name=key.name)
    return ask_first(request, heading, texts, _("Delete"), crumbs=crumbs)


def delete(request: Request) -> Response:
    """Delete a key."""
    with organization_write(request) as access:
        documents_of(request).api_keys.delete(access, request.path_params["api_key"])
    return redirect(request, _url(request), text=_("The API key is deleted."))


def _url(request: Request) -> str:
    return path_to(request, "api_keys")


_BASE = "/settings/api-keys"
ROUTES = [
    *form_routes(_BASE, list_keys, create, name="api_keys"),
    *form_routes(f"{_BASE}/{{api_key}}/delete", delete_form, delete, name="api_key_delete"),
]
