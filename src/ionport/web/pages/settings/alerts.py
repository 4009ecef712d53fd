"""Settings → Alerts: the events, receivers and pace of mails, with a test."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.mail.session import MailAccount, MailOutcome, MailSecurity
from ionport.documents.alerts.model import MAX_ADDRESS, SUBJECT, AlertSettings, Pace
from ionport.documents.alerts.service import AlertValues
from ionport.documents.webhooks.model import event_groups
from ionport.identity.edits import ChangedMeanwhile
from ionport.web.forms.declared import FieldKind, Form, FormField, Group, Slot
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of, number_in, secret_of
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.rendering.trail import organization_trail
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_write, visit_of

MANUAL = "alerts"


def show(request: Request) -> Response:
    """Show the settings, the state of sending, and the latest events."""
    return _page(request)


def save(request: Request) -> Response:
    """Store the settings."""
    form, data = _form(), visit_of(request).form
    values, events = form.sent(data), _events(request)
    try:
        form.check(values)
        account = MailAccount(
            values["host"],
            number_in(values["port"]) or 0,
            MailSecurity(values["security"]),
            values["username"],
            secret_of(data, "password"),
        )
        given = AlertValues(
            values["is_on"] == "on",
            events,
            [line.strip() for line in values["recipients"].splitlines() if line.strip()],
            Pace(values["pace"]),
            values["sender"],
            account,
        )
        with organization_write(request) as access:
            service = documents_of(request).alerts
            require_unchanged(
                request, access, SUBJECT, lambda: _marked(_stored(service.get(access)))
            )
            service.save(access, given)
    except (ChangedMeanwhile, InvalidInput) as error:
        return _page(request, (values, events), errors_of(error), error.status)
    return redirect(request, path_to(request, "alerts"), text=_("The alerts are saved."))


def test(request: Request) -> Response:
    """Send a test by the stored settings, and show how it went."""
    service = documents_of(request).alerts
    try:
        with organization_write(request) as access:
            settings = service.begin_test(access)
    except Conflict as error:
        return _page(request, None, errors_of(error), error.status)
    return _page(request, tested=service.finish_test(settings))


def _page(
    request: Request,
    given: tuple[Mapping[str, str], Collection[str]] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    tested: MailOutcome | None = None,
) -> Response:
    service, errors = documents_of(request).alerts, errors or {}
    with organization_read(request) as access:
        settings = service.get(access)
        messages, waiting = service.newest(access), service.waiting(access)
        trail = organization_trail(request, access.work, [SUBJECT])
    stored = _stored(settings)
    if given is None:
        show_stored(request, _marked(stored))
    values, chosen = given or stored
    context = {
        "form": _form(has_password=settings.sealed is not None),
        "values": values,
        "chosen": chosen,
        "errors": {name: text for name, text in errors.items() if name != "events"},
        "events_error": errors.get("events", ""),
        "groups": event_groups(),
        "settings": settings,
        "failed": MailOutcome(settings.error, settings.answer) if settings.error else None,
        "messages": messages,
        "waiting": waiting,
        "tested": tested,
        "trail": trail,
    }
    return render(request, "settings/alerts.html", context, status=status)


def _stored(settings: AlertSettings) -> tuple[dict[str, str], Collection[str]]:
    values = {
        "is_on": "on" if settings.is_on else "",
        "recipients": "\n".join(settings.recipients),
        "pace": settings.pace.value,
        "host": settings.host,
        "port": str(settings.port),
        "security": settings.security.value,
        "username": settings.username,
        "sender": settings.sender,
    }
    return values, settings.events


def _marked(stored: tuple[Mapping[str, str], Collection[str]]) -> dict[str, str]:
    values, events = stored
    return {**values, "events": ", ".join(sorted(events))}


def _events(request: Request) -> Collection[str]:
    chosen = visit_of(request).form.getlist("events")
    return [value for value in chosen if isinstance(value, str)]


def _form(*, has_password: bool = False) -> Form:
    password = (
        _("Empty: the stored one stays, as long as server and user name do.")
        if has_password
        else _("Sealed, and never shown again.")
    )
    return Form(
        [
            FormField("is_on", _("Send alerts"), FieldKind.SWITCH),
            Slot("events"),
            FormField(
                "pace",
                _("How often"),
                FieldKind.CHOICE,
                required=True,
                choices=[(each.value, each.label) for each in Pace],
            ),
            FormField(
                "recipients",
                _("Recipients"),
                FieldKind.LINES,
                required=True,
                help=_("Addresses, one on each line. They read numbers and links, no amounts."),
            ),
            Group(_("Mail server"), _mail_server(password)),
        ]
    )


def _mail_server(password: str) -> list[FormField]:
    return [
        FormField("host", _("Server"), required=True, limit=253, placeholder="smtp.example.com"),
        FormField("port", _("Port"), FieldKind.NUMBER, required=True),
        FormField(
            "security",
            _("Encryption"),
            FieldKind.CHOICE,
            required=True,
            choices=[(each.value, each.label) for each in MailSecurity],
        ),
        FormField("username", _("User name"), limit=MAX_ADDRESS),
        FormField("password", _("Password"), FieldKind.PASSWORD, help=password),
        FormField(
            "sender",
            _("Sender"),
            FieldKind.EMAIL,
            required=True,
            limit=MAX_ADDRESS,
            placeholder="ionport@example.com",
        ),
    ]


_BASE = "/settings/alerts"
ROUTES = [
    *form_routes(_BASE, show, save, name="alerts"),
    Route(f"{_BASE}/test", test, methods=["POST"], name="alerts_test"),
]
