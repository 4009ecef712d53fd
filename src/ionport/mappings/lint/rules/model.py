"""What a rule of the linter is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

NO_CORRELATION_ID = "no_correlation_id"
"""Code of the finding that a configuration may accept: deliveries are then at least once."""


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `text` and `remedy` have places for the finding's parameters.

    `remedies` replaces the remedy where the parameter `case` names one. A finding that is not
    `acceptable` can only be fixed: the file could not be rendered.
    """

    id: str
    severity: Severity
    text: str
    remedy: str
    remedies: Mapping[str, str] = field(default_factory=dict)
    acceptable: bool = True
