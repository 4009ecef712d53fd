"""Jinja2 with gettext, and what every page shows: navigation, breadcrumb, flash message."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ionport import __version__
from ionport.connections.proofs import is_refusal, state_of_check
from ionport.core.i18n import (
    LANGUAGE_NAMES,
    day_text,
    gettext,
    labelled,
    language,
    moment_text,
    ngettext,
    number_marks,
    number_text,
    pgettext,
)
from ionport.core.secrets import DOTS
from ionport.documents.invoice.codes import money_text
from ionport.documents.types import date_of, number_of
from ionport.exports.destinations import destination_of
from ionport.identity.groups.permissions import Permission
from ionport.manual import manual_base
from ionport.manual.answers import MAX_QUESTION
from ionport.web.forms.edits import SHOWN_FIELD, shown_mark
from ionport.web.middleware import cookies
from ionport.web.middleware.guard import CSRF_FIELD
from ionport.web.navigation import navigation
from ionport.web.rendering.assets import asset_url, icon
from ionport.web.state import Visit, visit_of

_TEMPLATES = Path(__file__).parents[1] / "templates"
# How many colours app.css has to mark organizations with.
_COLOURS = 6
_UNITS = ("B", "kB", "MB", "GB")


def render(
    request: Request,
    template: str,
    context: Mapping[str, object] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Return a page made from `template`."""
    html = rendered(request, template, context)
    return HTMLResponse(html, status_code=status, headers=dict(headers or {}))


def rendered(request: Request, template: str, context: Mapping[str, object] | None = None) -> str:
    """Return what a template makes of the context, for a page or a part of one."""
    values: dict[str, object] = {"request": request, **_frame(request), **(context or {})}
    return ENVIRONMENT.get_template(template).render(values)


def redirect(
    request: Request,
    url: str,
    *,
    kind: str = "success",
    text: str = "",
    link: tuple[str, str] = ("", ""),
) -> Response:
    """Answer a form: go on to `url` and say `text` there, with a link to what it names."""
    response = RedirectResponse(url, status_code=303)
    if text:
        visit = visit_of(request)
        name = cookies.names(request, secure=visit.secure_cookies).flash
        value = cookies.made(name, cookies.flash_value(kind, text, link), visit.secure_cookies, 60)
        response.headers.append("Set-Cookie", value)
    return response


def path_to(request: Request, name: str, **params: str) -> str:
    """Return the path of a named route; never from the Host header."""
    return str(request.app.url_path_for(name, **params))


def _frame(request: Request) -> dict[str, object]:
    visit = getattr(request.state, "visit", None)
    if not isinstance(visit, Visit):
        return {
            "visit": None,
            "nav": [],
            "flash": None,
            "tenant": None,
            "environment": None,
            "may_administer": False,
            "may": lambda _permission, _document_type=None: False,
            **_surroundings(request),
        }
    tenant = request.scope.get("path_params", {}).get("tenant")
    tenant = tenant if tenant in visit.tenants else None
    return {
        "visit": visit,
        "nav": navigation(request, visit, tenant),
        "flash": _flash(request, visit),
        "tenant": tenant,
        "environment": tenant.rpartition("_")[2] if tenant else None,
        "may_administer": visit.organization is not None
        and visit.actor.is_organization_administrator(visit.organization.id),
        "may": _may(visit),
        **_surroundings(request),
    }


def _may(visit: Visit) -> Callable[..., bool]:
    """Return the function that tells a template whether the reader may do something."""

    def may(permission: str, document_type: str | None = None) -> bool:
        organization = visit.organization
        return organization is not None and visit.actor.may(
            organization.id, Permission(permission), document_type
        )

    return may


def _surroundings(request: Request) -> dict[str, object]:
    """Return the values that every page has for all readers: theme, manual page, page id."""
    secure = request.url.scheme == "https"
    theme = request.cookies.get(cookies.names(request, secure=secure).theme, "")
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return {
        "theme": theme if theme in cookies.THEMES else "",
        "language": language(),
        "languages": LANGUAGE_NAMES,
        "manual": _manual_page(request),
        "manual_home": manual_base(language()),
        "here": here if request.method == "GET" else "",
        "request_id": request.scope.get("ionport.request_id", ""),
    }


def _manual_page(request: Request) -> str:
    """Return the address of the manual's page about this one, as its module names it."""
    endpoint = request.scope.get("endpoint")
    module = sys.modules.get(getattr(endpoint, "__module__", ""))
    name = getattr(module, "MANUAL", "")
    return manual_path(name) if name else manual_base(language())


def _lookup_path(text: object) -> str:
    """Return where the manual explains the text of an error: the text is the question."""
    return f"{manual_base(language())}?{urlencode({'ask': str(text)[:MAX_QUESTION]})}"


def manual_path(name: str, code: str = "") -> str:
    """Return the address of a page of the manual, in the reader's language unless one is named."""
    return f"{manual_base(code or language())}/{name}"


def own_address(text: str) -> str:
    """Return an address of a page of ours as a form or a header has it; `/` for any other."""
    is_own = (
        text.startswith("/")
        and not text.startswith("//")
        and "\\" not in text
        and text.isascii()
        and text.isprintable()
    )
    return text if is_own else "/"


def _flash(request: Request, visit: Visit) -> tuple[str, str, str, str] | None:
    name = cookies.names(request, secure=visit.secure_cookies).flash
    value = request.cookies.get(name)
    if not value or "hx-request" in request.headers:
        return None
    visit.shows_flash = True
    return cookies.read_flash(value)


