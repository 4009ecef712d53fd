"""The tree that a document in XML or JSON is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Tree: TypeAlias = str | int | Mapping[str, "Tree"] | Sequence["Tree"]
