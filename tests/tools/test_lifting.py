"""Judging converters: weights found again, outcomes, rows that are kept, the page."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from tools.forked import Limits
from tools.lifting import __main__ as command
from tools.lifting import contestants, page, survey
from tools.lifting.contestants import CONTESTANTS, Contestant, Lifted
from tools.lifting.reference import noise, reference
from tools.lifting.trial import AGREES, DIFFERS, UNCONVERTED, UNRUN, trial
from tools.lifting.weights import kept, mark, reached
from tools.zoo.entry import Entry


class Layer(torch.nn.Module):
    """y = x W, with W as a parameter, or as a buffer that no gradient reaches."""

    def __init__(self, file: Path, wrong: float = 0.0, *, bare: bool = False) -> None:
        super().__init__()
        w = torch.from_numpy(numpy_helper.to_array(onnx.load(file).graph.initializer[0]).copy()) + wrong
        self.bare = bare
        self.register_buffer("weight", w) if bare else self.register_parameter("w", torch.nn.Parameter(w.T))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ (self.weight.detach() if self.bare else self.w.T)


def _broken(file: Path) -> Lifted:
    raise KeyError(file.name)


def _lifted(module: torch.nn.Module) -> Lifted:
    return Lifted(module, lambda feeds: {"y": module(feeds["x"])})


def _unrun(file: Path) -> Lifted:
    return Lifted(Layer(file), lambda feeds: {"y": feeds["z"]})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    text = '<ir_version: 9, opset_import: ["" : 18]> g (float[n, 4] x) => (float[n, 3] y) { y = MatMul (x, w) }'
    model = onnx.parser.parse_model(text)
    weights = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weights, "w"))
    onnx.save(model, tmp_path / "net.onnx")
    return tmp_path / "net.onnx"


TRIALS: Mapping[str, tuple[Callable[[Path], Lifted], dict[str, Any]]] = {
    "right": (lambda file: _lifted(Layer(file)), {"outcome": AGREES, "gradients": 1.0}),
    "bare": (lambda file: _lifted(Layer(file, bare=True)), {"outcome": AGREES, "gradients": 0.0}),
    "wrong": (lambda file: _lifted(Layer(file, 0.1)), {"outcome": DIFFERS}),
    "unrun": (_unrun, {"outcome": UNRUN, "reason": "KeyError: 'z'"}),
    "broken": (_broken, {"outcome": UNCONVERTED, "reason": "KeyError: 'net.onnx'"}),
}


@pytest.mark.parametrize("name", TRIALS)
def test_what_a_trial_comes_to(name: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    convert, expected = TRIALS[name]
    monkeypatch.setattr(contestants, "CONTESTANTS", {})
    monkeypatch.setattr("tools.lifting.trial.CONTESTANTS", {name: Contestant(convert)})
    row = trial(name, file, reference(file, {"n": 2}))
    assert row | expected == row
    kinds = {"right": (1.0, 0.0, 1.0), "bare": (0.0, 1.0, 0.0)}
    if name in kinds:
        assert tuple(row["weights"][key] for key in ("parameters", "buffers", "named")) == kinds[name]


def test_the_reference(file: Path) -> None:
    known = reference(file, {"n": 5})
    (feeds, outputs), (others, _) = known.draws
    assert feeds["x"].shape == (5, 4)
    assert not np.array_equal(feeds["x"], others["x"])
    w = numpy_helper.to_array(onnx.load(file).graph.initializer[0])
    np.testing.assert_allclose(outputs["y"], feeds["x"] @ w, rtol=1e-5, atol=1e-6)
    assert known.tolerance == 1e-4
    assert [(weight.name, weight.size) for weight in known.weights] == [("w", 12)]
    assert 0 < noise(file, known) < 1e-5  # a last bit is 1.2e-7 of a number


def test_a_mark_is_that_of_the_numbers_wherever_they_lie() -> None:
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert mark(a) == mark(a.T) == mark(a.astype(np.float64)) == mark(a.reshape(6))
    assert mark(a) != mark(a + 1)
    assert mark(np.ones(2))[1:] == (2 * 0x3F800000, 2 * 0x3F800000**2)  # the bits of 1.0


def test_what_gradients_reach(file: Path) -> None:
    weights, x = reference(file, {}).weights, torch.ones(2, 4)
    one, other, bare = Layer(file), Layer(file), Layer(file, bare=True)
    assert reached(weights, one, lambda: one(x).sum()) == {"gradients": 1.0, "copies": 0}
    both = torch.nn.ModuleList([one, other])
    assert reached(weights, both, lambda: (one(x) + other(x)).sum()) == {"gradients": 1.0, "copies": 1}
    assert reached(weights, bare, lambda: None) == {"gradients": 0.0, "copies": 0}
    twins = [*weights, replace(weights[0], name="mean", trained=False)]  # equal numbers can't be told apart
    assert reached(twins, other, lambda: total if (total := other(x).sum()).requires_grad else None)["gradients"] == 0.0
    still = [replace(weight, trained=False) for weight in weights]
    assert reached(still, Layer(file), lambda: None) == {"gradients": 0.0, "copies": 0}
    assert kept(weights, torch.nn.Linear(4, 3)) == {"parameters": 0, "buffers": 0, "named": 0}


def test_rows_are_kept_and_shown(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def here(_: str, limits: Limits, work: Callable[..., Any], *arguments: object) -> Any:
        return work(*arguments)

    made = []

    def tried(name: str, *_: object) -> dict[str, Any]:
        made.append(name)
        reason = "NotImplementedError: (operation_type='LSTM', version=14)"
        return {"outcome": UNCONVERTED, "reason": reason} if name == "onnx2torch" else found

    found = {"outcome": AGREES, "error": 0.0, "gradients": 0.5, "copies": 1}
    found["weights"] = {"parameters": 0.25, "buffers": 0.75, "named": 1.0}
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    monkeypatch.setattr(survey, "in_fork", here)
    monkeypatch.setattr(survey, "trial", tried)
    monkeypatch.setattr(survey, "file_of", lambda _: file)
    monkeypatch.setattr(Contestant, "ready", lambda _: True)
    monkeypatch.setattr(command, "chosen", lambda *_: [Entry("test.net", "recurrent", lambda _: None)])
    monkeypatch.setattr(page, "entries", lambda: [Entry("test.net", "recurrent", lambda _: None)])
    monkeypatch.setattr(command.page, "write", lambda write=page.write: write(tmp_path / "lifting.md"))
    assert command.main([]) == command.main([]) == 0
    assert made == list(CONTESTANTS)
    text = (tmp_path / "lifting.md").read_text()
    assert "| recurrent |      1 |     1 / 1 |      0 / 0 |" in text
    assert "| cannot convert: no converter for LSTM |      1 |" in text
    assert "| gradients      |       50% |          - |" in text
    assert command.main(["--tool", "onnx2fx", "--fresh"]) == 0
    assert made[-1] == "onnx2fx"
    assert len(made) == len(CONTESTANTS) + 1


def test_an_empty_choice(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "nothing"]) == 2
    assert "no graph is named nothing" in capsys.readouterr().err


def test_reasons_without_what_is_one_graphs_own() -> None:
    assert page.plain("KeyError: 'Tensor \"/a/b\" is not found'") == page.plain(
        "KeyError: 'Tensor \"/c/d\" is not found'"
    )
    assert page.plain("2e-04 of the largest magnitude") == "N of the largest magnitude"
