"""Why somebody is not let in. What could tell a stranger who is known here is the same for all."""

from shared.decider import Refused
from shared.speech import marked


class WrongCredentials(Refused):
    """E-mail address or password is not right; which of them, is not told."""


class TooManyAttempts(Refused):
    """So much has failed that the next attempt has to wait."""

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class NotSignedIn(Refused):
    """The session or token is not, or no more, anybody's."""


class LinkSpent(Refused):
    """A link was used, has ended, or never was."""


class PasswordTooWeak(Refused):
    """A password would be guessed."""


class ProofNeeded(Refused):
    """The person has to show first who they are."""


class NotKnown(Refused):
    """There is no such person, company, session, token or program."""


class PasskeyRefused(Refused):
    """What the browser sent is no proof."""


class CompanyRefused(Refused):
    """What the company's server said is no proof, or the person is not invited."""


class NotForThisProgram(Refused):
    """A program asks for a scope that it does not have."""


WRONG = marked(
    "E-mail address or password is not right. Check both, or ask for a new sign-in link."
)
SIGN_IN_AGAIN = marked("You are not signed in any more; sign in again.")
