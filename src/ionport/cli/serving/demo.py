"""`ionport demo`: the whole walk, both sides with data folders of their own, HTTP between them."""

from __future__ import annotations

import hashlib
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ionport.application import Application
from ionport.cli.documents.stages import print_stage, stage_row
from ionport.cli.infor.credentials import write_private
from ionport.cli.opening import (
    OPERATOR,
    documents_side,
    infor_side,
    organization_scope,
    settings_of,
    tenant_scope,
)
from ionport.cli.output import print_json
from ionport.cli.serving.server import RunningServer
from ionport.connections.intake import prepare_connection
from ionport.documents.model import ErpStatus
from ionport.documents.samples import UBL_INVOICE, read_sample
from ionport.exports.acknowledgements.model import address_of
from ionport.exports.configurations.model import ConfigurationFields
from ionport.exports.model import Delivery, DeliveryStatus, ExportMethod
from ionport.gateway.suites.model import EndpointDraft, SuiteDraft
from ionport.gateway.targets.security import (
    KeyMode,
    KeyParameter,
    SecurityDraft,
    SecurityType,
)
from ionport.identity.access import Access
from ionport.identity.model import PasswordProof
from ionport.mappings.intake import prepared_template
from ionport.mappings.model import MappingKind
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppType, GrantType
from ionport.sandbox.messaging.flows.model import Erp, FlowDraft, FlowTarget, Rule
from ionport.settings import Side

APP_NAME = "DocBits_TST"
_DELIVERY_SECONDS = 60


@dataclass(slots=True)
class Walk:
    """The demonstration so far: the results of its steps, printed as they happen."""

    infor: Application
    documents: Application
    folder: Path
    quiet: bool
    result: dict[str, Any]

    def tell(self, text: str) -> None:
        """Print a line for people, unless the output is for machines."""
        if not self.quiet:
            click.echo(text)


