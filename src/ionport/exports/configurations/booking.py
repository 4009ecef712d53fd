"""Which active configurations book the lines of documents: the port `Targets` of the review."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ionport.exports.configurations.repository import ConfigurationRepository
from ionport.exports.destinations import DESTINATIONS, is_booked
from ionport.store import OrganizationScope, ScopedWork

_BOOKING = tuple(each.method for each in DESTINATIONS if is_booked(each.method))


class BookingTargets:
    """What the active configurations of an organization do with lines."""

    def that_book(
        self, access: ScopedWork[OrganizationScope], kinds: Collection[str]
    ) -> Mapping[tuple[str, str | None], Sequence[str]]:
        """Return the titles of those that book lines, by document type and sub-organization."""
        return ConfigurationRepository(access.connection).active_titles(
            access.scope, kinds, _BOOKING
        )
