"""Whether a built site loads anything from elsewhere: exit code 1, naming where, if it does.

python -m tools.site.offline build/site
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

LOADED = (
    re.compile(
        r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\b(?:src|srcset)=[\"']?((?:https?:)?//[^\"'\s>]+)"
    ),
    re.compile(
        r"<link\b(?=[^>]*rel=[\"']?(?:stylesheet|icon|preload|preconnect|modulepreload))[^>]*?href=[\"']?((?:https?:)?//[^\"'\s>]+)"
    ),
    re.compile(r"(?:@import\s+|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)"),
)
"""What a browser fetches by itself when it shows a page; links that somebody may click on are no such thing."""


def loaded(folder: Path) -> Iterator[str]:
    """`page: address` for everything that a page or a style sheet loads from elsewhere."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".html", ".css", ".svg"):
            text = file.read_text(encoding="utf-8")
            for pattern in LOADED:
                yield from (f"{file.relative_to(folder)}: {found}" for found in pattern.findall(text))


def main() -> int:
    """Print what is loaded from elsewhere."""
    folder = Path(sys.argv[1])
    found = list(loaded(folder))
    if not (folder / "index.html").is_file():
        found = [f"{folder}: there is no index.html"]
    print("\n".join(found) if found else f"{folder}: loads nothing from elsewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
