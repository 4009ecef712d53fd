"""One module for each export method (see `port.py`), and the list of them."""

from __future__ import annotations

from ionport.connections.proofs import BASE_STAGES
from ionport.exports.destinations.infor_idm import InforIdm
from ionport.exports.destinations.infor_idm_bod import InforIdmBod
from ionport.exports.destinations.port import Destination, TargetCall
from ionport.exports.model import ExportMethod, StepKind

_ALL: tuple[Destination, ...] = (InforIdm(), InforIdmBod())
_BY_METHOD = {destination.method: destination for destination in _ALL}


def destination_of(method: ExportMethod) -> Destination:
    """Return the destination of a method."""
    return _BY_METHOD[method]


def steps_of(method: ExportMethod) -> tuple[StepKind, ...]:
    """Return the steps of a method in their order: a look-up comes before what it looks for."""
    steps = [StepKind.RENDER]
    for call in destination_of(method).calls:
        if call.look_up is not None:
            steps.append(call.look_up.kind)
        steps.append(call.kind)
    return tuple(steps)


def call_of(method: ExportMethod, kind: StepKind) -> TargetCall:
    """Return the call of a step, or that a step looks up; raises ValueError for another step."""
    for call in destination_of(method).calls:
        if kind is call.kind or (call.look_up is not None and kind is call.look_up.kind):
            return call
    raise ValueError(f"{method} makes no call at {kind}")


def proof_stages_of(method: ExportMethod) -> tuple[str, ...]:
    """Return the stages of a connection's proof that a method uses."""
    return (*BASE_STAGES, *destination_of(method).proof_stages)
