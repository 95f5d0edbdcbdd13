"""Seeded faults: the oracle must say no to every one of these mistakes, on a graph that it says yes to without it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from onnxprune.coupling.terms import Product, Sum
from tests.coupling.cases import cases
from tests.coupling.faults import (
    CHANGED,
    Fault,
    backwards,
    blind_to_open,
    branches_apart,
    careless,
    change,
    factor,
    forget,
    heirless,
    left_aligned,
    lenient_lengths,
    loose_minors,
    loose_rest,
    mask,
    minor_first,
    narrow_broadcast,
    only_ends,
    pointwise,
    refined_backwards,
    respell,
    shifted,
    state,
    toothless_fence,
    turned_pairs,
    unknown_is_pointwise,
    unlocked,
)
from tests.oracle import Refuted, check

CASES = {str(case): case for case in cases()}


@dataclass(frozen=True)
class Seeded:
    """A mistake and the case that must find it."""

    name: str
    case: str
    fault: Fault
    seed: int = 0

    def __str__(self) -> str:
        return self.name


FAULTS = [
    Seeded(
        "Transpose without its permutation",
        "Transpose@21: units of equal number",
        respell("Transpose", "-> a0 a2 a1", "-> a0 a1 a2"),
    ),
    Seeded("Concat with operands in another order", "Concat@21: channels", respell("Concat", "(c0 + c1)", "(c1 + c0)")),
    Seeded(
        "Split with outputs in another order", "Split@13: operand", respell("Split", "(c0 + c1 + c2)", "(c2 + c1 + c0)")
    ),
    Seeded("Split whose lengths are not refilled", "Split@13: operand", forget("Split", "lengths")),
    Seeded("Split attribute that is not refilled", "Split@11: attribute", forget("Split", "lengths")),
    Seeded("Slice that begins one index late", "Slice@21: the middle", change("Slice", shifted)),
    Seeded("Slice whose start is not refilled", "Slice@21: bounds from the end", change("Slice", only_ends)),
    Seeded("Slice whose end is not refilled", "Slice@21: from the start", forget("Slice", "lengths")),
    Seeded(
        "Slice with a step as runs",
        "Slice@21: every second",
        respell("Slice", "(a1 (p1 + 1 + q1))", "((p1 + 1 + q1) a1)"),
    ),
    Seeded("Gather whose index is not remapped", "Gather@21: a permutation", forget("Gather", "lengths")),
    Seeded("Gather whose scalar is not refilled", "Gather@21: a scalar between units", forget("Gather", "lengths")),
    Seeded(
        "Gather whose runs stay in order",
        "Gather@21: runs, some from the end",
        respell("Gather", "-> a0 (s5 + s1)", "-> a0 (s1 + s5)"),
    ),
    Seeded("Gather along which anything may go", "Gather@21: an embedding", forget("Gather", "locked")),
    Seeded(
        "Reshape that pairs axes the wrong way round",
        "Reshape@21: other parts of the same length",
        change("Reshape", turned_pairs),
    ),
    Seeded("Reshape that pairs nothing", "Reshape@21: other parts of the same length", forget("Reshape", "ties")),
    Seeded("Reshape whose target is not refilled", "Reshape@21: split and merged", forget("Reshape", "lengths")),
    Seeded(
        "Reshape that merges minor first",
        "Flatten@21: channels and space",
        respell("Flatten", "(a1 a2 a3)", "(a2 a3 a1)"),
    ),
    Seeded(
        "Expand whose target is not refilled",
        "Expand@21: keys and values of grouped queries",
        forget("Expand", "lengths"),
    ),
    Seeded("Tile that repeats every index", "Tile@21: the units", respell("Tile", "(r2 a2)", "(a2 r2)")),
    Seeded(
        "ConstantOfShape that is not refilled",
        "ConstantOfShape@21: a fill meets units",
        forget("ConstantOfShape", "lengths"),
    ),
    Seeded("grouped convolution with groups inside", "Conv@21: two groups", respell("Conv", "(g o)", "(o g)")),
    Seeded("grouped convolution whose group is not refilled", "Conv@21: depthwise", forget("Conv", "lengths")),
    Seeded(
        "transposed convolution as a plain one",
        "ConvTranspose@21: a square kernel",
        state("ConvTranspose", "n i *, o i *, o -> n o *"),
    ),
    Seeded("convolution whose bias is left alone", "Conv@21: bias, strides, pads", respell("Conv", ", o ->", ", b ->")),
    Seeded(
        "DepthToSpace in the other order", "DepthToSpace@21: depth first", respell("DepthToSpace", "(p q c)", "(c p q)")
    ),
    Seeded("SpaceToDepth in the other order", "SpaceToDepth@21: blocks", respell("SpaceToDepth", "(p q c)", "(c p q)")),
    Seeded("Pad with its sides changed", "Pad@21: channels, alone", respell("Pad", "(p1 + a1 + q1)", "(q1 + a1 + p1)")),
    Seeded("Pad whose pads are not refilled", "Pad@21: channels, alone", forget("Pad", "lengths")),
    Seeded("Resize whose sizes are not refilled", "Resize@19: sizes", forget("Resize", "lengths")),
    Seeded("MatMul that contracts the other axis", "MatMul@21: square weights", respell("MatMul", ", k n", ", n k")),
    Seeded("Gemm that ignores transB", "Gemm@21: a square weight, transposed", respell("Gemm", ", n k", ", k n")),
    Seeded(
        "Einsum with its output in another order",
        "Einsum@21: outer product of equals",
        respell("Einsum", "-> b i j", "-> b j i"),
    ),
    Seeded("Attention whose heads are not refilled", "Attention@23: flat", forget("Attention", "lengths")),
    Seeded("Attention whose scale is not pinned", "Attention@23: flat", forget("Attention", "pin")),
    Seeded(
        "Attention with grouped queries inside out",
        "Attention@23: flat, grouped queries",
        respell("Attention", "((g r) d)", "((r g) d)"),
    ),
    Seeded(
        "rotary halves that are not tied",
        "RotaryEmbedding@23: halves, flat, positions",
        respell("RotaryEmbedding", "(p + p)", "(p + k)"),
    ),
    Seeded(
        "rotary halves as neighbours",
        "RotaryEmbedding@23: halves, flat, positions",
        change(
            "RotaryEmbedding",
            lambda n, s: replace(s, text=s.text.replace("(p + p)", "(p q)"), sizes={**s.sizes, "q": 2}),
        ),
    ),
    Seeded(
        "GroupNormalization whose groups are not refilled",
        "GroupNormalization@21: every channel a group",
        forget("GroupNormalization", "lengths"),
    ),
    Seeded("a mean that is taken for a sum", "ReduceMean@21: the units are averaged", forget("ReduceMean", "averaged")),
    Seeded(
        "a sum of exponentials that is taken for a plain one",
        "ReduceLogSumExp@21: the units are compared",
        forget("ReduceLogSumExp", "inexact"),
    ),
    Seeded("a mean whose factor is left out", "ReduceMean@21: norms of channels by their mean", factor(lambda _: 1.0)),
    Seeded("a mean whose factor is upside down", "ReduceMean@21: in a scan", factor(lambda share: 1 / share)),
    Seeded("a mean whose factor is squared", "ReduceMean@21: half precision", factor(lambda share: share**2)),
    Seeded(
        "a norm over part of the units",
        "LpNormalization@21: channels",
        change("LpNormalization", lambda _, s: replace(s, reduced=())),
    ),
    Seeded(
        "LayerNormalization that averages over nothing",
        "LayerNormalization@21: channels",
        forget("LayerNormalization", "inexact"),
    ),
    Seeded("Softmax as any pointwise op", "Softmax@13: over the hidden axis", pointwise("Softmax")),
    Seeded("CumSum as any pointwise op", "CumSum@21: along the hidden axis", pointwise("CumSum")),
    Seeded("TopK that keeps its axis", "TopK@10: along the units", forget("TopK", "locked")),
    Seeded("Trilu as any pointwise op", "Trilu@21: channels are masked", pointwise("Trilu")),
    Seeded("LSTM whose hidden size is not refilled", "LSTM@21: every state", forget("LSTM", "lengths")),
    Seeded("gates inside the units", "LSTM@21: every state", respell("LSTM", "(4 h)", "(h 4)")),
    Seeded("a recurrence that reads other units than it makes", "GRU@21: reset before", forget("GRU", "alike")),
    Seeded(
        "a normalisation whose variance stays behind",
        "BatchNormalization@15: four axes",
        respell("BatchNormalization", "c, c, c, c ->", "c, c, c, v ->"),
    ),
    Seeded(
        "an instance normalisation whose scale stays behind",
        "InstanceNormalization@21: four axes",
        respell("InstanceNormalization", ", c, c ->", ", s, c ->"),
    ),
    Seeded("a row that is added to other columns", "Gemm@21: C is a row", respell("Gemm", "n -> m n", "x -> m n")),
    Seeded(
        "zero points that stay behind",
        "MatMulInteger@21: zero points per column",
        change("MatMulInteger", lambda _, s: replace(s, text=s.text.replace("n ->", "z ->"))),
    ),
    Seeded("a scan along the units", "Scan@21: a recurrence", branches_apart),
    Seeded(
        "an index that counts from the end",
        "Gather@21: a scalar from the end that is the first",
        forget("Gather", "lengths"),
    ),
    Seeded(
        "a quantisation block inside out",
        "DequantizeLinear@21: blocks along the input",
        respell("DequantizeLinear", "(k0 b0)", "(b0 k0)"),
    ),
    Seeded(
        "a scale that stays behind",
        "DequantizeLinear@21: a weight per output channel",
        respell("DequantizeLinear", ", a0,", ", s0,"),
    ),
    Seeded("a length that is read and may change", "Shape@21: of the units", forget("Shape", "locked")),
    Seeded("positions of MaxPool that are read", "MaxPool@21: positions are read", forget("MaxPool", "locked")),
    Seeded(
        "division with major and minor swapped",
        "Reshape@21: other parts of the same length",
        refined_backwards(Product),
    ),
    Seeded("a cut with its pieces swapped", "Slice@21: runs that overlap", refined_backwards(Sum)),
    Seeded("locks that are not inherited", "Slice@21: of a locked axis", heirless),
    Seeded("a divided sum without a common minor", "Concat@21: runs with a common minor are regrouped", loose_minors),
    Seeded("a cut product without a common minor", "Split@13: two heads, flat and shaped", loose_rest),
    Seeded("a missing refinement that locks nothing", "Reshape@21: parts that fit in no way", careless),
    Seeded(
        "an open length that locks nothing",
        "Concat@21: a stored part beside an open one meets another open length",
        blind_to_open,
    ),
    Seeded("different lengths that lock nothing", "If@21: branches of different lengths", lenient_lengths),
    Seeded("broadcasting aligned left", "Add@21: the vector is as long as the batch", left_aligned),
    Seeded("broadcasting that follows the shorter axis", "Mul@21: a column of units against a row", narrow_broadcast),
    Seeded("an unknown op taken for pointwise", "ReverseSequence@21: along the units", unknown_is_pointwise),
    Seeded("a fence that locks nothing", "DeformConv@21: groups of both", toothless_fence),
    Seeded("a graph output that may shrink", "MatMul@21: two matrices", unlocked("graph output")),
    Seeded("a graph input that may shrink", "MatMul@21: two matrices", unlocked("graph input")),
    Seeded("the mask of a product, minor first", "Reshape@21: three parts", mask(Product, minor_first)),
    Seeded("the mask of a sum, backwards", "Concat@21: channels", mask(Sum, backwards)),
    Seeded("branches that are not tied", "If@21: a branch gives out a tensor of the outer graph", branches_apart),
    Seeded("a loop's state that is not tied", "Loop@21: a state with units, weights inside", branches_apart),
]


@pytest.mark.parametrize("seeded", FAULTS, ids=str)
def test_the_oracle_says_no(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[seeded.case]
    CHANGED.clear()
    seeded.fault(monkeypatch)
    with pytest.raises(Refuted) as refusal:
        check(case.text, opset=case.opset, seed=seeded.seed, visible=False, strict="lenient" not in case.but)
    assert refusal.value.stage in ("shrink", "checker", "proof"), refusal.value
    assert not CHANGED or any(CHANGED), "the fault changed nothing"


@pytest.mark.parametrize("name", sorted({seeded.case for seeded in FAULTS}))
def test_the_oracle_says_yes_without_the_fault(name: str) -> None:
    case = CASES[name]
    assert check(case.text, opset=case.opset, visible=False, strict="lenient" not in case.but).ok
