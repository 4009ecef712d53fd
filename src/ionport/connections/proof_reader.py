"""Reads what the stored checks of a connection prove, for rooms that act on it."""

from __future__ import annotations

from collections.abc import Collection

from ionport.connections.proofs import Proof, judge
from ionport.connections.repository import CheckRepository, ConnectionRepository
from ionport.store import OrganizationScope, Work


def proof_of(
    work: Work, scope: OrganizationScope, connection_id: str, stages: Collection[str]
) -> Proof:
    """Return what the stored checks of a connection prove for a method that uses `stages`."""
    return judge(CheckRepository(work.connection).ended(scope, connection_id), stages)


def hold_proof(work: Work, scope: OrganizationScope, connection_id: str) -> None:
    """Let the proof of a connection stay as it is until this transaction ends."""
    ConnectionRepository(work.connection).lock(scope, connection_id)
