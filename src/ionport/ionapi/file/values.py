"""The values of an `.ionapi` file, by Infor's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class FileValues:
    """The keys of an `.ionapi` file. `or_` is its key `or`; unknown keys are in `extra`."""

    ti: str
    ci: str
    cs: Secret
    iu: str
    pu: str
    ot: str
    cn: str | None = None
    dt: str | None = None
    oa: str | None = None
    or_: str | None = None
    ru: str | None = None
    sc: tuple[str, ...] | None = None
    ev: str | None = None
    v: str | None = None
    saak: Secret | None = None
    sask: Secret | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
