"""The port of connections, filled by configurations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ionport.exports.configurations.proof_decisions import free_after_proof
from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.model import NO_SERVER_ANSWERS, PAUSED_BY_PERSON, QUOTA_USED_UP
from ionport.ionapi.tokens.shared import SIGN_ON_LIMIT
from ionport.store import OrganizationScope, ScopedWork


class ConfigurationConnectionUse:
    """Lists the configurations that use a connection, and handles its proofs (`ConnectionUse`)."""

    def titles(self, access: ScopedWork[OrganizationScope], connection_id: str) -> Sequence[str]:
        """Return the titles of configurations that use the connection."""
        return ConfigurationRepository(access.connection).uses_connection(
            access.scope, connection_id
        )

    def named_by(
        self, access: ScopedWork[OrganizationScope], connection_id: str
    ) -> tuple[int, int]:
        """Return how many deliveries, and how many deleted configurations, name it."""
        return ConfigurationRepository(access.connection).naming_connection(
            access.scope, connection_id
        )

    def proof_ended(
        self, access: ScopedWork[OrganizationScope], connection_id: str, now: datetime
    ) -> None:
        """Free the deliveries that a refused proof held, where the new one passed."""
        free_after_proof(access, connection_id, now)

    def goes_on(
        self, access: ScopedWork[OrganizationScope], connection_id: str, now: datetime
    ) -> None:
        """Make the deliveries due that wait for a person or a server of the connection."""
        self._free(access, connection_id, now, PAUSED_BY_PERSON, NO_SERVER_ANSWERS)

    def limits_changed(
        self, access: ScopedWork[OrganizationScope], connection_id: str, now: datetime
    ) -> None:
        """Make the deliveries due that wait until a limit of the connection has room again."""
        self._free(access, connection_id, now, QUOTA_USED_UP, SIGN_ON_LIMIT)

    @staticmethod
    def _free(
        access: ScopedWork[OrganizationScope], connection_id: str, now: datetime, *codes: str
    ) -> None:
        passes = PassRepository(access.connection)
        for code in codes:
            passes.free(access.scope, code, now, connection_id=connection_id)
