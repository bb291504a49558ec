"""The verbs of firms, members, affiliations, regulators' roles, accounts and tokens."""

from labshare.organisations.services.accounts import disable_account, enable_account
from labshare.organisations.services.affiliations import declare_affiliation, end_affiliation, enter_affiliation
from labshare.organisations.services.firms import (
    change_firm,
    declare_figures,
    register_firm,
    return_firm,
    set_size_class,
    submit_firm,
    verify_firm,
)
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
from labshare.organisations.services.tokens import issue_token, note_token_used, revoke_token

__all__ = [
    "accept_invitation", "agree_role", "change_firm", "change_role", "create_administrator", "declare_affiliation",
    "declare_figures", "disable_account", "enable_account", "end_affiliation", "end_membership", "end_role",
    "enter_affiliation", "invitation_of", "invite", "issue_token", "join_by_invitation", "leave", "note_token_used",
    "propose_role", "register_firm", "return_firm", "revoke_token", "set_size_class", "submit_firm", "verify_firm",
    "withdraw_invitation", "withdraw_proposal",
]  # fmt: skip
