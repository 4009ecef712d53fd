"""Reads what the stored checks of a connection prove."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Final

from cachetools import FIFOCache

from ionport.connections.check_repository import CheckRepository
from ionport.connections.proofs import Proof, judge
from ionport.connections.repository import ConnectionRepository
from ionport.store import OrganizationScope, ScopedWork

_REMEMBERED: Final = 256
_Key = tuple[tuple[str, ...], tuple[str, ...]]


# What checks have proved. A check that is over does not change any more.
_judged: FIFOCache[_Key, Proof] = FIFOCache(_REMEMBERED)
_judging = threading.Lock()


def proof_of(
    access: ScopedWork[OrganizationScope], connection_id: str, stages: Collection[str]
) -> Proof:
    """Return what the stored checks of a connection prove for a method that uses `stages`.

    Each delivery calls it: the checks themselves are read when a new one has ended.
    """
    repository = CheckRepository(access.connection)
    ids = repository.ended_ids(access.scope, connection_id)
    if not ids:
        return judge((), stages)
    key = (ids, tuple(stages))
    with _judging:
        proof = _judged.get(key)
    if proof is None:
        checks = repository.ended(access.scope, connection_id)
        proof = judge(checks, stages)
        if tuple(check.id for check in checks) == ids:
            with _judging:
                _judged[key] = proof
    return proof


def hold_proof(access: ScopedWork[OrganizationScope], connection_id: str) -> None:
    """Lock the proof of a connection until this transaction ends."""
    ConnectionRepository(access.connection).lock(access.scope, connection_id)
