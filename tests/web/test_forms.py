"""The field types of our trade: what people type, what services get, what is said when it cannot be read."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask, render_template_string

from labshare.kernel.errors import Conflict, InvalidInput, InvalidInputs, ReasonRequired
from labshare.kernel.months import Month
from labshare.web import forms as f


class Everything(f.Form):
    name = f.StringField("Name", validators=[f.required(), f.length(10)])
    amount = f.MoneyField("Amount", validators=[f.optional()])
    refund = f.MoneyField("Refund", negative=True, validators=[f.optional()])
    on = f.DayField("On", validators=[f.optional()])
    month = f.MonthField("Month", validators=[f.optional()])
    at = f.LocalMomentField("At", validators=[f.optional()])
    minutes = f.MinutesField("Minutes", validators=[f.optional()])
    quantity = f.WholeNumberField("Quantity", least=1, most=100, validators=[f.optional()])
    code = f.CreditCodeField("Credit code", validators=[f.optional()])
    size = f.OptionalSelectField("Size", choices=[("small", "Small"), ("micro", "Micro")])
    reason = f.TextAreaField("Reason", validators=[f.optional()])


def filled(app: Flask, language: str = "en", **typed: str) -> Any:
    with (
        app.app_context(),
        app.test_request_context(
            "/", method="POST", data={"name": "x", **typed}, headers={"Accept-Language": language}
        ),
    ):
        form = Everything(meta={"csrf": False})
        form.validate()
        return form, {name: [str(error) for error in errors] for name, errors in form.errors.items()}


@pytest.mark.parametrize(
    ("field", "typed", "read"),
    [
        ("amount", "1,234.50", 123_450),
        ("amount", "1234.5", 123_450),
        ("amount", "¥80", 8_000),
        ("amount", "１２３．４５ 元", 12_345),
        ("amount", "0", 0),
        ("amount", "", None),
        ("refund", "-80.05", -8_005),
        ("refund", "−80.05", -8_005),
        ("on", "2026-11-24", date(2026, 11, 24)),
        ("month", "2026-11", Month(2026, 11)),
        ("at", "2026-11-24T14:30", datetime(2026, 11, 24, 6, 30, tzinfo=UTC)),
        ("at", "2026-11-24 14:30", datetime(2026, 11, 24, 6, 30, tzinfo=UTC)),
        ("minutes", "7.5", Decimal("7.5")),
        ("quantity", "12", 12),
        ("quantity", "１２", 12),
        ("code", "91330624ma2b1234xw", "91330624MA2B1234XW"),
        ("size", "", None),
        ("size", "micro", "micro"),
        ("name", "  Qingtan ", "Qingtan"),
    ],
)
def test_what_is_typed_is_read(any_app: Flask, field: str, typed: str, read: object) -> None:
    form, errors = filled(any_app, **{field: typed})
    assert errors == {}
    assert form[field].data == read


@pytest.mark.parametrize(
    ("field", "typed", "english", "chinese"),
    [
        ("amount", "12.345", "Enter an amount such as 1,234.50.", "请填写金额，如 1,234.50。"),
        ("amount", "-5", "Enter an amount such as 1,234.50.", "请填写金额，如 1,234.50。"),
        ("amount", "1e9", "Enter an amount such as 1,234.50.", "请填写金额，如 1,234.50。"),
        ("amount", "1,23", "Enter an amount such as 1,234.50.", "请填写金额，如 1,234.50。"),
        ("on", "2026-02-30", "Enter a date such as 2026-11-24.", "请填写日期，如 2026-11-24。"),
        ("month", "2026-13", "Enter a month such as 2026-11.", "请填写月份，如 2026-11。"),
        (
            "at",
            "tomorrow",
            "Enter a date and time such as 2026-11-24 14:30.",
            "请填写日期和时间，如 2026-11-24 14:30。",
        ),
        ("minutes", "0.0001", "Enter minutes such as 30 or 7.5.", "请填写分钟数，如 30 或 7.5。"),
        ("quantity", "0", "Between 1 and 100.", "应为 1 至 100。"),
        ("quantity", "10000", "Between 1 and 100.", "应为 1 至 100。"),
        ("quantity", "2.5", "Enter a whole number.", "请填写整数。"),
        ("quantity", "1,2", "Enter a whole number.", "请填写整数。"),
        (
            "code",
            "91330624MA2B1234XX",
            "Not a valid credit code: the check character does not fit.",
            "统一社会信用代码有误：校验位不符。",
        ),
        ("size", "huge", "Not a valid choice.", "选项无效，请重新选择。"),
        ("name", "   ", "Fill this in.", "此项须填写。"),
        ("name", "x" * 11, "At most 10 characters.", "最多 10 个字。"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(
    any_app: Flask, field: str, typed: str, english: str, chinese: str
) -> None:
    assert filled(any_app, "en", **{field: typed})[1] == {field: [english]}
    assert filled(any_app, "zh-CN", **{field: typed})[1] == {field: [chinese]}


def test_what_was_typed_is_kept(any_app: Flask) -> None:
    with any_app.test_request_context("/", method="POST", data={"amount": "12,3 yuan", "name": ""}):
        form = Everything(meta={"csrf": False})
        form.validate()
        assert 'value="12,3 yuan"' in form.amount()


def test_a_repeated_and_a_missing_local_time(any_app: Flask) -> None:
    from zoneinfo import ZoneInfo

    any_app.config["ZONE"] = ZoneInfo("Europe/Berlin")
    try:
        assert filled(any_app, at="2026-10-25T02:30")[0].at.data == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert filled(any_app, at="2026-03-29T02:30")[0].at.data == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    finally:
        any_app.config["ZONE"] = ZoneInfo("Asia/Shanghai")


def test_problems_go_to_their_fields_and_the_rest_above_the_form(any_app: Flask) -> None:
    class Late(InvalidInput):
        message = "Too late."
        default_field = "starts_at"

    with (
        any_app.app_context(),
        any_app.test_request_context("/", method="POST", data={"name": "x"}, headers={"Accept-Language": "en"}),
    ):
        form = Everything(meta={"csrf": False})
        form.validate()
        assert f.show_problem(form, InvalidInputs([ReasonRequired(), Late(), Conflict()]), starts_at="at") == 422
        assert [str(error) for error in form.reason.errors] == ["Give a reason."]
        assert form.at.errors == ["Too late."]
        assert form.form_errors == ["This is not possible now."]
        page = render_template_string(
            "{% from '_macros/page.html' import posting, field %}"
            "{% call posting(form) %}{{ field(form.reason) }}{{ field(form.at) }}{{ field(form.name) }}{% endcall %}",
            form=form,
        )
    assert "3 things to correct:" in page
    assert '<a href="#reason">Reason</a>: Give a reason.' in page
    assert 'aria-describedby="reason-error" aria-invalid="true"' in page
    assert page.count("(optional)") == 2


def test_a_conflict_answers_409(any_app: Flask) -> None:
    with any_app.test_request_context("/", method="POST"):
        assert f.show_problem(Everything(meta={"csrf": False}), Conflict()) == 409


def test_each_showing_of_a_form_has_its_own_submission_token(any_app: Flask) -> None:
    with any_app.test_request_context("/"):
        first, second = Everything(meta={"csrf": False}), Everything(meta={"csrf": False})
    assert first.submission_key != second.submission_key
    form, _errors = filled(any_app, submission=first.submission_key)
    assert form.submission_key == first.submission_key
    assert filled(any_app, submission="' OR 1=1")[0].submission_key != "' OR 1=1"
