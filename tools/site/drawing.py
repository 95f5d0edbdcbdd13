"""SVG pictures: a card with boxes, grids, arrows and text, which looks the same on light and on dark pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

PAPER, INK, SOFT = "#fbfbfd", "#1f2430", "#6b7280"
KEPT, EDGE = "#dfe5ee", "#aab4c3"
RED, AMBER, GREEN = "#d6455d", "#e09f1f", "#2f9e6e"

HEAD = (
    '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    f'<path d="M0,0 L8,4 L0,8 z" fill="{SOFT}"/></marker>'
)
"""Of an arrow."""

CELL = 18
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


@dataclass
class Card:
    """A picture of some size; title: what readers are told who can't see it. Lengths are pixels, y grows downwards."""

    width: int
    height: int
    title: str
    _parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, fill: str = KEPT, edge: str = EDGE) -> None:
        """A rectangle with round corners."""
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="{fill}" stroke="{edge}"/>'
        )

    def text(self, x: float, y: float, text: str, size: int = 14, anchor: str = "middle", ink: str = INK) -> None:
        """A line of text whose base line is at y."""
        self._parts.append(
            f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{ink}">{escape(text)}</text>'
        )

    def arrow(self, *points: tuple[float, float]) -> None:
        """A line through points, with a head at its end."""
        path = " ".join(f"{x},{y}" for x, y in points)
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{SOFT}" stroke-width="1.5" marker-end="url(#head)"/>'
        )

    def grid(
        self, x: float, y: float, rows: int, columns: int, gone: Mapping[str, tuple[Collection[int], Collection[int]]]
    ) -> None:
        """A matrix with its upper left corner at (x, y). gone: colour -> rows and columns of that colour"""
        for row in range(rows):
            for column in range(columns):
                fill = next((c for c, (r, k) in gone.items() if row in r or column in k), KEPT)
                self.box(x + column * CELL, y + row * CELL, CELL, CELL, fill, PAPER)

    def svg(self) -> str:
        """The text of the file."""
        width, height = self.width, self.height
        size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        frame = f'width="{width - 1}" height="{height - 1}" rx="10" fill="{PAPER}" stroke="{EDGE}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" role="img">',
            f"<title>{escape(self.title)}</title>",
            f"<defs>{HEAD}</defs>",
            f'<rect x="0.5" y="0.5" {frame}/>',
            *self._parts,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"
