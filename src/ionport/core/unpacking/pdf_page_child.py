"""Draws pages of a PDF: run by `pdf_pages.py` as a process of its own, with limits.

Arguments: memory in bytes, seconds, then `sizes` and how many pages at most, or `page` with its
number from 1 and its width in pixels. The PDF comes over standard input. `sizes` writes JSON:
`count`, and `sizes` as width and height in points; `page` writes a WebP picture. It imports
nothing of ionport. Exit status: 3 encrypted, 5 too large, any other but 0 damaged.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import warnings

import pypdfium2  # type: ignore[import-untyped]
from PIL import Image

_ENCRYPTED, _DAMAGED, _TOO_LARGE = 3, 4, 5
_QUALITY = 82
# A page with more is drawn smaller; no WebP picture has a longer side.
_MAX_PIXELS = 12_000_000
_MAX_SIDE = 16_000


def _sizes(pdf: pypdfium2.PdfDocument, most: int) -> bytes:
    count = len(pdf)
    sizes = [pdf.get_page_size(number) for number in range(min(count, most))]
    return json.dumps({"count": count, "sizes": sizes}).encode()


def _page(pdf: pypdfium2.PdfDocument, number: int, width: int) -> bytes:
    page = pdf[number - 1]
    across, down = page.get_size()
    scale = width / max(across, 1)
    scale = min(scale, (_MAX_PIXELS / max(across * down, 1)) ** 0.5, _MAX_SIDE / max(down, 1))
    picture: Image.Image = page.render(scale=scale).to_pil()
    target = io.BytesIO()
    picture.convert("RGB").save(target, "WEBP", quality=_QUALITY, method=2)
    return target.getvalue()


def _answer(content: bytes, arguments: list[str]) -> bytes:
    with warnings.catch_warnings(), pypdfium2.PdfDocument(content) as pdf:
        warnings.simplefilter("ignore")
        if arguments[0] == "sizes":
            return _sizes(pdf, int(arguments[1]))
        return _page(pdf, int(arguments[1]), int(arguments[2]))


def _main(memory: int, seconds: int, arguments: list[str]) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        answer = _answer(sys.stdin.buffer.read(), arguments)
    except pypdfium2.PdfiumError as error:
        return _ENCRYPTED if "password" in str(error).lower() else _DAMAGED
    except IndexError:
        return _DAMAGED
    except MemoryError:
        return _TOO_LARGE
    sys.stdout.buffer.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
