"""A stylesheet of a configuration makes the file that arrives at a real SFTP server."""

from __future__ import annotations

from pathlib import Path

from ionport.connections.model import TargetKind
from ionport.exports.model import DeliveryStatus, ExportMethod, OutcomeKind
from ionport.mappings.model import MappingKind
from tests.support.exporting import QUICK, DocumentSide, closing
from tests.support.sftp import PASSWORD, sftp_server

STYLESHEET = b"""<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="xml"/>
<xsl:template match="/">
<Bill number="{document/fields_compact/invoice_id}"/>
</xsl:template>
</xsl:stylesheet>"""


def test_what_a_stylesheet_makes_arrives_in_place_of_the_values(
    side: DocumentSide, tmp_path: Path
) -> None:
    with sftp_server(tmp_path) as server:
        (tmp_path / "in").mkdir()
        account = server.account()
        parameters = {
            "host": account.host,
            "port": str(account.port),
            "username": account.username,
            "host_key": account.host_key,
            "folder": "/in",
        }
        connection_id = side.add_target(TargetKind.SFTP, parameters, PASSWORD)
        mapping = side.add_mapping(MappingKind.XSLT, STYLESHEET, "bill.xslt")
        side.configure(connection_id, ExportMethod.SFTP, mappings={MappingKind.XSLT: mapping})
        delivery_id = side.export(side.receive("471102")).id
        with closing(side.runner(QUICK)) as runner:
            assert runner.run(delivery_id).kind is OutcomeKind.DONE
        assert side.detail(delivery_id).delivery.status is DeliveryStatus.DELIVERED
        made = (tmp_path / "in" / "471102.xml").read_text("utf-8")
    assert '<Bill number="471102"/>' in made
    assert "fields_compact" not in made
