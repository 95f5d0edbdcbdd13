"""Models that ONNX Runtime laid out for the processor at hand, loaded as what they were."""

from pathlib import Path

import pytest

from onnxprune.errors import InputError
from onnxprune.graph import has_blocks, load
from onnxprune.runtime import PlainFile, plain
from onnxprune.runtime.plain import block_size
from onnxprune.runtime.verify import Proof, verify
from tests.graph.helpers import laid_out, model, noise, ops, with_weights

TEXT = """g (float[1,3,9,9] x) => (float[i,j,k,l] y)
{ h = Conv (x, a) r = Relu (h) k = Conv <pads = [1,1,1,1]> (r, b, q) s = Add (k, r) t = Relu (s) y = Conv (t, c) }"""


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    if not block_size():
        pytest.skip("ONNX Runtime lays nothing out in blocks of channels on this processor")
    weights = {"a": noise(32, 3, 1, 1), "b": noise(32, 32, 3, 3), "q": noise(32), "c": noise(64, 32, 1, 1)}
    return laid_out(with_weights(model(TEXT), **weights), tmp_path)


def test_blocks_are_of_8_or_16() -> None:
    assert block_size() in (0, 8, 16)


def test_the_plain_model_was_held_against_the_file(blocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_blocks(load(blocked))
    calls: list[Path] = []
    monkeypatch.setattr(plain, "verify", lambda path, other, **_: calls.append(path) or verify(path, other))
    file = PlainFile(blocked)
    for _ in range(2):
        assert ops(file.load()) == ["Conv", "Relu", "Conv", "Add", "Relu", "Conv"]
    assert calls == [blocked] and file.found is not None and file.found.ok


def test_a_wrong_size_of_blocks_is_refused(blocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "block_size", lambda: 24 - block_size())
    with pytest.raises(InputError, match=r"laid_out\.onnx: its weights are laid out .* changes what it computes here"):
        PlainFile(blocked).load()


@pytest.mark.parametrize("status", ["skipped", "undecided"])
def test_what_is_not_proved_stays_as_it_is(blocked: Path, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "verify", lambda *_, **__: Proof(status))
    file = PlainFile(blocked)
    assert has_blocks(file.load()) and has_blocks(file.load())


def test_what_cannot_be_run_stays_as_it_is(blocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Proof:
        raise InputError("the model runs on no random inputs")

    monkeypatch.setattr(plain, "verify", refuse)
    assert has_blocks(PlainFile(blocked).load())


def test_a_processor_without_blocks_leaves_the_model_alone(blocked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "block_size", lambda: 0)
    assert has_blocks(PlainFile(blocked).load())


def test_a_model_without_blocks_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plain.onnx"
    path.write_bytes(model("g (float[2] x) => (float[2] y) { y = Relu (x) }").SerializeToString())
    monkeypatch.setattr(plain, "block_size", lambda: pytest.fail("asked"))
    assert len(PlainFile(path).load().graph.nodes) == 1
    with pytest.raises(InputError, match="no such file"):
        PlainFile(tmp_path / "missing.onnx").load()
