"""One module for each export method: its steps, what it renders and what it calls."""

from __future__ import annotations

from ionport.exports.destinations import infor_idm, infor_idm_bod
from ionport.exports.model import ExportMethod, StepKind

_STEPS = {
    ExportMethod.INFOR_IDM: infor_idm.STEPS,
    ExportMethod.INFOR_IDM_BOD: infor_idm_bod.STEPS,
}


def steps_of(method: ExportMethod) -> tuple[StepKind, ...]:
    """Return the steps of a method in their order; never changed once deliveries have them."""
    return _STEPS[method]
