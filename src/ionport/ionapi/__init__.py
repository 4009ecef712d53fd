"""A client for Infor's ION API, driven by the `.ionapi` credential file.

    from ionport.ionapi import IonApiClient, IonApiFile

    file = IonApiFile.load("DocBits_TST.ionapi")
    with IonApiClient(file) as infor:
        infor.messaging.ping()
        item = infor.idm.find_one("M3_SupplierInvoice", "BOD_AlternateDocumentID_1", "…")

Names are loaded when they are first used: reading a credential file costs no HTTP stack.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import (
        AddressRefused,
        AnswerRefused,
        ConnectionFailed,
        CredentialFileError,
        InvalidClient,
        InvalidGrant,
        IonApiError,
        RequestRefused,
        ServiceError,
        TokenError,
        UnauthorizedClient,
    )
    from .file import IonApiFile, Kind
    from .findings import Finding
    from .secrets import Secret

__all__ = [
    "AddressRefused",
    "AnswerRefused",
    "ConnectionFailed",
    "CredentialFileError",
    "Finding",
    "InvalidClient",
    "InvalidGrant",
    "IonApiError",
    "IonApiFile",
    "Kind",
    "RequestRefused",
    "Secret",
    "ServiceError",
    "TokenError",
    "UnauthorizedClient",
]

_MODULES = {
    "errors": (
        "AddressRefused",
        "AnswerRefused",
        "ConnectionFailed",
        "CredentialFileError",
        "InvalidClient",
        "InvalidGrant",
        "IonApiError",
        "RequestRefused",
        "ServiceError",
        "TokenError",
        "UnauthorizedClient",
    ),
    "file": ("IonApiFile", "Kind"),
    "findings": ("Finding",),
    "secrets": ("Secret",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
