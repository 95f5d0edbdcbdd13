"""The oracle says yes to the right pruning and no to any other."""

from pathlib import Path

import numpy as np
import onnx
import onnx_graphsurgeon as gs
import pytest
from onnx import numpy_helper

from onnxprune.graph import from_proto, load, save
from onnxprune.rewrite import prove
from onnxprune.runtime import opening
from onnxprune.runtime.verify import Proof
from tests.oracle import build
from tests.rewrite.small import analysed, masks_of, proof, pruned, shrunk, stored

NET = """g (float[1,3,8,8] x) => (float[] y) <float[6,3,3,3] a, float[6] c, float[8,6,3,3] b, float[5,8] d, float[5] e>
{ h = Conv <pads = [1,1,1,1]> (x, a, c) i = Relu(h) j = Conv(i, b) k = Relu(j) p = GlobalAveragePool(k)
  f = Flatten(p) y = Gemm <transB = 1> (f, d, e) }"""
GONE = {"a[0]": [0, 2, 5], "b[0]": [1, 2, 3, 7]}


def test_the_right_pruning_is_proved() -> None:
    found = proof(NET, GONE, pruned(NET, GONE))
    assert found.status == "proved"
    assert 0 <= found.error <= 1e-5
    assert found.draws == 3
    assert found.tensors == 2  # the output, and what the second convolution makes of the first one's channels
    assert found.reason == ""


@pytest.mark.parametrize(
    "other",
    [
        {"a[0]": [0, 2, 4], "b[0]": [1, 2, 3, 7]},
        {"a[0]": [0, 2, 5], "b[0]": [1, 2, 3, 6]},
        {"a[0]": [1, 3, 4], "b[0]": [1, 2, 3, 7]},
    ],
    ids=["one unit of the first", "one unit of the last", "the complement"],
)
def test_the_same_lengths_with_other_units_are_refuted(other: dict[str, list[int]]) -> None:
    found = proof(NET, other, pruned(NET, GONE))
    assert found.status == "failed"
    assert found.error > 1e-2


@pytest.mark.parametrize("other", [{"a[0]": [0, 2], "b[0]": [1, 2, 3, 7]}, {"a[0]": [0, 2, 5]}, {}])
def test_other_lengths_are_refuted(other: dict[str, list[int]]) -> None:
    assert proof(NET, other, pruned(NET, GONE)).status == "failed"


def test_nothing_pruned_is_proved() -> None:
    assert proof(NET, {}, build(NET).SerializeToString()).ok


def altered(model: bytes, **weights: np.ndarray) -> bytes:
    """The model with other weights of any shape."""
    proto = onnx.load_from_string(model)
    for tensor in proto.graph.initializer:
        if tensor.name in weights:
            tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name], tensor.name))
    return proto.SerializeToString()


def test_the_tensor_that_differs_first_is_named() -> None:
    file = pruned(NET, GONE)
    found = proof(NET, GONE, altered(file, b=stored(file)["b"][:, ::-1].copy()))
    assert found.status == "failed"
    assert "at 'j' where 1e-05 is allowed" in found.reason


FORK = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6,3] b, float[6,3] c>
{ h = MatMul(x, a) z = Tanh(h) i = MatMul(z, b) j = MatMul(z, c) y = Add(i, j) }"""


def test_other_units_at_one_consumer_only_are_refuted() -> None:
    file = pruned(FORK, {"a[1]": [1, 4]})
    wrong = altered(file, c=stored(FORK)["c"][[0, 1, 3, 5]])
    assert proof(FORK, {"a[1]": [1, 4]}, file).ok
    found = proof(FORK, {"a[1]": [1, 4]}, wrong)
    assert found.status == "failed"
    assert "'j'" in found.reason


def test_a_stored_length_that_is_wrong_is_refuted() -> None:
    text = """g (float[2,4] x) => (float[] y) <float[4,12] a, float[3,4,5] b, int64[3] t = {2, 3, 4}>
    { h = MatMul(x, a) r = Reshape(h, t) p = Transpose <perm = [1, 0, 2]> (r) y = MatMul(p, b) }"""
    gone = {"a[1].2": [1]}
    file = pruned(text, gone)
    target = next(name for name, v in stored(file).items() if v.tolist() == [2, 3, 3])
    assert proof(text, gone, file).ok
    found = proof(text, gone, altered(file, **{target: np.array([2, 3, 4])}))
    assert found.status == "failed"
    assert "doesn't run" in found.reason


def test_a_file_that_is_no_model_is_refuted() -> None:
    found = proof(NET, GONE, b"no model")
    assert found.status == "failed"
    assert "the pruned model doesn't run" in found.reason


# ------------------------------------------------------------------------------------------------- hard cases

SATURATED = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6,3] b, float low = {-40}>
{ h = MatMul(x, a) z = Tanh(h) k = MatMul(z, b) l = Add(k, low) y = Sigmoid(l) }"""


