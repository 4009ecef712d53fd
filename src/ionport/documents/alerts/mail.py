"""The mail of an alert: plain text, what happened and where to look; no amounts, no secrets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from ionport.core.i18n import Speech, _, labelled, ngettext, speaking
from ionport.core.sentences import told
from ionport.documents.alerts.model import MAX_TEXT, AlertMessage, AlertSettings
from ionport.documents.types import DOCUMENT_TYPES

_SUBJECT: Final = 150


def alert_mail(
    settings: AlertSettings,
    messages: Sequence[AlertMessage],
    mail_id: str,
    now: datetime,
    *,
    zone: tzinfo,
    origin: str,
    speeches: Sequence[Speech | None],
) -> EmailMessage:
    """Return the mail that tells of some events; the same `mail_id` gives the same Message-ID.

    It is one mail for all receivers, so it tells them in each of the languages `speeches` (None:
    English), of which the first is the subject's.
    """
    subjects, texts = [], []
    for speech in speeches:
        with speaking(speech):
            subjects.append(_subject(messages))
            texts.append(_text(messages, zone, origin))
    return _mail(settings, subjects[0], "\n\n* * *\n\n".join(texts), mail_id, now)


def _subject(messages: Sequence[AlertMessage]) -> str:
    if len(messages) == 1:
        return labelled(messages[0].type.label, _named(messages[0]))
    return ngettext("{number} alert", "{number} alerts", len(messages)).format(number=len(messages))


def _text(messages: Sequence[AlertMessage], zone: tzinfo, origin: str) -> str:
    parts = [_told(message, zone, origin) for message in messages]
    ending = _("You get this because your address stands in Settings → Alerts: {link}").format(
        link=f"{origin}/settings/alerts"
    )
    return "\n\n".join([*parts, ending])


def check_mail(
    settings: AlertSettings, mail_id: str, now: datetime, *, origin: str
) -> EmailMessage:
    """Return the mail that *Send a test* sends."""
    text = _("Alerts of {origin} arrive here. Nothing has happened.").format(origin=origin)
    return _mail(settings, _("Test of alerts"), text, mail_id, now)


def _mail(
    settings: AlertSettings, subject: str, text: str, mail_id: str, now: datetime
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"ionport <{settings.sender}>"
    mail["To"] = ", ".join(settings.recipients)
    mail["Subject"] = _line(f"ionport: {subject}")[:_SUBJECT]
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{mail_id}@{settings.sender.rpartition('@')[2]}>"
    # RFC 3834: no holiday notice answers it.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail


def _told(message: AlertMessage, zone: tzinfo, origin: str) -> str:
    at = message.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
    lines = [f"{at}  {labelled(message.type.label, _named(message))}"]
    if not message.document_id:
        return "\n".join([*lines, f"{origin}/settings/connections"])
    lines.append(" ".join(told(message.text).split())[:MAX_TEXT])
    if message.delivery_id:
        lines.append(f"{origin}/deliveries/{message.delivery_id}")
    lines.append(f"{origin}/documents/{message.document_id}")
    return "\n".join(line for line in lines if line)


def _named(message: AlertMessage) -> str:
    if not message.document_id:
        return _line(told(message.text))
    kind = DOCUMENT_TYPES.get(message.document_type)
    return _line(f"{kind.label if kind else ''} {message.number or message.document_id}")


def _line(text: str) -> str:
    """Return a text that a header may have: one line, nothing that does not print."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
