"""Token requests and answers of every grant, without I/O (docs/reference/oauth.md#requests)."""

from __future__ import annotations

import base64
import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..answers.faults import token_error
from ..calls import Answer, Call
from ..errors import TokenError
from ..secrets import Secret
from ..wording import worded

if TYPE_CHECKING:
    from ..file.model import IonApiFile

# An answer without expires_in leaves the lifetime open; a refused token is renewed anyway.
ASSUMED_LIFETIME = 3600.0
LONGEST_LIFETIME = 366 * 86400.0
ANSWER_LIMIT = 256 * 1024

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")


class ClientAuth(Enum):
    """Where client id and secret stand in a token request."""

    BASIC = "basic"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token endpoint gave. `expires_at` is in seconds since 1970."""

    access_token: Secret
    expires_at: float
    refresh_token: Secret | None = None
    token_type: str = "Bearer"  # noqa: S105
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Grants:
    """Builds the token requests of one credential.

    `scope` is sent as given; None sends the scopes of the file, if it lists any.
    """

    file: IonApiFile
    client_auth: ClientAuth = ClientAuth.BASIC
    scope: str | None = None

    def login(self) -> Call:
        """The grant that the file's keys allow: service account, else client credentials."""
        if self.file.saak is None or self.file.sask is None:
            return self._post({"grant_type": "client_credentials", **self._scope()})
        return self._post(
            {
                "grant_type": "password",
                "username": self.file.saak.reveal(),
                "password": self.file.sask.reveal(),
                **self._scope(),
            }
        )

    def refresh(self, refresh_token: Secret) -> Call:
        """RFC 6749 §6; the scope is left out, which keeps the granted one."""
        return self._post({"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()})

    def revoke(self, token: Secret, hint: str) -> Call:
        """RFC 7009. `hint` is access_token or refresh_token. Needs the file's `or`."""
        if self.file.revocation_url is None:
            raise TokenError(
                worded("The ION API file names no revocation address (or)."), code="no_revocation"
            )
        form = {"token": token.reveal(), "token_type_hint": hint}
        return self._post(form, self.file.revocation_url)

    def _scope(self) -> dict[str, str]:
        scope = " ".join(self.file.sc or ()) if self.scope is None else self.scope
        return {"scope": scope} if scope else {}

    def _post(self, form: dict[str, str], url: str | None = None) -> Call:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        client_id, secret = self.file.ci, self.file.cs.reveal()
        if self.client_auth is ClientAuth.BASIC:
            # Not percent-encoded first as RFC 6749 §2.3.1 has it: Infor's SDK does not either.
            pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        else:
            form = {**form, "client_id": client_id, "client_secret": secret}
        return Call(
            "POST",
            url or self.file.token_url,
            headers,
            urlencode(form).encode(),
            authorized=False,
            login=True,
            limit=ANSWER_LIMIT,
        )

    def tokens(self, answer: Answer, *, now: float, previous: TokenSet | None = None) -> TokenSet:
        """Take the answer to `login` or `refresh`. `now` is in seconds since 1970.

        A refresh may leave the refresh token out: `previous` keeps its own then
        (docs/reference/oauth.md#answers). Raises TokenError, or AnswerRefused for an answer that is
        no token answer.
        """
        if not answer.ok:
            raise token_error(answer, self.file)
        data = answer.json_object()
        access_token = _token(answer, data, "access_token")
        if access_token is None:
            raise answer.refused("bad_shape", worded("The token answer contains no access token."))
        token_type = data.get("token_type") or "Bearer"
        if str(token_type).lower() != "bearer":
            text = worded("The server gave a token that is not a bearer token.")
            raise answer.refused("bad_shape", text)
        refresh_token = _token(answer, data, "refresh_token")
        if refresh_token is None and previous is not None:
            refresh_token = previous.refresh_token
        scope = data.get("scope")
        return TokenSet(
            access_token=access_token,
            expires_at=now + _lifetime(data.get("expires_in")),
            refresh_token=refresh_token,
            scope=scope if isinstance(scope, str) else "",
        )


def _token(answer: Answer, data: dict[str, Any], key: str) -> Secret | None:
    value = data.get(key)
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        text = worded("The {key} in the token answer is not usable.", key=key)
        raise answer.refused("bad_shape", text)
    return Secret(value)


def _lifetime(value: Any) -> float:
    """`expires_in` in seconds: a number, or one in quotes (docs/reference/oauth.md#answers)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ASSUMED_LIFETIME
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return ASSUMED_LIFETIME
    if not math.isfinite(seconds) or seconds < 0:
        return ASSUMED_LIFETIME
    return min(seconds, LONGEST_LIFETIME)