def test_a_saturated_output_is_told_by_what_is_in_front() -> None:
    file = pruned(SATURATED, {"a[1]": [1, 4]})
    assert proof(SATURATED, {"a[1]": [1, 4]}, file).ok
    assert proof(SATURATED, {"a[1]": [1, 5]}, file).status == "failed"


def test_labels_are_told_by_what_is_in_front() -> None:
    text = SATURATED.replace("float[] y", "int64[] y").replace("Sigmoid", "ArgMax <axis = 1>")
    file = pruned(text, {"a[1]": [1, 4]})
    assert proof(text, {"a[1]": [1, 4]}, file).ok
    assert proof(text, {"a[1]": [1, 5]}, file).status == "failed"


WEAK = """g (float[2,4] x) => (float[2,5] y)
<float[4,6] a, float[6,3] b, float tiny = {1e-9}, float[3,5] c, float[4,5] d>
{ h = MatMul(x, a) z = Tanh(h) k = MatMul(z, b) l = Mul(k, tiny) m = MatMul(l, c) n = MatMul(x, d) y = Add(m, n) }"""


def test_a_branch_that_hardly_counts_is_told_where_it_is_consumed() -> None:
    file = pruned(WEAK, {"a[1]": [1, 4]})
    assert proof(WEAK, {"a[1]": [1, 4]}, file).ok
    assert "'k'" in proof(WEAK, {"a[1]": [1, 5]}, file).reason


EVEN, ODD = list(range(0, 999, 2)), list(range(1, 999, 2))

CHAOTIC = """g (float[2,4] x) => (float[2,1] y) <float[4,999] a, int64[1] axes = {1}, float huge = {1e9}>
{ h = MatMul(x, a) z = Tanh(h) k = ReduceSum(z, axes) l = Mul(k, huge) y = Sin(l) }"""


def test_an_output_that_is_all_rounding_is_undecided() -> None:
    gone = {"a[1]": EVEN}
    found = proof(CHAOTIC, gone, pruned(CHAOTIC, gone))
    assert found.status == "undecided"
    assert found.noise > 0.1
    assert "rounding alone changes 'y'" in found.reason


def test_even_then_a_wrong_pruning_is_refuted_by_what_consumers_make() -> None:
    gone = {"a[1]": EVEN}
    assert proof(CHAOTIC, {"a[1]": ODD}, pruned(CHAOTIC, gone)).status == "failed"


STEEP = CHAOTIC.replace("1e9", "0.3").replace("y = Sin(l)", "y = Neg(l)")


def test_what_rounding_explains_is_no_difference() -> None:
    gone = {"a[1]": EVEN}
    found = proof(STEEP, gone, pruned(STEEP, gone), tolerance=1e-9)
    assert found.ok, found
    assert found.error <= 8 * found.noise
    assert found.error > 1e-9


HALF = """g (float16[2,4] x) => (float16[] y) <float16[4,6] a, float16[6,3] b>
{ h = MatMul(x, a) z = Tanh(h) y = MatMul(z, b) }"""


def test_half_precision_has_a_tolerance_of_its_own() -> None:
    file = pruned(HALF, {"a[1]": [1, 4]})
    assert proof(HALF, {"a[1]": [1, 4]}, file).ok
    assert proof(HALF, {"a[1]": [1, 5]}, file).status == "failed"


def test_what_the_runtime_can_not_run_is_skipped_and_said() -> None:
    text = HALF.replace("float16", "bfloat16")
    found = proof(text, {}, build(text).SerializeToString())
    assert found.status == "skipped"
    assert "the source can't be run on random inputs" in found.reason


def test_what_can_not_be_masked_is_skipped_and_named() -> None:
    text = """g (float[1,3,n] x) => (float[1,1] y) <float[6,3,1] a, int64[1] axes = {1}>
    { h = Conv(x, a) f = Flatten(h) y = ReduceSum(f, axes) }"""
    found = proof(text, {"a[0]": [0]}, pruned(text, {"a[0]": [0]}))
    assert found.status == "skipped"
    assert "ReduceSum 'y' sums over an axis whose length is open" in found.reason


def test_no_time_is_no_verdict() -> None:
    found = proof(NET, GONE, pruned(NET, GONE), max_seconds=0.0)
    assert found.status == "skipped"
    assert "takes more than the 0 s allowed" in found.reason


# ------------------------------------------------------------------------------------------------- bodies

BRANCH = """g (float[2,4] x, int64 rate) => (float[2,3] y)
<float[4,6] a, float[6,3] b, float[4,6] c, float[6,3] d, int64 known = {16000}>
{ fast = Equal(rate, known)
  y = If (fast) <then_branch = t () => (float[2,3] p) { h = MatMul(x, a) p = MatMul(h, b) },
                 else_branch = e () => (float[2,3] q) { i = MatMul(x, c) q = MatMul(i, d) }> }"""


