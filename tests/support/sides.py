"""Both sides as the promise tests need them: real processes with data folders of their own."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ionport.application import Application, open_application
from ionport.cli.serving.server import RunningServer
from ionport.connections.intake import prepare_connection
from ionport.connections.quota.service import LIMITS, MOST
from ionport.connections.targets.model import Target
from ionport.exports.configurations.model import ConfigurationFields
from ionport.exports.destinations import destination_of
from ionport.exports.engine.queues.port import EngineOptions
from ionport.exports.model import ExportMethod
from ionport.exports.timing import ExportTiming
from ionport.identity.access import Access
from ionport.identity.model import Actor, PasswordProof
from ionport.mappings.intake import prepare_mapping, prepared_template
from ionport.mappings.model import MappingKind
from ionport.oauth.apps.drafts import AppDraft
from ionport.oauth.apps.model import AppType
from ionport.observe.logs import configure_logging
from ionport.settings import Settings, Side
from ionport.settings_reading import load_settings
from ionport.store import OrganizationScope, TenantScope
from tests.support import forked
from tests.support.oauth import add_user

OPERATOR = Actor.operator("test")

# Everything as in production but the waits, which would only make the tests slow.
QUICK = ExportTiming(
    first_wait=0.2, longest_wait=1.0, gateway_timeout=1.5, search_lag=0.2, send_within=2.0,
    connect=2.0, after_gateway=3.0, login=4.0, heartbeat=0.5, silent_after=3.0,
)  # fmt: skip
# Waiting is for a condition; this bounds it on a machine that does other work, too.
PATIENCE = 120.0
PROMPT = EngineOptions(poll=0.05, sweep=0.3, leases=0.2, health=0.5)


@dataclass(slots=True)
class Process:
    """A running `ionport` process and the address it serves."""

    popen: subprocess.Popen[str] | forked.Forked
    url: str

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        self.popen.kill()
        self._reap()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.popen.send_signal(signal.SIGTERM)
        return self._reap()

    def _reap(self) -> int:
        status = self.popen.wait(PATIENCE)
        if isinstance(self.popen, subprocess.Popen) and self.popen.stdout is not None:
            self.popen.stdout.close()
        return status


def started(popen: forked.Forked, output: Path, log: Path) -> Process:
    """Wait until a forked process has printed `… on http://…` into its output."""

    def address() -> re.Match[str] | None:
        return re.search(r" on (http\S+)\n", output.read_text(encoding="utf-8"))

    until(lambda: popen.poll() is not None or address(), pause=0.02)
    found = address()
    if found is None:
        popen.kill()
        raise AssertionError(f"did not start: {log.read_text(encoding='utf-8')[-2000:]}")
    return Process(popen, found[1])


def start(arguments: Sequence[str], environment: dict[str, str], log: Path) -> Process:
    """Start a program in earnest, without a fork; it prints `… on http://…` once it serves."""
    with log.open("a", encoding="utf-8") as errors:
        popen = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )
    assert popen.stdout is not None
    ready, _writable, _failed = select.select([popen.stdout], [], [], PATIENCE)
    line = popen.stdout.readline() if ready else ""
    if " on http" not in line:
        Process(popen, "").kill()
        raise AssertionError(f"did not start: {line!r}\n{log.read_text(encoding='utf-8')[-2000:]}")
    return Process(popen, line.split()[-1])


def start_ionport(arguments: Sequence[str], environment: dict[str, str], log: Path) -> Process:
    """Start a command of ionport that serves, by a fork."""
    output = log.with_suffix(".out")
    output.unlink(missing_ok=True)
    return started(forked.run_ionport(arguments, environment, output, log), output, log)


@contextmanager
def infor_process(folder: Path) -> Iterator[Process]:
    """The Infor side in a process of its own, for the time of the block."""
    process = start_ionport(
        ["up", "--side", "infor", "--sandbox", "--port", "0"],
        {"IONPORT_DATA": str(folder), "IONPORT_LOG_LEVEL": "WARNING"},
        folder.with_suffix(".log"),
    )
    try:
        yield process
    finally:
        process.stop()


def document_process(folder: Path, database_url: str = "") -> Process:
    """The document side in a process of its own, with QUICK waits."""
    environment = {
        "IONPORT_DATA": str(folder),
        "IONPORT_DATABASE_URL": database_url,
        "IONPORT_LOG_LEVEL": "WARNING",
    }
    output, log = folder.with_suffix(".out"), folder.with_suffix(".log")
    return started(forked.run(serve_documents, environment, output, log), output, log)


def serve_documents() -> None:
    """Serve the document side with QUICK waits until SIGTERM; for a process of its own."""
    settings = load_settings(side=Side.DOCUMENTS, port=0)
    configure_logging(level=settings.log_level)
    server = RunningServer(settings, timing=QUICK, options=PROMPT)
    print(f"ionport serves documents on {server.url}", flush=True)
    server.run()


def settings_of(folder: Path, side: Side, database_url: str = "", origin: str = "") -> Settings:
    """Settings of one side's data folder, independent of the environment."""
    return load_settings(
        {},
        data=folder,
        side=side,
        database_url=database_url,
        public_url=origin or None,
        sandbox=side.has_infor,
    )


