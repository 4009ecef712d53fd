"""Contents of files (documents, rendered payloads, received BODs), addressed by SHA-256.

The database keeps the digest, the store keeps the bytes. Writing is idempotent: the same bytes
land in the same place. What is read is compared with its digest, so that damage is an error and
never somebody's content.
"""

from __future__ import annotations

from ionport.core.blobs.folder import FolderBlobs
from ionport.core.blobs.port import Blobs

__all__ = ["Blobs", "FolderBlobs"]
