"""The names of a delivery's steps, as findings of documents and pages of deliveries have them.

The ledger of deliveries stands above the documents, whose findings name its steps by their codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ionport.core.i18n import N_, gettext

_NAMES: Final[Mapping[str, str]] = {
    "render": N_("Render"),
    "idm_look_up": N_("IDM look-up"),
    "idm_create": N_("IDM create"),
    "ion_publish": N_("ION publish"),
    "idm_update": N_("IDM update"),
    "idm_remove": N_("IDM removal"),
    "m3_look_up": N_("M3 look-up"),
    "m3_head": N_("M3 head"),
    "m3_lines_look_up": N_("M3 look-up of lines"),
    "m3_lines": N_("M3 lines"),
    "m3_validate": N_("M3 validation"),
    "m3_read_back": N_("M3 read-back"),
    "ln_look_up": N_("LN look-up"),
    "ln_create": N_("LN create"),
    "files_write": N_("Files written"),
    "files_look_up": N_("Folder look-up"),
    "files_place": N_("Files renamed"),
    "webhook_post": N_("Webhook posted"),
    "fetch": N_("Fetched"),
}


def step_name(code: str) -> str:
    """Return the name of a step in the current language; an unknown code stays."""
    return gettext(_NAMES[code]) if code in _NAMES else code