def make_credentials(
    folder: Path, origin: str, app_name: str = "DocBits_TST", *, username: str = ""
) -> tuple[str, bytes]:
    """Add an authorized app at the Infor side and download its credentials: name and content.

    With a `username` its service account acts for that user, who is added: M3 asks for one.
    """
    application = open_application(settings_of(folder, Side.INFOR, origin=origin))
    assert application.infor is not None
    scope = TenantScope(application.tenant.id)
    draft = AppDraft(
        name=app_name,
        type=AppType.BACKEND_SERVICE,
        description="promise test",
        issue_refresh_tokens=True,
    )
    user_id = None
    if username:
        database, clock = application.database, application.clock
        user_id = add_user(database, clock, username, tenant_id=scope.tenant_id).user_id
    with application.database.write() as work:
        access = Access(work, scope, OPERATOR)
        app = application.infor.apps.create_app(access, draft)
        file = application.infor.service_accounts.download_credentials(
            access,
            app.id,
            PasswordProof.operator(application.clock.now()),
            create_service_account=True,
            user_id=user_id,
        )
    application.close()
    return file.filename, file.content


def configure_export(
    application: Application,
    credentials: tuple[str, bytes],
    method: ExportMethod = ExportMethod.INFOR_IDM_BOD,
    erp: bytes = b"",
    target: Target | None = None,
    options: Mapping[str, str] | None = None,
    sub_organization_id: str | None = None,
) -> str:
    """Upload the credential, or add a `target`, add mapping files, activate an export; its id.

    The files are ionport's own, but for M3 and LN `erp`.
    """
    assert application.documents is not None
    side, scope = application.documents, OrganizationScope(application.organization.id)
    name, content = credentials
    prepared = prepare_connection(content) if target is None else None
    with application.database.write() as work:
        access = Access(work, scope, OPERATOR)
        connection = (
            side.connections.upload(access, name, prepared)
            if target is None
            else side.connections.targets.add(access, "files", target)
        )
        if target is None:
            # What is broken and repeated on purpose asks more often than Infor allows.
            free = dict.fromkeys(LIMITS, str(MOST))
            side.connections.usage.set_limits(access, connection.id, free)
        mappings = {
            kind: side.mappings.add(
                access,
                *(
                    prepared_template(kind)
                    if kind in (MappingKind.IDM, MappingKind.BOD)
                    else (f"erp.{kind}", prepare_mapping(erp, kind))
                ),
            ).mapping_id
            for kind in destination_of(method).mapping_kinds
        }
        configuration = side.configurations.create(
            access,
            ConfigurationFields(
                title="Invoices to Infor",
                document_type="INVOICE",
                method=method,
                connection_id=connection.id,
                mappings=mappings,
                sub_organization_id=sub_organization_id,
                options=dict(options or {}),
            ),
        )
        side.configurations.activate(access, configuration.id, reason="a test proves nothing")
    return configuration.id


def until(condition: Any, seconds: float = PATIENCE, pause: float = 0.05) -> bool:
    """Wait until `condition()` is true, at most `seconds`; tells whether it became so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(pause)
    return bool(condition())
