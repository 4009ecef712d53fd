"""Values of a person's list: the columns that are shown, and named views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ionport.documents.listing.columns import SHIPPED, Column

MAX_VIEWS = 30
MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class View:
    """A named filter and order: the parameters of the list's address."""

    name: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ListSettings:
    """What a person has chosen; `default_view` is the name of one, or empty."""

    columns: Sequence[Column] = SHIPPED
    views: Sequence[View] = field(default_factory=tuple)
    default_view: str = ""

    @property
    def default(self) -> View | None:
        """The view that is shown first."""
        return next((view for view in self.views if view.name == self.default_view), None)
