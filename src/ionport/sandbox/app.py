"""The sandbox's services as the gateway's built-in back ends."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp

from ionport.core.blobs import Blobs
from ionport.core.clock import Clock
from ionport.sandbox import calls
from ionport.sandbox.control.recorder import RecorderService
from ionport.sandbox.idm import errors as idm_errors
from ionport.sandbox.idm import routes as idm
from ionport.sandbox.idm.service import IdmService
from ionport.sandbox.m3 import errors as m3_errors
from ionport.sandbox.m3 import routes as m3
from ionport.sandbox.m3.service import M3Service, M3Settings
from ionport.sandbox.messaging import errors as messaging_errors
from ionport.sandbox.messaging import routes as messaging
from ionport.sandbox.messaging.service import MessagingService
from ionport.sandbox.mingle import routes as mingle
from ionport.store import Database


def backends(
    database: Database,
    blobs: Blobs,
    clock: Clock,
    *,
    gateway_url: str,
    m3_settings: M3Settings | None = None,
) -> Mapping[str, ASGIApp]:
    """Return the app of each API context.

    Links to files are made from `gateway_url`, the `iu` of the credential files.
    """
    recorder = RecorderService(blobs)
    idm_routes = idm.IdmRoutes(IdmService(clock, blobs), gateway_url)
    m3_routes = m3.M3Routes(M3Service(clock, m3_settings or M3Settings()))
    messaging_routes = messaging.MessagingRoutes(MessagingService(clock, blobs))
    return {
        idm.CONTEXT: calls.ServiceApp(
            idm.CONTEXT,
            idm_routes.operations(),
            idm_errors.error_answer,
            database=database,
            recorder=recorder,
            clock=clock,
            max_body_bytes=idm.MAX_BODY_BYTES,
        ),
        m3.CONTEXT: calls.ServiceApp(
            m3.CONTEXT,
            m3_routes.operations(),
            m3_errors.error_answer,
            database=database,
            recorder=recorder,
            clock=clock,
            max_body_bytes=m3.MAX_BODY_BYTES,
        ),
        mingle.CONTEXT: calls.ServiceApp(
            mingle.CONTEXT,
            mingle.operations(),
            mingle.error_answer,
            database=database,
            recorder=recorder,
            clock=clock,
            max_body_bytes=mingle.MAX_BODY_BYTES,
        ),
        messaging.CONTEXT: calls.ServiceApp(
            messaging.CONTEXT,
            messaging_routes.operations(),
            messaging_errors.error_answer,
            database=database,
            recorder=recorder,
            clock=clock,
            max_body_bytes=messaging.MAX_BODY_BYTES,
        ),
    }
