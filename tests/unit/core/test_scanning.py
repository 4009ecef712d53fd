"""clamd is asked over its protocol; a file that nobody scanned is not taken."""

from __future__ import annotations

import pytest

from ionport.core.errors import InvalidInput, TooLarge, Unavailable
from ionport.core.scanning import Clamd
from tests.support.clamd import EICAR, FakeClamd


def test_what_the_scanner_finds_is_refused_by_its_name_and_the_rest_passes() -> None:
    with FakeClamd() as server:
        scanner = Clamd("127.0.0.1", server.port)
        scanner.scan(b"<Invoice/>" * 20_000)
        with pytest.raises(InvalidInput, match="Eicar-Test-Signature") as raised:
            scanner.scan(EICAR)
    assert raised.value.code == "malware_found"
    assert server.seen == [b"<Invoice/>" * 20_000, EICAR]


def test_a_scanner_that_comes_back_in_time_is_waited_for() -> None:
    with FakeClamd(hang_up=2) as server:
        Clamd("127.0.0.1", server.port).scan(b"<Invoice/>")
    assert server.seen == [b"<Invoice/>"]


def test_a_scanner_that_is_away_or_answers_with_an_error_lets_nothing_pass() -> None:
    with FakeClamd(answer=b"Can't allocate memory ERROR") as server:
        with pytest.raises(Unavailable, match="Nothing was stored") as raised:
            Clamd("127.0.0.1", server.port).scan(b"<Invoice/>")
        assert raised.value.code == "scanner_away"
    with pytest.raises(Unavailable):
        Clamd("127.0.0.1", server.port, wait_seconds=0).scan(b"<Invoice/>")


def test_a_file_over_the_scanners_own_limit_is_refused_as_too_large() -> None:
    with (
        FakeClamd(answer=b"INSTREAM size limit exceeded. ERROR") as server,
        pytest.raises(TooLarge, match="StreamMaxLength"),
    ):
        Clamd("127.0.0.1", server.port).scan(b"<Invoice/>")
