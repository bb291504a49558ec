"""Names of firms, shortened."""

import re
from typing import Any

from labshare.kernel.formatting import twin

PLACE_BEFORE = re.compile(r"^(?:浙江省?|[^省市县区]{2,3}[省市县区])+|^(?:Zhejiang|Xinchang|Shengzhou|Ninghai|Ningbo) ")
LEGAL_FORM = re.compile(r"(?:股份)?有限(?:责任)?公司$|,? (?:Co\., Ltd\.|Ltd\.|Inc\.)$")
"""What short_firm leaves out before and after the name proper."""


def short_firm(firm: Any) -> str:
    """A firm's name without place and legal form, for a calendar's cells; the full name must stand beside it."""
    name = twin(firm)
    short = LEGAL_FORM.sub("", PLACE_BEFORE.sub("", name)).strip(" ,")
    return short or name
