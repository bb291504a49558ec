"""Host firms, client firms, their people, sizes and affiliations; regulators."""

import random
from datetime import date, datetime, timedelta

from labshare.catalogue.terms import Category
from labshare.demonstration.codes import credit_code
from labshare.demonstration.data.clients import BOUNDS, BRANDS, FORMS, READ_TOGETHER, SOUNDS, TRADES
from labshare.demonstration.data.hosts import CHUANYAN, HOSTS, Host
from labshare.demonstration.loading import Client, HostFirm, Loading
from labshare.demonstration.people import email_of
from labshare.demonstration.rows import Row
from labshare.kernel.money import FEN_PER_WAN
from labshare.kernel.sealing import equal_digest, seal
from labshare.kernel.terms import OfficialRole
from labshare.organisations.bank_accounts import BankAccount, account_ends, place_of
from labshare.organisations.divisions import DIVISIONS, towns_of
from labshare.organisations.models import Affiliation, Firm, FirmSize, Invitation, Membership, RegulatorRole
from labshare.organisations.terms import AffiliationKind, AffiliationSource, FirmKind, FirmRole, FirmState, SizeClass

SIZES = tuple(SizeClass)
SIZE_SHARES = (3, 11, 48, 38)
INDUSTRIAL_TOWNS = ("330624001", "330624002", "330624003", "330624004", "330624112")
STREETS = {
    "工业园区": "Industrial Park",
    "创新路": "Chuangxin Road",
    "兴业路": "Xingye Road",
    "沿江路": "Yanjiang Road",
    "环城路": "Huancheng Road",
}
NEIGHBOURS = ("330683", "331023", "330783", "330226", "330213")


def make_regulators(loading: Loading) -> None:
    """The accounts of the regulators; two administrators, two officers, since some steps need two. The auditor reads
    the whole platform, the others their county; where there are several, another one has an officer to try."""
    since = loading.long_ago
    home, *others = loading.scale.divisions
    roles = [
        (OfficialRole.OFFICER, "", home),
        (OfficialRole.OFFICER, "2", home),
        (OfficialRole.APPROVER, "", home),
        (OfficialRole.AUDITOR, "", ""),
        (OfficialRole.ADMIN, "", ""),
        (OfficialRole.ADMIN, "2", ""),
        *((OfficialRole.OFFICER, f".{code}", code) for code in others[:1]),
    ]
    for role, which, division in roles:
        account = f"{role}{which}"
        person = loading.accounts[account] = loading.people.make(email_of(account), since=since)
        row = loading.rows.add(
            RegulatorRole, person_id=person["id"], role=role, division=division, proposed_at=since, agreed_at=since
        )
        loading.trail.record(
            since,
            person_id=None,
            firm_id=None,
            action="regulator.propose",
            subject=("person", person["id"]),
            after={"role": role, "division": division, "role_id": row["id"]},
        )


def make_hosts(loading: Loading, division: str, hosts: tuple[Host, ...] = HOSTS) -> list[HostFirm]:
    """The firms with labs of one division."""
    rng = loading.rng(f"hosts/{division}")
    home = division == loading.scale.divisions[0]
    made = []
    for number, host in enumerate(hosts):
        name, name_en = host.name
        if not home:
            name, name_en = f"{name}（{division}）", f"{name_en} ({division})"
        known_towns = [town.code for town in towns_of(division)]
        firm = _firm(
            loading,
            rng,
            kind=host.kind,
            division=division,
            name=name,
            name_en=name_en,
            sector=host.sector,
            industry=host.industry,
            town=host.town if home else (known_towns or [None])[0],
        )
        sizes = _sizes(loading, rng, firm, host.size) if host.size else []
        demo = home and number == CHUANYAN
        stem = f"{division}.{number + 1:02d}"
        owner = loading.people.make(email_of("owner") if demo else f"owner.{stem}@demo.example")
        manager = loading.people.make(email_of("lab") if demo else f"lab.{stem}@demo.example")
        accountant = loading.people.make(f"accounts.{stem}@demo.example")
        if demo:
            loading.accounts.update(owner=owner, lab=manager)
        for person, role in (
            (owner, FirmRole.OWNER),
            (manager, FirmRole.LAB_MANAGER),
            (accountant, FirmRole.ACCOUNTANT),
        ):
            _member(loading, person, firm, role)
        client = Client(firm, _wants(host), 2.0, [owner, manager], sizes)
        made.append(HostFirm(firm, owner, manager, accountant, client))
    loading.hosts += made
    return made


