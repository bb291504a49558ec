"""How roles, kinds and classes are called."""

from flask_babel import lazy_gettext as _l

ROLES = {
    "owner": _l("Owner"),
    "lab_manager": _l("Lab manager"),
    "booker": _l("Booker"),
    "accountant": _l("Accountant"),
    "viewer": _l("Viewer"),
    "officer": _l("Officer"),
    "approver": _l("Approver"),
    "auditor": _l("Auditor"),
    "admin": _l("Administrator"),
}
FIRM_KINDS = {
    "enterprise": _l("Enterprise"),
    "public_institution": _l("Public institution"),
    "other": _l("Other"),
}
SIZE_CLASSES = {"large": _l("Large"), "medium": _l("Medium"), "small": _l("Small"), "micro": _l("Micro")}
AFFILIATION_KINDS = {
    "controls": _l("Controls"),
    "shares_owner": _l("Shares an owner"),
    "family": _l("Family"),
    "declared": _l("Other link"),
}
AFFILIATION_SOURCES = {
    "firm": _l("Declared by the firm"),
    "business_register": _l("Business register"),
    "inspection": _l("Found in an inspection"),
}
SECTORS = {
    "agriculture": _l("Agriculture, forestry, animal husbandry, fishery"),
    "industry": _l("Industry"),
    "construction": _l("Construction"),
    "wholesale": _l("Wholesale trade"),
    "retail": _l("Retail trade"),
    "transport": _l("Transport"),
    "warehousing": _l("Warehousing"),
    "postal": _l("Postal services"),
    "accommodation": _l("Accommodation"),
    "catering": _l("Catering"),
    "information": _l("Information transmission"),
    "software": _l("Software and information technology services"),
    "real_estate": _l("Real estate development and operation"),
    "property": _l("Property management"),
    "leasing_business": _l("Leasing and business services"),
    "other": _l("Other sectors"),
}
SCOPES = {"read": _l("Read only"), "write": _l("Read and write")}
