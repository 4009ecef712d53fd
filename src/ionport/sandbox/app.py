"""The sandbox's services as the gateway's built-in back ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.types import ASGIApp

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.identity.audit import AuditLog
from ionport.sandbox import ionservices
from ionport.sandbox.calls import ServiceApp
from ionport.sandbox.control.plane import ControlPlane
from ionport.sandbox.control.recorder import RecorderService
from ionport.sandbox.idm import routes as idm
from ionport.sandbox.ionservices import Ion, open_ion
from ionport.sandbox.ln import routes as ln
from ionport.sandbox.ln.service import LnSettings
from ionport.sandbox.m3 import routes as m3
from ionport.sandbox.m3.service import M3Settings
from ionport.sandbox.mingle import routes as mingle
from ionport.sandbox.operations import Service
from ionport.store import Database


def services(
    blobs: Blobs,
    clock: Clock,
    *,
    gateway_url: str,
    m3_settings: M3Settings | None = None,
    ln_settings: LnSettings | None = None,
    ion: Ion | None = None,
) -> Sequence[Service]:
    """Return every imitated service.

    Links to files are made from `gateway_url`, the `iu` of the credential files. `ion` are
    ION's services where pages or a document flow share them.
    """
    return [
        idm.service(clock, blobs, gateway_url),
        ionservices.service(ion or open_ion(clock, blobs, AuditLog(clock))),
        m3.service(clock, m3_settings or M3Settings()),
        ln.service(clock, ln_settings or LnSettings(), gateway_url),
        mingle.service(),
    ]


def backends(
    database: Database,
    blobs: Blobs,
    clock: Clock,
    *,
    gateway_url: str,
    m3_settings: M3Settings | None = None,
    ln_settings: LnSettings | None = None,
    ion: Ion | None = None,
    control: ControlPlane | None = None,
) -> Mapping[str, ASGIApp]:
    """Return the app of each API context; without `control` no fault strikes."""
    recorder = RecorderService(blobs)
    imitated = services(
        blobs,
        clock,
        gateway_url=gateway_url,
        m3_settings=m3_settings,
        ln_settings=ln_settings,
        ion=ion,
    )
    return {
        service.context: ServiceApp(
            service, database=database, recorder=recorder, clock=clock, control=control
        )
        for service in imitated
    }
