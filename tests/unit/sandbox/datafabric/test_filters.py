"""A filter of the Data Lake that cannot be compared is refused where it is read."""

from __future__ import annotations

import pytest

from ionport.core.errors import InvalidInput
from ionport.sandbox.datafabric.filters import read_filter


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dl_corrupt gt 'true'", "eq, ne, in"),
        ("dl_corrupt range [true, false]", "eq, ne, in"),
        ("dl_corrupt like 't%'", "eq, ne, in"),
        # It would be another number without its last digits.
        ("dl_size eq 9999999999999999999", "no value of dl_size"),
    ],
)
def test_what_a_field_cannot_be_compared_with_is_told(text: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read_filter(text)
