"""Making a value of another one: attributes that bear the same name are the same."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")


def taken_from(kind: type[T], source: object, **more: Any) -> T:
    """Return a dataclass made of the attributes of `source` with the names of its fields.

    `more` are fields that `source` has not, or has otherwise. Fields that neither has keep their
    default.
    """
    assert is_dataclass(kind)  # noqa: S101 - for the type checker
    return kind(**shared(source, (each.name for each in fields(kind) if each.init), more))


def shared(source: object, names: Iterable[str], more: dict[str, Any]) -> dict[str, Any]:
    """Return those of the named attributes that `source` has, and `more`."""
    return {name: getattr(source, name) for name in names if hasattr(source, name)} | more


def changed_to(value: T, source: object, **more: Any) -> T:
    """Return a dataclass with those fields that another, `source`, has as well, and `more`."""
    assert is_dataclass(source)  # noqa: S101 - for the type checker
    return replace(value, **shared(source, (each.name for each in fields(source)), more))  # type: ignore[type-var]
