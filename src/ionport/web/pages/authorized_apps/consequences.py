"""The consequences of a change of an authorized app for its present clients."""

from __future__ import annotations

from dataclasses import dataclass

from ionport.core.i18n import _
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AuthorizedApp


@dataclass(frozen=True, slots=True)
class Consequences:
    """What stops when a change is saved; `ends_tokens`: every token of the app does."""

    texts: tuple[str, ...]
    ends_tokens: bool


def consequences(app: AuthorizedApp, draft: AppDraft) -> Consequences:
    """Return what saving `draft`, which is checked, stops."""
    values = draft.values()
    is_public, grant_type = values["is_public"], values["grant_type"]
    texts = []
    if grant_type is not app.grant_type:
        text = _("Clients that log in by {grant_type} are refused.")
        texts.append(text.format(grant_type=app.grant_type.value))
    if is_public and not app.is_public:
        texts.append(_("The Secret stops working for good. Clients prove themselves by PKCE."))
    if app.is_public and not is_public:
        texts.append(
            _("The app gets a Secret. Clients without it are refused: give them the new file.")
        )
    if draft.use_bridge and not app.use_bridge:
        texts.append(
            _("The Secret is refused. Clients sign their requests with a key of Generate Key Pair.")
        )
    if app.use_bridge and not draft.use_bridge:
        texts.append(_("Requests that are signed with its keys are refused. The Secret works."))
    texts += [
        _("People can no longer come back to {url}.").format(url=url)
        for url in app.redirect_urls
        if url not in draft.redirect_urls
    ]
    texts += [
        _("Scripts of {origin} can no longer call.").format(origin=origin)
        for origin in app.javascript_origins
        if origin not in values["javascript_origins"]
    ]
    texts += [
        _("New tokens lack the scope {scope}, where scopes are enforced.").format(scope=scope)
        for scope in app.scopes
        if scope not in draft.scopes
    ]
    ends_tokens = grant_type is not app.grant_type or is_public is not app.is_public
    return Consequences(tuple(texts), ends_tokens)
