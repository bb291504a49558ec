"""A booking's ledger worked out from its documents alone, day by day, as a clerk would: imports nothing of the product.

Documents are plain dictionaries as they stand in an export: `charges` [{day, fen}], `reports` [{id, day, replaces,
withdrawn}], `invoices` [{day, fen, tax}], `payments` [{day, fen, counts}]. Days are `datetime.date`; money is fen.
"""

import calendar
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal


def recognised(papers, day):
    """(amount, tax) recognised at the end of `day`."""
    ids_replaced = set()
    for report in papers["reports"]:
        if report["day"] <= day and report["replaces"] is not None:
            ids_replaced.add(report["replaces"])
    stands = False
    for report in papers["reports"]:
        begun = report["day"] <= day
        over = report["withdrawn"] is not None and report["withdrawn"] <= day
        if begun and not over and report["id"] not in ids_replaced:
            stands = True
    if not stands:
        return 0, 0
    charged = invoiced = tax = paid = 0
    for line in papers["charges"]:
        if line["day"] <= day:
            charged += line["fen"]
    for invoice in papers["invoices"]:
        if invoice["day"] <= day:
            invoiced += invoice["fen"]
            tax += invoice["tax"]
    for payment in papers["payments"]:
        if payment["counts"] and payment["day"] <= day:
            paid += payment["fen"]
    amount = sorted([charged, invoiced, paid])[0]
    if invoiced == 0:
        return amount, 0
    share = Decimal(amount) * Decimal(tax) / Decimal(invoiced)
    return amount, int(share.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def days_of(papers):
    days = [line["day"] for kind in ("charges", "reports", "invoices", "payments") for line in papers[kind]]
    return days + [report["withdrawn"] for report in papers["reports"] if report["withdrawn"] is not None]


def month_ends(first, last):
    """The last day of each month from the month of `first` to the month of `last`."""
    day, ends = first, []
    while (day.year, day.month) <= (last.year, last.month):
        end = date(day.year, day.month, calendar.monthrange(day.year, day.month)[1])
        ends.append(end)
        day = end + timedelta(days=1)
    return ends


def ledger(papers, today):
    """{"YYYY-MM": (amount, tax)} for each month in which something is to be entered, no month being closed."""
    days = days_of(papers)
    if not days:
        return {}
    entries, before = {}, (0, 0)
    for end in month_ends(min(days), today):
        now = recognised(papers, end)
        if now != before:
            entries[f"{end.year:04d}-{end.month:02d}"] = (now[0] - before[0], now[1] - before[1])
        before = now
    return entries


def closed_ledger(papers, closed, today):
    """The ledger that comes about where months close: {"YYYY-MM": (amount, tax)}, nothing where nothing is entered.

    `closed` [(month name, moment)], each month closed after those before it and never opened again. What a closed month
    holds is what was known before it closed; what was recorded later falls into the next one. Papers have the moment
    `at` from which they were known, or None: known from their day on.
    """
    days = days_of(papers)
    shut = dict(closed)
    assert [month for month, _at in closed] == [month for month, _at in sorted(closed, key=lambda one: one[1])]
    entries, before = {}, (0, 0)
    for end in month_ends(min(days), today):
        name = f"{end.year:04d}-{end.month:02d}"
        known = papers
        if name in shut:
            known = {
                kind: [one for one in papers[kind] if one["at"] is None or one["at"] < shut[name]] for kind in papers
            }
        now = recognised(known, end)
        if now != before:
            entries[name] = (now[0] - before[0], now[1] - before[1])
        before = now
    return entries


def wrong_sums(papers, entries, closed, today):
    """What is wrong with a ledger some of whose months are closed: the open months up to which it does not add up.

    `entries` {"YYYY-MM": (amount, tax)}; `closed` month names.
    """
    days = days_of(papers)
    if not days:
        return ["entries without a document"] if entries else []
    wrong = []
    for end in month_ends(min(days), today):
        name = f"{end.year:04d}-{end.month:02d}"
        if name in closed:
            continue
        amount = sum(fen for month, (fen, _tax) in entries.items() if month <= name)
        tax = sum(tax for month, (_fen, tax) in entries.items() if month <= name)
        if (amount, tax) != recognised(papers, end):
            wrong.append(name)
    return wrong


def broken_limits(papers):
    """The document days on which net invoiced or net paid is below 0 or above what is charged."""
    broken = []
    for day in sorted(set(days_of(papers))):
        charged = sum(line["fen"] for line in papers["charges"] if line["day"] <= day)
        invoiced = sum(line["fen"] for line in papers["invoices"] if line["day"] <= day)
        paid = sum(line["fen"] for line in papers["payments"] if line["counts"] and line["day"] <= day)
        if not 0 <= invoiced <= charged or not 0 <= paid <= charged:
            broken.append(day)
    return broken
