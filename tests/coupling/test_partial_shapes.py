"""Shape inference knows less in real models: the analysis may then find less, but nothing that is wrong."""

import random
from pathlib import Path

import onnx_graphsurgeon as gs
import pytest

from onnxprune.coupling import Analysis, analyze
from onnxprune.graph import Model, finish, from_proto, graphs, index_bounds, normalize, to_proto
from onnxprune.rewrite import keep_of, mask_consumers
from onnxprune.runtime.verify import Proof, verify
from tests.coupling.cases import Case, cases, read
from tests.oracle import analysed, build, exact, pruned_bytes, random_masks

BLOCKS = list(read(Path(__file__).with_name("composed.txt").read_text()))
WAYS = ("no ranks", "no lengths", "some lengths")


def blurred(case: Case, way: str) -> tuple[Model, Analysis]:
    """The analysis of a normalised graph of whose computed tensors some shapes are forgotten."""
    model = normalize(from_proto(build(case.text, case.opset)))
    dice = random.Random(0)
    for tensor in (t for g in graphs(model) for node in g.nodes for t in node.outputs if t.shape is not None):
        tensor.shape = _blur(tensor, way, dice)
    return model, analyze(model.graph, model.opsets)


def _blur(tensor: gs.Tensor, way: str, dice: random.Random) -> list[object] | None:
    if way == "no ranks":
        return None
    return [None if way == "no lengths" or dice.random() < 0.4 else d for d in tensor.shape]


@pytest.mark.parametrize("way", WAYS)
def test_no_rule_stumbles(way: str) -> None:
    several = (*cases(), *BLOCKS) if way == "some lengths" else BLOCKS
    assert [str(defect) for case in several for defect in blurred(case, way)[1].defects] == []


@pytest.mark.parametrize(("way", "fewest"), [("no ranks", 5), ("no lengths", 12), ("some lengths", 20)])
def test_what_is_found_is_right(way: str, fewest: int) -> None:
    """`fewest`: in how many of the blocks something must be found all the same."""
    proofs = {block.op: proof for block in BLOCKS if (proof := _proof(block, way))}
    assert len(proofs) >= fewest
    assert {name: proof for name, proof in proofs.items() if not proof.ok} == {}


def _proof(block: Case, way: str) -> Proof | None:
    model, analysis = blurred(block, way)
    masks = random_masks(exact(analysis))
    if not masks:
        return None
    pruned = pruned_bytes(model, analysis, masks)
    model, analysis = blurred(block, way)
    mask_consumers(analysis, keep_of(analysis, masks))
    masked = to_proto(finish(model)).SerializeToString()
    return verify(masked, pruned, bounds=index_bounds(model.graph))


@pytest.mark.parametrize("case", cases(), ids=str)
def test_an_open_batch_costs_nothing(case: Case) -> None:
    proto = build(case.text, case.opset)
    for value in proto.graph.input:
        dims = value.type.tensor_type.shape.dim
        if dims and dims[0].dim_value == 2:
            dims[0].dim_param = "batch"
    for value in proto.graph.output:
        for dim in value.type.tensor_type.shape.dim:
            dim.Clear()
    groups = {g.id: g.size for g in exact(analysed(proto)[1])}
    assert groups == case.groups
