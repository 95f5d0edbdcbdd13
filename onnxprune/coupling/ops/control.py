"""If, Loop and Scan: what goes into a body and what comes out shares its terms with the outer tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_graphsurgeon as gs

from onnxprune.coupling.binding import Axes
from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.rule import Fenced
from onnxprune.coupling.structural import structure
from onnxprune.coupling.terms import Term, atom

if TYPE_CHECKING:
    from onnxprune.coupling.walker import Walker


@structure("If")
def if_(walker: Walker, node: gs.Node) -> None:
    """Both branches make the same outputs; where they differ in rank, those of the only branch that can run."""
    walker.lock(node.inputs[0], "a condition")
    made: list[list[Axes | None]] = []
    for branch in ("then_branch", "else_branch"):
        body = node.attrs[branch]
        walker.graph(body)
        made.append([walker.get(t) for t in body.outputs])
    live = getattr(node, "live", "")
    for tensor, one, other in zip(node.outputs, *made, strict=True):
        if live and (one is None or other is None or len(one) != len(other)):
            walker.set(tensor, one if live == "then_branch" else other)
        else:
            walker.set(tensor, _same(walker, tensor, one, other))


def _same(walker: Walker, tensor: gs.Tensor, one: Axes | None, other: Axes | None) -> Axes | None:
    """One set of terms for two tensors of the same shape; locked where their ranks or lengths differ."""
    if one is not None and other is not None and len(one) == len(other):
        return tuple(_one(walker, a, b) for a, b in zip(one, other, strict=True))
    for term in (*(one or ()), *(other or ())):
        walker.solver.lock(term, "branches of different rank")
    return walker.opaque(tensor, "branches of different rank")


def _one(walker: Walker, a: Term, b: Term) -> Term:
    walker.solver.unify(a, b)
    if a.size == b.size:
        return a
    either = atom(None)
    walker.solver.lock(either, "of one length or another")
    return either


@structure("Loop")
def loop(walker: Walker, node: gs.Node) -> None:
    """Carried values keep their terms from one iteration to the next; scanned outputs get a new major axis."""
    body = node.attrs["body"]
    carried = len(node.inputs) - 2
    for tensor in body.inputs[:2]:
        walker.set(tensor, walker.opaque(tensor, "counted by Loop"))
    for outer, inner in zip(node.inputs[2:], body.inputs[2:], strict=True):
        walker.set(inner, walker.get(outer), final=False)
    walker.graph(body)
    walker.lock(body.outputs[0], "a condition")
    _carry(walker, node, body, carried, first=1)
    for tensor, inner in zip(node.outputs[carried:], body.outputs[1 + carried :], strict=True):
        walker.set(tensor, _stacked(walker, tensor, walker.get(inner), 0))


def _carry(walker: Walker, node: gs.Node, body: gs.Graph, carried: int, first: int) -> None:
    offset = len(body.inputs) - carried if first else 0
    for k in range(carried):
        start, end = walker.get(body.inputs[offset + k]), walker.get(body.outputs[first + k])
        walker.set(node.outputs[k], _same(walker, node.outputs[k], start, end))


def _stacked(walker: Walker, tensor: gs.Tensor, inner: Axes | None, axis: int) -> Axes | None:
    shape = tensor.shape
    if inner is None or (shape is not None and len(shape) != len(inner) + 1):
        return walker.opaque(tensor, Reason("scanned output of unknown rank", Ground.RANK))
    count = walker.opaque(gs.Variable("", shape=[shape[axis] if shape else None]), "iterations") or ()
    return (*inner[:axis], *count, *inner[axis:])


@structure("Scan")
def scan(walker: Walker, node: gs.Node) -> None:
    """State is carried; scanned inputs lose an axis on the way in and get one back on the way out."""
    if walker.opset("") < 9:
        raise Fenced("Scan before opset 9 has a batch axis of its own")
    body = node.attrs["body"]
    scanned = int(node.attrs["num_scan_inputs"])
    states = len(node.inputs) - scanned
    for outer, inner in zip(node.inputs[:states], body.inputs[:states], strict=True):
        walker.set(inner, walker.get(outer), final=False)
    axes_in = node.attrs.get("scan_input_axes", [0] * scanned)
    for outer, inner, axis in zip(node.inputs[states:], body.inputs[states:], axes_in, strict=True):
        walker.set(inner, _unstacked(walker, outer, axis))
    walker.graph(body)
    _carry(walker, node, body, states, first=0)
    made = node.outputs[states:]
    axes_out = node.attrs.get("scan_output_axes", [0] * len(made))
    for tensor, inner, axis in zip(made, body.outputs[states:], axes_out, strict=True):
        terms = walker.get(inner)
        walker.set(tensor, _stacked(walker, tensor, terms, axis % (len(terms or ()) + 1)))


def _unstacked(walker: Walker, tensor: gs.Tensor, axis: int) -> Axes | None:
    terms = walker.get(tensor)
    if terms is None:
        return None
    axis %= len(terms)
    walker.solver.lock(terms[axis], "scanned along")
    return terms[:axis] + terms[axis + 1 :]
