"""Infor side: the fields of an authorized app of one type.

Source: docs/reference/credentials.md#adding-an-app.
"""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request

from ionport.core.i18n import _
from ionport.oauth.apps.model import BACKEND_GRANT_TYPES, AppType, AuthorizedApp
from ionport.web.forms.declared import FieldKind, Form, FormField, Slot
from ionport.web.forms.scope_choice import scope_choice
from ionport.web.rendering.templating import manual_path


def app_form(request: Request, kind: AppType, app: AuthorizedApp | None) -> Form:
    """Return the form of an app of this type; `app` is the one that is edited."""
    return Form(
        [
            FormField(
                "name", _("Name"), required=True, limit=128, exact=True, autofocus=True,
                help=_(
                    "For example DocBits_TST: the system, then the environment. The credentials"
                    " file is named after it."
                ),
            ),
            Slot("type") if app else _type_choice(kind),
            *_backend_or_users(kind, app),
            *(field for field in _fields_of_types() if _has(kind, field)),
            _public() if kind.has_users else _bridge(),
            *_scopes(request),
            *(field for field in _switches_of_types() if _has(kind, field)),
            _lifetime("access_token"),
            _refresh_tokens(kind),
            _lifetime("refresh_token"),
        ]
    )  # fmt: skip


def _refresh_tokens(kind: AppType) -> FormField:
    text = _("Without refresh tokens people sign on again whenever the access token ends.")
    if not kind.has_users:
        text = _(
            "Without refresh tokens a client has to log in with its service account again whenever"
            " the access token ends, and logins are limited. Switch this on for a document"
            " system such as DocBits."
        )
    return FormField("issue_refresh_tokens", _("Issue Refresh Tokens"), FieldKind.SWITCH, help=text)


def _has(kind: AppType, field: FormField) -> bool:
    # The certificate only fills in its fingerprint.
    return field.name in kind.fields or f"{field.name}_fingerprint" in kind.fields


def _type_choice(kind: AppType) -> FormField:
    help_text = _(
        "Backend Service: a server by itself. Web and Mobile: an app that people sign on to. Below"
        " are the fields of {type}."
    )
    return FormField(
        "type", _("Type"), FieldKind.CHOICE, required=True,
        choices=[(one.value, one.value) for one in AppType], help=help_text.format(type=kind.value),
        button=("type", _("Show its fields")), follows=True,
        link=(manual_path("choose-a-type"), _("Which one?")),
    )  # fmt: skip


def _backend_or_users(kind: AppType, app: AuthorizedApp | None) -> Iterator[FormField]:
    if not kind.has_users:
        text = _(
            "Password Credentials logs in with a service account; Client Credentials needs none."
        )
        if app:
            text += " " + _("Changing it ends every token of this app.")
        grants = [(grant.value, grant.value) for grant in BACKEND_GRANT_TYPES]
        yield FormField(
            "grant_type",
            _("Grant Type"),
            FieldKind.CHOICE,
            required=True,
            choices=grants,
            help=text,
        )
    yield FormField(
        "description",
        _("Description"),
        FieldKind.LINES,
        required=not kind.has_users,
        rows=2,
        exact=True,
    )


def _fields_of_types() -> list[FormField]:
    return [
        FormField(
            "redirect_urls", _("Redirect URL"), FieldKind.LINES, required=True, rows=2,
            help=_(
                "Where people come back to after signing on; one on each line. A request must name"
                " it letter by letter; only the port of 127.0.0.1 is free."
            ),
        ),
        FormField(
            "javascript_origins", _("Authorized JavaScript Origins"), FieldKind.LINES, rows=2,
            help=_(
                "Sites whose scripts may call the API from a browser, such as"
                " https://app.example.com; one on each line, or * for all."
            ),
        ),
        FormField(
            "download_url", _("Download URL"), help=_("Where people get the app, or nothing.")
        ),
        FormField("package_name", _("Package Name"), help=_("Such as com.example.app.")),
        FormField(
            "certificate_fingerprint", _("Signing Certificate Fingerprint (SHA1)"),
            help=_(
                "20 pairs of hex digits with colons between them; Load Certificate fills it in."
            ),
        ),
        FormField(
            "certificate", _("Certificate file"), FieldKind.FILE, accept=".cer,.crt,.der,.pem",
            button=("certificate", _("Load Certificate")),
        ),
        FormField("bundle_id", _("Bundle ID"), help=_("Such as com.example.app.")),
        FormField(
            "app_store_id", _("App Store ID"),
            help=_("The number in the app's address in the App Store."),
        ),
    ]  # fmt: skip


def _public() -> FormField:
    return FormField(
        "is_public", _("Public app"), FieldKind.SWITCH,
        help=_(
            "Others can look into it, as into every app on a phone or in a browser: it keeps no"
            " Secret and proves itself by PKCE. Switch it off only for a server, or an old mobile"
            " SDK without PKCE."
        ),
    )  # fmt: skip


def _bridge() -> FormField:
    return FormField(
        "use_bridge", _("Use Bridge Authentication"), FieldKind.SWITCH,
        help=_(
            "The app signs its requests with a private key; its Secret is then refused. Generate"
            " Key Pair is on the page of the saved app."
        ),
    )  # fmt: skip


def _scopes(request: Request) -> Iterator[FormField]:
    choice = scope_choice(request)
    if choice.app_decides:
        yield FormField(
            "enforce_scopes", _("Enforce Scopes"), FieldKind.SWITCH,
            help=_("Tokens of this app then reach only the API suites whose scopes are listed."),
        )  # fmt: skip
    if choice.scopes_count:
        yield FormField(
            "scopes", _("Scopes"), FieldKind.SCOPES, choices=choice.offered,
            help=_("What tokens of this app may reach, where scopes are enforced."),
        )  # fmt: skip


def _switches_of_types() -> list[FormField]:
    return [
        FormField(
            "user_impersonation", _("User Impersonation"), FieldKind.SWITCH,
            help=_("The app may name the person it acts for in each call."),
        ),
        FormField("id_translation", _("ID Translation"), FieldKind.SWITCH),
    ]  # fmt: skip


def _lifetime(name: str) -> Slot:
    return Slot(name, [FormField(name, "", FieldKind.NUMBER), FormField(f"{name}_unit", "")])