@pass_context
def _csrf_field(context: Context) -> Markup:
    visit = context.get("visit")
    token = visit.csrf_token if isinstance(visit, Visit) else ""
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, token)


@pass_context
def _shown_field(context: Context) -> Markup:
    mark = shown_mark(context["request"])
    return Markup('<input type="hidden" name="{}" value="{}">').format(SHOWN_FIELD, mark)


@pass_context
def _path(context: Context, name: str, **params: str) -> str:
    return path_to(context["request"], name, **params)


def _colour_of(name: str) -> str:
    """Return the class of the colour that marks an organization wherever it is named."""
    return f"mark-{sum(name.encode()) % _COLOURS}"


def _described(name: str, help_text: str, error: str) -> Markup:
    """Return the attributes that tie a field to its help and its error."""
    notes = [f"{name}-help"] if help_text else []
    notes += [f"{name}-error"] if error else []
    attributes = Markup(' aria-describedby="{}"').format(" ".join(notes)) if notes else Markup()
    return attributes + Markup(' aria-invalid="true"') if error else attributes


def _labelled(label: str, text: str) -> Markup:
    """Join what may be parts of a page as the current language joins them: `Note: text`."""
    # Only our own text is taken as it is; what it is filled with is escaped.
    return Markup(labelled("{}", "{}")).format(label, text)  # noqa: S704


@pass_context
def _moment(context: Context, value: datetime | None) -> Markup:
    """Show a moment to the second, in the time zone of the organization: `05.06.2026 14:30:00`.

    Without one, and at the Infor side, the browser turns it to its own.
    """
    if value is None:
        return Markup("&ndash;")
    zone = _zone(context)
    if zone is not None:
        there = value.astimezone(zone)
        return Markup('<time datetime="{}" title="{}" data-local>{}</time>').format(
            there.isoformat(timespec="seconds"),
            there.strftime("%Z"),
            moment_text(there),
        )
    utc = value.astimezone(UTC)
    return Markup('<time datetime="{}">{} UTC</time>').format(
        utc.isoformat(timespec="seconds"), moment_text(utc)
    )


def _zone(context: Context) -> tzinfo | None:
    visit = context.get("visit")
    if context.get("tenant") or not isinstance(visit, Visit) or visit.organization is None:
        return None
    return visit.organization.zone


def _date(value: str) -> str:
    """Show an ISO date as the reader writes days; what is no ISO date is shown as it is."""
    try:
        return day_text(date.fromisoformat(value))
    except ValueError:
        return value


def filesize(value: int) -> str:
    """Show a number of bytes in the unit that fits."""
    size = float(value)
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" else number_marks(f"{size:.1f} {unit}")
        size /= 1000
    raise AssertionError("unreachable")


def _duration(milliseconds: int | float | None) -> str:
    if milliseconds is None:
        return "-"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return number_marks(f"{milliseconds / 1000:.1f} s")


def _lifetime(seconds: int) -> str:
    for size in (86_400, 3_600, 60):
        if seconds >= size and seconds % size == 0:
            return _span_text(seconds // size, size)
    return ngettext("{n} second", "{n} seconds", seconds).format(n=seconds)


def _span_text(n: int, size: int) -> str:
    texts = {
        86_400: ngettext("{n} day", "{n} days", n),
        3_600: ngettext("{n} hour", "{n} hours", n),
        60: ngettext("{n} minute", "{n} minutes", n),
    }
    return texts[size].format(n=n)


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        # Templates change with the program only; otherwise each use would check the file.
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True, pgettext=pgettext
    )
    globals_: dict[str, Any] = {
        "asset": asset_url,
        "icon": icon,
        "csrf_field": _csrf_field,
        "path": _path,
        "manual_path": manual_path,
        "lookup_path": _lookup_path,
        "shown_field": _shown_field,
        "described": _described,
        "labelled": _labelled,
        "dots": DOTS,
        "colour_of": _colour_of,
        "is_refusal": is_refusal,
        "state_of_check": state_of_check,
        "method_label": lambda method: gettext(destination_of(method).label),
        # Stored in English: a sentence without values has its translation, others have not.
        "version": __version__,
    }
    environment.globals.update(globals_)
    environment.filters.update(
        {
            "money": money_text,
            "grouped": number_text,
            "moment": _moment,
            "date": _date,
            "number": number_of,
            "issued": date_of,
            "filesize": filesize,
            "duration": _duration,
            "lifetime": _lifetime,
        }
    )
    environment.policies["ext.i18n.trimmed"] = True
    return environment


ENVIRONMENT: Final = _make_environment()


def error_page(request: Request, status: int, title: str, text: str) -> Response:
    """Render an error."""
    is_fragment = "hx-request" in request.headers
    name = "error_fragment.html" if is_fragment else "error.html"
    context = {"status": status, "title": title, "text": text, "back": came_from(request)}
    # Whatever part of a page was asked for, the error is shown in its place.
    headers = {"HX-Reselect": ".form-error-box"} if is_fragment else None
    return render(request, name, context, status=status, headers=headers)


def came_from(request: Request) -> str:
    """Return the page of ours that led here, empty when none did."""
    scheme, _separator, rest = request.headers.get("referer", "").partition("://")
    host, slash, path = rest.partition("/")
    if not scheme or host.lower() != request.headers.get("host", "").lower():
        return ""
    address = own_address(slash + path)
    return address if address.partition("?")[0] not in ("/", request.url.path) else ""
