"""Reads an uploaded `.ionapi` file; needs no transaction."""

from __future__ import annotations

from dataclasses import dataclass

from ionport.connections.model import Remark
from ionport.core.errors import InvalidInput
from ionport.core.sentences import joined, told
from ionport.ionapi import CredentialFileError, Finding, IonApiFile


@dataclass(frozen=True, slots=True)
class PreparedConnection:
    """A credential that can be stored, with the remarks about its file."""

    file: IonApiFile
    remarks: tuple[Remark, ...]


def prepare_connection(content: bytes) -> PreparedConnection:
    """Read the content of an `.ionapi` file.

    Raises:
        InvalidInput: the content is something else, or the file has errors; names them all.
    """
    try:
        file = IonApiFile.parse(content)
        file.require_valid()
    except CredentialFileError as error:
        text = told(joined(error.message, error.remedy))
        raise InvalidInput(
            text, code=f"ionapi_{error.code}", fields={"file": text}, detail=error.detail
        ) from None
    return PreparedConnection(file, tuple(_remark(finding) for finding in file.validate()))


def _remark(finding: Finding) -> Remark:
    return Remark(finding.severity, finding.code, finding.key, finding.text, finding.remedy)
