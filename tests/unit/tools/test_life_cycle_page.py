"""The manual's life cycle is the code's table of transitions."""

from __future__ import annotations

from ionport.documents.review.life_cycle import TRANSITIONS
from ionport.exports.life_cycle import DELIVERY_TRANSITIONS, DeliveryCause
from ionport.exports.model import DeliveryStatus
from tools.life_cycle_page import PAGE, life_cycle_page


def test_the_manual_draws_the_life_cycle_from_the_code() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == life_cycle_page(), "run python -m tools.life_cycle_page"


def test_every_status_but_the_first_is_reached_and_every_status_is_left() -> None:
    reached = {row.target.value for row in TRANSITIONS}
    left = {source.value for row in TRANSITIONS for source in row.sources}
    assert reached | {"new"} == left
    assert "new" not in reached


def test_every_status_of_a_delivery_is_reached_and_left_and_every_cause_is_used_once() -> None:
    assert {row.target for row in DELIVERY_TRANSITIONS} == set(DeliveryStatus)
    left = {source for row in DELIVERY_TRANSITIONS for source in row.sources}
    assert left == set(DeliveryStatus)
    causes = [row.cause for row in DELIVERY_TRANSITIONS]
    assert sorted(causes) == sorted(DeliveryCause)
