"""Why a sign-in, a password or an account is refused."""

from flask_babel import lazy_gettext as _l

from labshare.kernel.errors import Conflict, InvalidInput, TooManyRequests


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


class NameRequired(InvalidInput):
    message = _l("Fill this in.")
    default_field = "name"


class NotYourself(Conflict):
    message = _l("Not for your own account.")
    money_or_rights = True
