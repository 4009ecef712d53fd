"""An application in which something has happened: one of everything that a page can show."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from ionport.connections.suppliers.model import Erp, FetchOutcome, FetchState, SupplierFetch
from ionport.connections.suppliers.repository import FetchRepository
from ionport.core.i18n import _
from ionport.core.paging import PageRequest
from ionport.documents.bulk.model import BulkAction, Selection
from ionport.documents.list_files import service as list_files
from ionport.documents.samples import read_sample
from ionport.documents.suppliers.model import SupplierChange, SupplierValues
from ionport.gateway.policies.model import sample_policy
from ionport.gateway.suites.model import PolicyType
from ionport.identity.access import Access
from ionport.sandbox.control.controls.faults import FaultDraft, FaultKind
from ionport.sandbox.messaging.flows.model import (
    Acknowledgement,
    AckState,
    Comparison,
    FlowDraft,
    FlowTarget,
    Rejects,
    Rule,
)
from tests.browser.furnished_targets import add_targets, replace_file
from tests.support.erp import add_ln_invoice, add_m3_invoice
from tests.support.idp import make_idp
from tests.support.sides import OPERATOR, until
from tests.support.web import PASSWORD
from tests.support.whole import INVOICE, OTHER_INVOICE, Site, site_on

SCOPE = "Acme-Orders"
LAKE_OBJECT = "Orders"
# The smallest GIF there is.
_PICTURE = "R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="
API_SUITE = {
    "application_name": "DocBits",
    "suite_name": "Sandbox APIs",
    "description": "Takes exports",
    "context": "DocBits-Sandbox",
    "icon": "send",
    "target_url": "https://api.example.com/v1",
    "endpoint_description": "The first target",
    "proxy_context": "Sandbox",
    "proxy_security": "OAuth 2.0",
    "security.type": "API Key",
    "shown_security": "API Key",
    "key_mode_0": "Header",
    "key_name_0": "X-Key",
    "key_value_0": "for tests only",
}
OPENAPI = """\
openapi: 3.0.3
info: {title: Orders, version: "2", description: Of a shop}
paths:
  /orders/{id}:
    put:
      summary: Change an order
      deprecated: true
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
      requestBody:
        content:
          application/json: {schema: {$ref: '#/components/schemas/Order'}}
      responses:
        200:
          description: The order
          content:
            application/json: {schema: {$ref: '#/components/schemas/Order'}}
components:
  schemas:
    Order:
      type: object
      required: [state]
      properties:
        state: {type: string, enum: [open, closed]}
        lines: {type: array, items: {type: object, properties: {amount: {type: number}}}}
"""
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
# Where a parameter means something else than at other addresses.
_OTHERWISE = {
    "/settings/suppliers/{supplier}/accounts/remove": "/settings/suppliers/{supplier}"
    "/accounts/remove?account=DE89370400440532013000",
    "/settings/connections/new/{kind}": "/settings/connections/new/{target_kind}",
    "/deliveries/{delivery_id}/arrival": "/deliveries/{failed_delivery}/arrival",
    "/settings/connections/{connection}/edit": "/settings/connections/{target}/edit",
}


@dataclass(frozen=True, slots=True)
class FurnishedApplication:
    """The site, and the ids that stand in the addresses of pages, by their names there."""

    site: Site
    ids: dict[str, str]

    @property
    def url(self) -> str:
        return self.site.application.settings.origin

    def address(self, route: str) -> str:
        """Put ids into the path of a route: `/documents/{document}` becomes a page."""
        try:
            named = _OTHERWISE.get(route, route)
            return _PARAMETER.sub(lambda found: self.ids[found[1]], named)
        except KeyError as missing:
            raise AssertionError(
                f"{route} has no browser test: furnish a {missing} in {__name__}"
            ) from missing


@contextmanager
def furnished_application(folder: Path) -> Iterator[FurnishedApplication]:
    """Serve both sides and use them."""
    exports = folder.with_name(f"{folder.name}-exports")
    (exports / "archive").mkdir(parents=True)
    with site_on(folder, "", export_root=str(exports)) as site:
        ids = {"user": site.add_user("bob"), "scope": SCOPE, "kind": "reject"}
        yield FurnishedApplication(site, ids | _use(site))


def cookies_of(site: Site) -> dict[str, str]:
    """Return the site's sign-in, for a real browser."""
    return {cookie.name: cookie.value or "" for cookie in site.browser.http.cookies.jar}


