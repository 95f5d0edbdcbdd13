import ast
import sys
from collections import Counter
from pathlib import Path

import onnx
import pytest
import torch

from onnxprune.export import load
from onnxprune.runtime import session
from tools import peer_environment
from tools.zoo import (
    derived,
    frameworks_list,
    lists,
    optimised,
    optimised_list,
    recurrent_list,
    simplified_list,
    transformers_list,
)
from tools.zoo.entry import Entry
from tools.zoo.transformers_architectures import ARCHITECTURES
from tools.zoo.transformers_nets import cached
from tools.zoo.transformers_small import small

LISTS = {
    transformers_list: ("transformers", 150),
    recurrent_list: ("recurrent", 35),
    optimised_list: ("optimised", 40),
    simplified_list: ("simplified", 10),
    frameworks_list: ("other frameworks", 15),
}


def operators(file: Path) -> set[str]:
    return {node.op_type for node in onnx.load(file).graph.node}


def named(entries: list[Entry], name: str) -> Entry:
    return next(entry for entry in entries if entry.name == name)


@pytest.fixture
def tagger(tmp_path: Path) -> Path:
    file = tmp_path / "tagger.onnx"
    named(recurrent_list.entries(), "rnn.lstm@torchscript").make(file)
    return file


def test_every_list_is_of_one_family_and_has_no_name_twice() -> None:
    every = [entry for module in LISTS for entry in module.entries()]
    assert max(Counter(entry.name for entry in every).values()) == 1
    assert not [entry.name for entry in every if set(entry.name) & set("/ *:")]
    for module, (family, count) in LISTS.items():
        assert {entry.family for entry in module.entries()} == {family}
        assert len(module.entries()) >= count


def test_what_is_derived_has_a_base() -> None:
    known = {entry.name for entry in lists.entries()}
    ways = [name.name.split(".", 2) for name in optimised_list.entries()]
    assert {base for _, _, base in ways} <= known | {"fused.hf.bert@torchscript"}
    assert "ort.fused.hf.bert@torchscript" in known
    assert set(simplified_list.BASES) <= known
    assert set(transformers_list.TORCHSCRIPT) | set(transformers_list.DYNAMIC) <= set(ARCHITECTURES)
    assert set(transformers_list.CACHED) <= set(ARCHITECTURES)


def test_small_sets_what_is_a_number_in_towers_too() -> None:
    options = small("bert", {"num_hidden_layers": 3, "vocab_size": None})
    assert (options["hidden_size"], options["num_hidden_layers"], options["initializer_range"]) == ("64", "3", "0.1")
    assert "vocab_size" not in options
    assert "num_key_value_heads" not in options
    towers = ast.literal_eval(small("clip", {"vision_config": {"patch_size": 8}})["vision_config"])
    assert (towers["patch_size"], towers["hidden_size"]) == (8, 64)
    # Lengths of lists belong together, so they are left to the caller.
    assert "hidden_sizes" not in small("segformer", {})


def test_a_cache_grows_by_the_new_tokens() -> None:
    torch.manual_seed(0)
    module, inputs = cached("llama")
    with torch.no_grad():
        outputs = module.eval()(**inputs)
    assert inputs["past.0.key"].shape == (1, 2, 6, 16)
    assert outputs["present.1.value"].shape == (1, 2, 8, 16)
    assert torch.equal(outputs["present.1.value"][:, :, :6], inputs["past.1.value"])


def test_networks_of_the_recurrent_list_run() -> None:
    for name, form in recurrent_list._FORMS.items():
        source = load(recurrent_list._LAYERS + form[0], form[1])
        assert all(torch.isfinite(output).all() for output in source.run(source.inputs)), name
    for name in recurrent_list._NETWORKS:
        source = load(recurrent_list._NETS + name)
        assert all(torch.isfinite(output).all() for output in source.run(source.inputs)), name


def test_ways_of_optimising(tagger: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    assert "LSTM" in operators(tagger)
    optimised.dynamically_quantised(tagger, out)
    assert {"DynamicQuantizeLSTM", "MatMulInteger"} <= operators(out)
    optimised.four_bits(tagger, out)
    assert "MatMulNBits" in operators(out)
    optimised.statically_quantised(tagger, out, "QDQ", per_channel=True)
    assert {"QuantizeLinear", "DequantizeLinear"} <= operators(out)
    optimised.halved(tagger, out)
    halves = {w.data_type for w in onnx.load(out).graph.initializer} & {onnx.TensorProto.FLOAT16}
    assert halves == {onnx.TensorProto.FLOAT16}
    optimised.saved(tagger, out, "extended")
    assert len(onnx.load(out).graph.node) < len(onnx.load(tagger).graph.node)
    with pytest.raises(ValueError, match="nothing of tagger was fused"):
        optimised.fused(tagger, out, "bert")


def test_a_base_is_exported_where_it_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    make = derived.derived("rnn.gru@torchscript", lambda a, b: optimised.saved(a, b, "extended"))
    make(tmp_path / "out.onnx")
    base = tmp_path / "coverage" / "rnn.gru@torchscript.onnx"
    made = base.stat().st_mtime_ns
    make(tmp_path / "out.onnx")
    assert base.stat().st_mtime_ns == made
    assert [value.name for value in session(tmp_path / "out.onnx").get_inputs()] == ["words"]


def test_a_tool_that_fails_says_so(tagger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # This interpreter has neither of them.
    monkeypatch.setattr(peer_environment, "interpreter", lambda: Path(sys.executable))
    monkeypatch.setattr(peer_environment, "environment", lambda name, steps: Path(sys.executable))
    with pytest.raises(ValueError, match="onnxsim failed: ModuleNotFoundError"):
        simplified_list.simplified(tagger, tmp_path / "out.onnx")
    with pytest.raises(ValueError, match="jax can't export gru: ModuleNotFoundError"):
        named(frameworks_list.entries(), "jax.gru").make(tmp_path / "out.onnx")


@pytest.mark.parametrize("kind", ["keras", "jax"])
def test_the_list_of_frameworks_names_networks_that_are_there(kind: str) -> None:
    program = Path(frameworks_list.__file__).with_name(f"{kind}_nets.py")
    tree = ast.parse(program.read_text())
    there = {node.name.lower() for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert set(frameworks_list._NETS[kind]) == there - {"vary", "main", "gelu", "positions"}
