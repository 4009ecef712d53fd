"""No target to send to: a program fetches what waits. The connection groups and limits it."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.connections.model import TargetKind
from ionport.connections.targets.model import Results, Stages, Target, TargetField, TargetType
from ionport.core.clock import Clock
from ionport.core.i18n import N_, _
from ionport.ionapi.addresses import AddressPolicy


class PullType(TargetType):
    """On-premise: a program with an API key fetches documents, instead of being sent them."""

    kind = TargetKind.PULL
    fields: tuple[TargetField, ...] = ()
    stages: tuple[tuple[str, str], ...] = (("settings", N_("Settings")),)

    @property
    def summary(self) -> str:
        return _("A program beside your Infor fetches what waits; nothing is called from here.")

    def checked(self, target: Target, policy: AddressPolicy) -> Target:
        return Target(self.kind, {})

    def place(self, parameters: Mapping[str, str]) -> str:
        return ""

    def probe(self, target: Target, policy: AddressPolicy, clock: Clock) -> Results:
        stages = Stages(self.stages)
        yield stages.begin()
        yield stages.passed(_("Nothing is called: a program fetches what waits."))
