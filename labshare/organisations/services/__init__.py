"""The verbs of firms, members, affiliations, regulators' roles, accounts and tokens."""

from labshare.organisations.services.accounts import disable_account, enable_account
from labshare.organisations.services.affiliation_changes import agree_change, drop_change, propose_change
from labshare.organisations.services.affiliation_decisions import (
    confirm_affiliation,
    decline_end,
    enter_affiliation,
    leave_as_declared,
)
from labshare.organisations.services.affiliations import (
    agree_affiliation,
    ask_end,
    declare_affiliation,
    end_affiliation,
    object_to_affiliation,
)
from labshare.organisations.services.bank_accounts import change_account, reseal_accounts, stop_account
from labshare.organisations.services.firms import (
    change_firm,
    register_firm,
    return_firm,
    save_draft,
    set_approval_above,
    set_licence,
    submit_firm,
    verify_firm,
    what_is_verified,
)
from labshare.organisations.services.lost_factors import agree_removal, propose_removal, withdraw_removal
from labshare.organisations.services.members import (
    accept_invitation,
    change_role,
    end_membership,
    invitation_of,
    invite,
    join_by_invitation,
    leave,
    withdraw_invitation,
)
from labshare.organisations.services.regulators import (
    agree_role,
    create_administrator,
    end_role,
    propose_role,
    withdraw_proposal,
)
from labshare.organisations.services.sizes import confirm_size, declare_figures, refuse_size, set_size_class
from labshare.organisations.services.tokens import issue_token, note_token_used, revoke_token

__all__ = [
    "accept_invitation",
    "agree_affiliation",
    "agree_change",
    "agree_removal",
    "agree_role",
    "ask_end",
    "change_account",
    "change_firm",
    "change_role",
    "confirm_affiliation",
    "confirm_size",
    "create_administrator",
    "declare_affiliation",
    "declare_figures",
    "decline_end",
    "disable_account",
    "drop_change",
    "enable_account",
    "end_affiliation",
    "end_membership",
    "end_role",
    "enter_affiliation",
    "invitation_of",
    "invite",
    "issue_token",
    "join_by_invitation",
    "leave",
    "leave_as_declared",
    "note_token_used",
    "object_to_affiliation",
    "propose_change",
    "propose_removal",
    "propose_role",
    "refuse_size",
    "register_firm",
    "reseal_accounts",
    "return_firm",
    "revoke_token",
    "save_draft",
    "set_approval_above",
    "set_licence",
    "set_size_class",
    "stop_account",
    "submit_firm",
    "verify_firm",
    "what_is_verified",
    "withdraw_invitation",
    "withdraw_proposal",
    "withdraw_removal",
]
