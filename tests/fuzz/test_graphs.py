"""Random graphs hold what `checks` asks: the oracle, the same groups again, the same file again from the plan."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onnxprune.coupling import rules
from onnxprune.rewrite import lengths
from tests.fuzz import checks, hunt
from tests.fuzz.graphs import NAMES, from_seed, make, strategy
from tests.fuzz.recipe import Recipe
from tests.fuzz.step import STEPS
from tests.oracle import Refuted, well_formed

MANY = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@given(strategy(), st.integers(0, 999))
@MANY
def test_random_graphs(recipe: Recipe, seed: int) -> None:
    seen = checks.check(make(recipe), seed)
    assert seen.free or seen.refused or seen.proofs


def test_most_graphs_have_something_to_prune_and_are_proved() -> None:
    """What could not be proved, or had nothing to prove, would not be tested."""
    proofs: Counter[str] = Counter()
    free = 0
    for seed in range(30):
        seen = checks.Seen()
        checks.by_masks(make(from_seed(seed)), seed, seen)
        proofs += seen.proofs
        free += seen.free
    assert proofs["proved"] >= 20 and proofs["proved"] >= 0.95 * proofs.total() and free >= 40


# ------------------------------------------------------------------------------------------------- the generator


def _grown(name: str) -> list[onnx.ModelProto]:
    """Models that have the step on every layout that it takes; without it they would be smaller."""
    made = []
    step = STEPS[name]
    for start in step.kinds:
        for seed in range(6):
            recipe = Recipe(((name, seed),), opset=max(18, step.since), start=start, seed=seed)
            made += [make(recipe)] if len(make(recipe).graph.node) > len(make(recipe.without(0)).graph.node) else []
    return made


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"tied"}))
def test_every_step_grows_valid_graphs(name: str) -> None:
    models = _grown(name)
    assert models
    for model in models:
        well_formed(model.SerializeToString())


def test_a_table_of_words_is_tied() -> None:
    model = make(Recipe((("tied", 0),), start="ids"))
    well_formed(model.SerializeToString())
    table = next(n.input[0] for n in model.graph.node if n.op_type == "Gather")
    assert sum(table in n.input for n in model.graph.node) == 2


def test_the_same_recipe_makes_the_same_model() -> None:
    assert make(from_seed(5)).SerializeToString() == make(from_seed(5)).SerializeToString()
    assert from_seed(5) == from_seed(5) != from_seed(6)


OUT_OF_REACH = frozenset(
    # not differentiable, so that rounding moves the result by a whole step
    "Ceil Floor Hardmax Round Sign".split()
    # results that are positions, sizes of what is found, or other than floats
    + "ArgMax ArgMin Equal NonMaxSuppression NonZero Size Unique".split()
    # numbers drawn anew in every run
    + "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike".split()
    # integers and bits
    + "BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Mod".split()
    # older or later than the opsets that are drawn from
    + "CumProd Scatter Swish TensorScatter Upsample".split()
    # regions of images
    + "AffineGrid CenterCropPad Col2Im DeformConv MaxRoiPool RoiAlign".split()
)
"""Ops of the standard that have a rule and no step; cases of their own in graphs/ prove their rules."""


def test_steps_use_most_ops_that_have_a_rule() -> None:
    used: set[str] = set()
    for seed in range(1000):
        for graph in hunt.bodies(make(from_seed(seed)).graph):
            used |= {node.op_type for node in graph.node}
    known = {r.op for r in rules() if not r.domain}
    assert len(used & known) >= 110
    assert not used & OUT_OF_REACH


# ------------------------------------------------------------------------------------------------- the hunt


def test_a_fault_is_found_and_made_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lengths that are not refilled are found within a few seeds; the finding is a model of few nodes, and a text."""
    monkeypatch.setattr(lengths, "_write", lambda *_: None)
    found = next(f for f in (hunt.hunt(seed, tmp_path) for seed in range(20)) if f is not None)
    model = onnx.load(tmp_path / f"{found.kind}.onnx")
    seed = int((tmp_path / f"{found.kind}.txt").read_text().splitlines()[1].split()[1])
    assert len(model.graph.node) < len(make(from_seed(seed)).graph.node)
    with pytest.raises(Refuted):
        checks.check(model, seed)
    monkeypatch.undo()
    checks.check(model, seed)


def test_findings_of_one_kind_differ_in_names_and_numbers_only() -> None:
    first = hunt.Finding("proof", "relative error 1.2e-01 at 't12' where 1e-05 is allowed")
    again = hunt.Finding("proof", "relative error 3.0e+00 at 'y' where 1e-02 is allowed")
    other = hunt.Finding("proof", "undecided: 't12' holds no finite number")
    assert first.kind == again.kind != other.kind


def test_minimising_keeps_what_fails() -> None:
    recipe = Recipe((("dense", 1), ("join", 2), ("dense", 3), ("cut", 4)), open="both", half=True, seed=7)
    least = hunt.smallest(recipe, lambda r: any(name == "cut" for name, _ in r.steps) and r.half)
    assert least == Recipe((("cut", 4),), half=True)
