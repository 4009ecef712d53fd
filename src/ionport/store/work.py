"""The unit of work: one transaction, opened and committed at the edge."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from ionport.store.scopes import AnyScope

_logger = logging.getLogger(__name__)
T = TypeVar("T")
_Scope = TypeVar("_Scope", bound=AnyScope, covariant=True)
_Other = TypeVar("_Other", bound=AnyScope)


class Work:
    """One transaction, handed from the edge through services to repositories.

    `after_commit` collects what may only happen once the rows are visible to others, such as
    waking the worker; it is dropped when the transaction rolls back. What must happen even if
    the process dies then, must be a row. An action that fails is logged: the rows are committed,
    so its error is not raised to the caller, and the other actions still run.
    """

    __slots__ = ("_after_commit", "_read", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._after_commit: list[Callable[[], None]] = []
        self._read: dict[Hashable, Any] = {}

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` returns, which is called the first time in this transaction alone."""
        if key not in self._read:
            self._read[key] = read()
        found: T = self._read[key]
        return found

    def within(self, scope: _Other) -> ScopedWork[_Other]:
        """Return this transaction with the rows that it may reach."""
        return ScopedWork(self, scope)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` after this transaction has committed."""
        self._after_commit.append(action)

    def committed(self) -> None:
        """Run every collected action; called once, by whoever committed."""
        actions, self._after_commit = self._after_commit, []
        for action in actions:
            try:
                action()
            except Exception:
                name = getattr(action, "__qualname__", type(action).__name__)
                _logger.exception("what was to follow a commit failed: %s", name)


@dataclass(frozen=True, slots=True)
class ScopedWork(Generic[_Scope]):
    """A transaction and whose rows it may reach.

    What reads or writes in a transaction takes one of these first, or an `Access` of identity,
    which adds who acts, where it decides rights or tells the audit log.
    """

    work: Work
    scope: _Scope

    @property
    def connection(self) -> Connection:
        """The connection that a repository is made of."""
        return self.work.connection

    def within(self, scope: _Other) -> ScopedWork[_Other]:
        """Return the same transaction with another scope."""
        return ScopedWork(self.work, scope)

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` returns, which is called the first time in the transaction alone."""
        return self.work.once(key, read)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` after the transaction has committed."""
        self.work.after_commit(action)
