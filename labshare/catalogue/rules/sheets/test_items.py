"""The sheet of test items."""

from flask_babel import lazy_gettext as _l

from labshare.catalogue.rules.sheets.columns import choice, lists, minutes, text, whole, yes
from labshare.catalogue.terms import Category

ITEM_NUMBER = whole(
    name="item_id",
    head=_l("Number of the test item"),
    says=_l("Of an item that is here already, as an export gives it; empty for a new one."),
)
TEST_ITEMS = (
    ITEM_NUMBER,
    text(name="name", head=_l("Name of the test"), needed=True, example="室温拉伸试验", example_en="室温拉伸试验"),
    text(name="name_en", head=_l("Name in English"), example="Tensile test"),
    choice(Category, name="category", head=_l("Category"), needed=True),
    lists(
        name="standards",
        head=_l("Standards"),
        says=_l("Listed numbers with their year, one a line or with semicolons between."),
        example="GB/T 228.1-2021",
    ),
    lists(
        name="instruments",
        head=_l("Instruments that can do it"),
        says=_l("Their own numbers, one a line or with semicolons between."),
        example="YQ-0012; YQ-0013",
    ),
    text(name="description", head=_l("What is tested"), example="屈服强度、抗拉强度、断后伸长率"),
    text(name="description_en", head=_l("The same in English"), example="Yield, tensile strength, elongation"),
    text(
        name="sample_requirement",
        head=_l("Sample requirement"),
        says=_l("Size and number. Needed before publishing."),
        example="3 根棒状试样",
    ),
    text(name="sample_requirement_en", head=_l("Sample requirement in English"), example="3 bars"),
    minutes(name="setup_minutes", head=_l("Set-up, minutes"), example="15"),
    minutes(name="sample_minutes", head=_l("Per sample, minutes"), example="10"),
    minutes(name="run_minutes", head=_l("Per run, minutes"), says=_l("0 where the client chooses hours."), example="0"),
    whole(
        name="cleanup_minutes",
        head=_l("Clean-up, minutes"),
        says=_l("Kept free after each booking; not charged."),
        example="10",
    ),
    whole(name="samples_per_run", head=_l("Samples in one run"), example="1"),
    whole(
        name="hours_min",
        head=_l("Test hours, shortest"),
        says=_l("All three only where the client chooses the hours."),
    ),
    whole(name="hours_max", head=_l("Test hours, longest")),
    whole(name="hours_step", head=_l("Test hours, step")),
    whole(name="max_quantity", head=_l("Most samples in one booking"), example="20"),
    yes(name="attended", head=_l("Somebody attends"), says=_l("Yes: all work inside one opening interval.")),
    yes(
        name="runs_start_in_hours",
        head=_l("Each further run starts in opening hours"),
        says=_l("Only for tests that run unattended."),
        example="否",
        example_en="No",
    ),
    yes(
        name="statutory",
        head=_l("Statutory test"),
        says=_l("Compulsory by law; its revenue earns no reward where the policy says so."),
        example="否",
        example_en="No",
    ),
    whole(
        name="turnaround_days",
        head=_l("Turnaround, days"),
        says=_l("Promised from the end of the test to the report."),
        example="5",
    ),
    whole(
        name="free_cancel_minutes",
        head=_l("Free cancellation until, minutes before the start"),
        example="1440",
    ),
    whole(name="late_cancel_percent", head=_l("Later cancellation, % of the price"), example="0"),
    whole(name="no_show_percent", head=_l("No-show, % of the price"), example="0"),
)
