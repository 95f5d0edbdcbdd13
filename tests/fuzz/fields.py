"""Fields of a model made wrong: doubled, gone, of odd lengths, types and names, recursive, elsewhere."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import onnx
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper

from tests.fuzz.hunt import bodies

HUGE = (2**31 - 1, 2**31, 2**40, 2**62, 2**63 - 1)
ODD = (-(2**63), -(2**31), -7, -2, -1, 0, 1, 3, 1000, *HUGE)

# ------------------------------------------------------------------------------------------------- parts of a model


def _nodes(model: ModelProto) -> list[NodeProto]:
    return [n for g in bodies(model.graph) for n in g.node] + [n for f in model.functions for n in f.node]


def _attributes(model: ModelProto) -> list[AttributeProto]:
    return [a for n in _nodes(model) for a in n.attribute]


def _tensors(model: ModelProto) -> list[TensorProto]:
    stored = [t for g in bodies(model.graph) for t in g.initializer]
    return stored + [a.t for a in _attributes(model) if a.HasField("t")]


def _values(model: ModelProto) -> list[onnx.ValueInfoProto]:
    return [v for g in bodies(model.graph) for v in (*g.input, *g.output, *g.value_info)]


def _repeated(model: ModelProto) -> list[Any]:
    """Every list of messages that holds something."""
    lists: list[Any] = [model.opset_import, model.functions, model.metadata_props]
    for graph in bodies(model.graph):
        lists += [graph.node, graph.initializer, graph.input, graph.output, graph.value_info]
    lists += [n.attribute for n in _nodes(model)]
    return [entries for entries in lists if len(entries)]


def _names(model: ModelProto) -> list[str]:
    return (
        [name for n in _nodes(model) for name in (*n.input, *n.output)] + [t.name for t in _tensors(model)] + ["", "x"]
    )


# ------------------------------------------------------------------------------------------------- faults of fields

Fault = Callable[[ModelProto, random.Random], None]


def doubled(model: ModelProto, rng: random.Random) -> None:
    entries = rng.choice(_repeated(model))
    entries.add().CopyFrom(rng.choice(list(entries)))


def removed(model: ModelProto, rng: random.Random) -> None:
    entries = rng.choice(_repeated(model))
    del entries[rng.randrange(len(entries))]


def turned(model: ModelProto, rng: random.Random) -> None:
    """Entries change places: nodes are out of order then."""
    entries = rng.choice(_repeated(model))
    kept = [type(e)() for e in entries]
    for copy, entry in zip(kept, entries, strict=True):
        copy.CopyFrom(entry)
    rng.shuffle(kept)
    del entries[:]
    entries.extend(kept)


def odd_dims(model: ModelProto, rng: random.Random) -> None:
    tensor = rng.choice(_tensors(model))
    kind = rng.randrange(3)
    if kind == 0 and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(ODD)
    elif kind == 1:
        tensor.dims.append(rng.choice(ODD))
    elif tensor.dims:
        del tensor.dims[-1]


def odd_shape(model: ModelProto, rng: random.Random) -> None:
    shape = rng.choice(_values(model)).type.tensor_type.shape
    if not shape.dim or rng.random() < 0.2:
        shape.dim.add().dim_value = rng.choice(ODD)
    elif rng.random() < 0.2:
        shape.dim[0].dim_param = rng.choice(["", "n", "2", "a b", "\n", "n+1"])
    else:
        shape.dim[rng.randrange(len(shape.dim))].dim_value = rng.choice(ODD)


def other_type(model: ModelProto, rng: random.Random) -> None:
    kinds = (*TensorProto.DataType.values(), 99, -1)
    if rng.random() < 0.5:
        rng.choice(_tensors(model)).data_type = rng.choice(kinds)
    elif rng.random() < 0.8:
        rng.choice(_values(model)).type.tensor_type.elem_type = rng.choice(kinds)
    else:
        rng.choice(_values(model)).type.sequence_type.elem_type.tensor_type.elem_type = 1


def other_name(model: ModelProto, rng: random.Random) -> None:
    """An operand is read, or a result written, under another tensor's name: cycles, and results that exist twice."""
    node = rng.choice(_nodes(model))
    names = node.input if rng.random() < 0.6 and node.input else node.output
    if names:
        names[rng.randrange(len(names))] = rng.choice(_names(model))


def more_operands(model: ModelProto, rng: random.Random) -> None:
    node = rng.choice(_nodes(model))
    names = node.input if rng.random() < 0.6 else node.output
    if names and rng.random() < 0.5:
        del names[-1]
    else:
        names.append(rng.choice(_names(model)))


def other_op(model: ModelProto, rng: random.Random) -> None:
    node = rng.choice(_nodes(model))
    node.op_type = rng.choice([s.name for s in onnx.defs.get_all_schemas()])
    if rng.random() < 0.1:
        node.domain = rng.choice(["com.microsoft", "local", "ai.onnx", "", "ai.onnxprune.internal"])


def odd_attribute(model: ModelProto, rng: random.Random) -> None:
    attribute = rng.choice(_attributes(model))
    kind = rng.randrange(4)
    if kind == 0:
        attribute.i = rng.choice(ODD)
    elif kind == 1 and attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(ODD)
    elif kind == 2:
        attribute.type = rng.choice(AttributeProto.AttributeType.values())
    elif attribute.ints:
        del attribute.ints[-1]


