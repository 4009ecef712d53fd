"""Typesetting: typst source and texts become a PDF/A-3b file, in processes with limits.

A page's texts come from strangers. They are set in processes of their own, which may use a bounded
amount of memory and time, write no file, and see neither the data folder nor fonts and packages
other than typst's own; one that ends badly takes its page with it and nothing else. Starting one
takes longer than setting a page, so a process sets many pages, one after the other.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Final, cast

from ionport.core.errors import InvalidInput, Unavailable
from ionport.core.i18n import _

_SECONDS: Final = 20
_WAIT_SECONDS: Final = 60.0
_MEMORY_BYTES: Final = 1_500_000_000
_MAX_PDF_BYTES: Final = 100_000_000
_PROCESSES: Final = 2
# typst keeps what it has laid out; a fresh process forgets it.
_PAGES_OF_ONE: Final = 50
_CHUNK: Final = 1 << 20
_LENGTH: Final = struct.Struct(">BQ")
_CHILD: Final = Path(__file__).with_name("typst_child.py")
_PRINTABLE: Final = Path(__file__).with_name("printable.txt")
_MAX_DETAIL: Final = 500


class _Ended(Exception):
    """The process has ended, or said nothing in time."""


class _Process:
    """A process that sets one page at a time."""

    def __init__(self) -> None:
        self.pages = 0
        # The program and its arguments are ours; what is set comes over its standard input.
        self._popen = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-B", str(_CHILD), str(_MEMORY_BYTES), str(_SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
        )
        self._jobs = cast("IO[bytes]", self._popen.stdin)
        self._answers = cast("IO[bytes]", self._popen.stdout)

    def set(self, job: bytes) -> tuple[int, bytes]:
        """Return the status and the answer; raises _Ended."""
        self.pages += 1
        deadline = time.monotonic() + _WAIT_SECONDS
        try:
            self._jobs.write(struct.pack(">Q", len(job)) + job)
            self._jobs.flush()
        except OSError as error:
            raise _Ended from error
        status, length = _LENGTH.unpack(self._read(_LENGTH.size, deadline))
        if length > _MAX_PDF_BYTES:
            raise _Ended
        return status, self._read(length, deadline)

    def close(self) -> None:
        """End the process, whatever it does."""
        self._popen.kill()
        # What was not written yet is dropped.
        with suppress(OSError):
            self._jobs.close()
        self._answers.close()
        self._popen.wait()

    def _read(self, size: int, deadline: float) -> bytes:
        descriptor = self._answers.fileno()
        parts: list[bytes] = []
        while size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise _Ended
            part = os.read(descriptor, min(size, _CHUNK))
            if not part:
                raise _Ended
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


class Typesetter:
    """Hands pages to at most two processes; threads share it."""

    def __init__(self, processes: int = _PROCESSES) -> None:
        self._places = threading.BoundedSemaphore(processes)
        self._idle: list[_Process] = []
        self._lock = threading.Lock()

    def pdf(self, source: str, inputs: Mapping[str, str], created: int) -> bytes:
        """Return a PDF/A-3b file; `created` in seconds since 1970 makes it the same each time.

        `source` is ours; what strangers wrote comes in `inputs`, which typst reads as texts.

        Raises:
            InvalidInput: `page_not_set`, typst refuses it (detail), or it takes more than 20 s or
                1.5 GB.
            Unavailable: `busy`, others are being set for a minute already.
        """
        job = json.dumps({"source": source, "inputs": dict(inputs), "created": created}).encode()
        if not self._places.acquire(timeout=_WAIT_SECONDS):
            raise Unavailable(
                _("Too many pages are being made at the moment. Try again in a minute."),
                code="busy",
            )
        try:
            return self._set(job)
        finally:
            self._places.release()

    def close(self) -> None:
        """End the processes that wait for pages."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.close()

    def forget(self) -> None:
        """Leave the processes to the parent: called in a child after a fork."""
        self._idle = []
        self._places = threading.BoundedSemaphore(_PROCESSES)
        self._lock = threading.Lock()

    def _set(self, job: bytes) -> bytes:
        with self._lock:
            process = self._idle.pop() if self._idle else None
        process = process or _Process()
        try:
            status, answer = process.set(job)
        except _Ended as error:
            process.close()
            raise _not_set("the process has ended or did not answer") from error
        except BaseException:
            process.close()
            raise
        if process.pages >= _PAGES_OF_ONE:
            process.close()
        else:
            with self._lock:
                self._idle.append(process)
        if status:
            raise _not_set(answer.decode(errors="replace")[:_MAX_DETAIL])
        return answer


def _not_set(detail: str) -> InvalidInput:
    return InvalidInput(
        _("The page of this document cannot be made as a PDF: it is too large to be set."),
        code="page_not_set",
        detail=detail,
    )


@cache
def typesetter() -> Typesetter:
    """Return the one of this process, whose children end with it."""
    shared = Typesetter()
    atexit.register(shared.close)
    os.register_at_fork(after_in_child=shared.forget)
    return shared


def printable(text: str) -> str:
    """Return `text` with the signs that the fonts lack as their numbers: `U+4E2D`.

    The fonts are typst's own, in regular and bold, so that a page is the same on every machine;
    invisible signs are none of theirs. Line feeds stay.
    """
    known = _known()
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        sign if sign in known or sign == "\n" else f"U+{ord(sign):04X} " for sign in text
    )


@cache
def _known() -> frozenset[str]:
    """Read `printable.txt`: a range of signs on each line, in hexadecimal."""
    ranges = (line.split("-") for line in _PRINTABLE.read_text(encoding="ascii").split())
    return frozenset(
        chr(code) for first, last in ranges for code in range(int(first, 16), int(last, 16) + 1)
    )
