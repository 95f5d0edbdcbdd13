"""The graphs that prove the rules, from `graphs/<family>.txt`.

    Softmax LogSoftmax @13: over the hidden axis    ops that the case is for, each put in for {op}; opset; variant
        apart   z = {op}(h)                         a frame and its body, or `graph` and a whole graph
        with    float[6] w                          further weights of a frame
        shapes  x=2,4 b=6,3                         other shapes of a frame's tensors
        exact   c[1]=5                              the exact groups that there must be, and no others
        inexact a[0]: normalised                    a site of a prunable group that is not exact, part of the reason
        locked  a[1]: softmax                       a site with a locked unit, part of the reason
        but     reference                           ONNX Runtime has no kernel; or `lenient`: shape inference stumbles
                                                    over the source already; or `invisible`: see `oracle.check`;
                                                    or `unrunnable`: nothing runs it here, only the locks are checked

A line that starts a case is not indented; a keyword's text goes on until the next keyword.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

OPSET = 21
KEYWORDS = ("graph", "dense", "apart", "sequence", "image", "with", "shapes", "exact", "inexact", "locked", "but")

_MATRICES = {"x": "2,4", "a": "4,6", "b": "6,3", "y": ""}
_KERNELS = {"x": "2,3,6,6", "a": "8,3,1,1", "b": "4,8,1,1", "y": ""}
_SHAPES = {
    "dense": _MATRICES, "apart": _MATRICES, "sequence": {**_MATRICES, "x": "2,3,4"}, "image": _KERNELS,
}  # fmt: skip

_DENSE = (
    "g (float[{x}] x) => (float[{y}] y) <float[{a}] a, float[{b}] b{extra}>"
    " {{ h = MatMul(x, a) {body} y = MatMul(z, b) }}"
)
_APART = (
    "g (float[{x}] x) => (float[{y}] y) <float[{a}] a, float[{b}] b, float[4,5] c, float[5,3] e{extra}>"
    " {{ k = MatMul(x, c) r = Sigmoid(k) q = MatMul(r, e) h = MatMul(x, a) {body} p = MatMul(z, b) y = Add(p, q) }}"
)
_IMAGE = (
    "g (float[{x}] x) => (float[{y}] y) <float[{a}] a, float[{b}] b{extra}> {{ h = Conv(x, a) {body} y = Conv(z, b) }}"
)
FRAMES = {"dense": _DENSE, "sequence": _DENSE, "apart": _APART, "image": _IMAGE}
"""A body makes z of h. `apart` has a second hidden layer, `c[1]`, that stays prunable whatever happens to `a[1]`."""

_HIDDEN = {"dense": {"a[1]": 6}, "sequence": {"a[1]": 6}, "image": {"a[0]": 8}}


@dataclass(frozen=True)
class Case:
    """One graph for one op; fields as in the file format."""

    op: str
    variant: str
    text: str
    groups: dict[str, int]
    opset: int = OPSET
    domain: str = ""
    inexact: dict[str, str] = field(default_factory=dict)
    locked: dict[str, str] = field(default_factory=dict)
    but: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.op}@{self.opset}: {self.variant}"


def cases() -> list[Case]:
    """All cases of all families."""
    files = sorted(Path(__file__).with_name("graphs").glob("*.txt"))
    return [case for file in files for case in read(file.read_text())]


def read(text: str) -> Iterator[Case]:
    """The cases of one file."""
    blocks: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if not line[0].isspace():
            blocks.append((line, []))
        else:
            blocks[-1][1].append(line.strip())
    for title, lines in blocks:
        yield from _cases(title, lines)


def _cases(title: str, lines: list[str]) -> Iterator[Case]:
    head, _, variant = title.partition(": ")
    ops = [word for word in head.split() if not word.startswith("@")]
    opsets = [int(word[1:]) for word in head.split() if word.startswith("@")] or [OPSET]
    parts = _parts(lines)
    for op in ops:
        domain, _, name = op.rpartition("::")
        for opset in opsets:
            yield Case(
                name,
                variant.strip(),
                _text(parts).replace("{op}", name),
                _groups(parts),
                opset,
                domain,
                _reasons(parts.get("inexact", "")),
                _reasons(parts.get("locked", "")),
                frozenset(parts.get("but", "").split()),
            )


def _parts(lines: list[str]) -> dict[str, str]:
    parts: dict[str, str] = {}
    last = ""
    for line in lines:
        word, _, rest = line.partition(" ")
        if word in KEYWORDS:
            last, line = word, rest.strip()
            assert last not in parts or last in ("locked", "inexact"), f"'{last}' twice"
        parts[last] = f"{parts[last]}\n{line}" if last in parts else line
    return parts


def _text(parts: dict[str, str]) -> str:
    if "graph" in parts:
        return f"g {parts['graph']}"
    frame = next(name for name in FRAMES if name in parts)
    shapes = _SHAPES[frame] | dict(entry.split("=") for entry in parts.get("shapes", "").split())
    extra = f", {parts['with']}" if "with" in parts else ""
    return FRAMES[frame].format(**shapes, extra=extra, body=parts[frame])


def _groups(parts: dict[str, str]) -> dict[str, int]:
    if "exact" in parts:
        return {name: int(size) for name, _, size in (entry.rpartition("=") for entry in parts["exact"].split())}
    return _HIDDEN[next(name for name in _HIDDEN if name in parts)]


def _reasons(text: str) -> dict[str, str]:
    found = (line.partition(": ") for line in text.splitlines() if line)
    return {site: reason.strip() for site, _, reason in found}
