"""Links between pages, and from the README, lead somewhere on a code host; the site's build checks its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tools.site.links import LINK, PICTURE

PAGES = [
    *sorted(path for path in ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "models").rglob("*.md")),
]
GENERATED = "reference/"
"""Pages that are made when the site is built; links to them are for the site."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = [*LINK.finditer(text), *PICTURE.finditer(text)]
    for match in found:
        target = page.parent / match["path"]
        if GENERATED in match["path"] and page.is_relative_to(ROOT / "docs"):
            continue
        assert target.exists(), f"{page.name}: {match['path']}"
        if match["anchor"] and target.suffix == ".md":
            assert match["anchor"][1:] in anchors(target.read_text(encoding="utf-8")), f"{page.name}: {match[0]}"


def anchors(text: str) -> set[str]:
    """What a code host calls the headings of a page."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_headings_of_a_page() -> None:
    assert anchors("# A page\n\n```console\n# no heading\n```\n\n## `gate.toml`, all of it\n") == {
        "a-page",
        "gatetoml-all-of-it",
    }
