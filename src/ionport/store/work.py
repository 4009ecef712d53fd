"""The unit of work: one transaction, opened and committed at the edge."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection


class Work:
    """One transaction, handed from the edge through services to repositories.

    `after_commit` collects what may only happen once the rows are visible to others, such as
    waking the worker; it is dropped when the transaction rolls back. What must happen even if
    the process dies then, must be a row.
    """

    __slots__ = ("_after_commit", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._after_commit: list[Callable[[], None]] = []

    def after_commit(self, action: Callable[[], None]) -> None:
        """Run `action` after this transaction has committed."""
        self._after_commit.append(action)

    def committed(self) -> None:
        """Run the collected actions; called once, by whoever committed."""
        actions, self._after_commit = self._after_commit, []
        for action in actions:
            action()
