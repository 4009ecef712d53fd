"""The icon rail: the pages of each side that runs, with the one that is shown marked."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from ionport.core.i18n import _
from ionport.web.services import Sides, sides_of
from ionport.web.state import Visit

# Pages that are tabs beside the one that the icon rail names.
_TABS = {
    "authorized-apps": (
        "available-apis",
        "service-accounts",
        "users",
        "configuration",
        "audit-log",
    ),
    "inspector": ("coverage",),
    "faults": ("sandbox-clock", "sandbox-state", "control-keys"),
    "connection-points": ("document-flows", "acknowledgements", "data-lake", "data-catalog"),
}
_HOMES = {tab: home for home, tabs in _TABS.items() for tab in tabs}


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the icon rail."""

    label: str
    icon: str
    url: str
    is_current: bool


def navigation(
    request: Request, visit: Visit, tenant: str | None
) -> list[tuple[str, list[NavItem]]]:
    """Return the rail: the items of each side that runs, under its name."""
    if visit.session is None:
        return []
    sides = sides_of(request)
    groups: list[tuple[str, list[tuple[str, str, str]]]] = []
    # Whoever belongs to no organization gets 403 from each of its pages.
    if sides.documents is not None and visit.organization is not None:
        entries = [
            (_("Dashboard"), "home", "/dashboard"),
            (_("Documents"), "file-invoice", "/documents"),
            (_("Deliveries"), "send", "/deliveries"),
            (_("Export errors"), "alert-circle", "/export-errors"),
            (_("Settings"), "settings", "/settings"),
        ]
        groups.append((_("Document side"), entries))
    tenant = tenant or next(iter(visit.tenants), None)
    if sides.infor is not None and tenant is not None:
        groups.append((_("Infor side"), _tenant_entries(visit, sides, tenant)))
    here = own = request.url.path
    parts = here.split("/")
    if parts[1:2] == ["ion-api"] and len(parts) > 3 and parts[3] in _HOMES:
        here = f"/ion-api/{parts[2]}/{_HOMES[parts[3]]}"
    return [
        (
            name,
            [
                NavItem(label, symbol, url, url in (here, own) or here.startswith(f"{url}/"))
                for label, symbol, url in entries
            ],
        )
        for name, entries in groups
        if entries
    ]


def _tenant_entries(visit: Visit, sides: Sides, tenant: str) -> list[tuple[str, str, str]]:
    base = f"/ion-api/{tenant}"
    is_administrator = visit.actor.is_tenant_administrator(tenant)
    entries = []
    if is_administrator:
        entries.append((_("ION API"), "apps", f"{base}/authorized-apps"))
        if sides.sandbox is not None:
            entries.append((_("ION Desk"), "plug-connected", f"{base}/connection-points"))
    if sides.sandbox is not None and is_administrator:
        entries.append((_("Inspector"), "radar", f"{base}/inspector"))
        entries.append((_("Control plane"), "rotate-clockwise", f"{base}/faults"))
    elif sides.sandbox is not None:
        entries.append((_("Coverage"), "radar", f"{base}/coverage"))
    return entries
