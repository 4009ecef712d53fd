from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ionport.exports.timing import ExportTiming

NOW = datetime(2026, 3, 5, 10, 0, tzinfo=UTC)


def test_waits_double_and_stay_below_the_longest():
    timing = ExportTiming(first_wait=2.0, longest_wait=60.0)
    waits = [timing.wait_after("dlv_1", tries, None) for tries in range(1, 12)]
    for tries, wait in enumerate(waits):
        mean = min(2.0 * 2**tries, 60.0)
        assert 0.8 * mean <= wait <= 1.2 * mean
    assert waits == [timing.wait_after("dlv_1", tries, None) for tries in range(1, 12)]


def test_deliveries_that_failed_together_do_not_come_back_together():
    timing = ExportTiming()
    waits = {timing.wait_after(f"dlv_{number}", 1, None) for number in range(50)}
    assert len(waits) == 50


def test_a_server_that_asks_for_more_time_gets_it():
    timing = ExportTiming()
    assert timing.wait_after("dlv_1", 1, 120.0) == 120.0
    assert timing.wait_after("dlv_1", 9, 1.0) > 100.0
    # By a wrong clock, or in jest: an hour, after which there is time for more tries.
    for asked in (86_400.0, 999_999_999.0):
        assert timing.wait_after("dlv_1", 1, asked) == 3_600.0


def test_it_gives_up_after_the_last_try_or_the_whole_time():
    timing = ExportTiming(max_tries=3, max_total=100.0)
    assert not timing.gives_up(2, NOW, NOW + timedelta(seconds=100))
    assert timing.gives_up(3, NOW, NOW)
    assert timing.gives_up(1, NOW, NOW + timedelta(seconds=101))


@pytest.mark.parametrize("gateway_timeout", [60.0, 300.0])
def test_a_takeover_comes_after_all_that_the_call_before_can_still_do(gateway_timeout: float):
    """Nothing leaves after the last byte, and what a proxy took then acts within `settle`."""
    timing = ExportTiming(gateway_timeout=gateway_timeout)
    assert timing.takeover - timing.last_byte >= gateway_timeout + timing.search_lag
    assert timing.last_byte >= timing.send_within + timing.call_total
    assert timing.call_total > timing.call_read > gateway_timeout
    assert timing.silent_after > 3 * timing.heartbeat
    # An answer that waits for the database is written before another worker takes over.
    assert timing.last_byte + timing.record_within < timing.takeover


def test_by_default_a_delivery_is_taken_over_within_four_minutes():
    assert ExportTiming().takeover == 210.0
    assert ExportTiming().settle == 70.0


def test_times_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="heartbeats"):
        ExportTiming(heartbeat=10.0)
    with pytest.raises(ValueError, match="longer than nothing"):
        ExportTiming(gateway_timeout=0.0)
