"""
What the portal asks permissions about signing in: requests and replies on `queries.permissions.<Name>`.

None of it is kept on NATS, and none of it is in a log: it carries passwords, session secrets and tokens,
each of which permissions keeps as a hash only. What came of it is in the log (`SignedIn`, `PasswordSet`,
`TokenIssued` …).

`WhoIs` is asked at every request, so that what is ended is ended at once.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, Field, StringConstraints

from shared.ids import SessionId, TokenId
from shared.messages import Message, Moment

SECRET_CHARS_MAX: Final = 512
PASSWORD_CHARS_MIN: Final = 12
"""NIST SP 800-63B and OWASP ASVS 6.2.1 ask for 8 at least, for 15 where nothing else is asked."""
PASSWORD_CHARS_MAX: Final = 256
TOKEN_PREFIX: Final = "amp_"  # noqa: S105  # it marks what is secret, and is none

Secret = Annotated[str, Field(max_length=SECRET_CHARS_MAX)]
"""A session's secret, a token or the like."""
UNSPOKEN: Final = frozenset(
    {
        "bearer",
        "binding",
        "code",
        "credential",
        "csrf",
        "device",
        "email",
        "new",
        "password",
        "present",
        "secret",
        "session",
        "state",
        "token",
    }
)
"""Fields that are shown in no log line, whatever is logged."""
Password = Annotated[str, Field(max_length=4 * PASSWORD_CHARS_MAX)]
"""As it was typed; whether it is good enough is decided where it is set."""
Remote = Annotated[str, Field(max_length=64)]
"""The address that somebody asks from."""
Browser = Annotated[str, StringConstraints(max_length=400)]
"""What a browser says that it is."""


class Scope(StrEnum):
    """What a token, or a program that signs in by itself, may be used for; roles bound it as well."""

    READ = "read"
    CHARGE = "charge"
    MANAGE = "manage"
    """Settings of everyday life: authentication, firmware, warnings."""
    PERMISSIONS = "permissions"
    SERVICE = "service"
    """What installers and support do: layout, power, chargers, locks."""


class Discreet(Message):
    """Something that carries what no log line should."""

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show its fields, but for what is secret."""
        return [
            (name, "***" if name in UNSPOKEN and value else value)
            for name, value in super().__repr_args__()
        ]

    def __str__(self) -> str:
        return repr(self)


class Asker(Discreet):
    """Who asks: a person in a browser, a person's token, or a program."""

    actor: str
    """`person/<id>` or `client/<id>`, as in the metadata of events."""
    name: str
    """How they are called on pages."""
    session_id: SessionId | None = None
    """Which session it is; none for a token. It is no secret."""
    token_id: TokenId | None = None
    scopes: frozenset[Scope] | None = None
    """What it may be used for; none: everything that the person may (a browser's session)."""
    csrf: Secret | None = None
    """What a form of this session carries, to show that it is one of our pages."""
    stepped_up_until: Moment | None = None
    """Until when a password or a passkey shown not long ago counts, for what asks for one."""
    expires_at: Moment | None = None

    @property
    def person_id(self) -> str | None:
        """Name the person; none for a program."""
        kind, _, name = self.actor.partition("/")
        return name if kind == "person" else None


class Query(Discreet):
    """A request to permissions. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    service: ClassVar[str] = "permissions"


class Reply(Discreet):
    """What permissions replies; a refusal carries its name and a sentence that says what to do."""

    refusal: str | None = None
    detail: str | None = None
    retry_after_s: int | None = None
    """How long to wait before trying again, in seconds, when too much has failed."""

    @property
    def accepted(self) -> bool:
        return self.refusal is None


class From(Discreet):
    """Where somebody asks from."""

    remote: Remote = ""
    browser: Browser = ""
    device: Secret | None = None
    """The secret of a device from which somebody has signed in before."""


# --- Who asks ---


class WhoIs(Query):
    """Ask whose a session or a token is; exactly one of them."""

    session: Secret | None = None
    bearer: Secret | None = None


class Known(Reply):
    """Who it is; none: nobody (any more)."""

    asker: Asker | None = None


# --- Signing in and out ---


class SignInWithPassword(Query):
    email: Annotated[str, Field(max_length=320)]
    password: Password
    at: From = From()


class SignInWithLink(Query):
    """Use up a link that was sent or shown once."""

    token: Secret
    at: From = From()


class PasskeyOptions(Query):
    """Begin: to sign in (no session), to show oneself again, or to add a passkey (`adding`)."""

    session: Secret | None = None
    adding: bool = False


class Options(Reply):
    """What the browser is given: WebAuthn's options, and which challenge they are."""

    challenge_id: str = ""
    options: dict[str, Any] = Field(default_factory=dict)


class SignInWithPasskey(Query):
    challenge_id: str
    credential: dict[str, Any]
    at: From = From()


class Companies(Query):
    """Ask which companies' sign-in there is."""


class Company(Message):
    """A company whose people sign in there (OpenID Connect)."""

    id: str
    name: str


class CompanyList(Reply):
    companies: tuple[Company, ...] = ()


class OidcBegin(Query):
    company: Annotated[str, Field(max_length=64)]
    redirect_uri: Annotated[str, Field(max_length=500)]
    next: Annotated[str, Field(max_length=500)] = "/"


class Redirect(Reply):
    """Where to send the browser; `binding` is kept in a cookie of it until it comes back."""

    url: str = ""
    binding: Secret = ""


class OidcComplete(Query):
    """The browser has come back, with what the company's server gave it."""

    state: Secret
    code: Annotated[str, Field(max_length=4096)]
    binding: Secret
    issuer: Annotated[str, Field(max_length=500)] | None = None
    """`iss` of the answer (RFC 9207), if the server says it."""
    at: From = From()


class SignedInReply(Reply):
    """A session has begun, or has a new secret."""

    session: Secret = ""
    device: Secret | None = None
    """Kept by the device, so that others cannot hold it up by failing."""
    expires_at: Moment | None = None
    asker: Asker | None = None
    next: str = "/"
    """Where the person wanted to go (company sign-in)."""
    without_credential: bool = False
    """The person has neither password nor passkey nor company: now is the time to set one."""


class SignOut(Query):
    session: Secret


class SignOutEverywhere(Query):
    """End all sessions of a person, or all but the one that asks."""

    session: Secret
    but_this: bool = False


class EndSession(Query):
    session: Secret
    session_id: SessionId


class StepUp(Query):
    """Show oneself again, by password or by passkey."""

    session: Secret
    password: Password | None = None
    challenge_id: str | None = None
    credential: dict[str, Any] | None = None
    at: From = From()
