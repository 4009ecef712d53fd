"""The transactions that every program has (docs/reference/m3.md#transactions-and-fields).

Texts of messages and headings are M3's own and are not here: a heading is answered with the
word that was asked for, a message id that the sandbox does not know is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ionport.sandbox.m3.errors import TransactionFailed
from ionport.sandbox.m3.model import Record, Session

_VERSION = "2.0.0"
_FACILITY, _WAREHOUSE = "A01", "100"

# The message ids that the sandbox itself answers with.
_TEXTS: Mapping[str, str] = {
    "WIT0103": "Item {parameter} does not exist",
    "WSU0103": "Supplier {parameter} does not exist",
    "WCU0203": "Customer {parameter} does not exist",
    "WPU0803": "Purchase order {parameter} does not exist",
    "XDT0001": "Incorrect date",
    "XNU0000": "Numeric error",
}


def _version(session: Session, values: Record) -> Record:
    return {"VER": _VERSION}


def _current_user(session: Session, values: Record) -> Record:
    return {"TEID": session.tenant_id, "USER": session.user, "PRUS": session.identity}


def _user_info(session: Session, values: Record) -> Record:
    return {
        "ZZUSID": session.user,
        "ZDCONO": str(session.company),
        "ZDDIVI": session.division,
        "ZDFACI": _FACILITY,
        "ZZWHLO": _WAREHOUSE,
        "ZDLANC": "GB",
        "ZDDTFM": "YMD",
        "TIZO": "UTC",
        "USFN": session.user,
    }


def _server_time(session: Session, values: Record) -> Record:
    milliseconds = str(int(session.now.timestamp() * 1000))
    return {"DATE": session.today, "TIME": session.time, "LMTS": milliseconds}


def _server_time_zone(session: Session, values: Record) -> Record:
    return {
        "TMTZ": f"{session.now:%Y-%m-%dT%H:%M:%S}+0000",
        "UTCT": f"{session.now:%Y-%m-%dT%H:%M:%S}",
    }


def _message_text(session: Session, values: Record) -> Record:
    text = _TEXTS.get(values["MSID"])
    if text is None:
        raise TransactionFailed(f"Message id {values['MSID']} does not exist", field="MSID")
    return {"MSGT": text.format(parameter=values.get("PARM", "&1"))}


def _field_heading(session: Session, values: Record) -> Record:
    return {"TX40": values["MS15"] + values["SUFF"]}


def _fix_level(session: Session, values: Record) -> Record:
    return {"SLVL": "0"}


def _build(session: Session, values: Record) -> Record:
    return {"VERS": "16", "PTFS": "1", "MBLD": "sandbox", "PGNM": session.program}


GENERAL_BEHAVIOURS: Mapping[str, Callable[[Session, Record], Record]] = {
    "FpwVersion": _version,
    "GetCurrentUser": _current_user,
    "GetFieldHeading": _field_heading,
    "GetFixLevel": _fix_level,
    "GetMIBuild": _build,
    "GetMessageText": _message_text,
    "GetServerTime": _server_time,
    "GetUserInfo": _user_info,
    "ServerTimeZone": _server_time_zone,
}

# Of the general transactions, those that say who the caller is.
USER_BOUND = frozenset(("GetCurrentUser", "GetUserInfo"))
