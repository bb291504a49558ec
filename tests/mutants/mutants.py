"""One wrong thing a test (at least): what is wrong, in which sources, and which test must notice it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    file: str
    old: str
    """Found once in the file; empty: `new` is written at its end."""
    new: str


@dataclass(frozen=True)
class Mutant:
    test: str
    """`folder/file.py::test`"""
    wrong: str
    edits: tuple[Edit, ...]
    engine: str = "sqlite"
    only: str = ""
    """The one case of a parametrised test that must notice it, as pytest names it."""


def at_end(file: str, source: str) -> tuple[Edit, ...]:
    return (Edit(file, "", source),)


def instead(file: str, old: str, new: str) -> tuple[Edit, ...]:
    return (Edit(file, old, new),)


# --- conventions -------------------------------------------------------------------------------------------------

_SERVICES, _SOURCES = "conventions/test_services.py", "conventions/test_sources.py"
_TEMPLATES, _TRAIL = "conventions/test_templates.py", "conventions/test_trail.py"
_VERBS, _GETS = "conventions/test_verbs.py", "conventions/test_gets.py"
_PREDICATES = "conventions/test_predicates.py"
_READS = "conventions/test_reads.py"
_RULES = "conventions/test_rules.py"
_TERMS = "conventions/test_terms.py"
_ENTRANCES, _CIRCLES = "conventions/test_entrances.py", "conventions/test_circles.py"
_FIT = "conventions/test_mutants.py"
_UNSEEN_VERB = """from labshare.kernel.verbs import verb


@verb("notice.forget", title="Forgotten")
def forget(*, actor: object, now: datetime) -> None:
    {doc}
    return None
