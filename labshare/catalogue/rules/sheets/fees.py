"""The sheet of fees."""

from flask_babel import lazy_gettext as _l

from labshare.catalogue.rules.sheets.columns import Column, choice, day, money, text
from labshare.catalogue.rules.sheets.fee_cells import (
    read_discounts,
    read_steps,
    read_surcharges,
    write_discounts,
    write_steps,
    write_surcharges,
)
from labshare.catalogue.rules.sheets.test_items import ITEM_NUMBER
from labshare.catalogue.terms import FeeBasis
from labshare.kernel.money import Fen

FEES = (
    ITEM_NUMBER,
    text(
        name="item",
        head=_l("Name of the test"),
        says=_l("As in the sheet of test items; with its number the name may be empty."),
        example="室温拉伸试验",
    ),
    choice(FeeBasis, name="basis", head=_l("Charged by"), needed=True),
    money(name="amount_fen", head=_l("Fee, CNY"), needed=True, says=_l("Tax included."), example="120.00"),
    money(name="minimum_fen", head=_l("Minimum charge, CNY"), blank=Fen(0), example="300.00"),
    money(
        name="sme_amount_fen",
        head=_l("Fee for SMEs, CNY"),
        says=_l("Medium, small and micro firms, as last confirmed."),
        example="100.00",
    ),
    day(
        name="valid_from",
        head=_l("Valid from"),
        needed=True,
        says=_l("The open-ended fee before it ends the day before."),
    ),
    day(name="valid_to", head=_l("Valid to, included"), says=_l("Empty: until further notice."), example="2027-12-31"),
    Column(
        name="steps",
        head=_l("Quantity steps"),
        read=read_steps,
        wrong=_l("Write steps such as 10: 45.00; 50: 40.00 / 38.00 (the last for SMEs)."),
        write=write_steps,
        blank=(),
        says=_l("From so many samples on: the fee, and after a stroke that for SMEs."),
        example="10: 45.00; 50: 40.00 / 38.00",
        width=24,
    ),
    Column(
        name="surcharges",
        head=_l("Surcharges"),
        typed=False,
        read=read_surcharges,
        wrong=_l(
            "One a line: rush: 50% / 2 (days) · cma: 200.00 · cnas: 10% · consultation: 100.00 · component Ni: 80.00"
        ),
        write=write_surcharges,
        blank=(),
        says=_l("One a line: rush with the days to its report, cma, cnas, consultation, component and its name."),
        example="rush: 50% / 2",
        width=28,
    ),
    Column(
        name="discounts",
        head=_l("Discounts of the lab"),
        read=read_discounts,
        wrong=_l("Write discounts such as 10: 5%; 50: 10%."),
        write=write_discounts,
        blank=(),
        says=_l("From so many samples on: how far the own price in a quote may fall below the fee."),
        example="10: 5%; 50: 10%",
        width=20,
    ),
)
