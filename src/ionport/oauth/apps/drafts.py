"""The form of an authorized app, and its rules.

Source: docs/reference/credentials.md#adding-an-app, docs/reference/credentials.md#backend-service.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ionport.core.errors import refuse_wrong
from ionport.core.i18n import _
from ionport.oauth.apps.model import (
    BACKEND_GRANT_TYPES,
    AppType,
    AuthorizedApp,
    GrantType,
    name_key,
)
from ionport.oauth.apps.redirects import (
    MAX_REDIRECT_URLS,
    MAX_URL_LENGTH,
    normal_origin,
    wrong_origin,
    wrong_redirect_url,
)
from ionport.oauth.tenant.scopes import wrong_scopes

MAX_NAME_LENGTH: Final = 128
MAX_DESCRIPTION_LENGTH: Final = 1000
MIN_ACCESS_TOKEN_SECONDS: Final = 60
MAX_ACCESS_TOKEN_SECONDS: Final = 86_400
MAX_REFRESH_TOKEN_SECONDS: Final = 10 * 365 * 86_400


_DOWNLOAD_URL = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[!-~]*)?")
_SHAPES: Final = {
    "package_name": re.compile(r"[A-Za-z]\w{0,60}(?:\.[A-Za-z]\w{0,60}){1,9}", re.ASCII),
    "certificate_fingerprint": re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){19}"),
    "bundle_id": re.compile(r"[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,60}){1,9}"),
    "app_store_id": re.compile(r"[0-9]{5,15}"),
}
_TYPED_FIELDS: Final = frozenset[str]().union(*(kind.fields for kind in AppType))


@dataclass(frozen=True, slots=True)
class AppDraft:
    """What the form of an app holds, before it is checked. Lifetimes are in seconds.

    `is_public` None means as usual for the type: a mobile app is public, others keep a secret.
    """

    name: str
    type: AppType = AppType.BACKEND_SERVICE
    grant_type: GrantType = GrantType.PASSWORD_CREDENTIALS
    description: str = ""
    access_token_seconds: int = 7200
    issue_refresh_tokens: bool = False
    refresh_token_seconds: int = 0
    is_public: bool | None = None
    redirect_urls: tuple[str, ...] = ()
    javascript_origins: tuple[str, ...] = ()
    download_url: str = ""
    package_name: str = ""
    certificate_fingerprint: str = ""
    bundle_id: str = ""
    app_store_id: str = ""
    enforce_scopes: bool = False
    scopes: tuple[str, ...] = ()
    user_impersonation: bool = False
    id_translation: bool = False
    use_bridge: bool = False

    @classmethod
    def of(cls, app: AuthorizedApp) -> AppDraft:
        """Return the draft that would leave `app` as it is: where editing begins."""
        return cls(**{entry.name: getattr(app, entry.name) for entry in dataclasses.fields(cls)})

    @property
    def will_be_public(self) -> bool:
        return self.type.is_mobile if self.is_public is None else self.is_public

    def values(self) -> dict[str, Any]:
        """Return the checked fields as an app has them."""
        values = {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)}
        values["is_public"] = self.will_be_public
        values["certificate_fingerprint"] = self.certificate_fingerprint.upper()
        values["javascript_origins"] = tuple(map(normal_origin, self.javascript_origins))
        if self.type.has_users:
            values["grant_type"] = GrantType.AUTHORIZATION_CODE
        return values

    def check(self) -> None:
        """Raise InvalidInput, with a text for each wrong field, unless the app can be made.

        Rules: docs/reference/credentials.md#adding-an-app (name, description),
        docs/reference/credentials.md#types, and for lifetimes
        docs/reference/credentials.md#backend-service.
        """
        fields = {
            "name": self._wrong_name(),
            "description": self._wrong_description(),
            "grant_type": self._wrong_grant_type(),
            "access_token_seconds": self._wrong_access_lifetime(),
            "refresh_token_seconds": self._wrong_refresh_lifetime(),
            "is_public": self._wrong_public(),
            "use_bridge": self._wrong_bridge(),
            "scopes": self._wrong_scopes(),
            **self._wrong_fields_of_type(),
        }
        refuse_wrong(
            fields, _("The app cannot be saved. Correct the marked fields."), code="app_invalid"
        )

    def _wrong_fields_of_type(self) -> dict[str, str | None]:
        """Return what is wrong with the fields that only some types have."""
        checks: Mapping[str, Callable[[], str | None]] = {
            "redirect_urls": self._wrong_redirect_urls,
            "javascript_origins": self._wrong_origins,
            "download_url": self._wrong_download_url,
            **{name: partial(self._wrong_shape, name) for name in _SHAPES},
        }
        wrong: dict[str, str | None] = {}
        for name in _TYPED_FIELDS:
            if name in self.type.fields:
                wrong[name] = checks[name]() if name in checks else None
            elif getattr(self, name):
                text = _("Leave this empty: type {type} has no such field.")
                wrong[name] = text.format(type=self.type.value)
        return wrong

    def _wrong_redirect_urls(self) -> str | None:
        if not self.redirect_urls:
            return _("Enter at least one URL, such as https://app.example.com/callback.")
        if len(self.redirect_urls) > MAX_REDIRECT_URLS:
            return _("Enter at most {limit} URLs.").format(limit=MAX_REDIRECT_URLS)
        keeps_secret = not self.will_be_public
        texts = (wrong_redirect_url(url, keeps_secret=keeps_secret) for url in self.redirect_urls)
        return next((text for text in texts if text), None)

    def _wrong_origins(self) -> str | None:
        if len(self.javascript_origins) > MAX_REDIRECT_URLS:
            return _("Enter at most {limit} origins.").format(limit=MAX_REDIRECT_URLS)
        texts = (wrong_origin(normal_origin(one)) for one in self.javascript_origins)
        return next((text for text in texts if text), None)

    def _wrong_download_url(self) -> str | None:
        url = self.download_url
        if url and (len(url) > MAX_URL_LENGTH or not _DOWNLOAD_URL.fullmatch(url)):
            return _("Enter an https address, or nothing.")
        return None

    def _wrong_shape(self, name: str) -> str | None:
        value = getattr(self, name)
        if not value or _SHAPES[name].fullmatch(value):
            return None
        texts = {
            "package_name": _("Enter a package name such as com.example.app."),
            "certificate_fingerprint": _(
                "Enter the SHA1 fingerprint: 20 pairs of hex digits, with colons between them."
            ),
            "bundle_id": _("Enter a bundle id such as com.example.app."),
            "app_store_id": _("Enter the number in the app's App Store address."),
        }
        return texts[name]

    def _wrong_grant_type(self) -> str | None:
        if not self.type.has_users and self.grant_type not in BACKEND_GRANT_TYPES:
            return _("Choose Password Credentials or Client Credentials.")
        return None

    def _wrong_public(self) -> str | None:
        if self.will_be_public and not self.type.has_users:
            return _("A Backend Service keeps a Secret.")
        return None

    def _wrong_bridge(self) -> str | None:
        if self.use_bridge and self.type.has_users:
            return _("Only a Backend Service uses bridge authentication.")
        return None

    def _wrong_scopes(self) -> str | None:
        if self.enforce_scopes and not self.scopes:
            return _("Choose at least one scope, or switch off Enforce Scopes.")
        return wrong_scopes(self.scopes)

    def _wrong_name(self) -> str | None:
        if not name_key(self.name):
            return _("Enter a name, for example DocBits_TST.")
        if len(self.name) > MAX_NAME_LENGTH:
            return _("Use at most {limit} characters.").format(limit=MAX_NAME_LENGTH)
        if not self.name.isprintable():
            return _("Leave out line breaks and control characters.")
        return None

    def _wrong_description(self) -> str | None:
        if not self.description.strip():
            if self.type.has_users:
                return None
            return _("Enter a description; Backend Service needs one.")
        if len(self.description) > MAX_DESCRIPTION_LENGTH:
            return _("Use at most {limit} characters.").format(limit=MAX_DESCRIPTION_LENGTH)
        if not all(line.isprintable() for line in re.split(r"[\r\n\t]", self.description)):
            return _("Leave out control characters.")
        return None

    def _wrong_access_lifetime(self) -> str | None:
        if not MIN_ACCESS_TOKEN_SECONDS <= self.access_token_seconds <= MAX_ACCESS_TOKEN_SECONDS:
            return _("Choose between 1 minute and 24 hours.")
        return None

    def _wrong_refresh_lifetime(self) -> str | None:
        seconds = self.refresh_token_seconds
        if seconds == 0:
            return None
        if not self.issue_refresh_tokens:
            return _("Leave this at 0, or switch on Issue Refresh Tokens.")
        if seconds < self.access_token_seconds:
            return _(
                "Choose 0 (never expires) or at least the lifetime of the OAuth 2.0 access token."
            )
        if seconds > MAX_REFRESH_TOKEN_SECONDS:
            return _("Choose 0 (never expires) or at most 10 years.")
        return None
