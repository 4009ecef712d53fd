"""What one tenant's rows are, a repository used for another tenant neither reads nor changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import Connection, insert, select

from ionport.core.clock import MovableClock
from ionport.core.paging import PageRequest
from ionport.sandbox.idm.datamodel.model import Entity
from ionport.sandbox.idm.model import Item, ItemFilter
from ionport.sandbox.idm.repository import ItemRepository
from ionport.sandbox.messaging.flows.model import Acknowledgement, AckState
from ionport.sandbox.messaging.flows.repository import AcknowledgementRepository
from ionport.sandbox.messaging.points.model import ConnectionPoint
from ionport.sandbox.messaging.points.repository import ConnectionPointRepository
from ionport.sandbox.messaging.tables import ion_acknowledgements, ion_document_flows, ion_messages
from ionport.store import Database, TenantScope

pytestmark = pytest.mark.on_each_database

MINE, OTHER = TenantScope("ACME_TST"), TenantScope("OTHER_TST")
ENTITY = Entity("M3_SupplierInvoice", "Supplier invoice", {}, (), "")


def test_versions_of_an_item_are_its_tenant_s(database: Database, clock: MovableClock):
    now = clock.now()
    with database.write() as work:
        items = ItemRepository(work.connection)
        draft = Item(0, MINE.tenant_id, ENTITY.name, 1, "Public", (), (), "ann", now, "ann", now)
        item = items.add(MINE, draft, ENTITY)

        items.keep_version(OTHER, item)
        assert items.versions(MINE, item) == []

        items.keep_version(MINE, item)
        kept = items.versions(MINE, item)
        assert [each.version for each in kept] == [1]
        assert items.versions(OTHER, item) == []

        items.drop_version(OTHER, item, 1)
        items.change(OTHER, replace(item, version=7), ENTITY)
        assert items.versions(MINE, item) == kept
        assert items.page(MINE, PageRequest(), ItemFilter()).items[0].version == 1

        items.drop_version(MINE, item, 1)
        assert items.versions(MINE, item) == []


def test_documents_of_a_connection_point_are_its_tenant_s(database: Database, clock: MovableClock):
    point = ConnectionPoint(
        "cpt_1", MINE.tenant_id, "DocBits", "", "lid://infor.ims.docbits", "ACME_TST~1",
        is_active=True, is_automatic=False, created_at=clock.now(), created_by="ann",
        documents=("Sync.Invoice",),
    )  # fmt: skip
    with database.write() as work:
        points = ConnectionPointRepository(work.connection)
        assert points.add(MINE, point)

        points.add_documents(OTHER, point.id, ["Sync.Other"])
        points.change(OTHER, replace(point, documents=()))
        assert points.get(MINE, point.id) == point

        points.add_documents(MINE, point.id, ["Sync.Second"])
        found = points.get(MINE, point.id)
        assert found is not None
        assert found.documents == ("Sync.Invoice", "Sync.Second")


def test_an_acknowledgement_is_sent_anew_for_its_own_tenant_alone(
    database: Database, clock: MovableClock
):
    now = clock.now()
    ack = Acknowledgement(
        "ack_1", MINE.tenant_id, "flw_1", "msg_1", "Accepted", "", None, AckState.FAILED, 6, 6,
        now, now,
    )  # fmt: skip
    with database.write() as work:
        _add_flow_and_message(work.connection, now)
        work.connection.execute(
            insert(ion_acknowledgements).values(
                id=ack.id, tenant_id=ack.tenant_id, flow=ack.flow_id, message=ack.message_row_id,
                outcome=ack.outcome, reason="", bod_sha256=None, state=ack.state.value,
                attempts=6, last_attempt=6, next_at=now, created_at=now,
            )
        )  # fmt: skip
        acks = AcknowledgementRepository(work.connection)
        state = select(ion_acknowledgements.c.state)

        acks.again(OTHER, ack, now, 12)
        assert work.connection.execute(state).scalar_one() == "failed"

        acks.again(MINE, ack, now, 12)
        assert work.connection.execute(state).scalar_one() == "waiting"


def _add_flow_and_message(connection: Connection, now: datetime) -> None:
    connection.execute(
        insert(ion_document_flows).values(
            id="flw_1", tenant_id=MINE.tenant_id, name="Answers", description="",
            document_name="Sync.Invoice", document_type="", rule={}, target={}, is_active=True,
            created_at=now, created_by="ann",
        )
    )  # fmt: skip
    connection.execute(
        insert(ion_messages).values(
            id="msg_1", tenant_id=MINE.tenant_id, message_id="1", from_logical_id="lid://a",
            to_logical_id="lid://b", document_name="Sync.Invoice", encoding="NONE", parameters={},
            parameters_sha256="", payload_sha256="", bod_sha256="", bod_size=0,
            client_id="ACME_TST~1", first_received_at=now, last_received_at=now, arrivals=1,
            findings=[],
        )
    )  # fmt: skip