@pytest.mark.parametrize("wrong", [{"a[1]": [2], "c[1]": [3]}, {"a[1]": [1], "c[1]": [2]}])
def test_both_branches_are_proved(wrong: dict[str, list[int]]) -> None:
    gone = {"a[1]": [1], "c[1]": [3]}
    file = pruned(BRANCH, gone)
    assert proof(BRANCH, gone, file).ok
    assert proof(BRANCH, wrong, file).status == "failed"


def test_a_branch_that_is_never_reached_is_undecided() -> None:
    text = BRANCH.replace(
        "fast = Equal(rate, known)", "r = Sub(rate, known) s = Mul(r, r) t = Neg(s) fast = Greater(t, known)"
    )
    gone = {"a[1]": [1], "c[1]": [3]}
    found = proof(text, gone, pruned(text, gone))
    assert found.status == "undecided"
    assert found.reason == "no input that was tried reaches MatMul 'p'"
    assert proof(text, {"c[1]": [3]}, pruned(text, {"c[1]": [3]})).ok


SHORT = BRANCH.replace("float[2,4] x", "float[2,n] x").replace("float[4,6] c", "float[2,6] c").replace("rate", "sr")


def test_a_branch_may_take_inputs_of_another_length() -> None:
    gone = {"a[1]": [1], "c[1]": [3]}
    file = pruned(SHORT, gone)
    found = proof(SHORT, gone, file, dims={"n": 4})
    assert found.ok, found
    assert proof(SHORT, {"a[1]": [1], "c[1]": [4]}, file, dims={"n": 4}).status == "failed"


# ------------------------------------------------------------------------------------------------- files


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A source and its pruning, each with its weights in a data file."""
    big = (
        NET.replace("[6,3,3,3]", "[6,30,3,3]")
        .replace("[1,3,8,8]", "[1,30,8,8]")
        .replace("[8,6,3,3]", "[80,6,3,3]")
        .replace("[5,8]", "[5,80]")
    )
    source, target = tmp_path / "source.onnx", tmp_path / "pruned.onnx"
    save(from_proto(build(big)), source, external=True)
    save(shrunk(big, {"a[0]": [0, 2, 5], "b[0]": list(range(1, 70))})[0], target, external=True)
    return source, target


def prove_files(source: Path, target: Path, units: list[int]) -> Proof:
    mask = {"a[0]": ~np.isin(np.arange(6), units), "b[0]": ~np.isin(np.arange(80), range(1, 70))}
    return prove(lambda: load(source), mask, target)


@pytest.mark.parametrize("copied", [False, True])
def test_weights_in_data_files(files: tuple[Path, Path], copied: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if copied:
        monkeypatch.setattr(opening, "COPIED_BYTES", 0)
    before = sorted(files[0].parent.iterdir())
    assert prove_files(*files, [0, 2, 5]).ok
    assert prove_files(*files, [0, 2, 4]).status == "failed"
    assert sorted(files[0].parent.iterdir()) == before


SQUASHED = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6,3] b>
{ h = MatMul(x, a) z = Relu(h) l = MatMul(z, b) y = Sigmoid(l) }"""


def test_a_pruned_model_that_lacks_a_tensor_inside_is_judged_by_the_others() -> None:
    file = onnx.load_from_string(pruned(SQUASHED, {"a[1]": [1]}))
    for node in file.graph.node:
        node.input[:] = ["renamed" if name == "l" else name for name in node.input]
        node.output[:] = ["renamed" if name == "l" else name for name in node.output]
    assert proof(SQUASHED, {"a[1]": [1]}, file.SerializeToString()).ok
    assert proof(SQUASHED, {"a[1]": [2]}, file.SerializeToString()).status == "failed"


def test_the_source_is_loaded_once_where_all_is_well() -> None:
    _, analysis = analysed(NET)
    calls = []

    def source() -> object:
        calls.append(1)
        return from_proto(build(NET))

    assert prove(source, masks_of(analysis, GONE), pruned(NET, GONE)).ok  # type: ignore[arg-type]
    assert len(calls) == 1


def test_weights_that_can_not_be_fed_stay_in_the_model() -> None:
    text = """g (float[2,4] x) => (float[] y) <bfloat16[4,300] a, float[300,3] b>
    { w = Cast <to = 1> (a) h = MatMul(x, w) y = MatMul(h, b) }"""
    gone = {"a[1]": list(range(100))}
    assert proof(text, gone, pruned(text, gone)).ok
    assert isinstance(analysed(text)[1].sites[0].tensor, gs.Constant)
