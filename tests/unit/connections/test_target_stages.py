"""The stages of a proof are told once each, whatever stops it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ionport.connections.targets import errors
from ionport.connections.targets.errors import TargetError
from ionport.connections.targets.model import FileStore, Target
from ionport.connections.targets.sftp import SftpType
from ionport.core.clock import SystemClock
from ionport.ionapi.addresses import AddressPolicy


class _Store:
    def __init__(self, error: TargetError) -> None:
        self._error = error

    def write(self, name: str, content: bytes) -> None:
        raise self._error

    def remove(self, name: str) -> None:
        raise self._error


class _Kind(SftpType):
    def __init__(self, error: TargetError, *, opens: bool) -> None:
        self._error, self._opens = error, opens

    @contextmanager
    def open(
        self, target: Target, folder: str, policy: AddressPolicy, seconds: float
    ) -> Iterator[FileStore]:
        if not self._opens:
            raise self._error
        yield _Store(self._error)  # type: ignore[misc]


@pytest.mark.parametrize("opens", [False, True])
@pytest.mark.parametrize(
    ("code", "stage"),
    [(errors.AWAY, "network"), (errors.SIGN_IN_REFUSED, "sign_in"), ("another", "write")],
)
def test_each_stage_ends_once_and_one_of_them_failed(code: str, stage: str, opens: bool) -> None:
    kind = _Kind(TargetError(code, "No."), opens=opens)
    told = list(kind.probe(Target(kind.kind, {}), AddressPolicy(), SystemClock()))
    ended = [result for result in told if result.state != "running"]
    assert [result.id for result in ended] == [key for key, _title in kind.stages]
    (failed,) = [result for result in ended if result.state == "failed"]
    assert failed.id == ("write" if opens else stage)
