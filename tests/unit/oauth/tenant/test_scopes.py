from __future__ import annotations

import pytest

from ionport.oauth.tenant.scopes import MAX_SCOPE_LENGTH, scope_of, wrong_scopes


def test_the_scope_of_the_longest_api_context_can_be_given() -> None:
    assert wrong_scopes([scope_of("a" * 64)]) is None
    assert wrong_scopes([scope_of("a" * 65)]) is not None


@pytest.mark.parametrize("name", ["", "two words", "a\n", "x" * (MAX_SCOPE_LENGTH + 1), "-a"])
def test_what_is_no_scope_is_named(name: str) -> None:
    assert wrong_scopes(["Infor-IDM", name]) is not None
