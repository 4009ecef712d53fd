"""The sandbox's services as the gateway's built-in back ends.

A service's modules are loaded with the first call to it: a client of IDM does not wait for M3.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.identity.audit import AuditLog
from ionport.sandbox.calls import ServiceApp
from ionport.sandbox.control.plane import ControlPlane
from ionport.sandbox.control.recorder.service import RecorderService
from ionport.sandbox.kit.operations import Service
from ionport.sandbox.own.metadata import OwnOfTenants
from ionport.sandbox.own.suites import own_service
from ionport.store import Database

if TYPE_CHECKING:
    from ionport.sandbox.ln.service import LnSettings
    from ionport.sandbox.m3.service import M3Settings
    from ionport.sandbox.messaging.ionservices import Ion


class ServiceMakers:
    """Makes the imitated services, each by its API context.

    Links to files are made from `gateway_url`, the `iu` of the credential files. With
    `enforces_acls` IDM shows private items to their creators alone. `ion` gives
    ION's services where pages or a document flow share them.
    """

    def __init__(
        self,
        blobs: Blobs,
        clock: Clock,
        *,
        gateway_url: str,
        m3_settings: M3Settings | None = None,
        ln_settings: LnSettings | None = None,
        enforces_acls: bool = False,
        ion: Callable[[], Ion] | None = None,
        own: OwnOfTenants | None = None,
    ) -> None:
        self._own = own
        self._blobs = blobs
        self._clock = clock
        self._gateway_url = gateway_url
        self._m3_settings = m3_settings
        self._ln_settings = ln_settings
        self._enforces_acls = enforces_acls
        self._ion_of = ion
        self._makers: Mapping[str, Callable[[], Service]] = {
            "IDM": self._idm,
            "IONSERVICES": self._ion,
            "DATAFABRIC": self._datafabric,
            "M3": self._m3,
            "LN": self._ln,
            "Mingle": self._mingle,
        }

    @property
    def contexts(self) -> Sequence[str]:
        """The API contexts, in the order of `all`."""
        return list(self._makers)

    def make(self, context: str) -> Service:
        """Return the service of a context."""
        return self._makers[context]()

    def all(self) -> Sequence[Service]:
        """Return every service."""
        return [make() for make in self._makers.values()]

    def _idm(self) -> Service:
        from ionport.sandbox.idm import routes

        return routes.service(
            self._clock, self._blobs, self._gateway_url, enforces_acls=self._enforces_acls
        )

    def _ion(self) -> Service:
        from ionport.sandbox.messaging import ionservices

        return ionservices.service(self._open_ion())

    def _datafabric(self) -> Service:
        from ionport.sandbox.datafabric import suite

        ion = self._open_ion()
        return suite.service(ion.lake, ion.compass)

    def _open_ion(self) -> Ion:
        if self._ion_of is not None:
            return self._ion_of()
        from ionport.sandbox.messaging import ionservices

        return ionservices.open_ion(self._clock, self._blobs, AuditLog(self._clock))

    def _m3(self) -> Service:
        from ionport.sandbox.m3 import routes
        from ionport.sandbox.m3.service import M3Settings

        own = self._own
        return routes.service(
            self._clock,
            self._m3_settings or M3Settings(),
            own=(lambda tenant, program: own.of(tenant).transactions_of(program)) if own else None,
        )

    def _ln(self) -> Service:
        from ionport.sandbox.ln import routes
        from ionport.sandbox.ln.service import LnSettings

        return routes.service(self._clock, self._ln_settings or LnSettings(), self._gateway_url)

    def _mingle(self) -> Service:
        from ionport.sandbox.mingle import routes

        return routes.service()


def backends(
    makers: ServiceMakers,
    database: Database,
    recorder: RecorderService,
    clock: Clock,
    control: ControlPlane | None = None,
    own: OwnOfTenants | None = None,
) -> Mapping[str, ASGIApp]:
    """Return the app of each API context; without `control` no fault rule takes effect.

    `own` knows tenants of one's own; their further contexts are looked up with each call.
    """

    def app(service: Service) -> ServiceApp:
        return ServiceApp(
            service, database=database, recorder=recorder, clock=clock, control=control, own=own
        )

    known = {
        context: _OnDemand(partial(_made_of, app, makers, context)) for context in makers.contexts
    }
    return known if own is None else _WithOwn(known, own, app)


def _made_of(
    app: Callable[[Service], ServiceApp], makers: ServiceMakers, context: str
) -> ServiceApp:
    return app(makers.make(context))


class _WithOwn(Mapping[str, ASGIApp]):
    """The imitated services, and behind them those that only the tenant's metadata knows."""

    def __init__(
        self,
        known: Mapping[str, ASGIApp],
        own: OwnOfTenants,
        app: Callable[[Service], ServiceApp],
    ) -> None:
        self._known = known
        self._own = own
        self._app = app

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __getitem__(self, context: str) -> ASGIApp:
        if context in self._known:
            return self._known[context]
        spelt = self._own.spelt(context)
        if spelt is None:
            raise KeyError(context)
        return self._app(own_service(spelt))


class _OnDemand:
    """An app that is made with the first call to it."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._app: ASGIApp | None = None
        self._making = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = await run_in_threadpool(self._made)
        await self._app(scope, receive, send)

    def _made(self) -> ASGIApp:
        with self._making:
            return self._app or self._make()
