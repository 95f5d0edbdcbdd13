"""SparseMatMul in a file, held against what its dense form computes in ONNX Runtime."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from onnxprune.errors import InputError
from onnxprune.graph import ACTIVATIONS, from_bytes, pack, pack_groups, spell_out, to_proto
from onnxprune.runtime import run, session
from tests.runtime.plugin.models import close, cpu, noise, opened, packed_model, sparse

BLOCKS = [(64, 1), (32, 1), (16, 1), (8, 1), (4, 1), (8, 8), (1, 16), (1, 1)]


def spelled_out(model: bytes) -> bytes:
    dense = from_bytes(model)
    assert spell_out(dense) == 1
    return to_proto(dense).SerializeToString()


def agrees(model: bytes, **feeds: np.ndarray) -> bool:
    """Whether the operator and the standard nodes that stand for it compute the same."""
    found = run(session(model), feeds)["y"]
    return close(found, cpu(spelled_out(model), feeds)["y"])


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: "x".join(map(str, b)))
@pytest.mark.parametrize("m", [1, 7, 40])
def test_every_pattern(block, m):
    weight = sparse(100, 150, block)
    assert agrees(packed_model(pack(weight, block), bias=noise(150)), x=noise(m, 100))


@given_settings(max_examples=40)
@given(
    st.tuples(st.integers(1, 70), st.integers(1, 200), st.integers(1, 140)),
    st.sampled_from(BLOCKS),
    st.floats(0, 1),
    st.sampled_from(ACTIVATIONS),
    st.booleans(),
    st.booleans(),
    st.integers(0, 99),
)
def test_random_layers(sizes, block, kept, activation, biased, added, seed):
    m, k, n = sizes
    packed = pack(sparse(k, n, block, kept=kept, seed=seed), block)
    model = packed_model(packed, bias=noise(n) if biased else None, residual=added, activation=activation)
    feeds = {"x": noise(m, k, seed=seed)} | ({"residual": noise(m, n)} if added else {})
    assert agrees(model, **feeds)


@pytest.mark.parametrize(("kept", "of"), [(2, 4), (1, 4), (4, 8)])
@pytest.mark.parametrize("m", [1, 33])
def test_groups(kept, of, m):
    weight = sparse(64, 50, (1, 1), kept=1)
    places = np.argsort(np.abs(weight.T.reshape(50, -1, of)), axis=2)[:, :, : of - kept]
    grouped = weight.T.reshape(50, -1, of)
    np.put_along_axis(grouped, places, 0, axis=2)
    packed = pack_groups(grouped.reshape(50, 64).T, (kept, of))
    assert agrees(packed_model(packed, bias=noise(50), activation="silu"), x=noise(m, 64))


@pytest.mark.parametrize("shape", [(40,), (3, 40), (2, 3, 40), (2, 3, 4, 40), (0, 40), (2, 0, 40)])
def test_any_rank_and_no_rows(shape):
    assert agrees(packed_model(pack(sparse(40, 24), (8, 1)), rank=len(shape)), x=noise(*shape))


def test_one_session_takes_any_number_of_rows():
    weight = sparse(64, 96)
    loaded = session(packed_model(pack(weight, (16, 1))))
    for m in (1, 300, 5, 64):
        x = noise(m, 64, seed=m)
        assert close(run(loaded, {"x": x})["y"], x @ weight)


def test_weights_that_are_fed_are_packed_in_every_run():
    from onnx import ModelProto, helper

    proto = ModelProto.FromString(packed_model(pack(sparse(32, 32), (16, 1))))
    arrays = {t.name: t for t in proto.graph.initializer}
    proto.graph.input.extend(helper.make_tensor_value_info(t.name, t.data_type, None) for t in arrays.values())
    loaded = opened(proto.SerializeToString(), provider=False)
    for seed in (1, 2):
        weight, x = sparse(32, 32, seed=seed), noise(4, 32)
        packed = pack(weight, (16, 1))
        feeds = {f"layer.{part}": getattr(packed, part) for part in ("values", "index", "pointer")}
        assert close(run(loaded, {"x": x, **feeds})["y"], x @ weight)


def refusal(model: bytes) -> str:
    with pytest.raises(InputError) as caught:
        session(model)
    return str(caught.value)


def test_arrays_that_contradict_each_other_are_refused():
    good = pack(sparse(64, 64), (16, 1))
    late, far = good.index.copy(), good.pointer.copy()
    late[0], far[-1] = 64, len(late) + 9
    assert "SparseMatMul 'layer': " in refusal(packed_model(replace(good, index=late)))
    assert "runs out of the index" in refusal(packed_model(replace(good, pointer=far)))
    assert "the pointer needs 5 numbers" in refusal(packed_model(replace(good, pointer=good.pointer[:-1])))
    assert "but values of shape" in refusal(packed_model(replace(good, values=good.values[:-1])))
    assert "sizes must be between 1" in refusal(packed_model(replace(good, k=0)))
    assert "must be uint8, uint16 or int32" in refusal(packed_model(replace(good, index=good.index.astype(np.int64))))
    assert "isn't one number for each of 64" in refusal(packed_model(good, bias=noise(63)))


def test_what_does_not_fit_at_run_time_is_an_error_and_not_a_silent_second_try():
    loaded = session(packed_model(pack(sparse(64, 32), (16, 1)), residual=True))
    with pytest.raises(InputError, match=r"the residual of shape \[2, 32\] isn't of the output's shape \[3, 32\]"):
        run(loaded, {"x": noise(3, 64), "residual": noise(2, 32)})
    assert run(loaded, {"x": noise(2, 64), "residual": noise(2, 32)})["y"].shape == (2, 32)


def test_a_newer_format_is_refused():
    model = from_bytes(packed_model(pack(sparse(32, 32), (16, 1))))
    model.graph.nodes[0].attrs["version"] = 2
    assert "of version 2, which this plug-in doesn't know yet" in refusal(to_proto(model).SerializeToString())
