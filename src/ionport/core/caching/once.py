"""Parts of a whole that are made when they are first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")

# One for all: parts ask for other parts, and making one is rare and quick.
_making = threading.RLock()


class once(Generic[Value]):  # noqa: N801 (used like `property`)
    """A property that is made by the first who reads it, one thread at a time, and then kept.

    As `functools.cached_property`, which since Python 3.12 lets two threads make two values.
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self._make = make
        self._name = ""
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        if instance is None:
            return self
        made = vars(instance)
        # Not reached again: the instance's own attribute hides this one from now on.
        with _making:
            if self._name not in made:
                made[self._name] = self._make(instance)
            value: Value = made[self._name]
            return value
