"""The server of one process, with what runs beside it."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from types import FrameType
from typing import Protocol

import uvicorn
from anyio.to_thread import current_default_thread_limiter

from ionport.application import Application, open_application
from ionport.asgi import build_asgi
from ionport.cli.serving.housekeeping import Housekeeping, Task
from ionport.cli.serving.schema_watch import SchemaWatch
from ionport.cli.serving.served_address import remember
from ionport.core.errors import InvalidInput
from ionport.exports.engine.queues.port import EngineOptions
from ionport.exports.timing import ExportTiming
from ionport.serving.server import SHUTDOWN_SECONDS, server_config, settle_memory
from ionport.settings import Settings


class RunningServer:
    """One process's server: the application, its ASGI application and, with documents, its engine.

    The port is taken before anything is built, since addresses in credentials come from it, or
    `listener` has it already.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        timing: ExportTiming | None = None,
        options: EngineOptions | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        self._socket = listener or listen(settings)
        host, port = self._socket.getsockname()[:2]
        self.application = open_application(
            replace(settings, host=str(host), port=int(port)), timing=timing
        )
        engine = self.application.delivery_engine(options) if settings.side.has_documents else None
        infor = self.application.infor
        self._watch = SchemaWatch(self.application.database, self._end)
        self._parts: list[Part] = [
            *([engine] if engine else []),
            # Not before the engine has the folder: whoever has it keeps its address.
            _ServedAddress(self.application.settings),
            *beside_requests(self.application),
            self._watch,
        ]
        self._server = _Server(
            settings.threads,
            server_config(build_asgi(self.application, engine)),
            before_end=infor.stop_queries if infor else None,
        )

    @property
    def url(self) -> str:
        return self.application.settings.origin

    def run(self, when_begun: Callable[[], None] = lambda: None) -> None:
        """Serve until SIGINT or SIGTERM; deliveries under way finish their step.

        `when_begun` is called once, as soon as what runs beside requests has begun.

        Raises:
            Unavailable: another version of ionport has changed the database's schema.
        """
        # uvicorn raises the signal again once it has stopped, and the engine must close after it.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        with self._background_running():
            settle_memory()
            when_begun()
            self._server.run(sockets=[self._socket])
        self._watch.require_unchanged()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._end()

    def _end(self) -> None:
        self._server.should_exit = True

    @contextmanager
    def in_background(self) -> Iterator[RunningServer]:
        """Serve in a thread for the time of the block."""
        with self._background_running():
            thread = threading.Thread(
                target=self._server.run, kwargs={"sockets": [self._socket]}, name="ionport-server"
            )
            thread.start()
            try:
                _wait_until_started(self._server, thread)
                yield self
            finally:
                self._server.should_exit = True
                thread.join(SHUTDOWN_SECONDS + 5)

    def _background_running(self) -> AbstractContextManager[None]:
        return running(self._parts, self.close)

    def close(self) -> None:
        """Close what was opened; serving does it at its end."""
        self.application.close()
        self._socket.close()


class _ServedAddress:
    """The address that commands beside the server write; it stays when the server ends."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def launch(self) -> None:
        remember(self._settings)

    def close(self) -> None:
        """Leave it as it is."""


class Part(Protocol):
    """What runs in threads of its own beside requests."""

    def launch(self) -> None:
        """Begin."""
        ...

    def close(self) -> None:
        """Let what is under way end, and stop."""
        ...


@contextmanager
def running(parts: Iterable[Part], at_end: Callable[[], None]) -> Iterator[None]:
    """Run the parts for the time of the block; the first to begin is the last to end.

    Where one does not begin, those that have begun are closed. Where one does not close, the others
    and `at_end` follow all the same; the error is raised then.
    """
    with ExitStack() as begun:
        begun.callback(at_end)
        for part in parts:
            part.launch()
            begun.callback(part.close)
        yield


class _Server(uvicorn.Server):
    """uvicorn with as many threads for requests as the settings say.

    `before_end` stops what requests may wait for: their ends are waited for next.
    """

    def __init__(
        self, threads: int, config: uvicorn.Config, before_end: Callable[[], None] | None
    ) -> None:
        super().__init__(config)
        self._threads = threads
        self._before_end = before_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        current_default_thread_limiter().total_tokens = self._threads
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._before_end is not None:
            self._before_end()
        await super().shutdown(sockets)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    waiting = threading.Event()
    while not server.started:
        if not thread.is_alive():
            raise InvalidInput("The server did not start; the log says why.")
        waiting.wait(0.01)


def listen(settings: Settings) -> socket.socket:
    """Listen at the address of the settings; raises InvalidInput when that is not possible."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio does this for sockets of its own making only; without it answers wait 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise InvalidInput(
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}). Choose another"
            " port with --port or IONPORT_PORT, or stop what uses it."
        ) from error
    # Connections before the server is ready wait, instead of being refused.
    listener.listen()
    listener.set_inheritable(True)
    return listener


def beside_requests(application: Application) -> Iterator[Part]:
    """Yield what a process does again and again, in the order in which it begins."""
    infor, documents = application.infor, application.documents
    tasks: list[Task] = [infor.clean_up, infor.blob_sweep] if infor else []
    tasks += [documents.retention, documents.alert_sender] if documents else []
    yield Housekeeping(application.database, *tasks)
    if infor and infor.options.has_sandbox:
        yield infor.flow_runner
        yield infor.control.controls.repeating()
    if documents:
        yield documents.source_runner.repeating()
        yield documents.pages.repeating()
        yield documents.automatic_exporter.repeating()
        yield documents.erp_poller.repeating()
        yield documents.nightly_proofs.repeating()
        yield documents.connections.usage.repeating(application.database)
        yield documents.bulk_runner.repeating("bulk-runs")
        yield documents.list_file_runner.repeating("list-files")
        yield documents.webhook_sender.repeating()
        yield documents.alert_sender.repeating("alerts")
