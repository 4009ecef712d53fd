"""The field that a service account is chosen by: its title is offered, any part of it is taken."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from ionport.core.paging import MAX_PER_PAGE, PageRequest
from ionport.identity.access import Access
from ionport.oauth.accounts.model import AccountQuery
from ionport.store import TenantScope
from ionport.web.services import infor_of
from ionport.web.state import today_of


def offered_accounts(
    request: Request, access: Access[TenantScope], app_id: str = ""
) -> Sequence[str] | None:
    """Return the titles of the newest accounts that log in, of one app or of all.

    None where there is no such account; a tenant with more than are listed may have one.
    """
    today = today_of(request)
    query = AccountQuery(app_id=app_id, is_disabled=False, page=PageRequest(per_page=MAX_PER_PAGE))
    page = infor_of(request).service_accounts.list_accounts(access, query)
    titles = [
        one.account.title if app_id else one.title
        for one in page.items
        if one.account.is_open(today)
    ]
    return titles if titles or page.total > len(page.items) else None
