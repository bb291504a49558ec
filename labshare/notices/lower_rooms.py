"""Kinds of notices of the rooms below notices (accounts, organisations); rooms above register their own."""

from flask_babel import lazy_gettext as _l

from labshare.notices.kinds import kind
from labshare.notices.terms import Topic

MOST_ASKED = 3
"""An hour, to one address: a stranger may ask for them. The link of the first holds until the next can be asked for."""

kind(
    "account.confirm",
    topic=Topic.ACCOUNT,
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
    topic=Topic.ACCOUNT,
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
    topic=Topic.ACCOUNT,
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
    topic=Topic.ACCOUNT,
    title=_l("The password was changed"),
    text=_l(
        "The password of this account was changed, and every session and API token ended. If it was not you, set a "
        "new one at once and tell the administrator."
    ),
)
kind(
    "account.mobile_set",
    topic=Topic.ACCOUNT,
    title=_l("A mobile number signs in to the account"),
    text=_l(
        "A code sent to the mobile number ending in %(last)s now signs in to this account. If it was not you, remove "
        "the number, set a new password at once and tell the administrator."
    ),
)
kind(
    "account.mobile_removed",
    topic=Topic.ACCOUNT,
    title=_l("The mobile number was removed"),
    text=_l("The mobile number ending in %(last)s no longer signs in to this account."),
)
kind(
    "account.factor_set",
    topic=Topic.ACCOUNT,
    title=_l("A second factor was set up"),
    text=_l(
        "From now on signing in asks for a code of the app, too; every other session has ended. If it was not you, set "
        "a new password at once and tell the administrator."
    ),
)
kind(
    "account.factor_removed",
    topic=Topic.ACCOUNT,
    title=_l("The second factor was turned off"),
    text=_l(
        "Signing in no longer asks for a code of the app. If it was not you, set a new password at once and tell the "
        "administrator."
    ),
)
kind(
    "account.passkey_added",
    topic=Topic.ACCOUNT,
    title=_l("A passkey was added"),
    text=_l(
        "From now on a passkey confirms your sign-in, too; every other session has ended. If it was not you, set a new "
        "password at once, remove the passkey and tell the administrator."
    ),
)
kind(
    "account.passkey_removed",
    topic=Topic.ACCOUNT,
    title=_l("A passkey was removed"),
    text=_l(
        "A passkey of the account works no longer. If it was not you, set a new password at once and tell the "
        "administrator."
    ),
)
kind(
    "account.removal_proposed",
    topic=Topic.ACCOUNT,
    title=_l("An administrator asks to take off your second factor"),
    text=_l(
        "It is taken off once a second administrator agrees; until then nothing changes. If you did not ask for it, "
        "tell the administrators at once."
    ),
)
kind(
    "account.factor_taken_off",
    topic=Topic.ACCOUNT,
    title=_l("Two administrators took off your second factor"),
    text=_l("You are signed out everywhere. Sign in with your password and set up a new second factor."),
)
kind(
    "factor.removal_proposed",
    topic=Topic.ACCOUNT,
    title=_l("%(name)s lost the second factor"),
    text=_l(
        "Another administrator proposes to take off the second factor of %(name)s: %(reason)s Ask the person first."
    ),
)
kind(
    "account.codes_renewed",
    topic=Topic.ACCOUNT,
    title=_l("Recovery codes were made anew"),
    text=_l("Ten new recovery codes were made; the earlier ones no longer work."),
)
kind(
    "account.recovery_used",
    topic=Topic.ACCOUNT,
    title=_l("A recovery code was used"),
    text=_l(
        "A recovery code stood in for the app; %(left)s are left. If it was not you, set a new password at once and "
        "tell the administrator."
    ),
)
kind(
    "member.invited",
    topic=Topic.ACCOUNT,
    title=_l("Invitation to act for %(firm)s"),
    text=_l("%(inviter)s invites you to act for %(firm)s as %(role)s. The link holds until %(until)s."),
)
kind(
    "member.joined",
    topic=Topic.FIRM_NEWS,
    title=_l("%(name)s joined %(firm)s"),
    text=_l("%(name)s accepted the invitation and acts for %(firm)s as %(role)s from now on."),
)
kind(
    "member.role_changed",
    topic=Topic.ACCOUNT,
    title=_l("Your role at %(firm)s is now %(role)s"),
    text=_l("Your role at %(firm)s is now %(role)s."),
)
kind(
    "member.ended",
    topic=Topic.ACCOUNT,
    title=_l("You no longer act for %(firm)s"),
    text=_l("Your membership of %(firm)s has ended. Ask its owner if that is a mistake."),
)
kind(
    "member.left",
    topic=Topic.FIRM_NEWS,
    title=_l("%(name)s left %(firm)s"),
    text=_l("%(name)s no longer acts for %(firm)s."),
    mail=False,
)
kind(
    "firm.bank_account_entered",
    topic=Topic.ACCOUNT,
    title=_l("Bank account of %(firm)s entered"),
    text=_l(
        "%(name)s entered the bank account of %(firm)s; it ends in %(after)s and counts from %(day)s. If that was not "
        "agreed: stop it before that day on the page of the account, have %(name)s choose a new password and sign out "
        "everywhere, and tell the platform's administrator."
    ),
)
kind(
    "firm.bank_account_changed",
    topic=Topic.ACCOUNT,
    title=_l("Bank account of %(firm)s changed"),
    text=_l(
        "%(name)s changed the bank account of %(firm)s: it ends in %(before)s and will end in %(after)s from %(day)s "
        "on. If that was not agreed: stop it before that day on the page of the account, have %(name)s choose a new "
        "password and sign out everywhere, and tell the platform's administrator."
    ),
)
kind(
    "firm.bank_account_stopped",
    topic=Topic.ACCOUNT,
    title=_l("New bank account of %(firm)s stopped"),
    text=_l(
        "%(name)s stopped the bank account of %(firm)s that ends in %(after)s, which was to count from %(day)s. What "
        "counted before goes on counting."
    ),
)
kind(
    "firm.bank_account_entered_host",
    topic=Topic.ACCOUNT,
    title=_l("Bank account of %(firm)s entered"),
    text=_l("The account into which %(firm)s is paid ends in %(after)s and counts from %(day)s."),
)
kind(
    "firm.bank_account_changed_host",
    topic=Topic.ACCOUNT,
    title=_l("Bank account of %(firm)s changed"),
    text=_l(
        "The account into which %(firm)s is paid ends in %(before)s, and in %(after)s from %(day)s on. Ask the firm by "
        "a telephone number that you know before you pay into the new one."
    ),
)
kind(
    "firm.bank_account_stopped_host",
    topic=Topic.ACCOUNT,
    title=_l("New bank account of %(firm)s stopped"),
    text=_l(
        "An owner of %(firm)s stopped the account that ends in %(after)s, which was to count from %(day)s. What "
        "counted before goes on counting."
    ),
)
kind(
    "firm.submitted",
    topic=Topic.FIRM_NEWS,
    title=_l("%(firm)s waits for verification"),
    text=_l("%(firm)s (%(uscc)s) was submitted for verification."),
)
kind(
    "firm.verified",
    topic=Topic.FIRM_NEWS,
    title=_l("%(firm)s is verified"),
    text=_l("%(firm)s is verified: it can book, and publish what its labs offer."),
)
kind(
    "firm.returned",
    topic=Topic.FIRM_NEWS,
    title=_l("%(firm)s was returned"),
    text=_l("%(firm)s was not verified: %(reason)s Correct what is named and submit it again."),
)
kind(
    "firm.size_declared",
    topic=Topic.FIRM_NEWS,
    title=_l("%(firm)s declared figures of %(year)s"),
    text=_l(
        "By its figures of %(year)s the size class of %(firm)s is %(size_class)s. It counts once you have confirmed it "
        "by the proof."
    ),
    mail=False,
)
kind(
    "firm.size_confirmed",
    topic=Topic.FIRM_NEWS,
    title=_l("%(firm)s: size class is now %(size_class)s"),
    text=_l(
        "The figures of %(year)s are confirmed: the size class of %(firm)s is %(size_class)s for bookings from "
        "%(valid_from)s on. Earlier ones keep theirs."
    ),
)
kind(
    "firm.size_refused",
    topic=Topic.FIRM_NEWS,
    title=_l("%(firm)s: figures of %(year)s not confirmed"),
    text=_l(
        "The figures of %(year)s of %(firm)s were not confirmed: %(reason)s The size class stays as it was. Correct "
        "what is named and declare them again with their proof."
    ),
)
kind(
    "affiliation.entered",
    topic=Topic.AFFILIATION,
    title=_l("An affiliation with %(other)s was entered"),
    text=_l("An officer entered an affiliation between %(firm)s and %(other)s (%(kind)s) from %(valid_from)s on."),
)
kind(
    "affiliation.declared",
    topic=Topic.AFFILIATION,
    title=_l("%(firm)s declared an affiliation with %(other)s"),
    text=_l(
        "%(firm)s declared an affiliation with %(other)s (%(kind)s) from %(valid_from)s on. Agree where it is true; "
        "object with a reason where it is not, and an officer decides."
    ),
)
kind(
    "affiliation.agreed",
    topic=Topic.AFFILIATION,
    title=_l("%(firm)s agreed to the affiliation with %(other)s"),
    text=_l("%(firm)s agreed to the declared affiliation with %(other)s (%(kind)s) from %(valid_from)s on."),
)
kind(
    "affiliation.objected",
    topic=Topic.AFFILIATION,
    title=_l("%(firm)s objects to the affiliation with %(other)s"),
    text=_l(
        "%(firm)s objects to the declared affiliation with %(other)s (%(kind)s) from %(valid_from)s on. It holds as "
        "declared until an officer decides."
    ),
)
kind(
    "affiliation.objected_task",
    topic=Topic.AFFILIATION,
    title=_l("An affiliation is disputed: %(firm)s and %(other)s"),
    text=_l("The other side objects to the declared affiliation between %(firm)s and %(other)s: an officer decides."),
)
kind(
    "affiliation.touches",
    topic=Topic.AFFILIATION,
    title=_l("An affiliation touches published months: %(firm)s and %(other)s"),
    text=_l(
        "The declared affiliation between %(firm)s and %(other)s would take %(total_fen)s out of published months "
        "(%(months)s). It does not reach back until an officer confirms it."
    ),
)
kind(
    "affiliation.decided_elsewhere",
    topic=Topic.AFFILIATION,
    title=_l("Another county has decided on the affiliation of %(firm)s and %(other)s"),
    text=_l(
        "An officer of another county has decided on the affiliation between %(firm)s and %(other)s. It concerns labs "
        "of your county too: look at it, and correct it if it is wrong."
    ),
)
kind(
    "affiliation.change_waits",
    topic=Topic.AFFILIATION,
    title=_l("An affiliation waits for a second person: %(firm)s and %(other)s"),
    text=_l(
        "An officer proposes a change of the affiliation between %(firm)s and %(other)s: %(act)s. Nothing changes "
        "until you agree."
    ),
)
kind(
    "affiliation.change_refused",
    topic=Topic.AFFILIATION,
    title=_l("Not changed: the affiliation of %(firm)s and %(other)s"),
    text=_l("What you proposed for the affiliation between %(firm)s and %(other)s was refused: %(act)s."),
)
kind(
    "affiliation.end_asked",
    topic=Topic.AFFILIATION,
    title=_l("An end is asked for: affiliation of %(firm)s and %(other)s"),
    text=_l("A firm asks for the end of the affiliation between %(firm)s and %(other)s: an officer decides."),
)
kind(
    "affiliation.end_declined",
    topic=Topic.AFFILIATION,
    title=_l("The affiliation with %(other)s is not ended"),
    text=_l("An officer did not end the affiliation between %(firm)s and %(other)s as asked: %(reason)s"),
)
kind(
    "affiliation.confirmed",
    topic=Topic.AFFILIATION,
    title=_l("The affiliation with %(other)s is confirmed"),
    text=_l(
        "An officer confirmed the affiliation between %(firm)s and %(other)s (%(kind)s) from %(valid_from)s on. "
        "Bookings of these days earn no reward where the policy leaves related firms out."
    ),
)
kind(
    "affiliation.left",
    topic=Topic.AFFILIATION,
    title=_l("The affiliation with %(other)s stays as declared"),
    text=_l("An officer has seen the declared affiliation between %(firm)s and %(other)s (%(kind)s) and leaves it."),
    mail=False,
)
kind(
    "affiliation.ended",
    topic=Topic.AFFILIATION,
    title=_l("The affiliation with %(other)s ends"),
    text=_l("The affiliation between %(firm)s and %(other)s (%(kind)s) ends; its last day is %(valid_to)s."),
)
kind(
    "affiliation.voided",
    topic=Topic.AFFILIATION,
    title=_l("The affiliation with %(other)s was voided"),
    text=_l("An officer found that the affiliation between %(firm)s and %(other)s (%(kind)s) never was: %(reason)s"),
)
kind(
    "affiliation.corrected",
    topic=Topic.AFFILIATION,
    title=_l("The affiliation with %(other)s was corrected"),
    text=_l(
        "An officer corrected the affiliation between %(firm)s and %(other)s: %(kind)s from %(valid_from)s on. "
        "Reason: %(reason)s"
    ),
)
kind(
    "regulator.proposed",
    topic=Topic.ACCOUNT,
    title=_l("A second administrator must agree: %(name)s as %(role)s"),
    text=_l("%(proposer)s proposes that %(name)s becomes %(role)s. It holds once another administrator agrees."),
)
kind(
    "regulator.given",
    topic=Topic.ACCOUNT,
    title=_l("You are %(role)s now"),
    text=_l("Two administrators gave you the role %(role)s."),
)
kind(
    "regulator.ended",
    topic=Topic.ACCOUNT,
    title=_l("You are no longer %(role)s"),
    text=_l("An administrator ended your role %(role)s."),
)
