"""By what people sign in."""

from __future__ import annotations

from enum import StrEnum

from ionport.core.i18n import _


class SignInWay(StrEnum):
    """By what a session began."""

    PASSWORD = "password"  # noqa: S105 (a way, no password)
    PASSWORD_AND_CODE = "password and code"  # noqa: S105
    OPENID = "openid"
    OPENID_AND_CODE = "openid and code"

    @property
    def has_second_factor(self) -> bool:
        """Whether more than one proof of the person was asked for."""
        return self in (SignInWay.PASSWORD_AND_CODE, SignInWay.OPENID_AND_CODE)

    @property
    def is_by_provider(self) -> bool:
        """Whether the OpenID Connect provider has named the person."""
        return self in (SignInWay.OPENID, SignInWay.OPENID_AND_CODE)

    @property
    def label(self) -> str:
        """The way in the user's words."""
        return {
            SignInWay.PASSWORD: _("password"),
            SignInWay.PASSWORD_AND_CODE: _("password and code"),
            SignInWay.OPENID: _("OpenID provider"),
            SignInWay.OPENID_AND_CODE: _("OpenID provider, with a second factor"),
        }[self]
