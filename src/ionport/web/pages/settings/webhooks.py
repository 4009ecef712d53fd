"""Webhooks: their endpoints, with tests, messages and tries."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.secrets import Secret
from ionport.documents.listing.model import Cursor
from ionport.documents.webhooks.model import (
    MAX_ADDRESS,
    MAX_NAME,
    EventType,
    WebhookAttempt,
    WebhookEndpoint,
    event_groups,
)
from ionport.identity.edits import ChangedMeanwhile
from ionport.web.forms.declared import Form, FormField
from ionport.web.forms.edits import require_unchanged, show_stored
from ionport.web.forms.fields import errors_of
from ionport.web.rendering.confirm import ask_first
from ionport.web.rendering.templating import path_to, redirect, render
from ionport.web.routes import form_routes
from ionport.web.services import documents_of
from ionport.web.state import organization_read, organization_scope, organization_write, visit_of

MANUAL = "webhooks"

_SHOWN = 50


def list_webhooks(request: Request) -> Response:
    """Show the webhooks, and which of them fail."""
    with organization_read(request) as access:
        found = documents_of(request).webhooks.list(access)
    return render(request, "settings/webhooks/list.html", {"webhooks": found})


def add_form(request: Request) -> Response:
    """Show the empty form of a webhook."""
    visit, scope = visit_of(request), organization_scope(request)
    visit.actor.require_organization_administrator(scope.organization_id)
    return _form_page(request, {}, frozenset(), {})


def add(request: Request) -> Response:
    """Add a webhook and show its secret, this once."""
    values, events = _form().sent(visit_of(request).form), _events(request)
    try:
        with organization_write(request) as access:
            webhook, secret = documents_of(request).webhooks.add(
                access, values["name"], values["url"], events
            )
    except (InvalidInput, Conflict) as error:
        return _form_page(request, values, events, errors_of(error), status=error.status)
    return _shown_once(request, webhook, secret)


def edit_form(request: Request) -> Response:
    """Show the form of a webhook as it is."""
    webhook = _webhook(request)
    values = {"name": webhook.name, "url": webhook.url}
    show_stored(request, _stored(webhook))
    return _form_page(request, values, webhook.events, {}, webhook)


def _stored(webhook: WebhookEndpoint) -> dict[str, str]:
    events = ", ".join(sorted(each.value for each in webhook.events))
    return {"name": webhook.name, "url": webhook.url, "events": events}


def edit(request: Request) -> Response:
    """Change name, address and events of a webhook."""
    webhook = _webhook(request)
    values, events = _form().sent(visit_of(request).form), _events(request)
    try:
        with organization_write(request) as access:
            service = documents_of(request).webhooks
            require_unchanged(
                request, access, webhook.id, lambda: _stored(service.get(access, webhook.id))
            )
            service.change(access, webhook.id, values["name"], values["url"], events)
    except (ChangedMeanwhile, InvalidInput) as error:
        return _form_page(request, values, events, errors_of(error), webhook, error.status)
    return redirect(request, _url(request, webhook.id), text=_("The webhook is changed."))


def show(request: Request) -> Response:
    """Show a webhook with its newest messages and their tries."""
    return _detail_page(request)


def test(request: Request) -> Response:
    """Send a test message, and show how it went."""
    service = documents_of(request).webhooks
    with organization_write(request) as access:
        started = service.begin_test(access, request.path_params["webhook"])
    return _detail_page(request, service.finish_test(*started))


def pause(request: Request) -> Response:
    """Send nothing until the webhook is resumed."""
    with organization_write(request) as access:
        webhook = documents_of(request).webhooks.pause(access, request.path_params["webhook"])
    text = _("The webhook is paused: what happens meanwhile waits.")
    return redirect(request, _url(request, webhook.id), text=text)


def resume(request: Request) -> Response:
    """Send again, what has waited first."""
    with organization_write(request) as access:
        webhook = documents_of(request).webhooks.resume(access, request.path_params["webhook"])
    text = _("The webhook is active: what has waited is sent now.")
    return redirect(request, _url(request, webhook.id), text=text)


def resend(request: Request) -> Response:
    """Send a message again."""
    with organization_write(request) as access:
        message = documents_of(request).webhooks.resend(
            access, request.path_params["webhook"], request.path_params["message"]
        )
    text = _("The message is sent again.")
    return redirect(request, _url(request, message.endpoint_id), text=text)


def rotate_form(request: Request) -> Response:
    """Ask before a new secret is made."""
    webhook = _webhook(request)
    points = [
        _("The new secret is shown this once: put it into the receiver."),
        _("The secret of now signs too for 24 hours, then it does no more."),
    ]
    heading = _("Make a new secret for {name}?").format(name=webhook.name)
    button = _("Make a new secret")
    return ask_first(request, heading, [], button, crumbs=_crumbs(request, webhook), points=points)


def rotate(request: Request) -> Response:
    """Make a new secret and show it, this once."""
    with organization_write(request) as access:
        webhook, secret = documents_of(request).webhooks.rotate(
            access, request.path_params["webhook"]
        )
    return _shown_once(request, webhook, secret)


def delete_form(request: Request) -> Response:
    """Ask before a webhook is deleted."""
    webhook = _webhook(request)
    points = [
        _("Nothing is sent to it any longer, what waits neither."),
        _("Its messages and their tries are deleted."),
    ]
    heading = _("Delete the webhook {name}?").format(name=webhook.name)
    crumbs = _crumbs(request, webhook)
    return ask_first(request, heading, [], _("Delete"), crumbs=crumbs, points=points)


def delete(request: Request) -> Response:
    """Delete a webhook."""
    with organization_write(request) as access:
        documents_of(request).webhooks.delete(access, request.path_params["webhook"])
    return redirect(request, path_to(request, "webhooks"), text=_("The webhook is deleted."))


def _webhook(request: Request) -> WebhookEndpoint:
    """Return the webhook with the id in the path; raises NotFound and Forbidden."""
    with organization_read(request) as access:
        return documents_of(request).webhooks.get(access, request.path_params["webhook"])


def _detail_page(request: Request, tested: WebhookAttempt | None = None) -> Response:
    service = documents_of(request).webhooks
    place = Cursor.read(request.query_params.get("after", ""), is_before=False)
    after = place.moment if place else None
    with organization_read(request) as access:
        webhook = service.get(access, request.path_params["webhook"])
        page = service.messages(access, webhook.id, _SHOWN, after)
    context = {
        "webhook": webhook,
        "page_of": page,
        "next": Cursor.at(*page.next).text if page.next else "",
        "is_first": after is None,
        "tested": tested,
        "labels": {each.value: each.label for each in EventType},
    }
    return render(request, "settings/webhooks/detail.html", context)


def _form() -> Form:
    help_text = _("An https address of your program. It answers within 20 seconds with 2xx.")
    return Form(
        [
            FormField("name", _("Name"), required=True, limit=MAX_NAME),
            FormField(
                "url",
                _("Address"),
                required=True,
                limit=MAX_ADDRESS,
                help=help_text,
                placeholder="https://erp.example.com/ionport",
                inputmode="url",
            ),
        ]
    )


def _events(request: Request) -> Collection[str]:
    chosen = visit_of(request).form.getlist("events")
    return [value for value in chosen if isinstance(value, str)]


def _form_page(
    request: Request,
    values: Mapping[str, str],
    chosen: Collection[str],
    errors: Mapping[str, str],
    webhook: WebhookEndpoint | None = None,
    status: int = 200,
) -> Response:
    context = {
        "form": _form(),
        "values": values,
        "chosen": chosen,
        "errors": {name: text for name, text in errors.items() if name != "events"},
        "events_error": errors.get("events", ""),
        "groups": event_groups(),
        "webhook": webhook,
    }
    return render(request, "settings/webhooks/form.html", context, status=status)


def _shown_once(request: Request, webhook: WebhookEndpoint, secret: Secret) -> Response:
    context = {"webhook": webhook, "secret": secret.reveal()}
    headers = {"Cache-Control": "no-store"}
    return render(request, "settings/webhooks/secret.html", context, headers=headers)


def _crumbs(request: Request, webhook: WebhookEndpoint) -> list[tuple[str, str | None]]:
    return [
        (_("Settings"), path_to(request, "settings")),
        (_("Webhooks"), path_to(request, "webhooks")),
        (webhook.name, _url(request, webhook.id)),
    ]


def _url(request: Request, webhook_id: str) -> str:
    return path_to(request, "webhook", webhook=webhook_id)


_BASE = "/settings/webhooks"
_ONE = f"{_BASE}/{{webhook}}"
ROUTES = [
    Route(_BASE, list_webhooks, name="webhooks"),
    *form_routes(f"{_BASE}/new", add_form, add, name="webhook_add"),
    Route(_ONE, show, name="webhook"),
    *form_routes(f"{_ONE}/edit", edit_form, edit, name="webhook_edit"),
    Route(f"{_ONE}/test", test, methods=["POST"], name="webhook_test"),
    Route(f"{_ONE}/pause", pause, methods=["POST"], name="webhook_pause"),
    Route(f"{_ONE}/resume", resume, methods=["POST"], name="webhook_resume"),
    *form_routes(f"{_ONE}/secret", rotate_form, rotate, name="webhook_secret"),
    *form_routes(f"{_ONE}/delete", delete_form, delete, name="webhook_delete"),
    Route(f"{_ONE}/messages/{{message}}/resend", resend, methods=["POST"], name="webhook_resend"),
]
