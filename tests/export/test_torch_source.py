from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from onnxprune.errors import InputError
from onnxprune.export import load

Net = Callable[[str], str]


def test_factory_with_example_input(net: Net) -> None:
    source = load(net("perceptron"))
    assert {name: tuple(x.shape) for name, x in source.inputs.items()} == {"features": (2, 4)}
    assert source.outputs == ("output",)
    assert source.parameters == 4 * 6 + 6 + 6 * 3 + 3
    assert not source.module.training


def test_options_go_to_the_factory(net: Net) -> None:
    assert load(net("perceptron"), {"width": "10"}).parameters == 4 * 10 + 10 + 10 * 3 + 3


def test_class_and_instance_are_factories(net: Net) -> None:
    for name in ("Perceptron", "instance"):
        source = load(net(name), {"input": "5x4"})
        assert source.run(source.inputs)[0].shape == (5, 3)


def test_inputs_by_name_keep_the_factorys_order(net: Net) -> None:
    source = load(net("by_name"))
    a, b = source.inputs["a"], source.inputs["b"]
    difference = source.run(source.inputs)[2]
    assert list(source.inputs) == ["b", "a"]
    assert torch.equal(difference, a - b)


def test_nested_outputs_are_flattened_and_named(net: Net) -> None:
    assert load(net("Pair"), {"input": "2x3,2x3"}).outputs == ("output_0", "output_1_0", "output_1_1")


def test_output_called_like_an_input_is_renamed(net: Net) -> None:
    source = load(net("Encoder"), {"input": "2x5:int64"})
    assert source.outputs == ("embedding", "ids_out")
    assert source.inputs["ids"].dtype == torch.int64


def test_module_by_its_import_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_export_net.py").write_text("import torch\nmake = lambda: torch.nn.Linear(3, 2)\n")
    monkeypatch.chdir(tmp_path)
    assert load("torch:my_export_net:make", {"input": "1x3"}).parameters == 8


def test_same_seed_same_weights_and_the_callers_stream_is_untouched(net: Net) -> None:
    state = torch.get_rng_state()
    weights = [next(load(net("perceptron"), seed=seed).module.parameters()) for seed in (1, 1, 2)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("kind", ["safetensors", "pth", "wrapped", "parallel"])
def test_local_weights(net: Net, tmp_path: Path, kind: str) -> None:
    state = load(net("perceptron"), seed=7).module.module.state_dict()
    file = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pth")
    if kind == "safetensors":
        save_file(state, file)
    elif kind == "wrapped":
        torch.save({"state_dict": state, "epoch": 3}, file)
    else:
        prefix = "module." if kind == "parallel" else ""
        torch.save({prefix + key: tensor for key, tensor in state.items()}, file)
    loaded = load(net("perceptron"), {"weights": str(file)}).module.module.state_dict()
    assert all(torch.equal(loaded[key], state[key]) for key in state)


def test_weights_that_do_not_fit(net: Net, tmp_path: Path) -> None:
    state = load(net("perceptron")).module.module.state_dict()
    cases = {
        "lacks hidden.bias": {key: tensor for key, tensor in state.items() if key != "hidden.bias"},
        "has extra, which": {**state, "extra": torch.zeros(1)},
        "size mismatch": {**state, "out.bias": torch.zeros(9)},
        "hold a list": [1, 2],
    }
    for sentence, content in cases.items():
        torch.save(content, tmp_path / "w.pth")
        with pytest.raises(InputError, match=sentence):
            load(net("perceptron"), {"weights": str(tmp_path / "w.pth")})


def test_weights_that_are_not_there_or_damaged(net: Net, tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    with pytest.raises(InputError, match="isn't a file"):
        load(net("perceptron"), {"weights": str(file)})
    file.write_bytes(b"nonsense")
    with pytest.raises(InputError, match="can't be read"):
        load(net("perceptron"), {"weights": str(file)})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("perceptrn", r"has no perceptrn; did you mean perceptron"),
        ("Perceptron", "comes without example inputs"),
        ("number", "returned a int where an nn.Module was expected"),
        ("wrong_examples", "aren't all tensors"),
        ("broken", "failed: RuntimeError: the disk is full"),
    ],
)
def test_what_a_factory_can_do_wrong(net: Net, name: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load(net(name))


@pytest.mark.parametrize(
    ("name", "shape", "sentence"),
    [
        ("Perceptron", "2x5", r"doesn't run on its example inputs: RuntimeError: mat1 and mat2"),
        ("Silent", "2x5", "returns no tensor"),
    ],
)
def test_models_that_do_not_run(net: Net, name: str, shape: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load(net(name), {"input": shape})


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("torch:missing.py:f", r"there's no file missing\.py"),
        ("torch:no_such_package_x:f", "can't import no_such_package_x: ModuleNotFoundError"),
        ("torch:math", r"should read torch:package\.module:factory"),
        ("toch:math:pi", r"should be one of torch:\.\.\., .*; did you mean torch"),
        ("resnet50", "can't export 'resnet50'"),
    ],
)
def test_specs_that_name_nothing(spec: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load(spec)


def test_a_file_that_does_not_import(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text("def broken(:\n")
    with pytest.raises(InputError, match=r"can't import .*SyntaxError"):
        load(f"torch:{file}:broken")
