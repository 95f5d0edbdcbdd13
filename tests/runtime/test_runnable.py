import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec, runnable_inputs, session

EMBEDDING = "g (int64[b,s] ids) => (float[b,s] y) <float[2] w = {1, 2}> { y = Gather<axis = 0>(w, ids) }"


def grid(multiple):
    """A model that needs a sequence length that is a multiple of a number above 1."""
    return f"""g (float[b,seq] x) => (float[m,k] y) <int64[2] shape = {{-1, {multiple}}}> {{
        y = Reshape(x, shape)
    }}"""


def test_the_first_guess_if_it_runs(build):
    assert runnable_inputs(session(build(grid(8))))["x"].shape == (1, 16)


def test_other_lengths_are_tried(build, capfd):
    assert runnable_inputs(session(build(grid(32))))["x"].shape == (1, 32)
    assert runnable_inputs(session(build(grid(96))))["x"].shape == (1, 576)
    assert capfd.readouterr().err == ""


def test_a_small_embedding_table(build):
    ids = runnable_inputs(session(build(EMBEDDING)))["ids"]
    assert ids.shape == (1, 16)
    assert set(ids.ravel()) == {0, 1}


def test_bounds_and_dims_are_passed_on(build):
    ids = runnable_inputs(session(build(EMBEDDING)), dims={"s": 3}, bounds={"ids": 1}, attempts=1)["ids"]
    assert ids.tolist() == [[0, 0, 0]]


def test_specs_stand_in_for_the_session(build):
    fixed = [InputSpec("x", "float32", (2, 8))]
    assert runnable_inputs(session(build(grid(8))), specs=fixed)["x"].shape == (2, 8)


def test_the_seed_changes_the_values(build):
    loaded = session(build(grid(8)))
    one, same, other = (runnable_inputs(loaded, seed=seed)["x"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_no_length_runs(build):
    with pytest.raises(InputError, match=r"\(sizes tried: 6\): ONNX Runtime could not run .*Reshape"):
        runnable_inputs(session(build(grid(101))))
    with pytest.raises(InputError, match=r"sizes tried: 2"):
        runnable_inputs(session(build(grid(101))), attempts=2)


def test_what_cannot_vary_is_tried_once(build):
    text = """g (float[1,3] x) => (float[1,3] y) <float big = {1e6}, float[2] w = {1, 2}> {
        far = Mul(x, big)
        ids = Cast<to = 7>(far)
        y = Gather<axis = 0>(w, ids)
    }"""
    with pytest.raises(InputError, match=r"sizes tried: 1\)"):
        runnable_inputs(session(build(text)))
