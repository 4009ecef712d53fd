"""How much may come in; an operator may set other limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ionport.core.errors import TooLarge
from ionport.core.i18n import _
from ionport.documents.invoice.reading.limits import ReadingLimits

MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """The most bytes of one file, the most files that are taken at once, and of one invoice."""

    file_bytes: int = 40 * MEGABYTE
    files: int = 50
    invoice: ReadingLimits = field(default_factory=ReadingLimits)

    def check_size(self, name: str, size: int) -> None:
        """Raise TooLarge when a file of `size` bytes is over the limit; the text has both."""
        if size > self.file_bytes:
            raise TooLarge(
                _("{name} has more than {limit} MB, which is the limit of one file.").format(
                    name=name, limit=self.file_bytes // MEGABYTE
                ),
                code="too_large",
            )
