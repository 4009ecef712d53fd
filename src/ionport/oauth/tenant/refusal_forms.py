"""How the gateway words its refusals to a tenant's clients, remembered for two seconds."""

from __future__ import annotations

from ionport.core.caching.memory import ShortMemory
from ionport.oauth.protocol import look_up_text
from ionport.oauth.states import TokenStates
from ionport.oauth.tenant.repository import TenantSettingsRepository
from ionport.oauth.tenant.settings import RefusalForm
from ionport.store import Database, TenantScope


class RefusalForms:
    """The gateway's port, over the database."""

    def __init__(self, database: Database, states: TokenStates) -> None:
        self._database = database
        self._memory: ShortMemory[bool] = states.new_memory()

    def are_bare(self, tenant_id: str) -> bool:
        """Tell whether refusals have no more than Infor's, which name the status alone. May block.

        A tenant that does not exist has the default.
        """
        return self._memory.get(tenant_id, lambda: self._load(tenant_id))

    def _load(self, tenant_id: str) -> bool:
        scope = TenantScope(look_up_text(tenant_id))
        with self._database.read() as work:
            settings = TenantSettingsRepository(work.connection).get(scope)
        return settings.refusal_form is RefusalForm.INFOR
