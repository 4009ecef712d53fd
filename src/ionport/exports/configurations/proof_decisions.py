"""Deliveries held by a refused proof, freed by the next proof that passes or by a decision.

A delivery goes over a connection with the stages that its method uses. While Infor's newest answer
about one of them is a refusal, sending it would fail, and cost sign-ons: it is held (status
waiting, no time, error code `proof_refused`). Only a refusal holds; an unproved connection is left
to the circuit breaker.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ionport.connections.proof_reader import hold_proof, proof_of
from ionport.connections.proofs import Proof, ProofState
from ionport.core.clock import Clock
from ionport.core.errors import Conflict, InvalidInput
from ionport.core.i18n import _
from ionport.core.ids import new_id
from ionport.exports.configurations.decision_repository import ProofDecisionRepository
from ionport.exports.configurations.model import ConfigurationAction, ProofDecision, UseOfConnection
from ionport.exports.destinations import DESTINATIONS, destination_of, proof_stages_of
from ionport.exports.ledger.attempts import Problem
from ionport.exports.ledger.pass_repository import PassRepository
from ionport.exports.model import PROOF_REFUSED, Delivery
from ionport.identity.access import Access
from ionport.identity.audit import AuditLog
from ionport.store import OrganizationScope, ScopedWork

REASON_LENGTH: Final = 500


def refused_proof(access: ScopedWork[OrganizationScope], delivery: Delivery) -> Problem | None:
    """Return why a delivery is held: Infor refused its connection and no person decided otherwise.

    Call it in the transaction that writes the hold: a proof that ends at the same moment is
    waited for, so that nothing is held by a refusal that is no longer the newest proof.
    """
    use = UseOfConnection.of_delivery(delivery)
    if not _is_refused(access, use):
        return None
    hold_proof(access, use.connection_id)
    if not _is_refused(access, use):
        return None
    proof = use_proof(access, use)
    text = _("The connection was refused when it was proved. {reason}").format(reason=proof.text)
    remedy = _(
        "{remedy} Then choose Test connection: a proof that passes lets this delivery go on. Or"
        " choose Deliver all the same and give a reason."
    ).format(remedy=proof.remedy)
    return Problem(PROOF_REFUSED, text, remedy, transient=True)


def free_after_proof(
    access: ScopedWork[OrganizationScope], connection_id: str, now: datetime
) -> int:
    """Make deliveries due that the newest proof no longer holds; returns how many."""
    freed = 0
    for destination in DESTINATIONS:
        method = destination.method
        proof = proof_of(access, connection_id, proof_stages_of(method))
        if proof.state is ProofState.PASSED:
            freed += PassRepository(access.connection).free(
                access.scope, PROOF_REFUSED, now, connection_id=connection_id, method=method
            )
    return freed


def use_proof(access: ScopedWork[OrganizationScope], use: UseOfConnection) -> Proof:
    """Return the proof of a connection for the method that uses it."""
    return proof_of(access, use.connection_id, proof_stages_of(use.method))


def decision_about(
    access: ScopedWork[OrganizationScope], use: UseOfConnection, proof: Proof
) -> ProofDecision | None:
    """Return what a person decided about this very proof; a newer proof needs a new decision."""
    return ProofDecisionRepository(access.connection).latest(
        access.scope, use.configuration_id, use.connection_id, proof.check_id
    )


def _is_refused(access: ScopedWork[OrganizationScope], use: UseOfConnection) -> bool:
    proof = use_proof(access, use)
    return proof.state is ProofState.REFUSED and decision_about(access, use, proof) is None


class ProofDecisions:
    """A person's decisions to go on although a proof did not pass."""

    def __init__(self, clock: Clock, audit: AuditLog) -> None:
        self._clock = clock
        self._audit = audit

    def require_for_activation(
        self, access: Access[OrganizationScope], use: UseOfConnection, reason: str
    ) -> None:
        """Let a configuration become active when its proof passed, or a person gives a reason.

        Raises:
            Conflict: `proof_not_passed`; the text says what is missing and what to do.
            InvalidInput: the reason is too long.
        """
        proof = use_proof(access, use)
        if proof.state is ProofState.PASSED:
            return
        if not reason.strip():
            raise Conflict(
                _(
                    "This connection has not been proved for {method}. {reason} {remedy} Or"
                    " activate all the same, and give a reason."
                ).format(
                    method=destination_of(use.method).label,
                    reason=proof.text,
                    remedy=proof.remedy,
                ),
                code="proof_not_passed",
            )
        self._store(access, ConfigurationAction.ACTIVATED_ALL_THE_SAME, use, proof, reason)

    def deliver_all_the_same(
        self, access: Access[OrganizationScope], use: UseOfConnection, reason: str
    ) -> int:
        """Free what the refused proof holds of one configuration; returns how many deliveries.

        It counts until the next proof of the connection.

        Raises:
            InvalidInput: the reason is missing or too long.
            Conflict: `nothing_is_held`; the proof is not refused.
        """
        access.require_organization_administrator()
        hold_proof(access, use.connection_id)
        proof = use_proof(access, use)
        if proof.state is not ProofState.REFUSED:
            raise Conflict(
                _("The connection is not refused: nothing is held."),
                code="nothing_is_held",
            )
        self._store(access, ConfigurationAction.DELIVERS_ALL_THE_SAME, use, proof, reason)
        return PassRepository(access.connection).free(
            access.scope,
            PROOF_REFUSED,
            self._clock.now(),
            connection_id=use.connection_id,
            configuration_id=use.configuration_id,
        )

    def _store(
        self,
        access: Access[OrganizationScope],
        action: ConfigurationAction,
        use: UseOfConnection,
        proof: Proof,
        reason: str,
    ) -> None:
        decision = ProofDecision(
            id=new_id("dec"),
            configuration_id=use.configuration_id,
            connection_id=use.connection_id,
            check_id=proof.check_id,
            state=proof.state,
            reason=_reason(reason),
            made_by=access.actor.name,
            made_at=self._clock.now(),
        )
        ProofDecisionRepository(access.connection).add(access.scope, decision)
        details = {
            "title": use.title,
            "proof": str(proof.state),
            "stage": proof.stage.key if proof.stage else "",
            "reason": decision.reason,
        }
        self._audit.record(access, action, use.configuration_id, details)


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason or len(reason) > REASON_LENGTH:
        wrong = _("Give a reason of 1 to 500 characters.")
        raise InvalidInput(wrong, fields={"reason": wrong})
    return reason
