"""What an administrator chooses for a whole tenant's authorization server."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from ionport.core.errors import InvalidInput
from ionport.core.i18n import _

MAX_LIMIT: Final = 1_000_000


class ScopeMode(StrEnum):
    """Configuration > OAuth 2.0; the value is Infor's label.

    Source: docs/reference/credentials.md#scopes.
    """

    DISABLED = "Disabled"
    ENFORCED = "Enforced"
    PER_APP = "Enforced Per Authorized App"


class UrlFlavour(StrEnum):
    """How the addresses behind `pu` are called in credential files.

    Source: docs/reference/oauth.md#endpoints.
    """

    CLOUD = "cloud"
    ON_PREMISES = "on-premises"


class TokenForm(StrEnum):
    """Which claims access tokens carry: Infor's or those of RFC 9068.

    Source: docs/reference/oauth.md#access-tokens.
    """

    INFOR = "infor"
    RFC9068 = "rfc9068"


class RefusalForm(StrEnum):
    """What the gateway's own refusals have in their body: what happened, or the bare status.

    Source: docs/reference/gateway.md#limits.
    """

    EXPLAINED = "explained"
    INFOR = "infor"


@dataclass(frozen=True, slots=True)
class Limits:
    """Infor's limits; `are_on` False counts and refuses nothing.

    Source: docs/reference/gateway.md#limits.
    """

    are_on: bool = False
    logins_per_minute: int = 20
    logins_per_day: int = 1_000
    tokens_per_client_per_day: int = 100

    def switched(self, *, on: bool) -> Limits:
        """Return the same figures, applied or not."""
        return replace(self, are_on=on)

    def check(self) -> None:
        """Raise InvalidInput unless every figure is between 1 and `MAX_LIMIT`."""
        wrong = {
            name: _("Choose a number between 1 and {limit}.").format(limit=MAX_LIMIT)
            for name in ("logins_per_minute", "logins_per_day", "tokens_per_client_per_day")
            if not 1 <= getattr(self, name) <= MAX_LIMIT
        }
        if wrong:
            raise InvalidInput(
                _("The limits cannot be saved. Correct the marked fields."),
                code="limits_invalid",
                fields=wrong,
            )


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """A tenant's choices, with the defaults of a tenant that nobody has set up.

    `refresh_tokens_rotate`: every use of a refresh token gives another one, and the used one that
    comes again ends the grant (RFC 9700 §4.14.2). Public clients' rotate always.
    """

    scope_mode: ScopeMode = ScopeMode.DISABLED
    implicit_allowed: bool = False
    url_flavour: UrlFlavour = UrlFlavour.CLOUD
    token_form: TokenForm = TokenForm.INFOR
    limits: Limits = field(default_factory=Limits)
    refresh_tokens_rotate: bool = False
    refusal_form: RefusalForm = RefusalForm.EXPLAINED

    def with_limits(self, limits: Limits) -> TenantSettings:
        """Return the same settings with other limits."""
        return replace(self, limits=limits)

    def check(self) -> None:
        """Raise InvalidInput when a figure is out of range."""
        self.limits.check()
