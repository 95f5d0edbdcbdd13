import pytest

from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec, Sizes, concrete_shapes


def shape(*dims, name="x", **options):
    return concrete_shapes([InputSpec(name, "float32", dims)], **options)[name]


@pytest.mark.parametrize(
    ("dims", "expected"),
    [
        ((2, 3), (2, 3)),
        ((), ()),
        ((0, 4), (0, 4)),
        (("batch", 5), (1, 5)),
        (("batch_size", "sequence_length"), (1, 16)),
        (("N", "T"), (1, 16)),
        ((None, None), (1, 16)),
        (("s0", "s1", 8), (1, 16, 8)),
        ((1, "n"), (1, 1)),
        (("batch", 8, "past_sequence_length", 64), (1, 8, 8, 64)),
        (("batch", "num_samples"), (1, 16_000)),
        (("batch-size", "seq-len"), (1, 16)),
    ],
)
def test_symbols_and_places(dims, expected):
    assert shape(*dims) == expected


@pytest.mark.parametrize(
    ("dims", "expected"),
    [
        (("b", 3, "h", "w"), (1, 3, 224, 224)),
        (("b", 1, "height", "width"), (1, 1, 64, 64)),
        ((None, 4, None, None), (1, 4, 64, 64)),
        ((None, None, None, 3), (1, 224, 224, 3)),
        ((None, None, None, 1), (1, 64, 64, 1)),
        ((None, None, None, None), (1, 3, 224, 224)),
        (("b", "channels", 32, 32), (1, 3, 32, 32)),
        ((1, 3, None, 3), (1, 3, 224, 3)),
    ],
)
def test_images(dims, expected):
    assert shape(*dims) == expected


def test_names_of_inputs():
    assert shape(None, None, name="audio_signal") == (1, 16_000)
    assert shape(None, 80, None, name="features") == (1, 80, 16)
    assert shape(None, 12, None, 64, name="past_key_values.0.key") == (1, 12, 8, 64)
    assert shape(2, None, 128, name="state") == (2, 1, 128)
    assert shape(2, None, 128, name="h0") == (2, 1, 128)
    assert shape(2, None, 128, name="features") == (2, 16, 128)
    assert shape(None, None, 128, name="encoder_hidden_states") == (1, 16, 128)
    sequences = shape("batch", "enc", 128, name="encoder_hidden_states", sizes=Sizes(batch=2, sequence=5))
    assert sequences == (2, 5, 128)


def test_a_symbol_has_one_value_everywhere():
    specs = [InputSpec("a", "float32", ("k", 3)), InputSpec("b", "float32", (5, 4, "k"))]
    assert concrete_shapes(specs) == {"a": (1, 3), "b": (5, 4, 1)}


@pytest.mark.parametrize(
    ("symbol", "length"),
    [
        ("past_sequence_length + 1", 9),
        ("past_sequence_length + sequence_length", 24),
        ("2*sequence_length", 32),
        ("sequence_length//3", 5),
        ("sequence_length/3 - 1", 4),
        ("sequence_length - 99", 1),
        ("sequence_length // 0", 16),
        ("elsewhere_past + 1", 9),
        ("total_sequence_length", 24),
    ],
)
def test_derived_lengths(symbol, length):
    specs = [
        InputSpec("mask", "int64", ("batch", symbol)),
        InputSpec("ids", "int64", ("batch", "sequence_length")),
        InputSpec("past", "float32", ("batch", 2, "past_sequence_length", 4)),
    ]
    assert concrete_shapes(specs)["mask"] == (1, length)


def test_a_total_without_a_past_is_the_sequence():
    assert shape("batch", "total_sequence_length") == (1, 16)


def test_given_lengths_go_first():
    assert shape("batch", "seq", dims={"batch": 4, "seq": 7}) == (4, 7)
    assert shape(None, None, dims={"x:1": 7}) == (1, 7)
    assert shape("batch", "2*seq", dims={"2*seq": 5}) == (1, 5)
    assert shape("batch", "seq", "seq + 1", dims={"seq": 5}) == (1, 5, 6)
    twins = [InputSpec("a", "float32", ("k", "t")), InputSpec("b", "float32", ("k", "t"))]
    assert concrete_shapes(twins, dims={"b:1": 3}) == {"a": (1, 3), "b": (1, 3)}


def test_sizes_set_the_guesses():
    sizes = Sizes(batch=2, sequence=5, past=0, image=48)
    assert shape("b", "seq", "past", sizes=sizes) == (2, 5, 0)
    assert shape("b", 3, "h", "w", sizes=sizes) == (2, 3, 48, 48)


def test_a_given_axis_that_is_not_there():
    with pytest.raises(InputError, match=r"no dynamic axis 'bath': its dynamic axes are batch, seq"):
        shape("batch", "seq", dims={"bath": 2})
    with pytest.raises(InputError, match="dynamic axes are none"):
        shape(1, dims={"batch": 2})
    with pytest.raises(InputError, match="'seq' must not be negative, but is -1"):
        shape("seq", dims={"seq": -1})
