"""What the sandbox's M3 holds, for pages and for assertions of a test-suite."""

from __future__ import annotations

from collections.abc import Sequence

from ionport.identity.model import Actor
from ionport.sandbox.m3.model import File, Key, Record
from ionport.sandbox.m3.parameters import DEFAULT_COMPANY, MAX_RECORDS
from ionport.sandbox.m3.repository import M3Repository
from ionport.store import TenantScope, Work


class M3Inspection:
    """Reads files of a company, also those that no transaction lists."""

    def records(
        self,
        work: Work,
        scope: TenantScope,
        actor: Actor,
        file: File,
        *,
        company: int = DEFAULT_COMPANY,
        prefix: Key = (),
        limit: int = 100,
    ) -> Sequence[Record]:
        """Return records in the order of their keys, those whose key begins with `prefix`.

        A company that nobody has named yet has none. Names in lower case are the sandbox's own,
        such as `errors`: what validation found wrong with an invoice, one text a line.

        Raises:
            Forbidden: the actor does not administer the tenant.
        """
        actor.require_tenant_administrator(scope.tenant_id)
        bounded = min(limit, MAX_RECORDS)
        found = M3Repository(work.connection).records(scope, company, file, prefix, (), bounded)
        return [record for _key, record in found]
