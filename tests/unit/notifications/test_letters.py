"""What e-mails say, to whom, and what of it is not from us stays text."""

import base64
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

from services.notifications.letters import (
    Place,
    Recipient,
    Told,
    report_letter,
    warning_letter,
)
from shared.mailing import written
from shared.messages.notifications import WarningRaised
from shared.messages.reports import ReportFile, ReportMade
from tests.unit.notifications.facts import raised

ADA = Recipient("Ada", "ada@example.com", "en")
PLACE = Place(
    name="Harbour garage",
    zone=ZoneInfo("Europe/Oslo"),
    warnings_url="https://a.example/installations/g/warnings",
    choices_url="https://a.example/my/notifications",
    unsubscribe_url=f"https://a.example/unsubscribe?person=ada&mark={'0f' * 32}",
)


def part(message: EmailMessage, kind: str) -> str:
    body: Any = message.get_body((kind,))
    return str(body.get_content())


def test_one_warning_is_in_the_subject_with_what_to_do_about_it_beneath() -> None:
    letter = warning_letter(ADA, PLACE, [Told(raised(), over=False)], "b-1")

    assert letter["Subject"] == "Harbour garage: Bay 1 reports a fault: GroundFailure"
    assert letter["Message-ID"] == "<b-1@ampledger>"
    text = part(letter, "plain")
    assert "Hello Ada," in text
    assert "have an electrician look at it" in text
    assert "2026-11-27 13:00 CET" in text
    assert PLACE.warnings_url in text


def test_several_go_together_and_those_that_are_over_are_said_to_be() -> None:
    told = [Told(raised("w-1"), over=True), Told(raised("w-2"), over=False)]

    letter = warning_letter(ADA, PLACE, told, "b-1")

    assert letter["Subject"] == "Harbour garage: 2 warnings"
    assert part(letter, "plain").count("over by now") == 1


def test_e_mails_end_by_one_click_of_a_mail_program() -> None:
    letter = warning_letter(ADA, PLACE, [Told(raised(), over=False)], "b-1")

    assert letter["List-Unsubscribe"] == f"<{PLACE.unsubscribe_url}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = written(letter).decode()
    assert f"List-Unsubscribe: <{PLACE.unsubscribe_url}>\r\n" in text


def test_what_chargers_say_stays_text() -> None:
    evil: WarningRaised = raised().model_copy(
        update={"said": "<script>x</script>\r\nBcc: eve@example.com"}
    )

    letter = warning_letter(ADA, PLACE, [Told(evil, over=False)], "b-1")

    assert "<script>" not in part(letter, "html")
    assert "&lt;script&gt;" in part(letter, "html")
    assert letter["Bcc"] is None


def test_a_report_comes_with_its_files_and_a_way_to_what_is_too_large() -> None:
    files = (
        ReportFile(
            name="r.csv",
            media_type="text/csv; charset=utf-8",
            content=base64.b64encode(b"a,b").decode(),
            path="/r.csv",
        ),
        ReportFile(name="r.pdf", media_type="application/pdf", path="/r.pdf"),
    )
    made = ReportMade(title="Report of 2026-10", lines=("12 sessions.",), files=files)

    letter = report_letter(ADA, PLACE, made, "https://a.example", "d-1")

    (attached,) = letter.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("r.csv", "text/csv")
    assert letter["Subject"] == "Report of 2026-10"
    assert "https://a.example/r.pdf" in part(letter, "plain")
