"""Every table of the authorization server, for those that find tables by a domain's name.

Deleted apps and accounts keep their row, marked: the mark ends every token at once, without
touching a grant; the clean-up deletes the rows later.
"""

from __future__ import annotations

from ionport.oauth.accounts import tables as accounts
from ionport.oauth.apps import tables as apps
from ionport.oauth.authorize import tables as authorize
from ionport.oauth.clients import tables as clients
from ionport.oauth.grants import tables as grants
from ionport.oauth.grants.saml import tables as saml
from ionport.oauth.tenant import tables as tenant
from ionport.oauth.tokens import tables as tokens
from ionport.oauth.tokens.keys import tables as keys

__all__ = ["accounts", "apps", "authorize", "clients", "grants", "keys", "saml", "tenant", "tokens"]
