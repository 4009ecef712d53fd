"""The client of a folder: opens it for a call, asks for the right to send, reports each change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ionport.connections.targets.errors import TargetError
from ionport.connections.targets.model import FileStore, FileTargetType, Target
from ionport.core.i18n import _
from ionport.ionapi import SendPermit, SendWindow, boot_time
from ionport.ionapi.addresses import AddressPolicy
from ionport.ionapi.transport.exchange import Exchange, Observer


@dataclass(frozen=True, slots=True)
class FileClient:
    """Opens folders of a target (`TargetClient`). `seconds` bound each call to it."""

    kind: FileTargetType
    target: Target
    policy: AddressPolicy
    seconds: float
    permit: SendPermit | None = None
    observer: Observer | None = None

    def guarded_by(self, permit: SendPermit) -> FileClient:
        """Return one that asks for the right to send before it changes something."""
        return replace(self, permit=permit)

    def observed_by(self, on_exchange: Observer) -> FileClient:
        """Return one that reports each call."""
        return replace(self, observer=on_exchange)

    @contextmanager
    def open(self, folder: str) -> Iterator[FileStore]:
        """Open a folder below the target's own for the block; raises TargetError."""
        place = self.kind.place(self.target.parameters)
        where = f"{place.rstrip('/')}/{folder}" if folder else place
        calls = _Calls(where, self.permit, self.observer)
        opened = self.kind.open(self.target, folder, self.policy, self.seconds)
        try:
            store = opened.__enter__()
        except TargetError as error:
            calls.tell("OPEN", "", 0, time.time(), error)
            raise
        try:
            yield GuardedStore(store, calls)
        finally:
            opened.__exit__(None, None, None)


class _Calls:
    """The right to send of the calls of one block, and their observer."""

    def __init__(self, place: str, permit: SendPermit | None, observer: Observer | None) -> None:
        self._place = place
        self._permit = permit
        self._observer = observer
        self._window: SendWindow | None = None

    def changes(self) -> None:
        """Ask for the right to send before the first change; nothing begins after its end."""
        if self._permit is None:
            return
        if self._window is None:
            self._window = self._permit()
            end = self._window.begin_by
        else:
            end = self._window.end_by
        if boot_time() >= end:
            text = _("The time in which the files were allowed to be written has passed.")
            raise TargetError("send_window_closed", text, transient=True)

    def tell(
        self, verb: str, name: str, size: int, began: float, error: TargetError | None = None
    ) -> None:
        """Report a call to the observer, as an exchange."""
        if self._observer is None:
            return
        self._observer(
            Exchange(
                method=verb,
                url=f"{self._place.rstrip('/')}/{name}" if name else self._place,
                request_headers=(),
                request_body="",
                request_size=size,
                status=None,
                response_headers=(),
                response_body="",
                response_size=0,
                started=began,
                duration=time.time() - began,
                error=error.code if error else None,
                login=False,
            )
        )


class GuardedStore:
    """A folder whose changes ask for the right to send first (`FileStore`)."""

    def __init__(self, store: FileStore, calls: _Calls) -> None:
        self._store = store
        self._calls = calls

    def size(self, name: str) -> int | None:
        return self._store.size(name)

    def read(self, name: str, most: int) -> bytes:
        return self._store.read(name, most)

    def write(self, name: str, content: bytes) -> None:
        self._change("WRITE", name, len(content), lambda: self._store.write(name, content))

    def rename(self, old: str, new: str) -> None:
        self._change("RENAME", new, 0, lambda: self._store.rename(old, new))

    def remove(self, name: str) -> None:
        self._change("REMOVE", name, 0, lambda: self._store.remove(name))

    def _change(self, verb: str, name: str, size: int, call: Callable[[], None]) -> None:
        self._calls.changes()
        began = time.time()
        try:
            call()
        except TargetError as error:
            self._calls.tell(verb, name, size, began, error)
            raise
        self._calls.tell(verb, name, size, began)
