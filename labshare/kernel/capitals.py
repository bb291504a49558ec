"""Amounts in capital numerals, as a payment list needs them: 壹仟贰佰叁拾肆元伍角整. Chinese, whoever reads it."""

from labshare.kernel.money import FEN_PER_YUAN, Fen

_DIGITS = "零壹贰叁肆伍陆柒捌玖"


def capital(fen: Fen) -> str:
    """壹仟贰佰叁拾肆元伍角整: the amount in capital numerals, for the finance bureau's payment list."""
    yuan, rest = divmod(abs(fen), FEN_PER_YUAN)
    text = "负" if fen < 0 else ""
    if yuan:
        text += _capital_integer(yuan) + "元"
    jiao, cents = divmod(rest, 10)
    if not rest:
        return (text or "零元") + "整"
    if jiao:
        text += _DIGITS[jiao] + "角"
    elif yuan:
        text += "零"
    return text + (_DIGITS[cents] + "分" if cents else "整")


def _capital_integer(number: int) -> str:
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text, gap = "", False
    for index in range(len(groups) - 1, -1, -1):
        group = groups[index]
        if not group:
            gap = bool(text)
            continue
        if text and (gap or group < 1000):
            text += "零"
        gap = False
        text += _capital_group(group) + ("", "万", "亿", "兆")[index]
    return text


def _capital_group(group: int) -> str:
    text, gap = "", False
    for power, unit in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
        digit = group // power % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + unit
            gap = False
        else:
            gap = True
    return text
