import ml_dtypes
import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec, Sizes, common_specs, input_specs, random_inputs, run, session

TYPES = {
    "float": "float32",
    "double": "float64",
    "float16": "float16",
    "bfloat16": "bfloat16",
    "int8": "int8",
    "uint8": "uint8",
    "int16": "int16",
    "uint16": "uint16",
    "int32": "int32",
    "uint32": "uint32",
    "int64": "int64",
    "uint64": "uint64",
    "bool": "bool",
    "string": "str",
}


def draw(name, dtype, *shape, **options):
    return random_inputs([InputSpec(name, dtype, shape)], **options)[name]


@pytest.mark.parametrize(("onnx_type", "dtype"), TYPES.items())
@pytest.mark.parametrize("axes", ["", "[b]", "[b,4,5]"])
def test_every_type_of_tensor_runs(build, onnx_type, dtype, axes):
    loaded = session(build(f"g ({onnx_type}{axes} x) => ({onnx_type}{axes} y) {{ y = Identity(x) }}"))
    specs = input_specs(loaded)
    shape = {"": (), "[b]": ("b",), "[b,4,5]": ("b", 4, 5)}[axes]
    assert specs == [InputSpec("x", dtype, shape)]
    x = random_inputs(specs)["x"]
    y = run(loaded, {"x": x})["y"]
    assert y.shape == x.shape == tuple(1 if dim == "b" else dim for dim in shape)
    np.testing.assert_array_equal(y, x)


def test_floats_are_normal():
    x = draw("x", "float32", 100, 100)
    assert x.dtype == np.float32
    assert abs(x.mean()) < 0.05
    assert abs(x.std() - 1) < 0.05


@pytest.mark.parametrize("shape", [(2**31, 2), (2**62,), (2**40, 2**40)])
def test_an_input_that_no_memory_holds_is_refused(shape):
    with pytest.raises(InputError, match=r"the input 'x' of shape \[\d+.*\] is too large to make up"):
        draw("x", "float", *shape)


def test_bfloat16_values_are_representable():
    x = draw("x", "bfloat16", 100)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, x.astype(ml_dtypes.bfloat16).astype(np.float32))
    assert len(np.unique(x)) > 50


def test_integers_stay_below_their_bound():
    ids = draw("input_ids", "int64", 1, 1000)
    assert set(ids.ravel()) == set(range(100))
    assert draw("input_ids", "int64", 1, 1000, bounds={"input_ids": 7}).max() == 6
    assert draw("input_ids", "int64", 1, 1000, sizes=Sizes(bound=2)).max() == 1


def test_images_of_bytes_use_the_whole_range():
    assert draw("x", "uint8", 1, 3, 64, 64).max() == 255
    small = draw("x", "int8", 1, 3, 64, 64)
    assert (small.min(), small.max()) == (-128, 127)


@pytest.mark.parametrize(
    ("name", "dtype", "expected"),
    [
        ("attention_mask", "int64", [[1, 1, 1]]),
        ("attention_mask", "float32", [[1, 1, 1]]),
        ("mask", "bool", [[True, True, True]]),
        ("key_padding_mask", "bool", [[False, False, False]]),
        ("token_type_ids", "int32", [[0, 0, 0]]),
        ("position_ids", "int64", [[0, 1, 2]]),
        ("use_cache_branch", "bool", [[False, False, False]]),
        ("flag", "bool", [[True, True, True]]),
        ("text", "str", [["a", "a", "a"]]),
        ("iou_threshold", "float32", [[0.5, 0.5, 0.5]]),
        ("speed", "float32", [[1, 1, 1]]),
    ],
)
def test_names_say_what_values_make_sense(name, dtype, expected):
    assert draw(name, dtype, 1, 3).tolist() == expected


def test_a_sample_rate_is_one():
    assert draw("sr", "int64").item() == 16_000
    assert draw("position", "int64").item() == 0


def test_bounds_cap_named_values():
    assert draw("position_ids", "int64", 1, 4, bounds={"position_ids": 2}).tolist() == [[0, 1, 1, 1]]


def test_lengths_tell_the_length_of_what_runs():
    specs = [
        InputSpec("features", "float32", ("b", 80, "time")),
        InputSpec("feature_lengths", "int64", ("b",)),
    ]
    assert random_inputs(specs, dims={"time": 37})["feature_lengths"].tolist() == [37]
    assert draw("x_length", "int64", 1).tolist() == [16]


def test_draws_depend_on_seed_and_name_only():
    one, two = InputSpec("a", "float32", (4,)), InputSpec("b", "float32", (4,))
    both = random_inputs([one, two], seed=3)
    assert both["a"].tolist() == random_inputs([two, one], seed=3)["a"].tolist()
    assert both["a"].tolist() != both["b"].tolist()
    assert both["a"].tolist() != random_inputs([one], seed=4)["a"].tolist()


@pytest.mark.parametrize("kind", ["seq(float[2])", "optional(float[2])"])
def test_inputs_that_are_no_tensors(build, kind):
    loaded = session(build(f"g ({kind} x) => ({kind} y) {{ y = Identity(x) }}"))
    with pytest.raises(InputError, match=r"the input 'x' is a (seq|optional)\(tensor\(float\)\)"):
        input_specs(loaded)


def test_axes_without_a_name(build):
    loaded = session(build('g (float[?, 3] x, float["?"] y) => (float[?, 3] z) { z = Identity(x) }'))
    assert [spec.shape for spec in input_specs(loaded)] == [(None, 3), (None,)]


def test_common_specs_take_the_fixed_length():
    dynamic = [InputSpec("x", "float32", ("b", None, 4))]
    fixed = [InputSpec("x", "float32", (2, 8, 4))]
    assert common_specs([("a", dynamic), ("b", fixed)]) == fixed
    assert common_specs([("b", fixed), ("a", dynamic)]) == fixed


def test_common_specs_name_what_differs():
    x, y = InputSpec("x", "float32", ("b", 4)), InputSpec("y", "float32", ("b", 4))
    with pytest.raises(InputError, match=r"one has an input 'y' that two lacks"):
        common_specs([("one", [x, y]), ("two", [x])])
    with pytest.raises(InputError, match=r"two has an input 'y' that one lacks"):
        common_specs([("one", [x]), ("two", [x, y])])
    for other in (
        InputSpec("x", "float16", ("b", 4)),
        InputSpec("x", "float32", ("b", 5)),
        InputSpec("x", "float32", ("b",)),
    ):
        with pytest.raises(InputError, match=r"'x' differs between one and two: float32\['b', 4\] against"):
            common_specs([("one", [x]), ("two", [other])])
