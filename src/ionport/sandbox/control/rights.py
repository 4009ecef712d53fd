"""Who may use the control plane, and on which tenants."""

from __future__ import annotations

from ionport.core.errors import Forbidden
from ionport.core.i18n import _
from ionport.identity.model import Actor
from ionport.store import TenantScope

PRODUCTION = "PRD"


def is_production(tenant_id: str) -> bool:
    """Tell whether the tenant's environment is PRD."""
    return tenant_id.rpartition("_")[2] == PRODUCTION


def require_control(actor: Actor, scope: TenantScope) -> None:
    """Raise Forbidden to who does not administer the tenant, and to all in a production tenant."""
    actor.require_tenant_administrator(scope.tenant_id)
    if is_production(scope.tenant_id):
        raise Forbidden(
            _(
                "{tenant} is a production tenant: it has no control plane. Use a tenant whose"
                " environment is TST, TRN, DEV or DEM."
            ).format(tenant=scope.tenant_id),
            code="production_tenant",
        )