def _wants(host: Host) -> tuple[str, ...]:
    for trade in TRADES:
        if trade.industry == host.industry:
            return trade.categories
    return (Category.MECHANICS, Category.COMPOSITION, Category.DIMENSIONS)


def make_clients(loading: Loading, division: str, count: int) -> list[Client]:
    """Client firms of one division, every sector, size class and town among them; one in twelve from next door."""
    rng = loading.rng(f"clients/{division}")
    home = division == loading.scale.divisions[0]
    made: list[Client] = []
    used: set[tuple[str, str]] = set()
    towns = [town.code for town in towns_of(division)] or [None]
    for number in range(count):
        trade = TRADES[number] if number < len(TRADES) else rng.choices(TRADES, [t.weight for t in TRADES])[0]
        name_zh, name_en = rng.choice(trade.names)
        brand = rng.choice(BRANDS)
        while (brand, name_zh) in used:
            brand = rng.choice(BRANDS) if rng.random() < 0.8 else rng.choice(BRANDS)[0] + rng.choice(BRANDS)[1]
        used.add((brand, name_zh))
        form, form_en = rng.choices(FORMS, (60, 14, 12, 14))[0]
        where, place, place_en = _place(rng, division, home, number)
        size = SIZES[number % 4] if number < 4 * len(TRADES) else rng.choices(SIZES, SIZE_SHARES)[0]
        town = None
        if where == division:
            town = towns[number % len(towns)] if number < 48 else _town(rng, towns)
        firm = _firm(
            loading,
            rng,
            kind=FirmKind.ENTERPRISE,
            division=where,
            name=f"{place}{brand}{name_zh}{form}",
            name_en=f"{place_en} {_latin(brand)} {name_en} {form_en}",
            sector=trade.sector,
            industry=trade.industry,
            town=town,
            young=rng.random() < 0.04,
        )
        sizes = _sizes(loading, rng, firm, size)
        owner = loading.people.make(f"c{firm['id']}@demo.example", since=firm["created_at"])
        _member(loading, owner, firm, FirmRole.OWNER)
        members = [owner]
        if rng.random() < 0.35:
            booker = loading.people.make(f"b{firm['id']}@demo.example", since=firm["created_at"])
            _member(loading, booker, firm, FirmRole.BOOKER)
            members.append(booker)
        made.append(Client(firm, trade.categories, min(25.0, rng.paretovariate(1.2)), members, sizes))
    if home:
        _client_account(loading, made)
        _affiliate(loading, made)
    loading.clients += made
    return made


def _client_account(loading: Loading, clients: list[Client]) -> None:
    """`client@` books for a small bearing firm that orders often."""
    chosen = next(
        c
        for c in clients
        if c.sizes[-1][1] == SizeClass.SMALL
        and c.categories[0] == Category.BEARINGS
        and c.row["created_at"] < loading.at(loading.first_day, 0)
        and all(size == SizeClass.SMALL for _day, size in c.sizes)
        and c.row["division"] == "330624"
    )
    person = loading.accounts["client"] = loading.people.make(email_of("client"), since=chosen.row["created_at"])
    _member(loading, person, chosen.row, FirmRole.OWNER)
    chosen.members = [person]
    chosen.weight = 6.0
    chosen.categories = (
        Category.BEARINGS,
        Category.METALLOGRAPHY,
        Category.DIMENSIONS,
        Category.COMPOSITION,
        Category.MECHANICS,
    )
    loading.demo_client = chosen


