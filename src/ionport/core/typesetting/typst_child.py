"""Sets pages with typst: run by `typesetter.py` as a process of its own, with limits.

Arguments: memory in bytes, CPU seconds of one page. It reads jobs from standard input until its
end: the length (8 bytes), then JSON with `source` (typst), `inputs` (texts, which the source reads
as `sys.inputs`) and `created` (seconds since 1970). Each answer goes to standard output: one byte
(0 a PDF, 1 what is wrong), the length (8 bytes), the X
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
from pathlib import Path
from typing import Any

# Before typst starts its threads.
os.environ["RAYON_NUM_THREADS"] = "1"

import typst

_LENGTH = struct.Struct(">Q")
_NOWHERE = "/nonexistent"
# The folder that a source could read files of: it holds this program alone.
_ROOT = str(Path(__file__).resolve().parent)


def _limit_cpu(seconds: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = usage.ru_utime + usage.ru_stime
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used) + seconds + 1, hard))


def _pdf(job: dict[str, Any]) -> tuple[int, bytes]:
    compiler = typst.Compiler(
        ignore_system_fonts=True, package_path=_NOWHERE, package_cache_path=_NOWHERE
    )
    try:
        made = compiler.compile(
            input=str(job["source"]).encode(),
            format="pdf",
            sys_inputs=job["inputs"],
            pdf_standards=["a-3b"],
            root=_ROOT,
            timestamp=job["created"],
        )
    except RuntimeError as error:
        return 1, str(error).encode()
    return (0, made) if isinstance(made, bytes) else (1, b"no file")


def _main(memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    jobs, answers = sys.stdin.buffer, sys.stdout.buffer
    while head := jobs.read(_LENGTH.size):
        content = jobs.read(*_LENGTH.unpack(head))
        _limit_cpu(seconds)
        status, answer = _pdf(json.loads(content))
        answers.write(bytes([status]) + _LENGTH.pack(len(answer)) + answer)
        answers.flush()


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:]))
