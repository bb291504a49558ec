"""What is known of an affiliation, since when, and by whom: declared, agreed, objected, seen, confirmed, ended, voided.

Links from registers or inspection are confirmed. Declared links that decided entries of approved runs of a window that
still goes on hold as they did until an officer decides; all others relate the two firms only. Down: an end recorded
later becomes the last day, a voided row goes.
"""

import sqlalchemy as sa
from alembic import op

revision = "affiliations"
down_revision = "grades"

OLD = (
    "id",
    "firm_id",
    "other_firm_id",
    "kind",
    "valid_from",
    "valid_to",
    "source",
    "note",
    "entered_by",
)
PERSONS = ("agreed_by", "objected_by", "seen_by", "confirmed_by", "end_asked_by", "ended_by", "voided_by")


def _moment(name, nullable=True):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name, length):
    return sa.Column(name, sa.String(length=length), nullable=True)


def _person(name):
    return sa.Column(name, sa.Integer(), nullable=True)


def added_columns():
    """Anew on each call: a column belongs to one table."""
    return [
        sa.Column("declared_by_firm_id", sa.Integer(), nullable=True),
        sa.Column("corrects_id", sa.Integer(), nullable=True),
        sa.Column("declaration_touches", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("holds_until_decided", sa.Boolean(), nullable=False, server_default=sa.false()),
        _moment("agreed_at"),
        _person("agreed_by"),
        sa.Column("agreement_touches", sa.JSON(none_as_null=True), nullable=True),
        _moment("objected_at"),
        _person("objected_by"),
        _text("objection", 500),
        _moment("seen_at"),
        _person("seen_by"),
        _text("seen_note", 300),
        _moment("confirmed_at"),
        _person("confirmed_by"),
        _text("confirmed_source", 20),
        _text("confirmed_note", 300),
        _moment("end_asked_at"),
        _person("end_asked_by"),
        sa.Column("end_asked_on", sa.Date(), nullable=True),
        _text("end_asked_reason", 300),
        _moment("ended_at"),
        _person("ended_by"),
        sa.Column("ended_on", sa.Date(), nullable=True),
        _text("ended_source", 20),
        _text("end_reason", 300),
        _moment("voided_at"),
        _person("voided_by"),
        _text("voided_source", 20),
        _text("void_reason", 300),
    ]


CHECKS = {
    "declared_or_confirmed": "(source = 'firm' AND declared_by_firm_id IN (firm_id, other_firm_id)) "
    "OR (source <> 'firm' AND declared_by_firm_id IS NULL AND confirmed_at IS NOT NULL)",
    "agreed_is_declared": "agreed_at IS NULL OR source = 'firm'",
    "end_after_start": "ended_on IS NULL OR ended_on >= valid_from",
    "voided_with_reason": "voided_at IS NULL OR void_reason <> ''",
    "agreed_by_somebody": "(agreed_at IS NULL) = (agreed_by IS NULL)",
    "objected_by_somebody": "(objected_at IS NULL) = (objected_by IS NULL) "
    "AND (objection IS NULL) = (objected_at IS NULL)",
    "seen_by_somebody": "(seen_at IS NULL) = (seen_by IS NULL)",
    "confirmed_by_somebody": "(confirmed_at IS NULL) = (confirmed_by IS NULL)",
    "end_asked_by_somebody": "(end_asked_at IS NULL) = (end_asked_by IS NULL) "
    "AND (end_asked_on IS NULL) = (end_asked_at IS NULL)",
    "ended_by_somebody": "(ended_at IS NULL) = (ended_by IS NULL) AND (ended_on IS NULL) = (ended_at IS NULL)",
    "voided_by_somebody": "(voided_at IS NULL) = (voided_by IS NULL) AND (void_reason IS NULL) = (voided_at IS NULL)",
}
OLD_CHECKS = {
    "kind_known": "kind IN ('controls', 'shares_owner', 'family', 'declared')",
    "source_known": "source IN ('firm', 'business_register', 'inspection')",
    "two_firms": "firm_id <> other_firm_id",
    "dates_in_order": "valid_to IS NULL OR valid_from <= valid_to",
}
FILLED = {
    "declared_by_firm_id": "CASE WHEN source = 'firm' THEN firm_id END",
    "confirmed_at": "CASE WHEN source <> 'firm' THEN entered_at END",
    "confirmed_by": "CASE WHEN source <> 'firm' THEN entered_by END",
    "confirmed_source": "CASE WHEN source <> 'firm' THEN source END",
}
"""What a firm had declared, it declared from itself to the other; what an officer had entered is confirmed."""
KEYS = {"declared_by_firm_id": "firm", "corrects_id": "affiliation", **dict.fromkeys(PERSONS, "person")}
OLD_KEYS = {"entered_by": "person", "firm_id": "firm", "other_firm_id": "firm"}

GUARDS = {
    "sqlite": (
        "CREATE TRIGGER affiliation_as_recorded BEFORE UPDATE ON affiliation WHEN NEW.id IS DISTINCT FROM OLD.id OR NEW.firm_id IS DISTINCT FROM OLD.firm_id OR NEW.other_firm_id IS DISTINCT FROM OLD.other_firm_id OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.valid_from IS DISTINCT FROM OLD.valid_from OR NEW.valid_to IS DISTINCT FROM OLD.valid_to OR NEW.source IS DISTINCT FROM OLD.source OR NEW.declared_by_firm_id IS DISTINCT FROM OLD.declared_by_firm_id OR NEW.note IS DISTINCT FROM OLD.note OR NEW.entered_by IS DISTINCT FROM OLD.entered_by OR NEW.recorded_at IS DISTINCT FROM OLD.recorded_at OR NEW.corrects_id IS DISTINCT FROM OLD.corrects_id OR CAST(NEW.declaration_touches AS TEXT) IS DISTINCT FROM CAST(OLD.declaration_touches AS TEXT) OR NEW.holds_until_decided IS DISTINCT FROM OLD.holds_until_decided OR (OLD.agreed_at IS NOT NULL AND (NEW.agreed_at IS DISTINCT FROM OLD.agreed_at OR NEW.agreed_by IS DISTINCT FROM OLD.agreed_by OR CAST(NEW.agreement_touches AS TEXT) IS DISTINCT FROM CAST(OLD.agreement_touches AS TEXT))) OR (OLD.objected_at IS NOT NULL AND (NEW.objected_at IS DISTINCT FROM OLD.objected_at OR NEW.objected_by IS DISTINCT FROM OLD.objected_by OR NEW.objection IS DISTINCT FROM OLD.objection)) OR (OLD.seen_at IS NOT NULL AND (NEW.seen_at IS DISTINCT FROM OLD.seen_at OR NEW.seen_by IS DISTINCT FROM OLD.seen_by OR NEW.seen_note IS DISTINCT FROM OLD.seen_note)) OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at OR NEW.confirmed_by IS DISTINCT FROM OLD.confirmed_by OR NEW.confirmed_source IS DISTINCT FROM OLD.confirmed_source OR NEW.confirmed_note IS DISTINCT FROM OLD.confirmed_note)) OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.ended_by IS DISTINCT FROM OLD.ended_by OR NEW.ended_on IS DISTINCT FROM OLD.ended_on OR NEW.ended_source IS DISTINCT FROM OLD.ended_source OR NEW.end_reason IS DISTINCT FROM OLD.end_reason)) OR (OLD.voided_at IS NOT NULL AND (NEW.voided_at IS DISTINCT FROM OLD.voided_at OR NEW.voided_by IS DISTINCT FROM OLD.voided_by OR NEW.voided_source IS DISTINCT FROM OLD.voided_source OR NEW.void_reason IS DISTINCT FROM OLD.void_reason)) OR (OLD.voided_at IS NOT NULL AND (NEW.agreed_at IS DISTINCT FROM OLD.agreed_at OR NEW.agreed_by IS DISTINCT FROM OLD.agreed_by OR CAST(NEW.agreement_touches AS TEXT) IS DISTINCT FROM CAST(OLD.agreement_touches AS TEXT) OR NEW.objected_at IS DISTINCT FROM OLD.objected_at OR NEW.objected_by IS DISTINCT FROM OLD.objected_by OR NEW.objection IS DISTINCT FROM OLD.objection OR NEW.seen_at IS DISTINCT FROM OLD.seen_at OR NEW.seen_by IS DISTINCT FROM OLD.seen_by OR NEW.seen_note IS DISTINCT FROM OLD.seen_note OR NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at OR NEW.confirmed_by IS DISTINCT FROM OLD.confirmed_by OR NEW.confirmed_source IS DISTINCT FROM OLD.confirmed_source OR NEW.confirmed_note IS DISTINCT FROM OLD.confirmed_note OR NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.ended_by IS DISTINCT FROM OLD.ended_by OR NEW.ended_on IS DISTINCT FROM OLD.ended_on OR NEW.ended_source IS DISTINCT FROM OLD.ended_source OR NEW.end_reason IS DISTINCT FROM OLD.end_reason OR NEW.voided_at IS DISTINCT FROM OLD.voided_at OR NEW.voided_by IS DISTINCT FROM OLD.voided_by OR NEW.voided_source IS DISTINCT FROM OLD.voided_source OR NEW.void_reason IS DISTINCT FROM OLD.void_reason)) BEGIN SELECT RAISE(ABORT, 'affiliation stays as recorded'); END",
        "CREATE TRIGGER affiliation_no_delete BEFORE DELETE ON affiliation BEGIN SELECT RAISE(ABORT, 'affiliation rows stay'); END",
        "CREATE TRIGGER affiliation_not_replaced BEFORE INSERT ON affiliation WHEN EXISTS (SELECT 1 FROM affiliation a WHERE a.id = NEW.id) BEGIN SELECT RAISE(ABORT, 'affiliation rows stay'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION affiliation_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'affiliation stays as recorded' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER affiliation_as_recorded BEFORE UPDATE ON affiliation FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id OR NEW.firm_id IS DISTINCT FROM OLD.firm_id OR NEW.other_firm_id IS DISTINCT FROM OLD.other_firm_id OR NEW.kind IS DISTINCT FROM OLD.kind OR NEW.valid_from IS DISTINCT FROM OLD.valid_from OR NEW.valid_to IS DISTINCT FROM OLD.valid_to OR NEW.source IS DISTINCT FROM OLD.source OR NEW.declared_by_firm_id IS DISTINCT FROM OLD.declared_by_firm_id OR NEW.note IS DISTINCT FROM OLD.note OR NEW.entered_by IS DISTINCT FROM OLD.entered_by OR NEW.recorded_at IS DISTINCT FROM OLD.recorded_at OR NEW.corrects_id IS DISTINCT FROM OLD.corrects_id OR CAST(NEW.declaration_touches AS TEXT) IS DISTINCT FROM CAST(OLD.declaration_touches AS TEXT) OR NEW.holds_until_decided IS DISTINCT FROM OLD.holds_until_decided OR (OLD.agreed_at IS NOT NULL AND (NEW.agreed_at IS DISTINCT FROM OLD.agreed_at OR NEW.agreed_by IS DISTINCT FROM OLD.agreed_by OR CAST(NEW.agreement_touches AS TEXT) IS DISTINCT FROM CAST(OLD.agreement_touches AS TEXT))) OR (OLD.objected_at IS NOT NULL AND (NEW.objected_at IS DISTINCT FROM OLD.objected_at OR NEW.objected_by IS DISTINCT FROM OLD.objected_by OR NEW.objection IS DISTINCT FROM OLD.objection)) OR (OLD.seen_at IS NOT NULL AND (NEW.seen_at IS DISTINCT FROM OLD.seen_at OR NEW.seen_by IS DISTINCT FROM OLD.seen_by OR NEW.seen_note IS DISTINCT FROM OLD.seen_note)) OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at OR NEW.confirmed_by IS DISTINCT FROM OLD.confirmed_by OR NEW.confirmed_source IS DISTINCT FROM OLD.confirmed_source OR NEW.confirmed_note IS DISTINCT FROM OLD.confirmed_note)) OR (OLD.ended_at IS NOT NULL AND (NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.ended_by IS DISTINCT FROM OLD.ended_by OR NEW.ended_on IS DISTINCT FROM OLD.ended_on OR NEW.ended_source IS DISTINCT FROM OLD.ended_source OR NEW.end_reason IS DISTINCT FROM OLD.end_reason)) OR (OLD.voided_at IS NOT NULL AND (NEW.voided_at IS DISTINCT FROM OLD.voided_at OR NEW.voided_by IS DISTINCT FROM OLD.voided_by OR NEW.voided_source IS DISTINCT FROM OLD.voided_source OR NEW.void_reason IS DISTINCT FROM OLD.void_reason)) OR (OLD.voided_at IS NOT NULL AND (NEW.agreed_at IS DISTINCT FROM OLD.agreed_at OR NEW.agreed_by IS DISTINCT FROM OLD.agreed_by OR CAST(NEW.agreement_touches AS TEXT) IS DISTINCT FROM CAST(OLD.agreement_touches AS TEXT) OR NEW.objected_at IS DISTINCT FROM OLD.objected_at OR NEW.objected_by IS DISTINCT FROM OLD.objected_by OR NEW.objection IS DISTINCT FROM OLD.objection OR NEW.seen_at IS DISTINCT FROM OLD.seen_at OR NEW.seen_by IS DISTINCT FROM OLD.seen_by OR NEW.seen_note IS DISTINCT FROM OLD.seen_note OR NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at OR NEW.confirmed_by IS DISTINCT FROM OLD.confirmed_by OR NEW.confirmed_source IS DISTINCT FROM OLD.confirmed_source OR NEW.confirmed_note IS DISTINCT FROM OLD.confirmed_note OR NEW.ended_at IS DISTINCT FROM OLD.ended_at OR NEW.ended_by IS DISTINCT FROM OLD.ended_by OR NEW.ended_on IS DISTINCT FROM OLD.ended_on OR NEW.ended_source IS DISTINCT FROM OLD.ended_source OR NEW.end_reason IS DISTINCT FROM OLD.end_reason OR NEW.voided_at IS DISTINCT FROM OLD.voided_at OR NEW.voided_by IS DISTINCT FROM OLD.voided_by OR NEW.voided_source IS DISTINCT FROM OLD.voided_source OR NEW.void_reason IS DISTINCT FROM OLD.void_reason))) EXECUTE FUNCTION affiliation_refuse()",
        "CREATE TRIGGER affiliation_no_delete BEFORE DELETE ON affiliation FOR EACH ROW EXECUTE FUNCTION affiliation_refuse()",
        "CREATE TRIGGER affiliation_no_truncate BEFORE TRUNCATE ON affiliation FOR EACH STATEMENT EXECUTE FUNCTION affiliation_refuse()",
    ),
}


def upgrade():
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _made_anew(
            [*_recorded("recorded_at"), *added_columns()],
            OLD_CHECKS | CHECKS,
            OLD_KEYS | KEYS,
            {"recorded_at": "entered_at", "holds_until_decided": "0", **FILLED},
        )
    else:
        op.alter_column("affiliation", "entered_at", new_column_name="recorded_at")
        for column in added_columns():
            op.add_column("affiliation", column)
        op.alter_column("affiliation", "holds_until_decided", server_default=None)
        filled = ", ".join(f"{name} = {said.replace('entered_at', 'recorded_at')}" for name, said in FILLED.items())
        op.execute(f"UPDATE affiliation SET {filled}")  # noqa: S608 -- of this file
        for name, said in CHECKS.items():
            op.create_check_constraint(op.f(f"ck_affiliation_{name}"), "affiliation", said)
        for column, target in KEYS.items():
            op.create_foreign_key(op.f(f"fk_affiliation_{column}"), "affiliation", target, [column], ["id"])
    held = _what_decided(connection)
    if held:
        ids = ", ".join(map(str, held))
        op.execute(f"UPDATE affiliation SET holds_until_decided = TRUE WHERE id IN ({ids})")  # noqa: S608 -- numbers
    for statement in GUARDS[connection.dialect.name]:
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade():
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for name in ("as_recorded", "no_delete", "not_replaced"):
            op.execute(f"DROP TRIGGER affiliation_{name}")
    else:
        for name in ("as_recorded", "no_delete", "no_truncate"):
            op.execute(f"DROP TRIGGER affiliation_{name} ON affiliation")
        op.execute("DROP FUNCTION affiliation_refuse()")
    op.execute("UPDATE affiliation SET corrects_id = NULL")
    op.execute("DELETE FROM affiliation WHERE voided_at IS NOT NULL")
    op.execute("UPDATE affiliation SET valid_to = ended_on WHERE ended_on IS NOT NULL")
    if connection.dialect.name == "sqlite":
        _made_anew(_recorded("entered_at"), OLD_CHECKS, OLD_KEYS, {"entered_at": "recorded_at"})
        return
    for column in added_columns():
        op.drop_column("affiliation", column.name)
    op.alter_column("affiliation", "recorded_at", new_column_name="entered_at")


def _recorded(moment):
    """The columns of what was recorded, with the name of its moment."""
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Integer(), nullable=False),
        sa.Column("other_firm_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=False),
        _moment(moment, nullable=False),
    ]