def _place(rng: random.Random, division: str, home: bool, number: int) -> tuple[str, str, str]:
    """Where a firm sits: division, and how its name begins."""
    if home and number >= 48 and rng.random() < 0.08:
        division = rng.choice(NEIGHBOURS)
    known = DIVISIONS.get(division)
    if known is None:
        return division, "浙江", "Zhejiang"
    return division, known.name, known.name_en.rsplit(" ", 1)[0]


def _latin(brand: str) -> str:
    first, second = SOUNDS
    return (READ_TOGETHER.get(brand) or first[brand[0]] + second[brand[1]]).capitalize()


def _town(rng: random.Random, towns: list[str | None]) -> str | None:
    industrial = [town for town in towns if town in INDUSTRIAL_TOWNS]
    return rng.choice(industrial) if industrial and rng.random() < 0.8 else rng.choice(towns)


def _firm(
    loading: Loading,
    rng: random.Random,
    *,
    kind: str,
    division: str,
    name: str,
    name_en: str,
    sector: str,
    industry: str,
    town: str | None,
    young: bool = False,
    waiting: bool = False,
) -> Row:
    number = loading.rows.counters["firm"] + 1
    created = loading.long_ago + timedelta(minutes=rng.randrange(60 * 24 * 300))
    registered = loading.first_day - timedelta(days=rng.randrange(500, 9000))
    if young:
        created = loading.at(loading.first_day + timedelta(days=rng.randrange(20, 300)), rng.randrange(8, 17))
        registered = loading.day(created) - timedelta(days=rng.randrange(3, 60))
    verified: datetime | None = created + timedelta(hours=rng.randrange(2, 70))
    if waiting:
        created = loading.midnight - timedelta(minutes=rng.randrange(90, 60 * 24 * 4))
        registered, verified = loading.day(created) - timedelta(days=rng.randrange(5, 90)), None
    admin = loading.accounts["admin"]["id"]
    town_name = next((t.name for t in towns_of(division) if t.code == town), "")
    row = loading.rows.add(
        Firm,
        uscc=credit_code(kind=kind, division=division, number=number),
        name=name,
        name_en=name_en,
        kind=kind,
        division=division,
        town=town,
        sector=sector,
        industry=industry,
        registered_on=registered,
        created_at=created,
        address=f"{town_name}{rng.choice(tuple(STREETS))}{rng.randrange(1, 300)}号",
        phone=f"0575-86{rng.randrange(100_000, 999_999)}",
        legal_person=loading.people.name(),
        verified_at=verified,
        verified_by=admin if verified else None,
    )
    account = f"{rng.choice((1211, 3305, 6222))}{rng.randrange(10**14, 10**15)}"
    if verified is not None:
        _account(loading, row, account)
    after = {
        "uscc": row["uscc"],
        "name": name,
        "kind": kind,
        "division": division,
        "town": town,
        "sector": sector,
        "industry": industry,
        "state": FirmState.WAITING,
    }
    loading.trail.record(
        created, person_id=None, firm_id=row["id"], action="firm.register", subject=("firm", row["id"]), after=after
    )
    if verified is not None:
        loading.trail.record(
            verified,
            person_id=admin,
            firm_id=None,
            action="firm.verify",
            subject=("firm", row["id"]),
            before={"state": FirmState.WAITING},
            after={"state": FirmState.VERIFIED},
        )
    return row


def _account(loading: Loading, firm: Row, account: str) -> None:
    """Where the firm is paid: entered with its registration."""
    since = loading.day(firm["created_at"])
    loading.rows.add(
        BankAccount,
        firm_id=firm["id"],
        sealed=seal(account, bound_to=place_of(firm["id"], since)),
        digest=equal_digest(account),
        ends=account_ends(account),
        entered_at=firm["created_at"],
        entered_on=since,
        counts_from=since,
    )


