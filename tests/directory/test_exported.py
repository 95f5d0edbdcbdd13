"""A model of transformers in three files: pruned under one target, and still one model."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from onnxprune.directory import DirectoryResult, optimize_directory
from onnxprune.pruning import Options, Target
from onnxprune.runtime import run, session

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
    pytest.skip("torch and transformers are not installed", allow_module_level=True)

if TYPE_CHECKING:
    from transformers import BartForConditionalGeneration

NAMES = ["encoder_model.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx"]
LENGTHS = {"sequence": 16, "steps": 16, "past": 16}
SENTENCE = [[5, 17, 3, 42, 8]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BartForConditionalGeneration]:
    from tests.directory.exported import bart

    folder = tmp_path_factory.mktemp("exported") / "bart"
    return folder, bart(folder)


@pytest.fixture(scope="module")
def pruned(model: tuple[Path, Any]) -> DirectoryResult:
    options = Options(target=Target("macs", 0.8), bench=False, data=LENGTHS)
    return optimize_directory(model[0], model[0].with_name("small"), options)


def generated(folder: Path, steps: int) -> np.ndarray:
    """Logits [words, vocabulary] of the most likely words, one after the other, through all three files."""
    encoder, decoder, past = (session(folder / name) for name in NAMES)
    hidden = run(encoder, {"input_ids": np.array(SENTENCE)})["last_hidden_state"]
    out = run(decoder, {"input_ids": np.array([[2]]), "encoder_hidden_states": hidden})
    cache: dict[str, np.ndarray] = {}
    found: list[np.ndarray] = []
    for _ in range(steps):
        found.append(out["logits"][0, -1])
        cache |= {name.replace("present", "past_key_values"): out[name] for name in out if name != "logits"}
        out = run(past, {"input_ids": found[-1].argmax(-1).reshape(1, 1), **cache})
    return np.array(found)


def test_all_files_meet_one_target(pruned: DirectoryResult) -> None:
    before, after = pruned.total("macs")
    assert pruned.met and 0.7 * before < after <= 0.8 * before
    assert [result.proof.status for result in pruned.results.values()] == ["proved"] * 3


def test_the_three_files_work_together(model: tuple[Path, Any], pruned: DirectoryResult) -> None:
    import torch

    dense, small = generated(model[0], 5), generated(pruned.output, 5)
    words = torch.tensor([[2, *dense[:-1].argmax(-1).tolist()]])
    with torch.no_grad():
        expected = model[1](input_ids=torch.tensor(SENTENCE), decoder_input_ids=words).logits[0].numpy()
    np.testing.assert_allclose(dense, expected, atol=1e-3)  # the files are what the model is
    assert np.isfinite(small).all() and small.shape == dense.shape and np.abs(small - dense).max() > 1e-2


def test_both_decoders_keep_the_same_units(pruned: DirectoryResult) -> None:
    """Whatever the exporter called them: weights of both files that were equal are equal still."""
    first, then = ({tuple(entry["kept"]) for entry in pruned.results[name].plan.groups} for name in NAMES[1:])
    assert first and first == then
    with_past, plan = (pruned.results[name].plan for name in NAMES[:0:-1])
    assert len(plan.groups) == len(with_past.groups)


def test_keys_and_values_keep_their_shape(model: tuple[Path, Any], pruned: DirectoryResult) -> None:
    for name in NAMES:
        dense, small = (_ports(session(folder / name)) for folder in (model[0], pruned.output))
        assert dense.keys() == small.keys()
        for port, shape in dense.items():  # a length that was open may be known now
            assert all(a == b or isinstance(a, str) for a, b in zip(shape, small[port], strict=True)), port


def _ports(opened: Any) -> dict[str, list[Any]]:
    return {port.name: port.shape for port in (*opened.get_inputs(), *opened.get_outputs())}
