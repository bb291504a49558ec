"""The national classification of instruments: six digits in three levels of two."""

OTHER = "990000"
FIRST_LEVELS = frozenset(("01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "99"))
SECOND_LEVELS = frozenset(
    (
        "0101",
        "0102",
        "0103",
        "0104",
        "0105",
        "0106",
        "0107",
        "0108",
        "0109",
        "0110",
        "0111",
        "0112",
        "0201",
        "0202",
        "0203",
        "0204",
        "0205",
        "0206",
        "0301",
        "0302",
        "0303",
        "0304",
        "0305",
        "0306",
        "0307",
        "1101",
        "1102",
        "1103",
        "1104",
        "1105",
    )
)
"""Of the first levels whose second level is published: 01, 02, 03, 11."""


def is_class_code(code: str) -> bool:
    """Six digits whose first two, and where they are listed first four, name a known class; `990000` is other."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()) or code[:2] not in FIRST_LEVELS:
        return False
    if code[:2] == "99":
        return code == OTHER
    listed = any(second.startswith(code[:2]) for second in SECOND_LEVELS)
    return not listed or code[:4] in SECOND_LEVELS or code[2:] == "0000" or code[2:4] == "99"
