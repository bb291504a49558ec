"""A passkey in Chromium, whose own software device stands in for the phone (R-FACTOR-10)."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from labshare.accounts.passwords import hashed
from labshare.kernel.database import db
from tests import factories as make
from tests.signing import sign_in_browser
from tests.web.axe import findings, too_wide

PASSWORD = "nine green apples"
DEVICE = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}


@pytest.mark.engines("sqlite")
def test_a_passkey_is_made_signs_in_and_proves_anew(
    app: Flask, clock: Any, open_browser: Any, live_server: str
) -> None:
    here = f"http://localhost:{urlsplit(live_server).port}"
    app.config["BASE_URL"] = here  # the server and the fixture each put theirs back
    owner = make.member(make.firm(), "owner", password_hash=hashed(PASSWORD))
    db.session.commit()
    email, page = owner.email, open_browser(width=390)
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    added = device.send("WebAuthn.addVirtualAuthenticator", {"options": {**DEVICE, "isUserVerified": True}})

    def looks(right: bool) -> None:
        device.send("WebAuthn.setUserVerified", {"authenticatorId": added["authenticatorId"], "isUserVerified": right})

    sign_in_browser(page, owner)
    page.goto(f"{here}/account/second-factor/passkeys/add")
    assert (findings(page), too_wide(page)) == ([], 0)
    page.locator("#name").fill("手机")
    page.locator("#present_password").fill(PASSWORD)
    page.locator("#present_password").press("Enter")
    page.locator(".recovery-codes li").nth(9).wait_for()

    clock.advance(minutes=1)
    page.context.clear_cookies()
    page.goto(f"{here}/account/sign-in")
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    page.locator("#password").press("Enter")
    button = page.get_by_role("button", name="使用通行密钥")
    looks(False)
    button.click()
    page.get_by_text("未使用通行密钥").wait_for()
    assert (findings(page), too_wide(page)) == ([], 0)
    looks(True)
    button.press("Enter")
    page.wait_for_url(lambda address: "/sign-in" not in address)

    clock.advance(minutes=11)
    page.goto(f"{here}/account/tokens")
    page.locator("#name").fill("ERP")
    page.locator("#name").press("Enter")
    page.get_by_role("button", name="使用通行密钥").click()
    page.get_by_text("ERP").first.wait_for()
    assert page.locator("[data-passkey]").count() == 0