def _made_anew(columns, checks, keys, filled):
    """The table made anew with its rows, since SQLite adds no named keys to one that stands. It has no guards now."""
    for column in columns:
        column.server_default = None
    op.create_table(
        "affiliation_made",
        *columns,
        *(sa.CheckConstraint(said, name=op.f(f"ck_affiliation_{name}")) for name, said in checks.items()),
        *(
            sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_affiliation_{column}"))
            for column, target in keys.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliation")),
    )
    kept = {name: name for name in OLD} | filled
    into, given = ", ".join(kept), ", ".join(kept.values())
    op.execute(f"INSERT INTO affiliation_made ({into}) SELECT {given} FROM affiliation ORDER BY id")  # noqa: S608 - constants
    op.drop_table("affiliation")
    op.rename_table("affiliation_made", "affiliation")
    for column in ("firm_id", "other_firm_id"):
        op.create_index(op.f(f"ix_affiliation_{column}"), "affiliation", [column], unique=False)


def _what_decided(connection):
    """Declared rows because of which entries were left out of approved runs, in windows that still go on."""

    def rows(statement):
        return connection.execute(sa.text(statement)).mappings().all()

    runs = _runs_of_open_windows(rows)
    if not runs:
        return []
    links = [
        {**row, "first": str(row["valid_from"]), "last": str(row["valid_to"] or "9999-12-31")}
        for row in rows("SELECT id, firm_id, other_firm_id, kind, valid_from, valid_to, source FROM affiliation")
    ]
    held = set()
    related = sa.text(
        "SELECT DISTINCT b.lab_firm_id, b.client_firm_id, b.booked_on FROM reward_item i "
        "JOIN revenue_entry e ON e.id = i.entry_id JOIN booking b ON b.id = e.booking_id "
        "WHERE i.reason = 'related' AND i.run_id IN :runs"
    ).bindparams(sa.bindparam("runs", expanding=True))
    for row in connection.execute(related, {"runs": runs}).mappings():
        on = str(row["booked_on"])[:10]
        held |= _because_of(
            [one for one in links if one["first"] <= on <= one["last"]], row["lab_firm_id"], row["client_firm_id"]
        )
    return sorted(held)


def _runs_of_open_windows(rows):
    """Approved runs of policies' calendar years in which some governed month is not approved."""
    years = {}
    for row in rows(
        "SELECT r.id, r.policy_id, substr(r.month, 1, 4) AS year, p.effective_from, p.effective_to FROM reward_run r "
        "JOIN policy p ON p.id = r.policy_id WHERE r.state IN ('approved', 'paid')"
    ):
        first = max(row["effective_from"], f"{row['year']}-01")
        last = min(row["effective_to"] or "9999-12", f"{row['year']}-12")
        months = int(last[5:]) - int(first[5:]) + 1
        years.setdefault((row["policy_id"], row["year"], months), []).append(row["id"])
    return [run for (_policy, _year, months), found in years.items() if len(found) < months for run in found]


def _because_of(links, host, client):
    """The declared links that related these two firms on a day, from those in force on it; none, where a link from a
    register or an inspection related them anyhow. Along `controls`: those that lead up to where both ways meet."""
    direct = [one for one in links if {one["firm_id"], one["other_firm_id"]} == {host, client}]
    if any(one["source"] != "firm" for one in direct):
        return set()
    if direct:
        return {one["id"] for one in direct}
    above = {}
    for one in links:
        if one["kind"] == "controls":
            above.setdefault(one["other_firm_id"], []).append(one)
    ways = [_upwards(firm, above) for firm in (host, client)]
    common = ways[0].keys() & ways[1].keys()
    return {
        one["id"]
        for way in ways
        for below, found in way.items()
        for one in found
        if one["source"] == "firm" and below not in common and common & _upwards(one["firm_id"], above).keys()
    }


def _upwards(start, above):
    """The firm and all above it, each with the controls that lead up from it."""
    seen, waiting = {}, [start]
    while waiting:
        firm = waiting.pop()
        if firm not in seen:
            seen[firm] = above.get(firm, [])
            waiting += [one["firm_id"] for one in seen[firm]]
    return seen