def make_waiting(loading: Loading) -> None:
    """What waits for an administrator: firms to verify, one of them returned once, and a role that another
    administrator proposed; and what waits for an owner: an invitation not accepted yet."""
    rng = loading.rng("waiting")
    towns = [town.code for town in towns_of(loading.scale.divisions[0])] or [None]
    for number, (brand, brand_en, name_zh, words_en) in enumerate(
        (
            ("朝晖", "Zhaohui", "精密轴承", "Precision Bearing"),
            ("暮云", "Muyun", "阀门配件", "Valve Parts"),
            ("听泉", "Tingquan", "纺机零件", "Textile Parts"),
            ("望岳", "Wangyue", "生物饲料", "Bio Feed"),
            ("临川", "Linchuan", "电子元件", "Electronic Parts"),
        )
    ):
        trade = TRADES[number]
        _where, place, place_en = _place(rng, loading.scale.divisions[0], True, 0)
        firm = _firm(
            loading,
            rng,
            kind=FirmKind.ENTERPRISE,
            division=loading.scale.divisions[0],
            name=f"{place}{brand}{name_zh}有限公司",
            name_en=f"{place_en} {brand_en} {words_en} Co., Ltd.",
            sector=trade.sector,
            industry=trade.industry,
            town=rng.choice(towns),
            waiting=True,
        )
        _sizes(loading, rng, firm, SIZES[2 + number % 2])
        _member(
            loading,
            loading.people.make(f"new{firm['id']}@demo.example", since=firm["created_at"]),
            firm,
            FirmRole.OWNER,
        )
        if number == 4:
            at = min(firm["created_at"] + timedelta(hours=1), loading.midnight)
            firm.update(returned_at=at, return_reason="营业执照照片不清晰，请重新上传。")
            loading.trail.record(
                at,
                person_id=loading.accounts["admin"]["id"],
                firm_id=None,
                action="firm.return",
                subject=("firm", firm["id"]),
                before={"state": FirmState.WAITING},
                after={"state": FirmState.RETURNED},
            )
    person = loading.people.make(email_of("auditor2"), since=loading.midnight - timedelta(days=6))
    proposer = loading.accounts["admin2"]["id"]
    at = loading.midnight - timedelta(hours=9)
    role = loading.rows.add(
        RegulatorRole,
        person_id=person["id"],
        role=OfficialRole.AUDITOR,
        division=loading.scale.divisions[0],
        proposed_by=proposer,
        proposed_at=at,
    )
    loading.trail.record(
        at,
        person_id=proposer,
        firm_id=None,
        action="regulator.propose",
        subject=("person", person["id"]),
        after={
            "role": OfficialRole.AUDITOR,
            "division": loading.scale.divisions[0],
            "role_id": role["id"],
        },
    )
    owner = loading.accounts["owner"]["id"]
    host = next(host for host in loading.hosts if host.owner["id"] == owner)
    invitation = loading.rows.add(
        Invitation,
        firm_id=host.id,
        email="bench@demo.example",
        role=FirmRole.LAB_MANAGER,
        invited_by=owner,
        created_at=at,
        token_digest=f"{rng.getrandbits(256):064x}",
        expires_at=at + timedelta(days=14),
    )
    loading.trail.record(
        at,
        person_id=owner,
        firm_id=host.id,
        action="member.invite",
        subject=("firm", host.id),
        after={"invitation_id": invitation["id"], "role": FirmRole.LAB_MANAGER},
    )


def _member(loading: Loading, person: Row, firm: Row, role: str) -> None:
    loading.rows.add(Membership, person_id=person["id"], firm_id=firm["id"], role=role, started_at=firm["created_at"])


