"""Reads what the stored checks of a connection prove, for what acts on it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from typing import Final

from ionport.connections.proofs import Proof, judge
from ionport.connections.repository import CheckRepository, ConnectionRepository
from ionport.store import OrganizationScope, Work

_REMEMBERED: Final = 256
_Key = tuple[tuple[str, ...], tuple[str, ...]]


class _Judged:
    """What checks have proved; thread safe. A check that is over does not change any more."""

    def __init__(self) -> None:
        self._proofs: OrderedDict[_Key, Proof] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Key) -> Proof | None:
        with self._lock:
            return self._proofs.get(key)

    def keep(self, key: _Key, proof: Proof) -> None:
        with self._lock:
            self._proofs[key] = proof
            while len(self._proofs) > _REMEMBERED:
                self._proofs.popitem(last=False)


_judged = _Judged()


def proof_of(
    work: Work, scope: OrganizationScope, connection_id: str, stages: Collection[str]
) -> Proof:
    """Return what the stored checks of a connection prove for a method that uses `stages`.

    Each delivery asks it: the checks themselves are read when a new one has ended.
    """
    repository = CheckRepository(work.connection)
    ids = repository.ended_ids(scope, connection_id)
    if not ids:
        return judge((), stages)
    key = (ids, tuple(stages))
    proof = _judged.get(key)
    if proof is None:
        checks = repository.ended(scope, connection_id)
        proof = judge(checks, stages)
        if tuple(check.id for check in checks) == ids:
            _judged.keep(key, proof)
    return proof


def hold_proof(work: Work, scope: OrganizationScope, connection_id: str) -> None:
    """Let the proof of a connection stay as it is until this transaction ends."""
    ConnectionRepository(work.connection).lock(scope, connection_id)
