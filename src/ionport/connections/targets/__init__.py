"""Targets that are no Infor tenant: folders, servers and receivers, one module for each kind."""

from __future__ import annotations

from ionport.connections.model import TargetKind
from ionport.connections.targets.folder import FolderType
from ionport.connections.targets.model import TargetType
from ionport.connections.targets.pull import PullType
from ionport.connections.targets.sftp import SftpType
from ionport.connections.targets.smb import SmbType
from ionport.connections.targets.webhook import WebhookType

TARGET_TYPES: tuple[TargetType, ...] = (
    FolderType(),
    SftpType(),
    SmbType(),
    WebhookType(),
    PullType(),
)
"""Every kind that a form can add, in the order in which they are offered."""
_BY_KIND = {each.kind: each for each in TARGET_TYPES}


def target_type_of(kind: TargetKind) -> TargetType:
    """Return the type of a kind; raises KeyError for Infor, which is described by its file."""
    return _BY_KIND[kind]
