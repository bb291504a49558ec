"""Administrative divisions and their towns: facts, by statistical code (state of 30 June 2023).

A division has six digits, a town nine; a town's code begins with its division's. Coordinates are WGS 84, decimal
degrees as text, good to perhaps three kilometres: where a town is drawn as a point, never how far something is to the
metre.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Division:
    code: str
    name: str
    name_en: str
    lab_code: str
    """What the codes of its labs begin with: XC-012."""


@dataclass(frozen=True, kw_only=True)
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
        Division(code="330624", name="新昌县", name_en="Xinchang County", lab_code="XC"),
        Division(code="330683", name="嵊州市", name_en="Shengzhou City", lab_code="SZ"),
        Division(code="330213", name="奉化区", name_en="Fenghua District", lab_code="FH"),
        Division(code="330226", name="宁海县", name_en="Ninghai County", lab_code="NH"),
        Division(code="331023", name="天台县", name_en="Tiantai County", lab_code="TT"),
        Division(code="330727", name="磐安县", name_en="Pan'an County", lab_code="PA"),
        Division(code="330783", name="东阳市", name_en="Dongyang City", lab_code="DY"),
    )
}

TOWNS = {
    town.code: town
    for town in (
        Town(code="330624001", name="羽林街道", name_en="Yulin Subdistrict", longitude="120.920", latitude="29.510"),
        Town(code="330624002", name="南明街道", name_en="Nanming Subdistrict", longitude="120.905", latitude="29.495"),
        Town(code="330624003", name="七星街道", name_en="Qixing Subdistrict", longitude="120.875", latitude="29.500"),
        Town(
            code="330624004", name="澄潭街道", name_en="Chengtan Subdistrict", longitude="120.7901", latitude="29.4488"
        ),
        Town(code="330624104", name="回山镇", name_en="Huishan Town", longitude="120.8067", latitude="29.2799"),
        Town(code="330624107", name="小将镇", name_en="Xiaojiang Town", longitude="121.1154", latitude="29.3833"),
        Town(code="330624108", name="沙溪镇", name_en="Shaxi Town", longitude="121.1278", latitude="29.5160"),
        Town(code="330624109", name="镜岭镇", name_en="Jingling Town", longitude="120.7829", latitude="29.3734"),
        Town(code="330624110", name="儒岙镇", name_en="Ru'ao Town", longitude="120.9166", latitude="29.3595"),
        Town(code="330624112", name="沃洲镇", name_en="Wozhou Town", longitude="121.0342", latitude="29.4447"),
        Town(code="330624200", name="城南乡", name_en="Chengnan Township", longitude="120.890", latitude="29.450"),
        Town(code="330624201", name="东茗乡", name_en="Dongming Township", longitude="120.850", latitude="29.400"),
    )
}


AREAS = {
    area.code: area
    for area in (
        Division(code="33", name="浙江省", name_en="Zhejiang Province", lab_code=""),
        Division(code="3302", name="宁波市", name_en="Ningbo City", lab_code=""),
        Division(code="3306", name="绍兴市", name_en="Shaoxing City", lab_code=""),
        Division(code="3307", name="金华市", name_en="Jinhua City", lab_code=""),
        Division(code="3310", name="台州市", name_en="Taizhou City", lab_code=""),
    )
}
"""The provinces and cities that contain our counties."""


STEP = 2
"""Digits by which a division's code is longer than that of what contains it."""


def containing(*codes: str) -> list[str]:
    """The code prefixes of these divisions and of all that contain them, with the empty one of the whole platform."""
    return sorted({code[:end] for code in ("", *codes) for end in range(0, len(code) + 1, STEP)})


def around(code: str) -> str:
    """The code prefix of what contains a division directly: of a county its city."""
    return code[:-STEP]


def is_prefix(code: str) -> bool:
    """Whether a role can be for it: the whole platform, or a province, city or county by its digits."""
    return len(code) in (0, 2, 4, 6) and (not code or (code.isascii() and code.isdecimal()))


def towns_of(division: str) -> tuple[Town, ...]:
    """The known towns of a division (or of all divisions whose code begins so), in the order of their codes."""
    return tuple(town for code, town in sorted(TOWNS.items()) if code.startswith(division))


PLACES = TOWNS | {
    f"{code}000": Town(code=f"{code}000", name=known.name, name_en=known.name_en, longitude="", latitude="")
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
