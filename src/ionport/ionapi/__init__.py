"""A client for Infor's ION API, driven by the `.ionapi` credential file.

    from ionport.ionapi import IonApiClient, IonApiFile

    file = IonApiFile.load("DocBits_TST.ionapi")
    with IonApiClient(file) as infor:
        item = infor.idm.find_one("M3_SupplierInvoice", "BOD_AlternateDocumentID_1", "…")
        infor.messaging.ping()

`client.guarded_by(permit)` asks for the right to send before each call that bears a token, and
sends nothing outside the window that it is given (`ionport.ionapi.sending`).

`AsyncIonApiClient` has the same operations for asyncio, `IonApiAuth` signs the requests of any
httpx2 client, and `ionport.ionapi.probe` proves a credential stage by stage. Everything that
goes wrong is an `IonApiError`; the tree is drawn in `ionport.ionapi.errors`.

Names are loaded when they are first used: reading a credential file costs no HTTP stack.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .addresses import AddressPolicy
    from .client import AsyncIonApiClient, IonApiClient
    from .datafabric.model import DataObject, QueryRows, QueryStatus
    from .errors import (
        AddressRefused,
        AnswerRefused,
        ConnectionFailed,
        CredentialFileError,
        InvalidClient,
        InvalidGrant,
        IonApiError,
        LnFault,
        LnMessage,
        M3Error,
        RequestRefused,
        SendWindowClosed,
        ServiceError,
        TokenError,
        UnauthorizedClient,
    )
    from .file.model import IonApiFile, Kind
    from .finding import Finding
    from .idm import Entity, Item, ItemDraft, Resource
    from .idm_query import ItemQuery, exact_match
    from .ln import LnCreated, LnEntity, LnLine
    from .m3 import M3Field, M3Request, M3Result
    from .messaging import BodMessage, Published
    from .probe import ProbeReport, StageResult
    from .secrets import Secret
    from .sending import SendPermit, SendWindow, boot_time
    from .tokens.auth import IonApiAuth
    from .tokens.grants import ClientAuth, TokenSet
    from .tokens.shared import FileTokenStore, SignOnLimits
    from .tokens.source import MemoryTokenStore, SharedTokenStore, TokenRenewal, TokenStore
    from .transport.exchange import Exchange
    from .transport.pool import (
        AsyncTransport,
        Timeouts,
        Transport,
        build_async_client,
        build_client,
    )
    from .transport.spans import traced_by
    from .wording import Sentence

__all__ = [
    "AddressPolicy",
    "AddressRefused",
    "AnswerRefused",
    "AsyncIonApiClient",
    "AsyncTransport",
    "BodMessage",
    "ClientAuth",
    "ConnectionFailed",
    "CredentialFileError",
    "DataObject",
    "Entity",
    "Exchange",
    "FileTokenStore",
    "Finding",
    "InvalidClient",
    "InvalidGrant",
    "IonApiAuth",
    "IonApiClient",
    "IonApiError",
    "IonApiFile",
    "Item",
    "ItemDraft",
    "ItemQuery",
    "Kind",
    "LnCreated",
    "LnEntity",
    "LnFault",
    "LnLine",
    "LnMessage",
    "M3Error",
    "M3Field",
    "M3Request",
    "M3Result",
    "MemoryTokenStore",
    "ProbeReport",
    "Published",
    "QueryRows",
    "QueryStatus",
    "RequestRefused",
    "Resource",
    "Secret",
    "SendPermit",
    "SendWindow",
    "SendWindowClosed",
    "Sentence",
    "ServiceError",
    "SharedTokenStore",
    "SignOnLimits",
    "StageResult",
    "Timeouts",
    "TokenError",
    "TokenRenewal",
    "TokenSet",
    "TokenStore",
    "Transport",
    "UnauthorizedClient",
    "boot_time",
    "build_async_client",
    "build_client",
    "exact_match",
    "traced_by",
]

_HOMES = {
    name: module
    for module, names in {
        "addresses": "AddressPolicy",
        "tokens.auth": "IonApiAuth",
        "client": "AsyncIonApiClient IonApiClient",
        "datafabric.model": "DataObject QueryRows QueryStatus",
        "errors": "AddressRefused AnswerRefused ConnectionFailed CredentialFileError InvalidClient "
        "InvalidGrant IonApiError LnFault LnMessage M3Error RequestRefused SendWindowClosed "
        "ServiceError TokenError UnauthorizedClient",
        "transport.exchange": "Exchange",
        "file.model": "IonApiFile Kind",
        "finding": "Finding",
        "transport.spans": "traced_by",
        "tokens.grants": "ClientAuth TokenSet",
        "idm": "Entity Item ItemDraft Resource",
        "idm_query": "ItemQuery exact_match",
        "ln": "LnCreated LnEntity LnLine",
        "m3": "M3Field M3Request M3Result",
        "messaging": "BodMessage Published",
        "probe": "ProbeReport StageResult",
        "secrets": "Secret",
        "sending": "SendPermit SendWindow boot_time",
        "tokens.shared": "FileTokenStore SignOnLimits",
        "tokens.source": "MemoryTokenStore SharedTokenStore TokenRenewal TokenStore",
        "wording": "Sentence",
        "transport.pool": "AsyncTransport Timeouts Transport build_async_client build_client",
    }.items()
    for name in names.split()
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
