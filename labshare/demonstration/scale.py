"""How much is invented."""

from dataclasses import dataclass

ZHEJIANG = tuple(
    "330624 330102 330105 330106 330108 330109 330110 330111 330112 330113 330114 330122 330127 330182 330203 330205 "
    "330206 330211 330212 330213 330225 330226 330281 330282 330302 330303 330304 330305 330324 330326 330327 330328 "
    "330329 330381 330382 330383 330402 330411 330421 330424 330481 330482 330483 330502 330503 330521 330522 330523 "
    "330602 330603".split()
)
"""Counties of a province, by code; the first is home."""


@dataclass(frozen=True)
class Scale:
    """`counties` times the county's 20 host firms, 82 labs and about 400 instruments."""

    name: str
    counties: int
    clients: int
    """Client firms a county."""
    bookings: int
    """Bookings a county in twelve months."""
    labs: int = 82
    """Labs of the first county; tests make do with fewer."""

    @property
    def divisions(self) -> tuple[str, ...]:
        known = ZHEJIANG[: self.counties]
        more = (f"{32 + n // 60:02d}{1 + n % 60 // 10:02d}{1 + n % 10:02d}" for n in range(self.counties - len(known)))
        return known + tuple(more)


SCALES = {
    "county": Scale("county", 1, 1_000, 20_000),
    "prefecture": Scale("prefecture", 10, 1_000, 20_000),
    "province": Scale("province", 50, 1_000, 20_000),
    "nation": Scale("nation", 250, 1_000, 40_000),
}