@click.command()
@click.option("--once", is_flag=True, help="End after the walk instead of serving on.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
@click.pass_context
def demo(ctx: click.Context, once: bool, as_json: bool) -> None:
    """Do the whole walk on fresh data folders: app, credentials, upload, proof, delivery.

    Exit status 1 unless the proof has passed and M3 has posted the invoice.
    """
    with _both_sides(ctx) as (infor, documents, folder):
        walk = Walk(infor.application, documents.application, folder, as_json, {})
        passed = _do(walk)
        if as_json:
            print_json(walk.result)
        if not once:
            _serve_on(walk)
    ctx.exit(0 if passed else 1)


@contextmanager
def _both_sides(ctx: click.Context) -> Iterator[tuple[RunningServer, RunningServer, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="ionport-demo-"))
    try:
        infor, documents = (
            RunningServer(
                settings_of(
                    ctx,
                    side=side,
                    data=folder / side.value,
                    port=0,
                    sandbox=True,
                    log_level="WARNING",
                )
            )
            for side in (Side.INFOR, Side.DOCUMENTS)
        )
        with infor.in_background(), documents.in_background():
            yield infor, documents, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _do(walk: Walk) -> bool:
    credentials = _make_credentials(walk)
    connection_id, proved = _upload_and_prove(walk, credentials)
    _let_the_erp_answer(walk, connection_id)
    _configure(walk, connection_id)
    delivery = _deliver(walk)
    posted = delivery.erp_status is ErpStatus.POSTED
    if proved and posted:
        walk.tell(
            "\nThe walk is done: the invoice is in IDM, its BOD is in ION, and M3 has posted it"
            f" as {delivery.erp_name}."
        )
    return proved and posted


def _make_credentials(walk: Walk) -> Path:
    walk.tell(f"Infor side on {walk.infor.settings.origin}")
    walk.tell(f"1. Infor ION API → Authorized Apps: add {APP_NAME}")
    side = infor_side(walk.infor)
    scope = tenant_scope(walk.infor, None)
    draft = AppDraft(
        name=APP_NAME,
        type=AppType.BACKEND_SERVICE,
        grant_type=GrantType.PASSWORD_CREDENTIALS,
        description="Documents delivered to Infor by ionport",
        issue_refresh_tokens=True,
    )
    with walk.infor.database.write() as work:
        access = Access(work, scope, OPERATOR)
        app = side.apps.create_app(access, draft)
        file = side.service_accounts.download_credentials(
            access,
            app.id,
            PasswordProof.operator(walk.infor.clock.now()),
            create_service_account=True,
        )
    path = walk.folder / file.filename
    write_private(path, file.content)
    walk.tell(f"   Client ID {app.client_id}, Issue Refresh Tokens on")
    walk.tell(f"2. Download Credentials, Create Service Account: {path.name}")
    walk.result |= {
        "infor_url": walk.infor.settings.origin,
        "documents_url": walk.documents.settings.origin,
        "app": app.name,
        "client_id": app.client_id,
        "credentials_file": str(path),
    }
    return path


def _upload_and_prove(walk: Walk, credentials: Path) -> tuple[str, bool]:
    walk.tell(f"\nDocument side on {walk.documents.settings.origin}")
    walk.tell("3. Settings → Document Processing → Export: upload the ION API File")
    application = walk.documents
    service = documents_side(application).connections
    scope = organization_scope(application)
    prepared = prepare_connection(credentials.read_bytes())
    with application.database.write() as work:
        access = Access(work, scope, OPERATOR)
        connection = service.upload(access, credentials.name, prepared)
        check = service.start_check(access, connection.id)
    walk.tell(f"   Tenant {connection.tenant_id}, app {connection.app_name}, sealed")
    walk.tell("4. Proof of the connection")
    check = service.run_check(application.database, scope, check.id)
    rows = [
        stage_row(stage.key, stage.title, stage.status.value, stage.milliseconds, stage)
        for stage in check.stages
    ]
    if not walk.quiet:
        for row in rows:
            print_stage(row)
    passed = check.status.value == "passed"
    walk.result |= {"connection": connection.id, "proved": passed, "checks": rows}
    return connection.id, passed


def _let_the_erp_answer(walk: Walk, connection_id: str) -> None:
    """Let a document flow of ION post M3's acknowledgement to the connection's endpoint."""
    application = walk.documents
    with application.database.write() as work:
        access = Access(work, organization_scope(application), OPERATOR)
        token = documents_side(application).acknowledgements.make_token(access, connection_id)
    address = address_of(application.settings.origin, connection_id)
    walk.tell("5. Connections: a token for what the ERP answers, for the endpoint")
    walk.tell(f"   {address}")
    url, _slash, last = address.rpartition("/")
    key = KeyParameter(KeyMode.HEADER, "X-API-KEY", token.reveal())
    security = SecurityDraft(SecurityType.API_KEY, parameters=(key,))
    flow = FlowDraft(
        "ionport_to_M3",
        "Sync.CaptureDocument",
        Rule(erp=Erp.M3),
        FlowTarget("ionport", "acknowledgements", f"/{last}"),
    )
    side = infor_side(walk.infor)
    with walk.infor.database.write() as work:
        administrator = Access(work, tenant_scope(walk.infor, None), OPERATOR)
        side.custom_apis.suites.create_suite(
            administrator,
            SuiteDraft("ionport", "ionport", "Takes acknowledgements", "ionport"),
            [EndpointDraft(url, "Acknowledgements", "acknowledgements", security=security)],
        )
        side.ion.flows.create_flow(administrator, flow)
    walk.tell("   ION Desk: a document flow books invoices in M3 and posts its answer there")


def _configure(walk: Walk, connection_id: str) -> None:
    walk.tell("6. Export configuration: Infor IDM + ION BOD, with ionport's own mapping files")
    application = walk.documents
    side = documents_side(application)
    scope = organization_scope(application)
    templates = [prepared_template(kind) for kind in (MappingKind.IDM, MappingKind.BOD)]
    with application.database.write() as work:
        access = Access(work, scope, OPERATOR)
        idm, bod = (side.mappings.add(access, *file) for file in templates)
        configuration = side.configurations.create(
            access,
            ConfigurationFields(
                title="Invoices to Infor",
                document_type="INVOICE",
                method=ExportMethod.INFOR_IDM_BOD,
                connection_id=connection_id,
                mappings={MappingKind.IDM: idm.mapping_id, MappingKind.BOD: bod.mapping_id},
            ),
        )
        side.configurations.activate(access, configuration.id)
    walk.result["configuration"] = configuration.id


def _deliver(walk: Walk) -> Delivery:
    application = walk.documents
    side = documents_side(application)
    scope = organization_scope(application)
    content = read_sample(UBL_INVOICE)
    prepared = side.documents.prepare_receipt(scope, content, UBL_INVOICE)
    with application.database.write() as work:
        document = side.documents.receive(Access(work, scope, OPERATOR), prepared)
    fields = document.fields
    walk.tell(
        f"7. Invoice {fields['invoice_id']} of {fields['supplier_name']}:"
        f" {fields['total_amount']} {fields['currency']}"
    )
    with application.database.write() as work:
        (delivery,) = side.deliveries.export(Access(work, scope, OPERATOR), document.id)
    delivery = _wait_until(walk, delivery, lambda found: found.status.is_over)
    walk.tell(f"8. Export: {delivery.status.label}")
    if delivery.error_text:
        walk.tell(f"   {delivery.error_text} {delivery.remedy}")
    walk.tell(f"   IDM item        {delivery.idm_pid}")
    walk.tell(f"   ION message     {delivery.message_id}")
    walk.tell(f"   Correlation id  {delivery.correlation_id}")
    if delivery.status is DeliveryStatus.DELIVERED:
        delivery = _wait_until(walk, delivery, _has_answer)
    walk.tell(f"9. The ERP: {delivery.erp_status.label if delivery.erp_status else 'no answer'}")
    if delivery.erp_text:
        walk.tell(f"   {delivery.erp_text}")
    walk.tell(f"   M3 batch        {delivery.erp_reference}")
    walk.tell(f"   Voucher         {delivery.erp_voucher}")
    walk.result |= {
        "document": document.id,
        "invoice_sha256": hashlib.sha256(content).hexdigest(),
        "delivery": delivery.id,
        "delivery_status": delivery.status.value,
        "idm_pid": delivery.idm_pid,
        "ion_message_id": delivery.message_id,
        "correlation_id": delivery.correlation_id,
        "erp_status": delivery.erp_status.value if delivery.erp_status else None,
        "erp_reference": delivery.erp_reference,
        "erp_voucher": delivery.erp_voucher,
    }
    return delivery


def _has_answer(delivery: Delivery) -> bool:
    return delivery.erp_status not in (None, ErpStatus.HANDED_OVER)


def _wait_until(walk: Walk, delivery: Delivery, is_so: Callable[[Delivery], bool]) -> Delivery:
    application = walk.documents
    side = documents_side(application)
    pause = threading.Event()
    for _round in range(_DELIVERY_SECONDS * 20):
        with application.database.read() as work:
            delivery = side.deliveries.get(
                Access(work, organization_scope(application), OPERATOR), delivery.id
            ).delivery
        if is_so(delivery):
            break
        pause.wait(0.05)
    return delivery


def _serve_on(walk: Walk) -> None:
    for name, application in (("Infor side", walk.infor), ("Document side", walk.documents)):
        with application.database.write() as work:
            token = application.setup.make_setup_link(work)
        walk.tell(f"{name}: look around at {application.settings.origin}/set-up/{token.reveal()}")
    walk.tell("Stop with Ctrl+C; the demo's data folders are removed then.")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    stopped.wait()