def new_attribute(model: ModelProto, rng: random.Random) -> None:
    names = "axis axes group perm to keepdims pads strides kernel_shape num_outputs split blocksize value mode".split()
    value = rng.choice([rng.choice(ODD), [rng.choice(ODD)] * rng.randrange(5), "linear", 0.5])
    rng.choice(_nodes(model)).attribute.append(
        helper.make_attribute(rng.choice(names), value, attr_type=None or _type(value))
    )


def _type(value: object) -> int:
    kinds = {
        int: AttributeProto.INT,
        list: AttributeProto.INTS,
        str: AttributeProto.STRING,
        float: AttributeProto.FLOAT,
    }
    return int(kinds[type(value)])


def odd_numbers(model: ModelProto, rng: random.Random) -> None:
    """Stored integers, which are mostly lengths and indices, are far away."""
    tensors = [t for t in _tensors(model) if t.data_type == TensorProto.INT64 and t.raw_data]
    if not tensors:
        return
    tensor = rng.choice(tensors)
    at = rng.randrange(len(tensor.raw_data) // 8 or 1) * 8
    fresh = rng.choice(ODD).to_bytes(8, "little", signed=True)
    tensor.raw_data = tensor.raw_data[:at] + fresh + tensor.raw_data[at + 8 :]


def other_length(model: ModelProto, rng: random.Random) -> None:
    """More or fewer bytes than the shape says, or the numbers in another field."""
    tensor = rng.choice(_tensors(model))
    kind = rng.randrange(3)
    if kind == 0:
        tensor.raw_data = tensor.raw_data[: rng.randrange(len(tensor.raw_data) + 1)]
    elif kind == 1:
        tensor.raw_data += b"\x00" * rng.choice((1, 4, 1000))
    else:
        tensor.float_data.extend([1.0] * rng.randrange(1, 5))


def elsewhere(model: ModelProto, rng: random.Random) -> None:
    """A tensor whose numbers are said to be in another file."""
    tensor = rng.choice(_tensors(model))
    tensor.data_location = TensorProto.EXTERNAL
    if rng.random() < 0.7:
        tensor.raw_data = b""
    places = ("data.bin", "data.bin", "", ".", "..", "/etc/passwd", "../data.bin", "none.bin", "m.onnx", "a\0b", "/")
    fields = {
        "location": rng.choice(places),
        "offset": str(rng.choice((*ODD, 4, 63, 64, 65))),
        "length": str(rng.choice(ODD)),
    }
    for key in [*rng.sample(sorted(fields), rng.randint(1, 3)), "location"]:
        tensor.external_data.add(key=key, value=fields[key] if rng.random() < 0.9 else "odd")


def recursion(model: ModelProto, rng: random.Random) -> None:
    """A function that calls itself, a body within a body within a body, a name of an outer tensor that comes later."""
    if model.functions and rng.random() < 0.5:
        function = rng.choice(model.functions)
        called = rng.choice(model.functions)
        function.node.add(op_type=called.name, domain=called.domain, input=function.input, output=["deep"])
        return
    depth = rng.choice((1, 3, 12, 25))
    graph = helper.make_graph([], "b", [], [rng.choice(_values(model))])
    graph.node.add(op_type="Identity", input=[rng.choice(_names(model))], output=[graph.output[0].name])
    for _ in range(depth):
        outer = helper.make_graph([], "b", [], list(graph.output))
        branch = helper.make_attribute("then_branch", graph)
        outer.node.add(op_type="If", input=["c"], output=[v.name for v in graph.output], attribute=[branch])
        graph = outer
    model.graph.node.extend(graph.node)


def odd_header(model: ModelProto, rng: random.Random) -> None:
    kind = rng.randrange(4)
    if kind == 0:
        model.ir_version = rng.choice(ODD)
    elif kind == 1 and model.opset_import:
        model.opset_import[0].version = rng.choice((*ODD, *range(1, 25)))
    elif kind == 2:
        model.opset_import.add(
            domain=rng.choice(["", "ai.onnx", "com.microsoft", "x"]), version=rng.choice((0, 1, 9, 21))
        )
    else:
        model.graph.ClearField(rng.choice(["name", "input", "output", "initializer", "node"]))


def sparse(model: ModelProto, rng: random.Random) -> None:
    """A stored tensor becomes a sparse one, of odd indices."""
    graph = model.graph
    if not graph.initializer:
        return
    k = rng.randrange(len(graph.initializer))
    entry = graph.sparse_initializer.add()
    entry.values.CopyFrom(graph.initializer[k])
    entry.dims.extend(rng.choices(ODD, k=2))
    entry.indices.CopyFrom(helper.make_tensor("i", TensorProto.INT64, [2], rng.choices(ODD, k=2)))
    del graph.initializer[k]


FIELDS: list[Fault] = [
    doubled,
    removed,
    turned,
    odd_dims,
    odd_shape,
    other_type,
    other_name,
    more_operands,
    other_op,
    odd_attribute,
    new_attribute,
    odd_numbers,
    other_length,
    elsewhere,
    recursion,
    odd_header,
    sparse,
]