def _sizes(loading: Loading, rng: random.Random, firm: Row, size: str) -> list[tuple[date, str]]:
    """The firm's declared figures: of the year before the data begin, and for some of the year after it."""
    first = max(loading.first_day - timedelta(days=200), loading.day(firm["created_at"]))
    dated = [(first, size)]
    if rng.random() < 0.2 and first < loading.first_day:
        later = size
        if rng.random() < 0.3 and size != SizeClass.LARGE:
            later = SIZES[max(1, SIZES.index(size) - 1)]
        dated.append((loading.first_day + timedelta(days=rng.randrange(60, 240)), later))
    verified = firm["verified_at"] is not None
    for since, named in dated if verified else dated[-1:]:
        staff, revenue, assets = _figures(rng, firm["sector"], named)
        loading.rows.add(
            FirmSize,
            firm_id=firm["id"],
            year=since.year - 1,
            employees=staff,
            revenue_fen=revenue * FEN_PER_WAN,
            assets_fen=assets * FEN_PER_WAN,
            sector=firm["sector"],
            size_class=named,
            declared_at=loading.at(since, 9),
            valid_from=since if verified else None,
            confirmed_at=loading.at(since, 9) if verified else None,
        )
    firm["size_class"] = dated[-1][1] if verified else None
    return dated


