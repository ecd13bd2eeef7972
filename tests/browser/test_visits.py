"""No page of the console goes without a visit; this needs no browser."""

from __future__ import annotations

from gateway.console.routes import PAGES
from tests.browser.visits import ADDRESSES, FORMS, roles, shown


def test_every_page_with_a_parameter_has_an_address():
    assert {one.path for one in shown() if "{" in one.path} <= set(ADDRESSES)


def test_every_form_is_sent_or_it_is_said_why_not():
    assert {one.path for one in PAGES if one.method == "POST"} == set(FORMS)


def test_there_is_no_visit_to_a_page_that_is_gone():
    assert set(ADDRESSES) <= {one.path for one in shown()}


def test_somebody_may_see_every_page():
    assert all(map(roles, PAGES))
