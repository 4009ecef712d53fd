"""Ports of mappings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ionport.store import OrganizationScope, ScopedWork


@dataclass(frozen=True, slots=True)
class MappingUse:
    """A configuration that uses a mapping file.

    `number` is the version that it is pinned to; None where it takes the newest.
    """

    configuration_id: str
    title: str
    is_active: bool
    number: int | None = None


class MappingUses(Protocol):
    """Tells which export configurations use mapping files; filled by exports."""

    def of(
        self, access: ScopedWork[OrganizationScope], mapping_ids: Collection[str]
    ) -> Mapping[str, Sequence[MappingUse]]:
        """Return the uses by mapping file, the active ones first; unused ones are left out."""
        ...

    def is_named(self, access: ScopedWork[OrganizationScope], mapping_id: str) -> bool:
        """Tell whether a delivery or a deleted configuration names the file or its versions."""
        ...


class NoUses:
    """Nothing uses mapping files, as in tests of mappings alone."""

    def of(
        self, access: ScopedWork[OrganizationScope], mapping_ids: Collection[str]
    ) -> Mapping[str, Sequence[MappingUse]]:
        """Return nothing."""
        return {}

    def is_named(self, access: ScopedWork[OrganizationScope], mapping_id: str) -> bool:
        """Return that nothing does."""
        return False