"""
_DEEP_WRITE = """    db.session.execute(Notice.__table__.update().values(read_at=Notice.__table__.c.created_at))
    return db.session.scalar(unread_of(person_id)) or 0"""

CONVENTIONS = (
    Mutant(
        f"{_SERVICES}::test_a_commit_is_found",
        "the search knows no transaction",
        instead(f"tests/{_SERVICES}", 'in ("commit", "transaction")', 'in ("commit",)'),
    ),
    Mutant(
        f"{_SERVICES}::test_services_never_commit",
        "a service commits",
        at_end("labshare/notices/services.py", "def hurry() -> None:\n    db.session.commit()"),
    ),
    Mutant(
        f"{_SOURCES}::test_a_float_is_found",
        "the search knows no call of float",
        instead(f"tests/{_SOURCES}", '("float", "Float", "Double")', '("Float", "Double")'),
    ),
    Mutant(
        f"{_SOURCES}::test_no_float_stands_in_a_room_with_money",
        "a rate is a float",
        at_end("labshare/rewards/policy.py", "RATE = 0.1"),
    ),
    Mutant(
        f"{_SOURCES}::test_another_clock_is_found",
        "the search knows no time.time",
        instead(f"tests/{_SOURCES}", ', "time.time")\n\n', ")\n\n"),
    ),
    Mutant(
        f"{_SOURCES}::test_the_clock_is_read_in_one_place",
        "a rule reads the clock",
        at_end(
            "labshare/booking/rules/price.py",
            "def today() -> object:\n    import datetime\n\n    return datetime.date.today()",
        ),
    ),
    Mutant(
        f"{_SOURCES}::test_a_change_behind_get_is_found",
        "a transaction of another module is overlooked",
        instead(f"tests/{_SOURCES}", 'any(name.endswith("transaction")', 'any(name == "transaction"'),
    ),
    Mutant(
        f"{_SOURCES}::test_a_change_behind_post_is_fine",
        "every route passes for a GET",
        instead(f"tests/{_SOURCES}", 'return mark.func.attr == "get"', "return True"),
    ),
    Mutant(
        f"{_SOURCES}::test_no_view_of_a_get_opens_a_transaction",
        "a view of a GET opens one",
        at_end(
            "labshare/web/public/views.py",
            '@blueprint.get("/-mutant")\ndef mutant() -> str:\n    with transaction():\n        return ""',
        ),
    ),
    Mutant(
        f"{_GETS}::test_no_get_opens_a_transaction",
        "the bell's count marks notices as read, far below the views",
        instead("labshare/notices/queries.py", "    return db.session.scalar(unread_of(person_id)) or 0", _DEEP_WRITE),
    ),
    Mutant(
        f"{_GETS}::test_an_export_leaves_its_event_and_nothing_else",
        "a firm's own export leaves an event",
        instead("labshare/audit/services.py", "    if actor.is_regulator:\n", "    if actor.person_id:\n"),
    ),
    Mutant(
        f"{_GETS}::test_a_write_far_below_a_view_is_seen",
        "the listener sees no table",
        instead(f"tests/{_GETS}", "            tables.append(match[1].lower())", "            pass"),
    ),
    Mutant(
        f"{_FIT}::test_every_mutant_fits_the_sources",
        "a verb that a mutant changes has another check now",
        instead("labshare/organisations/permissions.py", '"policy.draft": OFFICER', '"policy.draft": APPROVER'),
    ),
    Mutant(
        f"{_READS}::test_no_statement_reads_what_it_does_not_need",
        "lists of ids use no index on SQLite",
        instead(
            "labshare/kernel/database.py",
            'return f"{column} IN (SELECT value FROM json_each({numbers}))"',
            'return f"{column} IN (SELECT value FROM json_each({numbers})) = 1"',
        ),
    ),
    Mutant(
        f"{_READS}::test_no_statement_reads_what_it_does_not_need",
        "somebody's holds are looked for among all holdings",
        instead(
            "labshare/booking/models.py",
            """            "held_for",
            sqlite_where=text("held_for IS NOT NULL"),""",
            """            "id",
            sqlite_where=text("held_for IS NOT NULL"),""",
        ),
    ),
    Mutant(
        f"{_READS}::test_every_reason_is_of_somebody_who_asks",
        "a function has another name now",
        instead(f"tests/{_READS}", '"audit.queries.all_unsealed": ', '"audit.queries.unsealed_events": '),
    ),
    Mutant(
        f"{_READS}::test_everything_was_asked",
        "nobody asks for jobs",
        instead(f"tests/{_READS}", 'reads.during = f"job {job.name}"', 'reads.during = "a job"'),
    ),
    Mutant(
        f"{_READS}::test_what_was_wrong_once_is_found",
        "anybody may look at a million rows",
        instead(f"tests/{_READS}", "FEW = 1_000\n", "FEW = 1_000_000\n"),
    ),
    Mutant(
        f"{_ENTRANCES}::test_a_question_is_found",
        "a session under another name is overlooked",
        instead(f"tests/{_ENTRANCES}", 'if meant == "db"}', 'if name == meant == "db"}'),
    ),
    Mutant(
        f"{_ENTRANCES}::test_what_asks_nothing_passes",
        "SQLAlchemy's errors pass for questions",
        instead(f"tests/{_ENTRANCES}", ' and node.module != "sqlalchemy.exc":', ":"),
    ),
    Mutant(
        f"{_ENTRANCES}::test_entrances_do_not_ask_the_database",
        "a page compares a model's attribute",
        at_end("labshare/web/public/items.py", "PUBLISHED = TestItem.state == 'published'"),
    ),
    Mutant(
        f"{_ENTRANCES}::test_entrances_do_not_ask_the_database",
        "the list keeps what a file no longer does",
        instead("labshare/http/bodies.py", "        db.session.rollback()\n", "        pass\n"),
    ),
    Mutant(
        f"{_CIRCLES}::test_a_circle_is_found",
        "a module imported by its name alone is overlooked",
        instead(f"tests/{_CIRCLES}", "found |= {alias.name for alias in node.names}", "pass"),
    ),
    Mutant(
        f"{_CIRCLES}::test_a_package_that_collects_its_modules_is_no_circle",
        "its module passes for the package",
        instead(f"tests/{_CIRCLES}", "found.add(below if below in modules else node.module)", "found.add(node.module)"),
    ),
    Mutant(
        f"{_CIRCLES}::test_no_module_imports_in_a_circle",
        "a rule imports the one that calls it",
        at_end(
            "labshare/rewards/rules/bands.py",
            "def whole() -> None:\n    from labshare.rewards.rules import calculation\n\n    del calculation",
        ),
    ),
    Mutant(
        f"{_TERMS}::test_a_raw_code_is_found",
        "what is assigned is not looked at",
        instead(f"tests/{_TERMS}", "                    yield name, node.value", "                    pass"),
    ),
    Mutant(
        f"{_TERMS}::test_other_text_passes",
        "names of things count as codes",
        instead(f"tests/{_TERMS}", "if name is not None else ALL - THINGS", "if name is not None else ALL"),
    ),
    Mutant(
        f"{_TERMS}::test_codes_stand_in_terms_alone",
        "a query compares a state with text",
        at_end("labshare/booking/queries/desk.py", "LATE = Booking.state == 'confirmed'"),
    ),
    Mutant(
        f"{_TERMS}::test_every_name_stands_for_a_vocabulary",
        "a name holds a vocabulary that there is not",
        instead(f"tests/{_TERMS}", '"act": "RunAct"', '"act": "RunDeed"'),
    ),
    Mutant(
        f"{_PREDICATES}::test_a_comparison_is_found",
        "whether a column is set is not looked at",
        instead(f"tests/{_PREDICATES}", 'attr="is_" | "is_not"', 'attr="isnt"'),
    ),
    Mutant(
        f"{_PREDICATES}::test_other_uses_pass",
        "a look-up of one day counts as a predicate",
        instead(f"tests/{_PREDICATES}", "if not whole or", "if True or"),
    ),
    Mutant(
        f"{_PREDICATES}::test_dated_columns_are_compared_beside_them_alone",
        "a query spells a predicate anew",
        at_end("labshare/notices/queries.py", "UNREAD = Notice.read_at.is_(None)"),
    ),
    Mutant(
        f"{_TEMPLATES}::test_each_rule_finds_what_breaks_it",
        "a rule looks for something else",
        instead(f"tests/{_TEMPLATES}", 're.compile(r"javascript:"', 're.compile(r"ecmascript:"'),
    ),
    Mutant(
        f"{_TEMPLATES}::test_what_keeps_the_rules_passes",
        "a reason in a comment no longer counts",
        instead(f"tests/{_TEMPLATES}", r"\|\s*safe\b(?!.*\{#.+#\})", r"\|\s*safe\b"),
    ),
    Mutant(
        f"{_TEMPLATES}::test_every_template_keeps_the_rules",
        "a page has a style of its own",
        at_end("templates/public/home.html", '<p style="color: red"></p>'),
    ),
    Mutant(
        f"{_TEMPLATES}::test_every_line_can_be_read_beside_another",
        "a line runs out of the window",
        at_end("templates/public/home.html", f"{{# {'long ' * 24}#}}"),
    ),
    Mutant(
        f"{_TRAIL}::test_what_changes_has_its_event_and_what_is_refused_too",
        "firms change without an event",
        at_end("labshare/organisations/services/firms.py", "def record(*_args: object, **_more: object) -> None: ..."),
    ),
    Mutant(
        f"{_TRAIL}::test_what_the_trail_and_notices_keep_has_words",
        "an action has no words",
        instead(
            "labshare/booking/services/documents.py",
            'name_action("booking.report", _l("Report issued"))',
            '"booking.report"',
        ),
    ),
    Mutant(
        f"{_TRAIL}::test_what_the_trail_and_notices_keep_has_words",
        "a value has no words",
        instead("labshare/booking/labels.py", '        "charged_fen": _l("Charged in all"),\n', ""),
    ),
    Mutant(
        f"{_TRAIL}::test_every_verb_was_run",
        "a verb that no step runs",
        at_end("labshare/notices/services.py", _UNSEEN_VERB.format(doc='"""Forget."""')),
    ),
    Mutant(
        f"{_TRAIL}::test_a_service_without_its_event_is_seen",
        "a change passes without an event",
        instead(f"tests/{_TRAIL}", "return set() if self.events or refused else self.changed", "return set()"),
    ),
    Mutant(
        f"{_TRAIL}::test_an_event_without_words_is_seen",
        "the events are not looked at, as before",
        instead(f"tests/{_TRAIL}", "seen.wordless |= _wordless(_written(connection))", "pass"),
    ),
    Mutant(
        f"{_TRAIL}::test_a_notice_in_one_language_alone_is_seen",
        "notices are written past the listener",
        instead(f"tests/{_TRAIL}", '    event.listen(Notice, "before_insert", told)\n', "    told_not = told\n"),
    ),
    Mutant(
        f"{_RULES}::test_a_rule_with_a_wrong_name_is_found",
        "a name may stand twice",
        instead(f"tests/{_RULES}", 'assert name not in names, f"{name} is there twice"', "pass"),
    ),
    Mutant(
        f"{_RULES}::test_every_rule_has_one_name_and_its_address",
        "a link leads nowhere",
        instead("docs/rules.md", '<a id="r-time-4"></a>', '<a id="r-time-40"></a>'),
    ),
    Mutant(
        f"{_RULES}::test_a_citation_is_found",
        "a single letter passes for an area",
        instead(f"tests/{_RULES}", "R-[A-Z]{2,}", "R-[A-Z]+"),
    ),
    Mutant(
        f"{_RULES}::test_whatever_is_cited_is_a_rule",
        "a source cites a rule that there is not",
        at_end("labshare/booking/rules/price.py", "# R-PRICE-99"),
    ),
    Mutant(
        f"{_RULES}::test_every_rule_is_cited_by_a_test",
        "the one test of a rule does not cite it",
        instead("tests/audit/test_seal.py", "  # R-AUDIT-8", ""),
    ),
    Mutant(
        f"{_RULES}::test_a_paper_that_is_not_there_is_found",
        "the search knows no glossary",
        instead(f"tests/{_RULES}", "[Gg]lossary|", ""),
    ),
    Mutant(
        f"{_RULES}::test_other_words_are_no_papers",
        "a section of a page passes for one of a paper",
        instead(f"tests/{_RULES}", r"[Ss]ections? \d", "[Ss]ections?"),
    ),
    Mutant(
        f"{_RULES}::test_nobody_cites_a_paper_that_is_not_there",
        "a source cites a section of something",
        at_end("labshare/kernel/money.py", "# as section 6 says"),
    ),
    Mutant(
        f"{_VERBS}::test_every_verb_takes_actor_and_now_by_keyword_and_says_what_it_does",
        "a verb says nothing",
        at_end("labshare/notices/services.py", _UNSEEN_VERB.format(doc="del actor, now")),
    ),
    Mutant(
        f"{_VERBS}::test_every_verb_is_called_from_a_page_a_job_a_command_or_the_api",
        "a verb that nobody calls",
        at_end("labshare/notices/services.py", _UNSEEN_VERB.format(doc='"""Forget."""')),
    ),
    Mutant(
        f"{_VERBS}::test_what_a_page_reaches_through_another_function_is_found",
        "the search ends at the first call",
        instead(
            "tests/conventions/reading.py", "waiting |= references(tree, function.__module__, node) - reached", "pass"
        ),
    ),
)

_BODIES, _WORDS = "conventions/test_bodies.py", "conventions/test_words.py"
_CATALOGUE_WORDS = "labshare/translations/catalogue/zh_Hans_CN/LC_MESSAGES/messages.po"

CONVENTIONS += (
    Mutant(
        f"{_BODIES}::test_what_is_looked_for_is_found",
        "reading a limit passes for setting it",
        instead(f"tests/{_BODIES}", " and isinstance(node.ctx, ast.Store)", ""),
    ),
    Mutant(
        f"{_BODIES}::test_there_is_one_place",
        "a room reads PDFs itself",
        at_end("labshare/settlement/files.py", "import pypdf"),
        only="[parsers]",
    ),
    Mutant(
        f"{_BODIES}::test_there_is_one_place",
        "a page sets a limit of its own",
        at_end(
            "labshare/web/public/views.py",
            "def generous(request: object) -> None:\n    request.max_content_length = None",
        ),
        only="[limits]",
    ),
    Mutant(
        f"{_WORDS}::test_a_word_of_two_meanings_is_plain_only_where_it_means_the_plain_thing",
        "a page says Run",
        at_end("templates/public/home.html", '{{ _("Run") }}'),
    ),
    Mutant(
        f"{_WORDS}::test_each_context_has_a_word_of_its_own",
        "two contexts share a Chinese word",
        instead(
            _CATALOGUE_WORDS,
            'msgctxt "fee basis"\nmsgid "Sample"\nmsgstr "按样"',
            'msgctxt "fee basis"\nmsgid "Sample"\nmsgstr "送样要求"',
        ),
    ),
    Mutant(
        f"{_WORDS}::test_the_bases_of_a_fee_are_said_as_such",
        "a fee a sample is said as another word",
        instead(
            "labshare/catalogue/terms.py",
            '"sample", lazy_pgettext("fee basis", "Sample"), ',
            '"sample", lazy_pgettext("catalogue", "Sample"), ',
        ),
        only="[sqlite-zh-CN-words0]",
    ),
)

_CALLS, _TYPES = "conventions/test_calls.py", "conventions/test_types.py"
CONVENTIONS += (
    Mutant(
        f"{_CALLS}::test_what_could_be_exchanged_is_found",
        "the search knows no dataclass",
        instead(f"tests/{_CALLS}", "elif isinstance(node, ast.ClassDef) and", "elif False and"),
    ),
    Mutant(
        f"{_CALLS}::test_what_cannot_be_exchanged_is_fine",
        "what is given by name counts too",
        instead(f"tests/{_CALLS}", "[*node.args.posonlyargs,", "[*node.args.kwonlyargs, *node.args.posonlyargs,"),
    ),
    Mutant(
        f"{_CALLS}::test_nothing_that_could_be_exchanged_is_given_by_position",
        "a run and a lab are given by position",
        instead("labshare/rewards/queries/runs.py", "def line_of(*, run_id: int,", "def line_of(run_id: int,"),
    ),
    Mutant(
        f"{_TYPES}::test_what_is_something_else_is_refused",
        "fen are bare numbers",
        instead("labshare/kernel/money.py", 'Fen = NewType("Fen", int)', "Fen = int"),
    ),
    Mutant(
        f"{_TYPES}::test_what_is_something_else_is_refused",
        "minutes and hours are one type",
        instead("labshare/kernel/time.py", 'Hours = NewType("Hours", int)', "Hours = Minutes"),
    ),
    Mutant(
        f"{_TYPES}::test_a_bare_number_is_found",
        "the search knows no parameters",
        instead(f"tests/{_TYPES}", "elif isinstance(node, ast.arg):", "elif False:"),
    ),
    Mutant(
        f"{_TYPES}::test_a_type_of_its_own_is_fine",
        "every number passes for fen",
        instead(
            f"tests/{_TYPES}", "if any(word in words and (name == unit or", "if any(word in words or (name == unit or"
        ),
    ),
    Mutant(
        f"{_TYPES}::test_no_room_takes_fen_or_minutes_as_bare_numbers",
        "a column of fen holds bare numbers",
        instead("labshare/booking/models.py", "charged_fen: Mapped[Fen]", "charged_fen: Mapped[int]"),
    ),
)

_ROUTES, _JOBS_PAGE = "conventions/test_routes.py", "labshare/web/admin/jobs.py"

CONVENTIONS += (
    Mutant(
        f"{_ROUTES}::test_every_route_states_its_right",
        "a route says nothing",
        instead(_JOBS_PAGE, '@requires("jobs.see")\n', ""),
    ),
    Mutant(
        f"{_ROUTES}::test_rights_are_of_the_table",
        "a right that nobody can have",
        instead(_JOBS_PAGE, '@requires("jobs.see")', '@requires("jobs.look")'),
    ),
    Mutant(
        f"{_ROUTES}::test_rights_stated_agree_with_what_is_expected",
        "an auditor's page asks for an administrator",
        instead(_JOBS_PAGE, '@requires("jobs.see")', '@requires("account.manage")'),
    ),
    Mutant(
        f"{_ROUTES}::test_disagreements_are_found",
        "those who are refused are asked for the right",
        instead(f"tests/{_ROUTES}", "answer == YES and actor", "answer != YES and actor"),
    ),
    Mutant(
        f"{_ROUTES}::test_the_table_is_printed",
        "divisions are left out",
        instead("labshare/commands/routes.py", "route.right.division", '""'),
    ),
)

# --- rights ------------------------------------------------------------------------------------------------------

_MATRIX = "rights/test_matrix.py"

RIGHTS = (
    Mutant(
        f"{_MATRIX}::test_every_route_is_listed_and_nothing_else",
        "a route that is not listed",
        at_end("labshare/web/public/views.py", '@blueprint.get("/-mutant")\ndef mutant() -> str:\n    return ""'),
    ),
    Mutant(
        f"{_MATRIX}::test_everybody_gets_what_is_expected",
        "an approver may draft a policy",
        instead("labshare/organisations/permissions.py", '"policy.draft": OFFICER', '"policy.draft": READERS'),
    ),
    Mutant(
        f"{_MATRIX}::test_removing_a_check_is_seen",
        "nobody asks who answers an objection",
        (
            Edit("labshare/rewards/services/objections.py", '"run.see", "objection.answer")', '"run.see", "run.see")'),
            Edit(
                "labshare/rewards/services/objections.py", '"run.see", "objection.answer", ', '"run.see", "run.see", '
            ),
            Edit(
                "labshare/web/regulator/rewards.py",
                '@requires("objection.answer", of=OWN_DIVISION, ',
                '@requires("run.see", of=OWN_DIVISION, ',
            ),
        ),
        only="[sqlite-objection.answer]",
    ),
)

_READ_BODIES, _WEB_BODIES = "rights/test_bodies.py", "labshare/http/bodies.py"
_UNCHECKED = instead(_WEB_BODIES, "    if check is not None:\n", "    if check is not None and not check:\n")

RIGHTS += (
    Mutant(f"{_READ_BODIES}::test_who_may_not_takes_no_turn_to_write", "only the turn checks the right", _UNCHECKED),
    Mutant(f"{_READ_BODIES}::test_nothing_is_read_of_who_may_not_store_it", "the body is read first", _UNCHECKED),
    Mutant(
        f"{_READ_BODIES}::test_a_form_without_a_file_takes_a_megabyte",
        "every form may bring a file",
        instead(_WEB_BODIES, ' if getattr(view, "takes_file", False) else None', ""),
    ),
    Mutant(
        f"{_READ_BODIES}::test_reading_too_early_or_too_late_raises",
        "a sealed body is read",
        instead(_WEB_BODIES, "        if self.sealed:\n", "        if False:\n"),
    ),
)

# --- races -------------------------------------------------------------------------------------------------------

_BUSY, _HTTP, _KILLED = "races/test_busy.py", "races/test_http.py", "races/test_killed_writers.py"
_ONE, _PAGES = "races/test_one_slot.py", "races/test_pages.py"
_AGAIN, _HOLDINGS, _BOOK = (
    "labshare/http/retry.py",
    "labshare/booking/services/holdings.py",
    "labshare/booking/services/book.py",
)
_NO_GUARD = (
    Edit(
        "labshare/booking/models.py",
        '{but_own} ORDER BY h.starts_at DESC LIMIT 1) > NEW.starts_at"',
        '{but_own} ORDER BY h.starts_at DESC LIMIT 1) > NEW.starts_at AND 1 = 2"',
    ),
    Edit(
        "labshare/booking/models.py",
        "tstzrange(starts_at, ends_at) WITH &&)",
        "tstzrange(starts_at, ends_at) WITH &&) WHERE (1 = 2)",
    ),
)
_EVERYTHING_IS_FREE = (
    *_NO_GUARD,
    Edit(
        _BOOK,
        "for instrument, rules, unit in places:\n        booking",
        "for instrument, rules, unit in ((i, r, 1) for i, r in chosen):\n        booking",
    ),
)
_GUARDED_AS_EVER = instead(
    "tests/races/unguarded.py",
    "    with db.engine.begin() as connection:\n",
    "    return\n    with db.engine.begin() as connection:\n",
)
_KEYS_FORGOTTEN = instead("labshare/api/writing.py", "        if not key:\n", "        if True:\n")


def _on_both(test: str, wrong: str, edits: tuple[Edit, ...]) -> tuple[Mutant, ...]:
    return tuple(Mutant(test, wrong, edits, engine) for engine in ("sqlite", "postgresql"))


RACES = (
    Mutant(
        f"{_BUSY}::test_a_page_that_waited_in_vain_is_tried_again",
        "nothing is tried again",
        instead(_AGAIN, "TRIES = SQLITE_TRIES", "TRIES = 1"),
    ),
    Mutant(
        f"{_BUSY}::test_who_waits_too_long_is_told_to_come_back",
        "who waited in vain gets an error page",
        instead(_AGAIN, "raise Busy from error", "raise"),
    ),
    *_on_both(f"{_HTTP}::test_exactly_one_booking_a_round", "all time passes for free", _EVERYTHING_IS_FREE),
    *_on_both(f"{_HTTP}::test_without_the_guards_the_same_race_is_lost", "the guards stay", _GUARDED_AS_EVER),
    *_on_both(f"{_HTTP}::test_one_key_sent_fifty_times_books_once", "keys are not kept", _KEYS_FORGOTTEN),
    *_on_both(f"{_KILLED}::test_nothing_acknowledged_is_lost", "keys are not kept", _KEYS_FORGOTTEN),
    *_on_both(f"{_ONE}::test_one_winner_a_round", "all time passes for free", _EVERYTHING_IS_FREE),
    *_on_both(
        f"{_ONE}::test_three_units_have_three_winners",
        "only the first unit is tried",
        instead(
            _BOOK,
            "for instrument, rules, unit in places:\n        booking",
            "for instrument, rules, unit in ((i, r, 1) for i, r in chosen):\n        booking",
        ),
    ),
    *_on_both(f"{_ONE}::test_without_the_guards_the_race_is_lost", "the guards stay", _GUARDED_AS_EVER),
    *_on_both(f"{_ONE}::test_the_database_alone_has_one_winner", "the database refuses nothing", _NO_GUARD),
    *_on_both(
        f"{_ONE}::test_one_submission_sent_fifty_times_books_once",
        "a second click passes",
        (
            Edit("labshare/booking/models.py", '        UniqueConstraint("booked_by", "submission"),\n', ""),
            Edit(_BOOK, "        raise AlreadySubmitted(ref=ref)\n", "        pass\n"),
        ),
    ),
    Mutant(
        f"{_PAGES}::test_a_deadlock_of_two_pages_ends_with_both_done",
        "nothing is tried again",
        instead(_AGAIN, "TRIES = SQLITE_TRIES", "TRIES = 1"),
        "postgresql",
    ),
    Mutant(
        f"{_PAGES}::test_who_gives_way_too_often_is_told_to_come_back",
        "who gave way gets an error page",
        instead(_AGAIN, "raise Busy from error", "raise"),
        "postgresql",
    ),
)

# --- who waits for whom: bodies, locks, slow connections ---------------------------------------------------------

_LIMITS, _BODIES = "conventions/test_bodies.py", "rights/test_bodies.py"
_SLOW, _WORKER = "races/test_slow_connections.py", "races/test_worker.py"
_WAITING, _TIMES = "races/test_waiting.py", "races/test_time_outs.py"
_BODY, _ERRORS, _RIGHTS = "labshare/http/bodies.py", "labshare/web/errors.py", "labshare/http/rights.py"
_WAIT, _LOOP = "labshare/kernel/waiting.py", "labshare/commands/worker.py"
_NO_TIME_OUTS = instead(
    _WAIT, "        connection.commit()  # a rollback", "        connection.rollback()  # a rollback"
)
_IN_THE_TURN = (
    Edit(_AGAIN, "import commits, db\n", "import commits, db, transaction\n"),
    Edit(_AGAIN, "        read_body()\n", "        with transaction():\n            read_body()\n"),
    Edit(_BODY, "        if writing():\n", "        if False:\n"),
)

WAITS = (
    Mutant(
        f"{_LIMITS}::test_what_is_looked_for_is_found",
        "an import from is overlooked",
        instead(f"tests/{_LIMITS}", "if isinstance(node, ast.ImportFrom) else []", "if False else []"),
    ),
    Mutant(
        f"{_LIMITS}::test_there_is_one_place",
        "a view sets its own limit",
        at_end("labshare/web/lab/documents.py", "def hurry() -> None:\n    request.max_content_length = 10**9"),
    ),
    Mutant(f"{_BODIES}::test_no_body_is_read_inside_a_transaction", "bodies are read in the turn", _IN_THE_TURN),
    Mutant(
        f"{_BODIES}::test_who_may_not_takes_no_turn_to_write",
        "the API asks for no right before the turn",
        instead(_RIGHTS, "        elif action != SIGNED_IN:\n", "        elif False:\n"),
    ),
    Mutant(
        f"{_BODIES}::test_nothing_is_read_of_who_may_not_store_it",
        "the right is asked after the body",
        instead(_BODY, "        check(**(request.view_args or {}))\n", "        pass\n"),
    ),
    Mutant(
        f"{_BODIES}::test_a_form_without_a_file_takes_a_megabyte",
        "every form takes what files take",
        instead(_BODY, 'if getattr(view, "takes_file", False) else None', "if True else None"),
    ),
    Mutant(
        f"{_BODIES}::test_reading_too_early_or_too_late_raises",
        "a body may be read inside a transaction",
        instead(_BODY, "        if writing():\n", "        if False:\n"),
    ),
    *_on_both(
        f"{_SLOW}::test_writes_go_on_beside_forty_slow_connections",
        "gunicorn's own worker serves",
        instead("labshare/commands/serve.py", '"labshare.commands.worker.PatientWorker"', '"gthread"'),
    ),
    *_on_both(
        f"{_SLOW}::test_on_threads_that_wait_the_same_connections_stop_everything",
        "nobody dawdles",
        instead("tests/races/slow_connections.py", "    return [head] * HEADS +", "    return [] and"),
    ),
    *_on_both(
        f"{_WAITING}::test_a_form_is_shown_again_with_what_was_typed",
        "the form comes back empty",
        instead(
            "labshare/web/client/new.py",
            "        return _page(_bookable_item(now), form, status)\n",
            "        return _page(_bookable_item(now), BookingForm(formdata=None), status)\n",
        ),
    ),
    *_on_both(
        f"{_WAITING}::test_a_page_that_keeps_no_form_offers_to_send_it_again",
        "the form is forgotten",
        instead(_ERRORS, '    if any("password" in name', '    if True or any("password" in name'),
    ),
    *_on_both(
        f"{_WAITING}::test_a_form_that_waited_in_vain_keeps_the_address_typed",
        "the form comes back empty",
        instead(
            "labshare/web/account/sign_in.py",
            '"account/forgotten.html", form=form)',
            '"account/forgotten.html", form=ForgotForm(formdata=None))',
        ),
    ),
    *_on_both(
        f"{_WAITING}::test_a_password_is_not_repeated",
        "who waited in vain is told of a conflict",
        instead("labshare/kernel/errors.py", "    status = 503\n", "    status = 409\n"),
    ),
    *_on_both(
        f"{_WAITING}::test_the_api_says_when_to_come_back_and_its_key_stays_free",
        "it is told of a conflict",
        instead("labshare/kernel/errors.py", "    status = 503\n", "    status = 409\n"),
    ),
    Mutant(f"{_TIMES}::test_a_statement_ends_in_time", "the time-outs are rolled back", _NO_TIME_OUTS, "postgresql"),
    Mutant(
        f"{_TIMES}::test_a_page_that_only_reads_says_so_too",
        "only transactions know that waiting ended",
        instead(_ERRORS, "    if waited_in_vain(error):\n", "    if False:\n"),
        "postgresql",
    ),
    Mutant(
        f"{_TIMES}::test_a_transaction_that_stands_idle_ends",
        "the time-outs are rolled back",
        _NO_TIME_OUTS,
        "postgresql",
    ),
    Mutant(
        f"{_TIMES}::test_commands_and_jobs_have_more_time",
        "all wait alike",
        instead(_WAIT, "    if has_request_context():\n", "    if True:\n"),
        "postgresql",
    ),
    Mutant(
        f"{_WORKER}::test_bodies_arrive_however_they_are_sent",
        "a body is taken for whole when a piece has come",
        instead(
            _LOOP,
            "            self.whole = self.missing == 0\n        if self.whole:",
            "            self.whole = True\n        if self.whole:",
        ),
    ),
    Mutant(
        f"{_WORKER}::test_requests_that_come_at_once_are_all_answered",
        "what came with a request is dropped",
        instead(_LOOP, "            conn.held += rest\n", "            conn.held.clear()\n"),
    ),
    Mutant(
        f"{_WORKER}::test_what_does_not_come_is_not_waited_for",
        "nobody looks at the clock",
        instead(_LOOP, "        self.checked = now\n", "        return\n"),
    ),
    Mutant(
        f"{_WORKER}::test_strangers_megabytes_are_answered_and_kept_nowhere",
        "a connection is closed at once",
        instead(_LOOP, "            guest.sock.shutdown(socket.SHUT_WR)\n", "            raise OSError\n"),
    ),
)

# --- adversary ---------------------------------------------------------------------------------------------------

_ADVERSARY, _PLAYED = "adversary/test_adversary.py::test_nothing_is_gained", "conventions/test_adversary.py"
_FACTS, _VERDICTS = "labshare/rewards/queries/facts.py", "labshare/rewards/queries/verdicts.py"
_CLAIMS, _LINKS = "labshare/catalogue/services/claims.py", "labshare/organisations/links.py"


def gained(wrong: str, *edits: Edit) -> Mutant:
    """A hole through which somebody of a firm gains, or harms another."""
    return Mutant(_ADVERSARY, wrong, edits, only="[sqlite]")


_ANY_TOWN = Edit(
    "labshare/catalogue/services/labs.py", "details.town not in PLACES", "not details.town.startswith('330')"
)

ATTACKS = (
    gained(
        "chains run over what anybody declares",
        Edit(_LINKS, "        return self.certain or self.seen_by_all\n", "        return True\n"),
    ),
    gained(
        "a lab counts in the county where it says it is",
        Edit(
            "labshare/catalogue/queries/admissions.py",
            ".where(LabAdmission.division.startswith(division, autoescape=True), _known(known_at))",
            ".join(Lab, Lab.id == LabAdmission.lab_id).where(Lab.division.startswith(division), _known(known_at))",
        ),
        _ANY_TOWN,
    ),
    gained(
        "what a lab was paid counts only while it says that it is there",
        Edit(
            _FACTS,
            "                nested(RewardRun.division, policy.division),\n                RewardRun.month >=",
            "                RewardLine.lab_id.in_(select(Lab.id).where(Lab.division == policy.division)),\n"
            "                RewardRun.month >=",
        ),
        _ANY_TOWN,
    ),
    gained(
        "a run in public notice is judged by what comes later",
        Edit("labshare/rewards/services/common.py", "known_at=run.published_at or now", "known_at=None"),
    ),
    gained("a firm is its own client", Edit(_VERDICTS, '"b.client_firm_id = b.lab_firm_id"', '"1 = 0"')),
    gained("a booking in dispute counts", Edit(_VERDICTS, '"h.booking_id IS NOT NULL"', '"1 = 0"')),
)
"""Attacks that once went through, each put back."""

CONFIRMATIONS = (
    gained(
        "a size class counts once it is declared",
        Edit(
            "labshare/organisations/services/sizes.py",
            "    row.proof_id = proof_id\n    db.session.flush()\n",
            "    row.proof_id = proof_id\n    firm.size_class = row.size_class\n    db.session.flush()\n",
        ),
    ),
    gained(
        "another county of a firm counts once it is said",
        Edit(
            "labshare/organisations/services/firms.py",
            "    asks_again = was_verified and proven",
            "    asks_again = not was_verified and proven",
        ),
    ),
    gained(
        "an instrument keeps its confirmed value whatever it becomes",
        Edit(
            "labshare/catalogue/services/instruments.py", "        claim_anew(actor, now, [instrument])", "        pass"
        ),
    ),
    gained(
        "an instrument's value counts once it is said",
        Edit(
            _CLAIMS,
            "        kind, value = _claimed(subject)\n",
            "        kind, value = _claimed(subject)\n"
            "        if isinstance(subject, Instrument):\n            subject.confirmed_value_fen = value\n",
        ),
    ),
    gained(
        "a booking keeps the value when it is moved to another instrument",
        Edit(
            "labshare/booking/services/move.py",
            "instrument_value_fen=instrument.confirmed_value_fen",
            "instrument_value_fen=booking.instrument_value_fen",
        ),
    ),
    gained(
        "a test stays voluntary whatever it becomes",
        Edit("labshare/catalogue/services/test_items.py", "        claim_anew(actor, now, [item])", "        pass"),
    ),
    gained(
        "a test is voluntary once that is said",
        Edit(_CLAIMS, 'TestItem: {"confirmed_voluntary": False}', 'TestItem: {"confirmed_voluntary": True}'),
    ),
    gained(
        "anybody's payment counts",
        Edit(
            "labshare/settlement/services/payments.py",
            "    by_client = payer_uscc == booking.client.uscc\n",
            "    by_client = True\n",
        ),
    ),
    gained(
        "a payer counts whatever the officer decides",
        Edit(
            "labshare/settlement/rules/documents.py",
            "    return by_client or payer_verdict == PayerVerdict.ACCEPTED\n",
            "    return by_client or payer_verdict is not None\n",
        ),
        Edit(
            "labshare/settlement/models.py",
            "or_(cls.by_client, cls.payer_verdict == PayerVerdict.ACCEPTED)",
            "or_(cls.by_client, cls.payer_verdict.is_not(None))",
        ),
    ),
    gained(
        "more is charged without the client's consent",
        Edit("labshare/booking/services/charges.py", "    lowers = amount_fen < 0\n", "    lowers = True\n"),
        Edit(
            "labshare/booking/rules/rows.py",
            '''    """A decrease counts at once, an increase waits for the client."""
    lowers = amount_fen < 0
''',
            "    lowers = True\n",
        ),
    ),
    gained(
        "who applies is an open lab",
        Edit(
            "labshare/catalogue/services/applications.py",
            "        db.session.add(application)\n",
            "        db.session.add(application)\n"
            "    from labshare.catalogue.models import LabAdmission\n\n"
            "    db.session.add(\n"
            "        LabAdmission(\n"
            "            lab_id=lab.id, division=lab.division, admitted_from=today, entered_at=now, confirmed_at=now\n"
            "        )\n"
            "    )\n",
        ),
    ),
    gained(
        "a firm ends what an officer has confirmed",
        Edit(
            "labshare/organisations/services/affiliations.py",
            "    if found.confirmed:\n        raise ConfirmedByOfficer\n    if ask",
            "    if ask",
        ),
    ),
    gained(
        "one side alone ends a dispute",
        Edit(
            "labshare/settlement/rules/disputes.py",
            "    return gives_up or (outcome == offered and side != offered_side)",
            "    return True",
        ),
    ),
)
"""One confirmation less, each."""

PLAYED = (
    Mutant(
        f"{_PLAYED}::test_every_verb_is_played",
        "a verb asks for what nobody can say",
        instead(
            "labshare/booking/services/bench.py", "def drop_place(*, actor", "def drop_place(*, colour: str, actor"
        ),
    ),
    Mutant(
        f"{_PLAYED}::test_the_lists_name_verbs_that_there_are",
        "a verb of the lists has another name now",
        instead("tests/adversary/actors.py", "lab.suspend objection", "lab.suspended objection"),
    ),
    Mutant(
        f"{_PLAYED}::test_what_firms_do_not_play_is_granted_to_none",
        "an owner may decide a dispute",
        instead(
            "labshare/organisations/permissions.py",
            '"dispute.decide": OFFICER',
            '"dispute.decide": OFFICER + FIRM_OWNER',
        ),
    ),
)

MUTANTS = CONVENTIONS + RIGHTS + RACES + WAITS + ATTACKS + CONFIRMATIONS + PLAYED
