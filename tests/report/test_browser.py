"""report.html in a real browser: it draws everything, complains of nothing, asks for nothing, and fits a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onnxprune.report import Report
from onnxprune.report.html import html
from tests.browser import browser
from tests.report.test_html import full

__all__ = ["browser", "full"]  # fixtures


@pytest.fixture(scope="module")
def file(full: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html(full), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Any, file: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page drawn, in a window of a width and a theme; what it complained of or asked for fails the test."""
    width, theme = getattr(request, "param", (1400, "light"))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    opened, complaints = context.new_page(), []
    opened.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: complaints.append(asked.url) if asked.url.startswith("http") else None)
    opened.goto(file.as_uri())
    opened.wait_for_selector("html[data-drawn=yes]")
    yield opened
    context.close()
    assert complaints == []


@pytest.mark.parametrize("page", [(w, t) for w in (400, 1400) for t in ("light", "dark")], indirect=True)
def test_it_is_drawn_and_fits(page: Any, full: Report) -> None:
    places = page.locator(".chart")
    assert places.count() == page.locator(".chart svg.marks").count() == 8
    assert all(box["width"] > 200 and box["height"] > 40 for box in (places.nth(i).bounding_box() for i in range(8)))
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("page", [(1400, "light")], indirect=True)
def test_the_other_theme_is_a_click_away(page: Any) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(paper)
    page.click("#theme")
    assert page.evaluate(paper) != before and page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_group_tells_its_members(page: Any, full: Report) -> None:
    assert full.details
    number, group = next(
        (i, g) for i, g in enumerate(full.details.coupled) if g.after < g.before and len(g.members) > 2
    )
    page.select_option("#group", str(number))
    told = page.inner_text("#group-told")
    assert f"{group.before} units, {group.after} of them stay" in told
    assert all(member.axis in told for member in group.members)
    assert f"hangs on {group.members[1].near} by {group.members[1].through[0]}" in told


def test_a_click_in_the_picture_tells_the_same(page: Any, full: Report) -> None:
    dots = page.locator("#chart-coupling .mark-symbol.role-mark path")
    assert full.details and dots.count() == len(full.details.coupled)
    dots.nth(1).click(force=True)
    assert page.input_value("#group") == "1"
    assert full.details.coupled[1].members[0].axis in page.inner_text("#group-told")


def test_scores_are_those_of_the_chosen_group(page: Any, full: Report) -> None:
    scored = [group.id for group in full.groups if group.scores]
    select = page.locator("#chart-scores select")
    bars = "#chart-scores .mark-rect path"
    seen = set()
    for name in scored:
        select.select_option(name)
        seen.add(
            page.evaluate(f"[...document.querySelectorAll('{bars}')].map(p => p.getAttribute('aria-label')).join()")
        )
    assert len(seen) == len(scored) > 1
