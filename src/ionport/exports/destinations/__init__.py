"""One module for each export method (see `port.py`), and the list of them."""

from __future__ import annotations

from collections.abc import Set

from ionport.connections.model import TargetKind
from ionport.connections.proofs import BASE_STAGES
from ionport.core.errors import InvalidInput
from ionport.core.i18n import _
from ionport.exports.destinations.files.methods import InforSftp, LocalFolder, Sftp, Smb
from ionport.exports.destinations.idm_follow_ups import FOLLOW_UPS
from ionport.exports.destinations.infor_idm import InforIdm
from ionport.exports.destinations.infor_idm_bod import InforIdmBod
from ionport.exports.destinations.infor_idm_ln import InforIdmLn
from ionport.exports.destinations.infor_idm_m3 import InforIdmM3, InforIdmM3Toml
from ionport.exports.destinations.infor_ion_bod import InforIonBod
from ionport.exports.destinations.on_premise import OnPremise
from ionport.exports.destinations.port import AnyCall, Destination
from ionport.exports.destinations.webhook import Webhook
from ionport.exports.model import ExportMethod, StepKind
from ionport.mappings.model import MappingKind

DESTINATIONS: tuple[Destination, ...] = (
    InforIdm(),
    InforIonBod(),
    InforIdmBod(),
    InforIdmM3(),
    InforIdmM3Toml(),
    InforIdmLn(),
    InforSftp(),
    OnPremise(),
    Webhook(),
    Sftp(),
    Smb(),
    LocalFolder(),
)
"""Every destination, in the order in which they are offered."""
_BY_METHOD = {destination.method: destination for destination in DESTINATIONS}


def destination_of(method: ExportMethod) -> Destination:
    """Return the destination of a method."""
    return _BY_METHOD[method]


def destination_with(kinds: Set[MappingKind]) -> Destination:
    """Return the destination that needs exactly these mapping files; raises InvalidInput."""
    for destination in DESTINATIONS:
        if destination.mapping_kinds and set(destination.mapping_kinds) == kinds:
            return destination
    given = ", ".join(kind.label for kind in sorted(kinds)) or _("none")
    raise InvalidInput(
        _("No export method takes these mapping files: {kinds}.").format(kinds=given)
    )


def is_booked(method: ExportMethod) -> bool:
    """Tell whether a method has the invoice's lines booked, and does not only archive it."""
    return bool(set(destination_of(method).mapping_kinds) - {MappingKind.IDM})


def steps_of(method: ExportMethod) -> tuple[StepKind, ...]:
    """Return the steps of a method in their order: a look-up comes before the step it looks up."""
    steps = [StepKind.RENDER]
    for call in destination_of(method).calls:
        if call.look_up is not None:
            steps.append(call.look_up.kind)
        steps.append(call.kind)
    return tuple(steps)


def call_of(method: ExportMethod, kind: StepKind) -> AnyCall:
    """Return the call of a step, or that a step looks up; raises ValueError for another step."""
    for call in (*destination_of(method).calls, *FOLLOW_UPS):
        if kind is call.kind or (call.look_up is not None and kind is call.look_up.kind):
            return call
    raise ValueError(f"{method} makes no call at {kind}")


def proof_stages_of(method: ExportMethod) -> tuple[str, ...]:
    """Return the stages of a connection's proof that a method uses."""
    destination = destination_of(method)
    base = BASE_STAGES if destination.target is TargetKind.INFOR else ()
    return (*base, *destination.proof_stages)
