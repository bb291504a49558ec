"""Why a sign-in, a password or an account is refused."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.errors import Conflict, InvalidInput, Problem, TooManyRequests


class WrongPassword(InvalidInput):
    """Also where there is no such account: a stranger learns nothing from it."""

    message = _l("E-mail or password is wrong.")


class WrongPresentPassword(InvalidInput):
    message = _l("This is not the present password.")
    default_field = "present_password"


class TooManyAttempts(TooManyRequests):
    """Passwords were guessed at."""

    message = _l("Too many attempts. Try again in %(n)s.")
    n_of = "minute"


class PasswordTooShort(InvalidInput):
    message = _l("At least %(n)s characters. A few words in a row are easy to keep in mind.")
    default_field = "password"


class PasswordTooLong(InvalidInput):
    message = _l("At most %(n)s characters.")
    default_field = "password"


class PasswordTooCommon(InvalidInput):
    message = _l("Too easy to guess.")
    default_field = "password"


class LinkExpired(Conflict):
    """A signed link of a mail: too old, used already, or not ours."""

    message = _l("This link has expired or was used already. Ask for a new one.")


class InvalidEmail(InvalidInput):
    message = _l("Not an e-mail address.")
    default_field = "email"


class InvalidMobile(InvalidInput):
    message = _l("Eleven digits, such as 138 0575 1234.")
    default_field = "mobile"


class MobileTaken(Conflict):
    """Said only to who has read a code sent to the number."""

    message = _l("This number signs in to another account. Remove it there first.")
    default_field = "code"


class WrongCode(InvalidInput):
    """Also where nothing was sent: a stranger learns nothing from it."""

    message = _l("The code is wrong or has expired. Check it, or ask for a new one.")
    default_field = "code"


class WrongFactorCode(InvalidInput):
    """Not the app's present code, one that was used before, or no unused recovery code."""

    message = _l("The code is wrong or was used already. Wait for the next one, or use a recovery code.")
    default_field = "code"


class WrongPasskey(InvalidInput):
    """Another site's, another person's, of no challenge of ours, or not confirmed by its person."""

    message = _l("This passkey was not accepted. Try again, or use a code.")


class StaleChallenge(Conflict):
    """The device answered too late, or answered before."""

    message = _l("This took too long, or was sent before. Use the passkey once more.")


class PasskeyCopied(InvalidInput):
    """The device's counter went back: two devices hold one key. Kept in the trail."""

    message = _l("This passkey seems to have been copied. Use a code, and remove the passkey from your account.")
    money_or_rights = True


class PasskeyTaken(Conflict):
    message = _l("This passkey is on an account already.")


class TooManyPasskeys(Conflict):
    message = _l("Ten passkeys are the most. Remove one first.")


class SignInAnew(Conflict):
    """The code was waited for too long, or the account changed meanwhile."""

    message = _l("This took too long. Sign in again.")


class SetUpAnew(Conflict):
    """The key on the page is too old, or another person's."""

    message = _l("This took too long, so the key has changed. Scan the new one.")


class FactorRequired(Conflict):
    message = _l("Your roles need a second factor: it can be replaced, not turned off.")
    money_or_rights = True


class FactorFirst(Problem):
    """Who must have a second factor reaches nothing without one (R-FACTOR-5)."""

    status = 403
    message = _l("Your roles need a second factor. Set it up in your account first; then everything opens.")


class ProofNeeded(Problem):
    """Before a weighty act its person proves anew who it is (R-FACTOR-7). `cause`: what was wrong with the proof."""

    status = 403
    message = _l("Prove that it is you, then it goes on.")

    def __init__(self, cause: Problem | None = None) -> None:
        super().__init__()
        self.cause = cause


class NameRequired(InvalidInput):
    message = _l("Fill this in.")
    default_field = "name"


class NotYourself(Conflict):
    message = _l("Not for your own account.")
    money_or_rights = True