def _use(site: Site) -> dict[str, str]:
    site.browser.send(
        f"/ion-api/{site.application.tenant.id}/configuration/scopes/add",
        {"name": SCOPE, "description": "Orders of a test"},
    )
    pem = make_idp(datetime.now(UTC) - timedelta(days=1)).pem
    configuration_path = f"/ion-api/{site.application.tenant.id}/configuration"
    site.browser.send(
        f"{configuration_path}/saml-issuers/add",
        {"entity_id": "https://idp.example.com/metadata", "certificate": pem},
    )
    issuers = site.browser.get(configuration_path).text
    credential = site.credentials()
    gone = site.credentials("Gone_TST")
    _delete_app(site, "Gone_TST")
    site.add_app("OpenWindow_TST", issue_refresh_tokens="")
    broken = _configuration(site, "Invoices to an app that is gone", gone)
    configuration = _configuration(site, "Invoices to Infor M3", credential)
    site.browser.send(
        f"/settings/export/{configuration}/activate",
        form_at=f"/settings/export/{configuration}",
    )
    flow = _add_flow(site)
    delivered = _deliver(site, INVOICE, configuration)
    acknowledgement = _acknowledge(site)
    other = _deliver(site, OTHER_INVOICE, broken)
    _hold(site, delivered[0], _upload_a_duplicate(site))
    get = site.browser.get
    connection = _found(r"connections/(con_\w+)", get(f"/settings/export/{configuration}").text)
    fetch = add_fetch(site, connection)
    end_fetch(site, fetch)
    apps = get(site.apps_path).text
    app = _found(rf"{site.apps_path}/(app_\w+)[^>]*>DocBits_TST", apps)
    inspector = f"/ion-api/{site.application.tenant.id}/inspector"
    points = f"/ion-api/{site.application.tenant.id}/connection-points"
    return (
        _add_api_suite(site)
        # Before there is a company: what is addressed to another would be held.
        | add_targets(site)
        | _add_settings(site)
        | {
            "tenant": site.application.tenant.id,
            "app": app,
            "account": _found(
                r"service-accounts/(\w+)/delete", get(f"{site.apps_path}/{app}").text
            ),
            "key": _add_key_pair(site, app),
            "issuer": _found(r"saml-issuers/(\w+)/delete", issuers),
            "tool": "postman",
            "method": "infor-idm-bod",
            "configuration": configuration,
            "connection": connection,
            "fetch": fetch.id,
            "former": replace_file(site, f"/settings/connections/{connection}"),
            "document": delivered[0],
            "delivery_id": delivered[1],
            "step": "idm_create",
            "run": _run_that_leaves_out(site, other[0]),
            "file": _list_file(site),
            "code": "nothing_to_accept",
            "call": _found(r"/calls/(\w+)", get(inspector).text),
            **_add_document_type(site),
            **_use_control_plane(site),
            "pid": _found(r"/items/([\w%-]+)\"", get(f"{inspector}/items").text),
            "message": _found(r"/messages/(\w+)\"", get(f"{inspector}/messages").text),
            "flow": flow,
            "data_object": _upload_to_lake(site),
            "object_name": LAKE_OBJECT,
            "acknowledgement": acknowledgement,
            "m3_invoice": add_m3_invoice(
                site.application.database, site.application.clock, site.tenant
            ),
            "ln_invoice": add_ln_invoice(
                site.application.database, site.application.clock, site.tenant
            ),
            "point": _found(r"/connection-points/(cpt_\w+)", get(points).text),
        }
    )


