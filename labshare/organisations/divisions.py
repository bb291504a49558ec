"""Administrative divisions and their towns: facts, by statistical code (state of 30 June 2023).

A division has six digits, a town nine; a town's code begins with its division's. Coordinates are WGS 84, decimal
degrees as text, good to perhaps three kilometres: where a town is drawn as a point, never how far something is to the
metre.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Division:
    code: str
    name: str
    name_en: str
    lab_code: str
    """What the codes of its labs begin with: XC-012."""


@dataclass(frozen=True)
class Town:
    code: str
    name: str
    name_en: str
    longitude: str
    latitude: str

    @property
    def division(self) -> str:
        return self.code[:6]


DIVISIONS = {
    division.code: division
    for division in (
        Division("330624", "新昌县", "Xinchang County", "XC"),
        Division("330683", "嵊州市", "Shengzhou City", "SZ"),
        Division("330213", "奉化区", "Fenghua District", "FH"),
        Division("330226", "宁海县", "Ninghai County", "NH"),
        Division("331023", "天台县", "Tiantai County", "TT"),
        Division("330727", "磐安县", "Pan'an County", "PA"),
        Division("330783", "东阳市", "Dongyang City", "DY"),
    )
}

TOWNS = {
    town.code: town
    for town in (
        Town("330624001", "羽林街道", "Yulin Subdistrict", "120.920", "29.510"),
        Town("330624002", "南明街道", "Nanming Subdistrict", "120.905", "29.495"),
        Town("330624003", "七星街道", "Qixing Subdistrict", "120.875", "29.500"),
        Town("330624004", "澄潭街道", "Chengtan Subdistrict", "120.7901", "29.4488"),
        Town("330624104", "回山镇", "Huishan Town", "120.8067", "29.2799"),
        Town("330624107", "小将镇", "Xiaojiang Town", "121.1154", "29.3833"),
        Town("330624108", "沙溪镇", "Shaxi Town", "121.1278", "29.5160"),
        Town("330624109", "镜岭镇", "Jingling Town", "120.7829", "29.3734"),
        Town("330624110", "儒岙镇", "Ru'ao Town", "120.9166", "29.3595"),
        Town("330624112", "沃洲镇", "Wozhou Town", "121.0342", "29.4447"),
        Town("330624200", "城南乡", "Chengnan Township", "120.890", "29.450"),
        Town("330624201", "东茗乡", "Dongming Township", "120.850", "29.400"),
    )
}


def towns_of(division: str) -> tuple[Town, ...]:
    """The known towns of a division (or of all divisions whose code begins so), in the order of their codes."""
    return tuple(town for code, town in sorted(TOWNS.items()) if code.startswith(division))


PLACES = TOWNS | {
    f"{code}000": Town(f"{code}000", known.name, known.name_en, "", "")
    for code, known in DIVISIONS.items()
    if not towns_of(code)
}
"""Where a lab can stand: every known town, and a division as a whole (`330683000`) where none of its towns is known."""


def town_of(code: str | None) -> Town | None:
    """A town, or a division as a whole, by its nine digits."""
    return PLACES.get(code or "")


def lab_code_prefix(division: str) -> str:
    """Two letters for a division we know, else its code: `XC`, `L330102`."""
    known = DIVISIONS.get(division)
    return known.lab_code if known else f"L{division}"
