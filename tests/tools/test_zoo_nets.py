"""The networks that the zoo writes itself: shapes, and what makes each of them worth a graph."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import onnx
import pytest
import torch

from tools.zoo import dense_diffusion, dense_nets, dense_upscale, detection_list, detectors, yolo_nets
from tools.zoo.dense_list import NETS
from tools.zoo.made import from_spec, in_variants

CASES = [
    (module, name)
    for module in (dense_diffusion, dense_nets, dense_upscale, detectors, yolo_nets)
    for name in module.NAMES
]


@pytest.mark.parametrize(("module", "name"), CASES, ids=[name for _, name in CASES])
def test_a_network_gives_finite_numbers_that_depend_on_all_its_inputs(module: ModuleType, name: str) -> None:
    torch.manual_seed(0)
    net, examples = module.net(name)
    inputs = [x.requires_grad_() for x in ((examples,) if isinstance(examples, torch.Tensor) else examples)]
    outputs = net.eval()(*inputs)
    flat = [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)
    assert all(torch.isfinite(y).all() and y.shape[0] == 1 for y in flat)
    sum(y.sum() for y in flat).backward()
    assert all(x.grad is not None and x.grad.abs().sum() > 0 for x in inputs)


def test_lists_name_what_there_is() -> None:
    assert {n for names in NETS.values() for n in names.split()} == {n for m, n in CASES if "dense" in m.__name__}
    for place, (names, both) in detection_list.NETS.items():
        assert names.split() == list(import_module(place).NAMES)
        assert both <= set(names.split())


def test_upscalers_upscale() -> None:
    for name, factor in {"edsr": 2, "espcn": 3, "srcnn": 2, "dncnn": 1}.items():
        net, x = dense_upscale.net(name)
        assert net.eval()(x).shape == (1, 3, factor * x.shape[2], factor * x.shape[3])


def test_variants_are_entries_of_their_own(tmp_path: Path) -> None:
    spec, options = "torch:tools.zoo.dense_upscale:net", {"name": "espcn"}
    entries = in_variants("dense.espcn", "dense prediction", spec, options, ("", "torchscript"))
    assert [entry.name for entry in entries] == ["dense.espcn", "dense.espcn@torchscript"]
    file = tmp_path / "x.onnx"
    entries[1].make(file)
    assert onnx.load(file).graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1
    from_spec(spec, options, exporter="torchscript", dynamic=True)(file)
    assert onnx.load(file).graph.input[0].type.tensor_type.shape.dim[0].dim_param
