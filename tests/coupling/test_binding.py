"""Rules on nodes: how letters find their axes, and that what doesn't fit is fenced and never a crash."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_graphsurgeon as gs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxprune.coupling import Analysis, Length, Spec, analyze, rules
from onnxprune.coupling.align import align, spread
from onnxprune.coupling.binding import Binder, Binding, fit
from onnxprune.coupling.grounds import Ground
from onnxprune.coupling.notation import Letter, Run, parse
from onnxprune.coupling.rule import Fenced
from onnxprune.coupling.solver import Solver
from onnxprune.coupling.structural import structures
from onnxprune.coupling.terms import Atom, Term, atom, leaves, product, resolve, segments, show

Shape = tuple[int | None, ...]


def node(inputs: list[Shape | None], outputs: list[Shape | None], op: str = "Op", **attrs: Any) -> gs.Node:
    sides = [
        [gs.Variable(f"{name}{i}", np.float32, None if s is None else list(s)) for i, s in enumerate(shapes)]
        for name, shapes in (("in", inputs), ("out", outputs))
    ]
    return gs.Node(op, "node", attrs, *sides)


def bind(spec: Spec, inputs: list[Shape | None], outputs: list[Shape | None]) -> Binding:
    axes = [None if shape is None else tuple(map(atom, shape)) for shape in inputs]
    return Binder(Solver(), node(inputs, outputs), spec).bind(axes)


def sizes(axes: tuple[Term, ...] | None) -> list[str]:
    return [show(term, lambda a: str(a.size)) for term in axes or ()]


def locked(term: Term) -> list[str]:
    return [cause.text for leaf in leaves(term) for cause in leaf.locked]


# ------------------------------------------------------------------------------------------------- alignment


def test_a_run_takes_what_single_axes_leave_over() -> None:
    pattern = parse("a *, a * b, * b -> a").inputs
    axes = [1, 2, 3, 4]
    assert [run for _, run in align(pattern[0] or (), axes)] == [[1], [2, 3, 4]]
    assert [run for _, run in align(pattern[1] or (), axes)] == [[1], [2, 3], [4]]
    assert [run for _, run in align(pattern[2] or (), [4])] == [[], [4]]


def test_two_runs_of_an_output_share_by_the_length_of_the_broadcast_one() -> None:
    operand = (Run("..."), Letter("k"), Run("*"))
    assert [run for _, run in align(operand, [1, 2, 3, 4], 1)] == [[1], [2], [3, 4]]
    assert [run for _, run in align(operand, [1, 2, 3, 4], 0)] == [[], [1], [2, 3, 4]]


@pytest.mark.parametrize("rank", [0, 1, 3])
def test_ranks_that_do_not_fit(rank: int) -> None:
    with pytest.raises(Fenced, match=f"rank {rank} where its rule has 2 axes"):
        align((Letter("a"), Letter("b")), [1] * rank)


def test_a_broadcast_run_that_does_not_fit() -> None:
    with pytest.raises(Fenced, match="rank 2"):
        align((Run("..."), Run("*")), [1, 2], 3)


def test_an_output_of_unknown_shape() -> None:
    assert [run for _, run in spread((Run("..."), Letter("k")), [2, None], None)] == [[2, None], [None]]
    assert [run for _, run in spread((Letter("k"), Run("*")), [], 2)] == [[None], [None, None]]
    with pytest.raises(Fenced, match="unknown rank"):
        spread((Run("*"),), [], None)


# ------------------------------------------------------------------------------------------------- letters


def test_one_letter_is_one_axis() -> None:
    binding = bind(Spec("m k, k n -> m n"), [(2, 3), (3, 4)], [(2, 4)])
    left, right = binding.inputs
    assert left and right and resolve(left[1]) is resolve(right[0])
    assert binding.outputs[0] == (left[0], right[1])
    assert binding.vanishing == ["k"]


def test_a_product_is_sized_by_what_is_known_of_it() -> None:
    binding = bind(Spec("n (g i), (g o) i -> n (g o)", sizes={"g": 2}), [(1, 6), (8, 3)], [(1, 8)])
    assert {name: term.size for name, term in binding.env.items()} == {"n": 1, "g": 2, "i": 3, "o": 4}
    assert sizes(binding.outputs[0]) == ["1", "(2 4)"]


def test_a_sum_is_sized_by_what_is_known_of_it() -> None:
    binding = bind(Spec("(p + a + q) -> a", sizes={"p": 2, "q": 0}), [(7,)], [(5,)])
    assert sizes(binding.inputs[0]) == ["(2 + 5)"]
    assert len(segments((binding.inputs[0] or ())[0])) == 2


def test_composite_axes_wait_for_each_other() -> None:
    binding = bind(Spec("(h d), h -> d"), [(12,), (3,)], [(4,)])
    assert sizes(binding.outputs[0]) == ["4"]


def test_an_open_part_leaves_the_other_open() -> None:
    """24 indices of which an unknown number are heads: the rest is not all of 24."""
    binding = bind(Spec("(h d), h -> h d"), [(24,), (None,)], [(None, None)])
    assert binding.env["d"].size is None
    assert locked((binding.inputs[0] or ())[0])


def test_a_tie_spells_one_run_in_two_ways() -> None:
    spec = Spec("i0 -> o0 o1", sizes={"o0": 2, "o1": 3}, ties=((("i0",), ("o0", "o1")),))
    binding = bind(spec, [(6,)], [(2, 3)])
    assert sizes(binding.inputs[0]) == ["(2 3)"]
    assert binding.vanishing == []


def test_the_kernel_is_what_operand_1_has_under_a_run() -> None:
    binding = bind(Spec("n i *, o i * -> n o *"), [(1, 3, 8, 8), (4, 3, 5, 7)], [(1, 4, 4, 2)])
    assert [term.size for term in binding.kernel] == [5, 7]


def test_the_kernel_is_that_of_one_operand_only() -> None:
    binding = bind(Spec("n i *, o i *, n * -> n o *"), [(1, 3, 8, 8), (4, 3, 5, 7), (1, 9)], [(1, 4, 4, 2)])
    assert [term.size for term in binding.kernel] == [5, 7]


def test_an_output_of_unknown_shape_has_the_rank_of_the_first_operand() -> None:
    binding = bind(Spec("n c *, k * -> n *"), [(2, 3, 8, 8), (4, 5)], [None])
    assert len(binding.outputs[0] or ()) == 3


def test_numbers_inside_an_axis_are_known() -> None:
    binding = bind(Spec("(2 c) -> c"), [(6,)], [(3,)])
    assert binding.env["c"].size == 3 and sizes(binding.inputs[0]) == ["(2 3)"]


def test_a_part_of_a_part_is_sized_too() -> None:
    whole = bind(Spec("((p + q) d) -> d", sizes={"p": 1, "q": 3}), [(12,)], [(3,)])
    assert {name: term.size for name, term in whole.env.items()} == {"p": 1, "q": 3, "d": 3}
    inner = bind(Spec("((p + q) d) -> q", sizes={"p": 1, "d": 3}), [(12,)], [(3,)])
    assert {name: term.size for name, term in inner.env.items()} == {"p": 1, "q": 3, "d": 3}


def test_the_rest_of_an_open_axis_is_open() -> None:
    binding = bind(Spec("(h d) -> h d", sizes={"d": 4}), [(None,)], [(None, 4)])
    assert binding.env["h"].size is None and binding.env["d"].size == 4


def test_a_letter_may_stand_in_a_tie_alone() -> None:
    spec = Spec("i0 -> o0", sizes={"o0": 3, "x": 2}, ties=((("i0",), ("o0", "x")),))
    assert sizes(bind(spec, [(6,)], [(3,)]).inputs[0]) == ["(3 2)"]


@pytest.mark.parametrize(("size", "axes", "reasons"), [(4, ("c",), 0), (None, (None,), 1)])
def test_a_length_that_is_written_down_follows_only_what_is_known(size: int | None, axes: object, reasons: int) -> None:
    binding = bind(Spec("c -> c", lengths=(Length("number", ("c",)),)), [(size,)], [(size,)])
    assert binding.spec.lengths[0].axes == axes
    assert len(locked((binding.inputs[0] or ())[0])) == reasons


def test_marks_land_on_the_letters() -> None:
    spec = Spec(
        "... c d -> ... c d", inexact={"c": "averaged"}, locked={"d": "ordered", "...": "batch"}, roles={"c": "head"}
    )
    binding = bind(spec, [(2, 3, 4)], [(2, 3, 4)])
    batch, c, d = binding.inputs[0] or ()
    assert locked(batch) == ["batch"] and locked(d) == ["ordered"] and not locked(c)
    assert isinstance(c, Atom) and c.roles == {"head"} and [m.text for m in c.inexact] == ["averaged"]


# ------------------------------------------------------------------------------------------------- broadcasting


def test_operands_broadcast_from_the_right() -> None:
    binding = bind(Spec("..., ... -> ..."), [(5, 1, 4), (3, 4)], [(5, 3, 4)])
    (a, _, c), (d, e) = binding.inputs[0] or (), binding.inputs[1] or ()
    assert binding.outputs[0] and [resolve(t) for t in binding.outputs[0]] == [resolve(t) for t in (a, d, e)]
    assert resolve(c) is resolve(e)


def test_what_broadcasts_to_a_length_that_is_open_is_locked() -> None:
    binding = bind(Spec("..., ... -> ..."), [(None,), (4,)], [(4,)])
    assert locked((binding.inputs[1] or ())[0]) and locked((binding.outputs[0] or ())[0])


def test_runs_and_parameters_are_locked() -> None:
    binding = bind(Spec("c *, _ -> c *"), [(2, 3), (4,)], [(2, 3)])
    c, run = binding.inputs[0] or ()
    assert not locked(c) and locked(run) == ["axis that the op works along"]
    assert locked((binding.inputs[1] or ())[0]) == ["read as a parameter of the op"]


def test_a_number_is_a_fixed_length() -> None:
    binding = bind(Spec("3 a -> a 5"), [(3, 2)], [(2, 5)])
    fixed, _ = binding.inputs[0] or ()
    assert locked(fixed) == ["fixed length"] == locked((binding.outputs[0] or ())[1])


# ------------------------------------------------------------------------------------------------- misfits


@pytest.mark.parametrize(
    ("text", "inputs", "outputs", "reason"),
    [
        ("a b -> a", [(2, 3, 4)], [(2,)], "rank 3 where its rule has 2 axes"),
        ("a -> a", [(2,), (3,)], [(2,)], "more inputs"),
        ("a -> a", [(2,)], [(2,), (3,)], "more outputs"),
        ("a -> a", [None], [(2,)], "input 0 has no known rank"),
        ("(a b) -> a b", [(6,)], [(2, 3)], "lengths that its rule can't tell"),
        ("a -> (a b c)", [(2,)], [(12,)], "lengths of an output that its rule can't tell"),
        ("a -> (a b)", [(5,)], [(12,)], "an axis of 12 that its rule can't factor by 5"),
        ("a -> (a + b)", [(5,)], [(3,)], "an axis of 3 that is shorter than its rule says"),
        ("... -> ...", [(2, 3)], [(2, 3, 4)], "an output of rank 3 where its rule says otherwise"),
        ("a -> *", [(2,)], [None], "an output of unknown rank"),
    ],
)
def test_what_does_not_fit_is_fenced(text: str, inputs: list[Any], outputs: list[Any], reason: str) -> None:
    with pytest.raises(Fenced, match=reason):
        bind(Spec(text), inputs, outputs)


def test_an_output_of_another_length_is_locked_on_both_sides() -> None:
    binding = bind(Spec("a -> a"), [(6,)], [(4,)])
    text = "makes an axis of 4 where its rule says 6"
    assert locked((binding.inputs[0] or ())[0]) == [text] == locked((binding.outputs[0] or ())[0])


def test_fit_accepts_what_is_not_known_to_differ() -> None:
    solver, a = Solver(), Atom(6)
    assert fit(solver, a, 6) is a and fit(solver, a, None) is a
    assert not a.locked


def test_an_open_term_for_a_known_length_is_locked() -> None:
    solver, part = Solver(), Atom(4)
    fresh = fit(solver, product(Atom(None), part), 24)
    reason = "makes an axis of 24 where its rule says a length that is known only at run time"
    assert fresh.size == 24 and locked(fresh) == locked(part) == [reason]
    other = fit(solver, Atom(5), 6)
    assert locked(other) == ["makes an axis of 6 where its rule says 5"]
    grounds = [[cause.ground for leaf in leaves(term) for cause in leaf.locked] for term in (fresh, other)]
    assert grounds == [[Ground.LENGTH], [Ground.FORM]]


def test_operands_left_out_are_no_misfit() -> None:
    made = node([(2,)], [(2,)])
    made.inputs.append(gs.Variable.empty())
    made.outputs.append(gs.Variable.empty())
    binding = Binder(Solver(), made, Spec("a -> a")).bind([(atom(2),), None])
    assert binding.outputs[0] and binding.outputs[0][0].size == 2


# ------------------------------------------------------------------------------------------------- odd nodes


def analysed(odd: gs.Node) -> Analysis:
    return analyze(gs.Graph([odd], list(odd.inputs), [t for t in odd.outputs if not t.is_empty()]), {"": 21})


def test_a_rule_that_fails_is_a_defect_and_a_fence() -> None:
    weight = gs.Constant("w", np.ones((2, 3), np.float32))
    odd = gs.Node("Transpose", "odd", {"perm": 5}, [weight], [gs.Variable("y", np.float32, [3, 2])])
    found = analyze(gs.Graph([odd], [], list(odd.outputs)), {"": 21})
    assert [str(d) for d in found.defects] == [
        "Transpose 'odd': its rule failed: TypeError: 'int' object is not iterable"
    ]
    assert [g.locked[0].text for g in found.groups] == ["its rule failed on it"] * 2


def test_a_refusal_is_no_defect() -> None:
    assert not analysed(node([(2, 3)], [(2, None)], "NonZero")).defects


SHAPES = st.one_of(st.none(), st.lists(st.one_of(st.none(), st.sampled_from([0, 1, 2, 3, 6])), max_size=5).map(tuple))
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "axis": st.integers(-3, 3),
        "axes": st.lists(st.integers(-3, 3), max_size=3),
        "perm": st.permutations(range(3)),
        "group": st.integers(0, 4),
        "pads": st.lists(st.integers(-1, 2), max_size=6),
        "equation": st.sampled_from(["ij,jk->ik", "ii", "...a->", "", "->", "a,b"]),
        "block_size": st.integers(0, 4),
        "blocksize": st.integers(0, 3),
        "num_groups": st.integers(0, 3),
        "num_heads": st.integers(0, 3),
        "q_num_heads": st.integers(0, 4),
        "kv_num_heads": st.integers(0, 4),
        "mode": st.sampled_from(["constant", "CRD", "reflect", "?"]),
    },
)


@st.composite
def odd_nodes(draw: st.DrawFn) -> gs.Node:
    """A node of any op that no checker has seen."""
    op = draw(st.sampled_from(sorted({r.op for r in rules()} | {op for _, op, _ in structures()})))
    made = node(draw(st.lists(SHAPES, max_size=4)), draw(st.lists(SHAPES, max_size=3)), op, **draw(ATTRIBUTES))
    for i in range(len(made.inputs)):
        kind = draw(st.sampled_from(["computed", "stored", "ints", "empty"]))
        shape = made.inputs[i].shape
        if kind == "stored" and shape is not None:
            made.inputs[i] = gs.Constant(f"w{i}", np.ones([d or 2 for d in shape], np.float32))
        elif kind == "ints":
            values = draw(st.lists(st.integers(-4, 9), max_size=5))
            made.inputs[i] = gs.Constant(f"w{i}", np.array(values, np.int64))
        elif kind == "empty":
            made.inputs[i] = gs.Variable.empty()
    return made


@given(odd_nodes())
@settings(max_examples=250, deadline=None, derandomize=True)
def test_odd_nodes_never_take_the_analysis_down(odd: gs.Node) -> None:
    """Whatever a rule makes of them: where it failed, all stored operands are locked."""
    found = analysed(odd)
    if found.defects:
        assert not found.prunable