def _figures(rng: random.Random, sector: str, size: str) -> tuple[int, int, int]:
    """Staff, revenue and assets (10,000 yuan) of a firm of this class: every bound of the class is met, and one of the
    class above is missed."""
    staff, revenue, assets = (_between(rng, bounds, size) for bounds in BOUNDS[sector])
    staff = staff if staff is not None else rng.randrange(3, 60)
    revenue = revenue if revenue is not None else staff * rng.randrange(20, 60)
    assets = assets if assets is not None else max(1, revenue * rng.randrange(50, 130) // 100)
    return staff, revenue, assets


def _between(rng: random.Random, bounds: tuple[int, int, int] | None, size: str) -> int | None:
    if bounds is None:
        return None
    large, medium, small = bounds
    staff: dict[str, tuple[int, int]] = {
        SizeClass.LARGE: (large, large * 3),
        SizeClass.MEDIUM: (medium, large - 1),
        SizeClass.SMALL: (small, medium - 1),
        SizeClass.MICRO: (1, small - 1),
    }
    low, high = staff[size]
    return rng.randrange(low, max(low + 1, min(high, low * 4 + 8) + 1))


def _affiliate(loading: Loading, clients: list[Client]) -> None:
    """Chains of control, shared owners, families, what firms declared; one that an inspection found late."""
    rng, answers = loading.rng("affiliations"), loading.rng("answers to affiliations")
    ordinary = [c for c in clients if c.row["division"] == "330624" and c is not loading.demo_client]
    chosen = iter(rng.sample(ordinary, min(len(ordinary), 3 * len(loading.hosts) + 8)))
    early = loading.first_day - timedelta(days=300)
    officer = loading.accounts["officer"]["id"]
    for number, host in enumerate(loading.hosts):
        kinds = tuple(AffiliationKind)
        for turn in range(1 + number % 3):
            other = next(chosen)
            kind = kinds[(number + turn) % 4]
            since = early if turn == 0 else loading.first_day + timedelta(days=rng.randrange(20, 200))
            until = None if rng.random() < 0.85 else since + timedelta(days=rng.randrange(120, 300))
            chain = kind == AffiliationKind.CONTROLS and turn == 0
            declared = _declare(loading, host.client, other, kind, since, until, loading.at(max(since, early), 10))
            if chain or answers.random() < 0.6:
                _agree(loading, declared, other, loading.at(since + timedelta(days=2), 14))
            loading.related.setdefault(host.id, []).append(other)
            if chain:  # the daughter has a daughter
                _leave(loading, declared, loading.at(since + timedelta(days=5), 9))
                below = next(chosen)
                _affiliation(
                    loading,
                    other.row,
                    below.row,
                    AffiliationKind.CONTROLS,
                    early,
                    None,
                    AffiliationSource.BUSINESS_REGISTER,
                    officer,
                    loading.at(early, 11),
                    note="企业信用信息公示",
                )
                loading.related[host.id].append(below)
    found = next(chosen)
    host = loading.hosts[min(CHUANYAN, len(loading.hosts) - 1)]
    loading.late_affiliation = (host, found)
    loading.related.setdefault(host.id, []).append(found)
    _one_sided(loading, list(chosen)[:2])


def _one_sided(loading: Loading, clients: list[Client]) -> None:
    """What two clients declared of the last days: one waits for the other side's answer, the other is objected to."""
    day = loading.today - timedelta(days=9)
    for number, client in enumerate(clients):
        host = loading.hosts[number % len(loading.hosts)]
        declared = _declare(loading, client, host.client, "shares_owner", day, None, loading.at(day, 15))
        if number:
            at = loading.at(day + timedelta(days=4), 16)
            reason = "双方股东仅姓名相同，并非同一人"
            declared |= {"objected_at": at, "objected_by": host.owner["id"], "objection": reason}
            loading.trail.record(
                at,
                person_id=host.owner["id"],
                firm_id=host.id,
                action="affiliation.object",
                subject=("affiliation", declared["id"]),
                after={"reason": reason},
            )


def _declare(
    loading: Loading, by: Client, other: Client, kind: str, since: date, until: date | None, at: datetime
) -> Row:
    return _affiliation(loading, by.row, other.row, kind, since, until, "firm", by.members[0]["id"], at)


def _agree(loading: Loading, declared: Row, by: Client, at: datetime) -> None:
    declared |= {"agreed_at": at, "agreed_by": by.members[0]["id"]}
    loading.trail.record(
        at,
        person_id=by.members[0]["id"],
        firm_id=by.id,
        action="affiliation.agree",
        subject=("affiliation", declared["id"]),
        after={"agreed": True},
    )


def _leave(loading: Loading, declared: Row, at: datetime) -> None:
    officer, note = loading.accounts["officer"]["id"], "双方均已申报，章程已核对"
    declared |= {"seen_at": at, "seen_by": officer, "seen_note": note}
    loading.trail.record(
        at,
        person_id=officer,
        firm_id=None,
        action="affiliation.leave",
        subject=("affiliation", declared["id"]),
        after={"note": note},
    )


def _affiliation(
    loading: Loading,
    firm: Row,
    other: Row,
    kind: str,
    since: date,
    until: date | None,
    source: str,
    person_id: int,
    at: datetime,
    note: str = "",
) -> Row:
    """Declared by the first firm, or entered by an officer, who has confirmed it with that."""
    by_firm = source == AffiliationSource.FIRM
    row = loading.rows.add(
        Affiliation,
        firm_id=firm["id"],
        other_firm_id=other["id"],
        kind=kind,
        valid_from=since,
        valid_to=until,
        source=source,
        note=note,
        entered_by=person_id,
        recorded_at=at,
        declared_by_firm_id=firm["id"] if by_firm else None,
        **(
            {}
            if by_firm
            else {"confirmed_at": at, "confirmed_by": person_id, "confirmed_source": source, "confirmed_note": note}
        ),
    )
    loading.trail.record(
        at,
        person_id=person_id,
        firm_id=firm["id"] if by_firm else None,
        action="affiliation.declare" if by_firm else "affiliation.enter",
        subject=("affiliation", row["id"]),
        after={
            "firm_id": firm["id"],
            "other_firm_id": other["id"],
            "kind": kind,
            "valid_from": since,
            "valid_to": until,
            "source": source,
        },
    )
    return row


def street_of(address: str) -> tuple[str, str]:
    """Street and number of a firm's address without its town, in both languages."""
    street = next(each for each in STREETS if each in address)
    number = address.rpartition(street)[2]
    return f"{street}{number}", f"{number.removesuffix('号')} {STREETS[street]}"
