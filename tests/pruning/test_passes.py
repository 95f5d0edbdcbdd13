"""The pass framework: spelling, options, discovery, selection and alignment."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from onnxprune.coupling import Analysis, Group, analyze
from onnxprune.errors import InputError
from onnxprune.graph import from_proto, normalize
from onnxprune.pruning import Pass, Scope, available, parse
from onnxprune.pruning.alignment import best_step
from onnxprune.pruning.passes import group_passes
from onnxprune.pruning.selection import candidates, offers
from tests.oracle import build

MLP = """agraph (float[1,4] x) => (float[1,4] y) <float[4,64] a, float[64,32] b, float[32,4] c>
{ h = MatMul(x, a) z = Relu(h) k = MatMul(z, b) r = Relu(k) y = MatMul(r, c) }"""


def _analysis(text: str) -> Analysis:
    model = normalize(from_proto(build(text)))
    return analyze(model.graph, model.opsets)


@dataclass(frozen=True)
class Everything(Pass):
    """Takes all groups."""

    name: ClassVar[str] = "everything"
    depth: int = 1
    deep: bool = False

    def select(self, analysis: Analysis) -> Iterable[Group]:
        """All of them."""
        return analysis.groups


def test_the_passes_are_found() -> None:
    assert {"channels", "heads", "head_dim", "hidden", "sparsify"} <= set(available())
    assert "sparsify" not in group_passes() and "heads" in group_passes()
    assert [n for n, p in available().items() if p.default] == ["channels", "heads"]


def test_options_are_spelled_in_braces() -> None:
    made = parse("heads{ratio=0.25, unit=query,align=2}")
    assert (made.name, made.ratio, made.align) == ("heads", 0.25, 2)
    assert parse("channels").ratio is None
    assert parse("channels{ratio=none}", align=8).align == 8
    with pytest.raises(FrozenInstanceError):
        made.ratio = 0.5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tails", "no pass 'tails'; there are .*channels"),
        ("heads{ratio=2}", "ratio must be at least 0 and below 1, not 2"),
        ("heads{ratio=half}", "'half' is no value for ratio"),
        ("heads{width=3}", "has no option 'width'; it has .*ratio"),
        ("heads{ratio}", "'ratio' is not spelled option=value"),
        ("heads{ratio=0.5", "is not spelled NAME or NAME"),
        ("heads{unit=half}", "unit must be one of"),
        ("channels{align=-1}", "align must not be negative"),
        ("hidden{floor=2}", "floor must lie between 0 and 1"),
        ("head_dim{floor=0}", "floor must be above 0"),
    ],
)
def test_bad_spellings(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        parse(text)


def test_passes_of_other_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "guest.py").write_text(
        "from dataclasses import dataclass\nfrom typing import ClassVar\nfrom onnxprune.pruning import Pass\n"
        "@dataclass(frozen=True)\nclass Last(Pass):\n    name: ClassVar[str] = 'last'\n"
        "    def select(self, analysis): return analysis.prunable[-1:]\n",
        encoding="utf-8",
    )
    info = tmp_path / "guest-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[onnxprune.passes]\nlast = guest:Last\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        entry = parse("last{ratio=0.5}")
        assert [g.id for _, g in offers(_analysis(MLP), [entry], Scope())] == ["b[1]"]
    finally:
        sys.modules.pop("guest", None)


@pytest.mark.parametrize(
    ("protect", "only", "left"),
    [
        ((), (), ["a[1]", "b[1]"]),
        (("a",), (), ["b[1]"]),
        ((), ("c",), ["b[1]"]),
        (("c",), ("b",), ["a[1]"]),
        (("*",), (), []),
    ],
)
def test_scope(protect: tuple[str, ...], only: tuple[str, ...], left: list[str]) -> None:
    offered = offers(_analysis(MLP), [Everything()], Scope(protect, only))
    assert [g.id for _, g in offered] == left


def test_the_first_pass_to_take_a_group_has_it() -> None:
    first, second = Everything(ratio=0.1), Everything(ratio=0.2)
    assert {p.ratio for p, _ in offers(_analysis(MLP), [first, second], Scope())} == {0.1}


def test_groups_of_one_block_stay_whole() -> None:
    analysis = _analysis(MLP.replace("64]", "16]").replace("[64", "[16"))
    offered = offers(analysis, [Everything()], Scope())
    scores = {g.id: None for _, g in offered}
    assert [c.group.id for c in candidates(offered, scores, 16)] == ["b[1]"]  # type: ignore[arg-type]
    assert [c.step for c in candidates(offered, scores, 8)] == [8, 8]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        (MLP, {"a[1]": 16, "b[1]": 16}),
        # 8 groups of 4 channels: four groups make a block of 16
        (
            """agraph (float[1,3,4,4] x) => (float[1,3,4,4] y) <float[32,3,1,1] a, float[32,4,3,3] b, float[3,32,1,1] c>
            { h = Conv(x, a) k = Conv<group=8, pads=[1,1,1,1]>(h, b) y = Conv(k, c) }""",
            {"a[0]": 4, "a[0].2": 16, "b[0]": 16},
        ),
    ],
)
def test_steps_keep_axes_multiples_of_the_block(text: str, sizes: dict[str, int]) -> None:
    found = {g.id: best_step(g) for g in _analysis(text).prunable}
    assert found == sizes
