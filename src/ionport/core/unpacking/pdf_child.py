"""Reads the files attached to a PDF: run by `pdf.py` as a process of its own, with limits.

Arguments: memory in bytes, seconds, attachments, bytes of them all. The PDF comes over standard
input; each attachment goes to standard output as the lengths of its name (4 bytes) and content (8
bytes), then both. It imports nothing of ionport. Exit status: 3 encrypted, 5 too large, any other
but 0 damaged.
"""

from __future__ import annotations

import io
import resource
import struct
import sys

import pikepdf

_ENCRYPTED, _DAMAGED, _TOO_LARGE = 3, 4, 5
_MAX_NAME = 300


def _attachments(content: bytes, most: int, most_bytes: int) -> int:
    frames: list[bytes] = []
    total = 0
    with pikepdf.open(io.BytesIO(content)) as pdf:
        if len(pdf.pages) == 0:
            return _DAMAGED
        for name, spec in pdf.attachments.items():
            attached = spec.get_file().read_bytes()
            total += len(attached)
            if len(frames) == most or total > most_bytes:
                return _TOO_LARGE
            label = (spec.filename or name).encode(errors="replace")[:_MAX_NAME]
            frames.append(struct.pack(">IQ", len(label), len(attached)) + label + attached)
    sys.stdout.buffer.write(b"".join(frames))
    return 0


def _main(memory: int, seconds: int, most: int, most_bytes: int) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        return _attachments(sys.stdin.buffer.read(), most, most_bytes)
    except pikepdf.PasswordError:
        return _ENCRYPTED
    except pikepdf.PdfError:
        return _DAMAGED
    except MemoryError:
        return _TOO_LARGE


if __name__ == "__main__":
    sys.exit(_main(*map(int, sys.argv[1:])))
