"""What e-mails say: text and simple HTML of the same content, in the language of whoever gets it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email.message import EmailMessage
from html import escape
from typing import Final

from shared.messages.notifications import WarningRaised
from shared.messages.reports import ReportMade
from shared.speech import _, counted, speaking
from shared.warning_words import headline, mend

DOMAIN: Final = "ampledger"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who an e-mail goes to, and in which language."""

    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Place:
    """The installation that an e-mail is about, and where its pages are."""

    name: str
    zone: tzinfo
    warnings_url: str
    choices_url: str
    unsubscribe_url: str


@dataclass(frozen=True, slots=True)
class Told:
    """A warning, and whether it is over by now."""

    warning: WarningRaised
    over: bool


def warning_letter(
    to: Recipient, place: Place, told: Sequence[Told], message_id: str
) -> EmailMessage:
    """Write what somebody is warned of; however often it is sent, its id is the same."""
    with speaking(to.language):
        open_ones = [it for it in told if not it.over]
        if len(told) == 1:
            subject = f"{place.name}: {headline(told[0].warning)}"
        else:
            subject = counted(
                len(told),
                "%(place)s: %(n)s warning",
                "%(place)s: %(n)s warnings",
                place=place.name,
            )
        lines = [_paragraph(it, place.zone) for it in told]
        if not open_ones:
            lines.append([_("By now all of this is over.")])
        message = _message(to, subject, message_id)
        links = [
            (_("See what is open, and take notice of it"), place.warnings_url),
            (_("Choose what you are told of"), place.choices_url),
            (_("No more e-mails about this installation"), place.unsubscribe_url),
        ]
        _fill(message, to, lines, links)
    message["List-Unsubscribe"] = f"<{place.unsubscribe_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def report_letter(
    to: Recipient, place: Place, made: ReportMade, base_url: str, message_id: str
) -> EmailMessage:
    """Write the e-mail that brings a report; what is too large to be sent is linked."""
    with speaking(to.language):
        message = _message(to, made.title, message_id)
        links = [
            (_("Too large for an e-mail: %(name)s", name=it.name), f"{base_url}{it.path}")
            for it in made.files
            if it.data is None
        ]
        links.append((_("Choose what you are told of"), place.choices_url))
        _fill(message, to, [[it] for it in made.lines], links)
    for it in made.files:
        if it.data is not None:
            main, _slash, sub = it.media_type.partition(";")[0].partition("/")
            message.add_attachment(it.data, maintype=main, subtype=sub, filename=it.name)
    return message


def _message(to: Recipient, subject: str, message_id: str) -> EmailMessage:
    message = EmailMessage()
    message["To"] = to.email
    message["Subject"] = " ".join(subject.split())[:200]
    message["Message-ID"] = f"<{message_id}@{DOMAIN}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's out-of-office answers it
    return message


def _paragraph(told: Told, zone: tzinfo) -> list[str]:
    warning = told.warning
    over = f" ({_('over by now')})" if told.over else ""
    since = _("Since %(since)s.", since=_clock(warning.since, zone))
    lines = [f"{headline(warning)}{over}", since]
    return lines if told.over else [*lines, mend(warning)]


def _clock(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def _fill(
    message: EmailMessage,
    to: Recipient,
    paragraphs: Sequence[Sequence[str]],
    links: Sequence[tuple[str, str]],
) -> None:
    hello = _("Hello %(name)s,", name=to.name)
    text = [
        hello,
        *("\n".join(it) for it in paragraphs),
        *(f"{it}:\n{url}" for it, url in links),
    ]
    message.set_content("\n\n".join(text) + "\n")
    body = "".join(
        f"<p><b>{escape(first)}</b>{''.join(f'<br>{escape(it)}' for it in rest)}</p>"
        for first, *rest in paragraphs
    )
    ways = "".join(f'<p><a href="{escape(url)}">{escape(it)}</a></p>' for it, url in links)
    whole = f"<body><p>{escape(hello)}</p>{body}{ways}</body>"
    html = f'<!doctype html><html lang="{to.language}">{whole}</html>'
    message.add_alternative(html, subtype="html")
