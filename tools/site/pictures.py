"""The pictures of the documentation, drawn from analyses of small models: what they show is what onnxprune finds.

python -m tools.site.pictures            writes docs/pictures/
python -m tools.site.pictures --check    exit code 1 where a file is not what would be written
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from onnxprune.coupling import Analysis
from onnxprune.coupling.masks import Keep
from onnxprune.coupling.terms import show
from tests.oracle import analysed
from tools.site.drawing import AMBER, CELL, GREEN, KEPT, PAPER, RED, SOFT, Card

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
Gone = dict[str, tuple[list[int], list[int]]]

RESIDUAL = """g (float[1,4,1,1] x) => (float[1,3,1,1] y)
<float[6,4,1,1] A, float[5,6,1,1] B, float[6,5,1,1] C, float[3,6,1,1] D>
{ a = Conv(x, A) b = Conv(a, B) r = Relu(b) c = Conv(r, C) s = Add(a, c) y = Conv(s, D) }"""

HEADS = """g (float[2,5] x) => (float[2,5] y)
<float[5,12] A, int64[3] parts = {2, 3, 4}, int64[2] whole = {2, 12}, float[12,5] B>
{ a = MatMul(x, A) t = Reshape(a, parts) r = Relu(t) u = Reshape(r, whole) y = MatMul(u, B) }"""

JOINED = """g (float[1,3,1,1] x) => (float[1,4,1,1] y) <float[5,3,1,1] A, float[3,3,1,1] B, float[4,8,1,1] C>
{ a = Conv(x, A) b = Conv(x, B) j = Concat <axis = 1> (a, b) y = Conv(j, C) }"""


def gone(analysis: Analysis, choice: dict[str, tuple[str, Collection[int]]]) -> dict[str, Gone]:
    """Tensor -> what of its first two axes has which colour. choice: colour -> a group's id, and units of it"""
    groups = {group.id: group for group in analysis.groups}
    found: dict[str, Gone] = {}
    for colour, (name, units) in choice.items():
        group = groups[name]
        keep = Keep({group.atom: ~np.isin(range(group.size), list(units))})
        for site in analysis.sites:
            lost = [k for k, stays in enumerate(keep.mask(site.term)) if not stays]
            if site.axis < 2:
                found.setdefault(str(site.tensor.name), {}).setdefault(colour, ([], []))[site.axis].extend(lost)
    return found


def coupling() -> Card:
    """A unit of a residual stream, and one inside of its branch."""
    card = Card(860, 330, "Taking one unit out of a residual stream takes a row or a column out of four weights")
    found = gone(analysed(RESIDUAL)[1], {RED: ("A[0]", [2]), AMBER: ("B[0]", [3])})
    places = {"A": (90, 66, 6, 4), "B": (270, 140, 5, 6), "C": (470, 132, 6, 5), "D": (700, 92, 3, 6)}
    for name, (x, y, rows, columns) in places.items():
        card.grid(x, y, rows, columns, found[name])
        card.text(x + columns * CELL / 2, y - 8, f"{name}  {rows} x {columns}", 14)
    card.text(40, 124, "x")
    card.arrow((52, 120), (84, 120))
    card.arrow((168, 88), (628, 88))
    card.text(400, 78, "residual stream, 6 units", 13, ink=SOFT)
    card.arrow((220, 88), (220, 185), (264, 185))
    card.arrow((384, 185), (464, 185))
    card.text(424, 176, "Relu", 13, ink=SOFT)
    card.arrow((566, 185), (640, 185), (640, 102))
    card.text(640, 94, "+", 20)
    card.arrow((652, 88), (680, 88), (680, 119), (694, 119))
    card.arrow((814, 119), (838, 119))
    card.text(848, 124, "y")
    _legend(card, 40, 278, RED, "unit 2 of the stream: a row of A and of C, a column of B and of D")
    _legend(card, 40, 304, AMBER, "unit 3 inside the branch: a row of B, a column of C")
    return card


