"""The words of what rooms below notices tell (accounts, organisations); rooms above register their own."""

from flask_babel import lazy_gettext as _l

from labshare.notices.kinds import kind

MOST_ASKED = 3
"""An hour, to one address: a stranger may ask for them. The link of the first holds until the next can be asked for."""

kind(
    "account.confirm",
    title=_l("Choose a password for LabShare"),
    text=_l(
        "An account was asked for with this address. Open the link within three days and choose a password; that "
        "confirms the address. If it was not you, do nothing."
    ),
    first=True,
    most=MOST_ASKED,
)
kind(
    "account.exists",
    title=_l("There is an account with this address already"),
    text=_l(
        "An account was asked for with this address, but it has one. Sign in by the link; a forgotten password can be "
        "set anew there. If it was not you, do nothing."
    ),
    first=True,
    most=MOST_ASKED,
)
kind(
    "account.reset",
    title=_l("Set a new password"),
    text=_l(
        "A new password was asked for. Open the link within one hour and choose one. If it was not you, do nothing: "
        "the present password holds."
    ),
    first=True,
    most=MOST_ASKED,
)
kind(
    "account.password_changed",
    title=_l("The password was changed"),
    text=_l(
        "The password of this account was changed, and every session and API token ended. If it was not you, set a "
        "new one at once and tell the administrator."
    ),
)
kind(
    "member.invited",
    title=_l("Invitation to act for %(firm)s"),
    text=_l("%(inviter)s invites you to act for %(firm)s as %(role)s. The link holds until %(until)s."),
)
kind(
    "member.joined",
    title=_l("%(name)s joined %(firm)s"),
    text=_l("%(name)s accepted the invitation and acts for %(firm)s as %(role)s from now on."),
)
kind(
    "member.role_changed",
    title=_l("Your role at %(firm)s is now %(role)s"),
    text=_l("Your role at %(firm)s is now %(role)s."),
)
kind(
    "member.ended",
    title=_l("You no longer act for %(firm)s"),
    text=_l("Your membership of %(firm)s has ended. Ask its owner if that is a mistake."),
)
kind(
    "member.left",
    title=_l("%(name)s left %(firm)s"),
    text=_l("%(name)s no longer acts for %(firm)s."),
    mail=False,
)
kind(
    "firm.bank_account_entered",
    title=_l("Bank account of %(firm)s entered"),
    text=_l(
        "%(name)s entered the bank account of %(firm)s; it ends in %(after)s. If that was not agreed: correct the "
        "account on the firm's page at once, have %(name)s choose a new password and sign out everywhere, and tell the "
        "platform's administrator."
    ),
)
kind(
    "firm.bank_account_changed",
    title=_l("Bank account of %(firm)s changed"),
    text=_l(
        "%(name)s changed the bank account of %(firm)s: it ended in %(before)s and ends in %(after)s now. If that was "
        "not agreed: correct the account on the firm's page at once, have %(name)s choose a new password and sign out "
        "everywhere, and tell the platform's administrator."
    ),
)
kind(
    "firm.submitted",
    title=_l("%(firm)s waits for verification"),
    text=_l("%(firm)s (%(uscc)s) was submitted for verification."),
)
kind(
    "firm.verified",
    title=_l("%(firm)s is verified"),
    text=_l("%(firm)s is verified: it can book, and publish what its labs offer."),
)
kind(
    "firm.returned",
    title=_l("%(firm)s was returned"),
    text=_l("%(firm)s was not verified: %(reason)s Correct what is named and submit it again."),
)
kind(
    "firm.size_changed",
    title=_l("%(firm)s: size class is now %(size_class)s"),
    text=_l("%(firm)s declared figures of %(year)s; its size class is %(size_class)s from %(valid_from)s on."),
    mail=False,
)
kind(
    "affiliation.entered",
    title=_l("An affiliation with %(other)s was entered"),
    text=_l("An officer entered an affiliation between %(firm)s and %(other)s (%(kind)s) from %(valid_from)s on."),
)
kind(
    "regulator.proposed",
    title=_l("A second administrator must agree: %(name)s as %(role)s"),
    text=_l("%(proposer)s proposes that %(name)s becomes %(role)s. It holds once another administrator agrees."),
)
kind(
    "regulator.given",
    title=_l("You are %(role)s now"),
    text=_l("Two administrators gave you the role %(role)s."),
)
kind(
    "regulator.ended",
    title=_l("You are no longer %(role)s"),
    text=_l("An administrator ended your role %(role)s."),
)