def _add_api_suite(site: Site) -> dict[str, str]:
    """Add an API suite with an icon of its own, a policy and a documentation."""
    base = f"/ion-api/{site.application.tenant.id}/available-apis"
    send = site.browser.send
    icon = b64decode(_PICTURE)
    suite = str(send(f"{base}/add", API_SUITE, files=[("icon_file", ("a.gif", icon))]).url.path)
    endpoint = _found(rf"({suite}/endpoints/ept_\w+)", site.browser.get(suite).text)
    policy = sample_policy(PolicyType.QUOTA)
    fields = {"type": "quota", "name": "A quota", "flow": "REQUEST", "definition": policy}
    policies = send(f"{suite}/policies/add", fields).text
    files = [("file", ("orders.yaml", OPENAPI.encode()))]
    documents = send(f"{endpoint}/documentation/add", {"name": "Orders"}, files=files).text
    return {
        "api": "IDM",
        "suite": suite.rpartition("/")[2],
        "endpoint": endpoint.rpartition("/")[2],
        "policy": _found(r"/policies/(pol_\w+)/edit", policies),
        "documentation": _found(r"/documentation/(doc_\w+)", documents),
    }


def _add_settings(site: Site) -> dict[str, str]:
    """Add what the settings of the document side list."""
    company = {"name": "Acme Holding", "gln": "4012345000009", "place": "main"}
    page = site.browser.send("/settings/companies/new", company).url.path
    suppliers = b"number,name,ibans\n70012,Nordwerk,DE89370400440532013000\n"
    site.browser.send("/settings/suppliers/import", files=[("file", ("s.csv", suppliers))])
    with site.application.database.write() as work:
        assert site.application.documents is not None
        folder = {"folder": str(site.application.settings.data / "scans")}
        source = site.application.documents.sources.add_folder(
            Access(work, site.organization, OPERATOR), "Scans", folder
        )
    key = {"name": "ERP archive", "scopes": "documents.read"}
    site.browser.send("/settings/api-keys", key)
    return {
        "group": _add_group(site),
        "webhook": _webhook(site),
        "target_kind": "sftp",
        "api_key": _found(r"api-keys/(key_\w+)", site.browser.get("/settings/api-keys").text),
        "source": source.id,
        "mapping": _m3_mapping(site),
        "number": "1",
        "type": "INVOICE",
        "field": "purchase_order",
        "company": page.rpartition("/")[2],
        "supplier": _found(r"/suppliers/(sup_\w+)", site.browser.get("/settings/suppliers").text),
    }


def add_fetch(site: Site, connection: str) -> SupplierFetch:
    """A dry run of a fetch of suppliers that has begun and goes no further."""
    at = datetime.now(UTC)
    fetch = SupplierFetch(
        id="sft_1",
        organization_id=site.organization.organization_id,
        connection_id=connection,
        erp=Erp.M3,
        company="",
        is_check=True,
        state=FetchState.RUNNING,
        person="ada",
        started_at=at,
        updated_at=at,
    )
    with site.application.database.write() as work:
        assert FetchRepository(work.connection).add(site.organization, fetch)
    return fetch


def end_fetch(site: Site, fetch: SupplierFetch) -> None:
    """Let the fetch have changed and kept some suppliers, and left one out."""
    values = SupplierValues("70012", "Nordwerk", "DE123456789", "", "", ())
    changes = [SupplierChange(1, values, None, {"number": ("", "70012")})]
    kept = [SupplierChange(1, values, "sup_1", {"name": ("Nordwerk", "Nordwerk GmbH")})]
    left_out = [("70013", _("{column} is missing").format(column="name"))]
    numbers = {"added": 1, "changed": 0, "unchanged": 0, "all_kept": 1, "all_left_out": 1}
    outcome = FetchOutcome(
        **numbers, is_cut=True, changes=changes, kept=kept, left_out=left_out
    ).stored()
    done = {"state": FetchState.DONE, "outcome": outcome}
    with site.application.database.write() as work:
        repository = FetchRepository(work.connection)
        assert repository.change(site.organization, fetch.id, fetch.updated_at, **done)


