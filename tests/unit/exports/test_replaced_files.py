"""Deliveries go on over a connection whose file was replaced."""

from __future__ import annotations

import json

import pytest

from ionport.connections.intake import prepare_connection
from ionport.exports.model import DeliveryStatus, OutcomeKind
from ionport.identity.access import Access
from tests.support.exporting import DocumentSide, closing
from tests.support.infor_side import OPERATOR, InforSide
from tests.unit.exports.conftest import SCOPE

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


def test_a_worker_that_knew_the_former_file_delivers_with_the_new_one(
    side: DocumentSide, infor: InforSide
) -> None:
    former = infor.credentials(name="DocBits former")
    connection_id = side.connect(former)
    side.configure(connection_id)
    with closing(side.runner()) as runner:
        assert runner.run(side.export(side.receive("REPLACED-1")).id).kind is OutcomeKind.DONE
        renewed = infor.credentials(name="DocBits renewed")
        with infor.database.write() as work:
            access = Access(work, SCOPE, OPERATOR)
            app = infor.services.apps.find_app_by_name(access, "DocBits former")
            assert app is not None
            infor.services.apps.set_app_disabled(access, app.id, disabled=True)
        with side.database.write() as work:
            side.connections.files.replace(
                Access(work, side.scope, OPERATOR),
                connection_id,
                prepare_connection(json.dumps(renewed).encode()),
            )
        delivery_id = side.export(side.receive("REPLACED-2")).id
        assert runner.run(delivery_id).kind is OutcomeKind.DONE
        assert side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED


def test_what_a_delivery_asks_infor_for_is_counted(side: DocumentSide, infor: InforSide) -> None:
    connection_id = side.connect(infor.credentials(name="DocBits counted"))
    side.configure(connection_id)
    with closing(side.runner()) as runner:
        assert runner.run(side.export(side.receive("COUNTED-1")).id).kind is OutcomeKind.DONE
    with side.database.read() as work:
        access = Access(work, side.scope, OPERATOR)
        connection = side.connections.get(access, connection_id)
        used = {each.name: each.used for each in side.connections.usage.used(access, connection)}
    # One sign-on; IDM is asked and written, and ION gets the message.
    assert (used["sign_ons_day"], used["tokens_day"]) == (1, 1)
    assert used["calls_day"] >= 3
