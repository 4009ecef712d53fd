"""One module for each export method: its steps, what it renders and what it calls."""

from __future__ import annotations

from ionport.connections.proofs import BASE_STAGES
from ionport.exports.destinations import infor_idm, infor_idm_bod
from ionport.exports.model import ExportMethod, StepKind

_STEPS = {
    ExportMethod.INFOR_IDM: infor_idm.STEPS,
    ExportMethod.INFOR_IDM_BOD: infor_idm_bod.STEPS,
}
_SERVICES = {
    ExportMethod.INFOR_IDM: ("idm",),
    ExportMethod.INFOR_IDM_BOD: ("idm", "ion"),
}


def steps_of(method: ExportMethod) -> tuple[StepKind, ...]:
    """Return the steps of a method in their order; never changed once deliveries have them."""
    return _STEPS[method]


def proof_stages_of(method: ExportMethod) -> tuple[str, ...]:
    """Return the stages of a connection's proof that a method uses."""
    return (*BASE_STAGES, *_SERVICES[method])