def _m3_mapping(site: Site) -> str:
    """Upload a mapping file that has another form too."""
    text = b"StaticFields=CONO\nSF_CONO=100\nHeaderFields=SUNO\nHF_SUNO=supplier_id\n"
    files = [("files", ("m3.properties", text))]
    page = site.browser.send("/settings/mapping-files/upload", files=files)
    return page.url.path.rpartition("/")[2]


def _add_group(site: Site) -> str:
    """Add a group that is for reading alone."""
    fields = {"name": "Readers", "grant": "see:"}
    site.browser.send("/settings/groups/add", fields)
    return _found(r"/settings/groups/(grp_\w+)", site.browser.get("/settings/groups").text)


def _use_control_plane(site: Site) -> dict[str, str]:
    """Add a fault rule that rests, a snapshot and a control key."""
    assert site.application.infor is not None
    plane = site.application.infor.control
    draft = FaultDraft(FaultKind.STATUS, "A busy server", is_enabled=False)
    with site.application.database.write() as work:
        access = Access(work, site.tenant, OPERATOR)
        rule = plane.faults.add(access, draft)
        key, _secret = plane.keys.create(access, "A test-suite")
    database = site.application.database
    snapshot = plane.snapshots.take(database, site.tenant, OPERATOR, "before-the-test")
    return {"fault": rule.id, "snapshot": snapshot.name, "control_key": key.id}


def _upload_to_lake(site: Site) -> str:
    """Make an object of the Data Catalog with one content, and return the content's id."""
    assert site.application.infor is not None
    lake = site.application.infor.ion.lake
    values = {"name": LAKE_OBJECT, "type": "JSON", "schema": {"title": LAKE_OBJECT}}
    with site.application.database.write() as work:
        lake.add_object(Access(work, site.tenant, OPERATOR), values)
    return lake.upload(site.application.database, site.tenant, OPERATOR, LAKE_OBJECT, b"{}").id


def _add_flow(site: Site) -> str:
    """Let a document flow answer what is delivered, at an API that is gone."""
    assert site.application.infor is not None
    draft = FlowDraft(
        "DocBits_Export_to_M3",
        "Sync.CaptureDocument",
        Rule(Rejects.WHEN, "SupplierID", Comparison.IS_MISSING),
        FlowTarget("DocBits", "Gone", "/infor/idm/handle_ack_bod"),
    )
    with site.application.database.write() as work:
        return site.application.infor.ion.flows.create_flow(
            Access(work, site.tenant, OPERATOR), draft
        ).id


def _acknowledge(site: Site) -> str:
    """Try once to send what the flow made, and return its id."""
    infor = site.application.infor
    assert infor is not None

    def latest() -> Acknowledgement:
        with site.application.database.read() as work:
            return infor.ion.flows.list_acknowledgements(
                Access(work, site.tenant, OPERATOR), PageRequest()
            ).items[0]

    infor.flow_runner.launch()
    assert until(lambda: latest().state is AckState.FAILED)
    infor.flow_runner.close()
    return latest().id


def _add_document_type(site: Site) -> dict[str, str]:
    """Add a document type with an attribute and an ACL of its own."""
    base = f"/ion-api/{site.application.tenant.id}/inspector/document-types"
    fields = {"name": "Purchase_Order", "description": "Orders of a shop"}
    site.browser.send(f"{base}/add", fields)
    attribute = {
        "name": "State",
        "type": "1",
        "is_required": "on",
        "max_length": "20",
        "values": "open\nclosed",
        "default": "open",
    }
    site.browser.send(f"{base}/Purchase_Order/add-attribute", attribute)
    site.browser.send(f"{base}/Purchase_Order/add-acl", {"name": "Buyers"})
    return {"document_type": "Purchase_Order", "attribute": "State", "acl": "Buyers"}


