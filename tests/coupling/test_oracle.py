"""The oracle of the tests must be able to say no, at every stage."""

import numpy as np
import onnx
import pytest

from onnxprune.graph import from_proto
from onnxprune.rewrite import prove
from tests.oracle import Refuted, analysed, build, check, exact, pruned_bytes, random_masks, well_formed

MLP = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6] c, float[6,3] b>
         { h = MatMul(x, a) s = Add(h, c) z = Sigmoid(s) y = MatMul(z, b) }"""


def test_yes() -> None:
    proof = check(MLP, groups={"a[1]": 6})
    assert proof.ok and proof.error < 1e-5 and proof.draws > 1


@pytest.mark.parametrize("fraction", [0.0, 0.2, 0.9, 1.0])
def test_something_goes_and_something_stays(fraction: float) -> None:
    _, analysis = analysed(MLP)
    mask = random_masks(exact(analysis), fraction=fraction)["a[1]"]
    assert 1 <= mask.sum() <= 5 and mask.size == 6
    assert check(MLP, fraction=fraction).ok


def test_masks_depend_on_the_seed_alone() -> None:
    groups = exact(analysed(MLP)[1])
    first, second, other = (random_masks(groups, seed)["a[1]"] for seed in (0, 0, 1))
    assert first.tolist() == second.tolist() != other.tolist()


def test_another_mask_is_refused() -> None:
    """What was pruned is right for one decision only."""
    proto = build(MLP)
    model, analysis = analysed(proto)
    pruned = pruned_bytes(model, analysis, {"a[1]": np.array([1, 1, 1, 0, 0, 0], bool)})
    for kept, ok in (([1, 1, 1, 0, 0, 0], True), ([1, 1, 0, 1, 0, 0], False), ([1, 1, 1, 1, 0, 0], False)):
        proof = prove(lambda: from_proto(build(proto)), {"a[1]": np.array(kept, bool)}, pruned)
        assert proof.ok is ok


@pytest.mark.parametrize("groups", [{}, {"a[1]": 5}, {"a[1]": 6, "b[0]": 6}])
def test_other_groups_than_expected(groups: dict[str, int]) -> None:
    with pytest.raises(Refuted, match=r"groups: \{'a\[1\]': 6\} where"):
        check(MLP, groups=groups)


def test_nothing_to_prune_is_no_proof() -> None:
    with pytest.raises(Refuted, match="groups: nothing can be pruned"):
        check("g (float[2,4] x) => (float[] y) <float[4,3] a> { y = MatMul(x, a) }")


def test_what_does_not_show_is_no_proof() -> None:
    """Whatever were pruned, the output would be zero."""
    text = MLP.replace("float[6] c", "float[6] c, float zero = {0}").replace(
        "y = MatMul(z, b)", "m = MatMul(z, b) y = Mul(m, zero)"
    )
    assert check(text, visible=False).ok
    with pytest.raises(Refuted, match="visible"):
        check(text)


def test_an_ill_formed_file_is_refused() -> None:
    proto = build(MLP)
    broken = onnx.helper.make_tensor("b", onnx.TensorProto.FLOAT, [5, 3], [0.0] * 15)
    proto.graph.initializer[[t.name for t in proto.graph.initializer].index("b")].CopyFrom(broken)
    with pytest.raises(Refuted, match="checker"):
        well_formed(proto.SerializeToString())


def test_text_becomes_a_model() -> None:
    """Weights are filled by name and seed, inside bodies too; outputs get their shapes."""
    text = """g (float[2,4] x, bool t) => (float[] y) <float[4] w, int64[2] n, float[3] var, uint8[2] u>
              { y = If (t) <then_branch = p () => (float[2,4] a) <float[4] v> { a = Mul(x, v) },
                            else_branch = q () => (float[2,4] b) { b = Mul(x, w) }> }"""
    first, again, other = build(text), build(text), build(text, seed=1)
    assert first == again != other
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in first.graph.initializer}
    assert {name: (a.dtype.name, a.shape) for name, a in stored.items()} == {
        "w": ("float32", (4,)),
        "n": ("int64", (2,)),
        "var": ("float32", (3,)),
        "u": ("uint8", (2,)),
    }
    assert (stored["var"] > 0).all()
    assert [t.name for t in first.graph.node[0].attribute[0].g.initializer] == ["v"]
    assert [d.dim_value for d in first.graph.output[0].type.tensor_type.shape.dim] == [2, 4]
    assert first.opset_import[0].version == 21 and build(text, 18).opset_import[0].version == 18
