"""Presets of common fault rules, for the form of a new rule."""

from __future__ import annotations

from collections.abc import Mapping

from ionport.core.i18n import _
from ionport.sandbox.control.controls.faults import FaultDraft, FaultKind, FaultTarget, Trigger


def presets() -> Mapping[str, FaultDraft]:
    """Return the rules by their word in the address; each has the name that it is shown by."""
    return {
        "busy-idm": FaultDraft(
            FaultKind.STATUS,
            name=_("IDM is busy for three calls"),
            target=FaultTarget(service="IDM"),
            trigger=Trigger.NEXT,
            figure=3,
            status=503,
        ),
        "cut-after-commit": FaultDraft(
            FaultKind.CUT_AFTER_COMMIT,
            name=_("An item is created and its answer lost"),
            target=FaultTarget(service="IDM", operation="create item"),
            trigger=Trigger.NEXT,
        ),
        "token-in-mid-load": FaultDraft(
            FaultKind.UNAUTHORIZED,
            name=_("The token is refused at every tenth call of M3"),
            target=FaultTarget(service="M3"),
            trigger=Trigger.EVERY,
            figure=10,
        ),
        "slow-search": FaultDraft(
            FaultKind.SEARCH_LAG,
            name=_("IDM finds new items after ten seconds"),
            target=FaultTarget(service="IDM"),
            seconds=10,
        ),
    }
