"""Where files of the repository are in the site, and links between them.

Pages of docs/ stay where they are; what they link to outside of docs/ is published below `source/`, so that one link
works on a code host and in the site.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = "docs/"
SOURCE = "source/"

LINK = re.compile(r"(?<=\]\()(?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?(?=\))")
"""What a link in Markdown leads to, but for addresses."""

PICTURE = re.compile(r"(?<=src=\")(?P<path>[^\"#:]+)(?P<anchor>)(?=\")")


def place(path: str) -> str:
    """Where a file of the repository is in the site: `docs/gate.md` at `gate.md`, others below `source/`."""
    return path.removeprefix(DOCS) if path.startswith(DOCS) else SOURCE + path


def targets(text: str, page: str) -> Iterator[str]:
    """Files of the repository that a page's links lead to; page: its path in the repository."""
    for pattern in (LINK, PICTURE):
        for match in pattern.finditer(text):
            yield _target(match["path"], page)


def rewritten(text: str, page: str, at: str) -> str:
    """A page's text with its links as the site needs them; at: the page's own place in the site."""

    def link(match: re.Match[str]) -> str:
        found = os.path.relpath(place(_target(match["path"], page)), posixpath.dirname(at) or ".")
        return Path(found).as_posix() + (match["anchor"] or "")

    return PICTURE.sub(link, LINK.sub(link, text))


def _target(link: str, page: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def outside(pages: dict[str, str]) -> dict[str, Path]:
    """Path -> file of all that is linked to outside of docs/, by the pages and by what they link to in turn.

    pages: path in the repository -> text
    """
    found: dict[str, Path] = {}
    left = dict(pages)
    while left:
        page, text = left.popitem()
        for path in targets(text, page):
            file = ROOT / path
            if path in found or path.startswith(DOCS) or not file.is_file():
                continue
            found[path] = file
            if file.suffix == ".md":
                left[path] = file.read_text(encoding="utf-8")
    return found


def section(text: str, heading: str) -> str:
    """What stands below a heading of the second level; "": what stands above the first one, without the title."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    if not heading:
        return re.sub(r"^# .+$", "", parts[0], flags=re.MULTILINE).strip()
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return found[heading].strip()