def _upload_a_duplicate(site: Site) -> str:
    """The same supplier and number with other content: received, marked and warned of."""
    content = read_sample(INVOICE) + b"<!-- again -->"
    answer = site.browser.send("/documents/upload", files=[("files", ("again.xml", content))])
    assert 'class="remedy"' in answer.text
    return _found(r"/documents/(doc_\w+)", answer.text)


def _hold(site: Site, document: str, other: str) -> None:
    """Let findings hold a document: a possible double at Infor, and a suspected duplicate."""
    side = site.application.documents
    assert side is not None
    double = {"step": "idm_create", "first_id": "A-1", "second_id": "A-2", "delivery_id": "dlv_1"}
    same = {"document": other, "filename": "again.xml", "number": "1", "supplier": "Nordwerk"}
    with site.application.database.write() as work:
        for code, parameters in (("two_items", double), ("duplicate_number", same)):
            side.documents.add_finding(work.within(site.organization), document, code, parameters)


def _run_that_leaves_out(site: Site, document: str) -> str:
    """Accept the findings of a document that has none, as an action on many."""
    side = site.application.documents
    assert side is not None
    with site.application.database.write() as work:
        run = side.bulk.start(
            Access(work, site.organization, OPERATOR),
            BulkAction.ACCEPT,
            Selection(ids=[document]),
            "agreed by phone",
        )
    side.bulk_runner.run_one(run.id)
    return run.id


def _list_file(site: Site) -> str:
    """Ask for a list that is so long that it is made in the background."""
    side = site.application.documents
    assert side is not None
    with patch.object(list_files, "AT_ONCE", 0):
        path = site.browser.send(
            "/documents/files", {"format": "xlsx"}, form_at="/documents"
        ).url.path
    side.list_file_runner.run_all()
    return str(path).rpartition("/")[2]


def _delete_app(site: Site, name: str) -> None:
    page = site.browser.get(f"{site.apps_path}?q={name}").text
    app = _found(rf"{site.apps_path}/(app_\w+)", page)
    site.browser.send(f"{site.apps_path}/{app}/delete")


def _add_key_pair(site: Site, app: str) -> str:
    """Switch on bridge authentication and return the id of a key."""
    fields = {
        "name": "DocBits_TST",
        "grant_type": "Password Credentials",
        "description": "Exports invoices",
        "use_bridge": "on",
        "access_token": "2",
        "access_token_unit": "hours",
        "confirmed": "on",
    }
    path = f"{site.apps_path}/{app}"
    site.browser.send(f"{path}/edit", fields)
    answer = site.browser.send(f"{path}/key-pair", {"password": PASSWORD.reveal()})
    return str(answer.json()["jwk"]["kid"])


def _configuration(site: Site, title: str, credential: bytes) -> str:
    answer = site.add_export(title, credential)
    path = str(answer.url.path)
    assert until(lambda: "pill-progress" not in site.browser.get(path).text), path
    return path.rpartition("/")[2]


def _deliver(site: Site, sample: str, configuration: str) -> tuple[str, str]:
    document = site.document_id(sample)
    side = site.application.documents
    assert side is not None
    with site.application.database.write() as work:
        (delivery,) = side.deliveries.export(
            Access(work, site.organization, OPERATOR), document, configuration
        )
    side.runner.run(delivery.id)
    return document, delivery.id


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match[1]


def _webhook(site: Site) -> str:
    """Add a webhook that has told something, and was refused once."""
    fields = {"name": "ERP, Munich", "url": "http://127.0.0.1:9/hook"}
    events = {"events": "document.received"}
    page = site.browser.send("/settings/webhooks/new", {**fields, **events}).text
    found = _found(r"webhooks/(whk_\w+)", page)
    path = f"/settings/webhooks/{found}"
    site.browser.send(f"{path}/test", form_at=path)
    return found