def product() -> Card:
    """A head, and a position of all heads, on one axis."""
    card = Card(760, 196, "A head is a run of neighbours; a position is one index in every head")
    analysis = analysed(HEADS)[1]
    group = {g.size: g.id for g in analysis.groups if g.prunable}
    rows = (("head 1 goes", RED, group[3], [1]), ("position 2 goes", AMBER, group[4], [2]))
    (term,) = {
        show(site.term, lambda leaf: "h" if leaf.size == 3 else "d") for site in analysis.sites if str(site) == "A[1]"
    }
    card.text(40, 40, f"an axis of 12 that is reshaped to 3 heads of 4 positions: {term}", 15, "start")
    for number, (what, colour, name, units) in enumerate(rows):
        y = 84 + 56 * number
        card.text(40, y + 16, what, 14, "start")
        lost = gone(analysis, {colour: (name, units)})["A"][colour][1]
        for index in range(12):
            x = 190 + index * 44 + (index // 4) * 10
            card.box(x, y, 40, 26, colour if index in lost else KEPT, PAPER)
            card.text(x + 20, y + 18, str(index), 13)
            if number == 0 and index % 4 == 0:
                card.text(x + 86, y - 10, f"head {index // 4}", 13, ink=SOFT)
    return card


def sum_() -> Card:
    """Units of two tensors behind a concatenation."""
    card = Card(760, 262, "A weight behind a concatenation reads the units of a, then those of b")
    found = gone(analysed(JOINED)[1], {RED: ("A[0]", [1, 3]), AMBER: ("B[0]", [2])})
    for name, (x, y, rows, columns) in {"A": (110, 40, 5, 3), "B": (110, 160, 3, 3), "C": (500, 84, 4, 8)}.items():
        card.grid(x, y, rows, columns, found[name])
        card.text(x + columns * CELL / 2, y - 8, f"{name}  {rows} x {columns}", 14)
    card.text(50, 130, "x")
    card.arrow((62, 120), (84, 85), (104, 85))
    card.arrow((62, 132), (84, 187), (104, 187))
    card.arrow((170, 85), (300, 85), (330, 110))
    card.arrow((170, 187), (300, 187), (330, 132))
    card.text(240, 76, "a, 5 units", 13, ink=SOFT)
    card.text(240, 206, "b, 3 units", 13, ink=SOFT)
    card.box(336, 106, 70, 30)
    card.text(371, 126, "Concat", 13)
    card.arrow((406, 121), (494, 121))
    card.text(450, 112, "(a + b)", 14)
    card.arrow((650, 121), (690, 121))
    card.text(704, 126, "y")
    _legend(card, 300, 216, RED, "units 1 and 3 of a: columns 1 and 3 of C")
    _legend(card, 300, 240, AMBER, "unit 2 of b: column 5 + 2 of C")
    return card


def oracle() -> Card:
    """Both sides of the comparison."""
    card = Card(760, 230, "The masked dense model and the pruned model must agree on random inputs")
    for y, title, about in (
        (36, "dense model, loaded anew", "every unit that goes is multiplied by 0 where it is consumed"),
        (136, "pruned model", "the file that would be written"),
    ):
        card.box(150, y, 400, 58)
        card.text(350, y + 25, title, 15)
        card.text(350, y + 45, about, 12, ink=SOFT)
    card.text(64, 112, "random", 14)
    card.text(64, 130, "inputs", 14)
    card.arrow((94, 112), (120, 112), (120, 65), (144, 65))
    card.arrow((94, 124), (120, 124), (120, 165), (144, 165))
    card.arrow((550, 65), (600, 65), (600, 100))
    card.arrow((550, 165), (600, 165), (600, 132))
    card.text(600, 122, "=  ?", 18)
    card.arrow((628, 116), (660, 116))
    card.text(700, 112, "proved,", 14, ink=GREEN)
    card.text(700, 130, "or not written", 13)
    return card


def _legend(card: Card, x: float, y: float, colour: str, text: str) -> None:
    card.box(x, y - 12, 14, 14, colour, colour)
    card.text(x + 24, y, text, 14, "start")


PICTURES: dict[str, Callable[[], Card]] = {
    "coupling.svg": coupling,
    "product.svg": product,
    "sum.svg": sum_,
    "oracle.svg": oracle,
}


def main(words: list[str]) -> int:
    """Write the pictures, or tell which are not up to date."""
    wrong = []
    for name, draw in PICTURES.items():
        text, file = draw().svg(), FOLDER / name
        if words == ["--check"]:
            wrong += [name] * (not file.exists() or file.read_text(encoding="utf-8") != text)
        else:
            file.write_text(text, encoding="utf-8")
    for name in wrong:
        print(f"docs/pictures/{name}: run python -m tools.site.pictures")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
