"""Chains that exporters spell out, and the functions of torch that stand for them."""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.fusion import Chain, Pattern, Web
from onnxprune.lift.heads import whole
from onnxprune.lift.operator import Call
from onnxprune.lift.program import ABSENT, Step

NEAR = 1e-4


def _is(value: float | None, number: float) -> bool:
    return value is not None and abs(value - number) < NEAR


# ------------------------------------------------------------------------------------------------- activations


def gelu(web: Web, step: Step) -> Chain | None:
    """x / 2 (1 + erf(x / sqrt 2)), the factors in any order."""
    if step.call.op != "Erf" or not web.is_inner(step.reads[0]):
        return None
    start = web.maker(step.reads[0], "Mul", "Div")
    source = web.scaled(start)
    if start is None or source is None or not _is(source[1], math.sqrt(0.5)):
        return None
    end = _halved(web, step, source[0])
    return None if end is None else Chain([start, step, *end], partial(_gelu, "none"), (source[0],))


def gelu_by_tanh(web: Web, step: Step) -> Chain | None:
    """x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    if step.call.op != "Tanh" or not web.is_inner(step.reads[0]):
        return None
    outer = web.maker(step.reads[0], "Mul", "Div")
    sum_ = web.scaled(outer)
    added = None if sum_ is None or not web.is_inner(sum_[0]) else web.maker(sum_[0], "Add")
    if outer is None or sum_ is None or added is None or not _is(sum_[1], math.sqrt(2 / math.pi)):
        return None
    for x, term in (added.reads, added.reads[::-1]):
        inner = web.maker(term, "Mul", "Div") if web.is_inner(term) else None
        cube = web.scaled(inner)
        power = None if cube is None or not web.is_inner(cube[0]) else web.maker(cube[0], "Pow")
        if inner is None or cube is None or power is None or not _is(cube[1], 0.044715):
            continue
        end = _halved(web, step, x)
        if power.reads[0] == x and _is(web.number(power.reads[1]), 3.0) and end is not None:
            return Chain([power, inner, added, outer, step, *end], partial(_gelu, "tanh"), (x,))
    return None


def _halved(web: Web, step: Step, x: int) -> list[Step] | None:
    """The steps from f to x / 2 (1 + f)."""
    sum_ = web.next(step, "Add")
    if sum_ is None or not _is(web.number(web.other(sum_, step.writes[0])), 1.0):
        return None
    product = web.next(sum_, "Mul")
    if product is None:
        return None
    other = web.other(product, sum_.writes[0])
    half = web.maker(other, "Mul", "Div") if web.is_inner(other) else None
    scaled = web.scaled(half)
    if half is not None and scaled is not None and scaled[0] == x and _is(scaled[1], 0.5):
        return [sum_, half, product]
    last = web.next(product, "Mul", "Div")
    if last is None:
        return None
    if other == x:
        scaled = web.scaled(last)
        return [sum_, product, last] if scaled is not None and _is(scaled[1], 0.5) else None
    both = _is(web.number(other), 0.5) and last.call.op == "Mul" and x in last.reads
    return [sum_, product, last] if both else None


def _gelu(how: str, _: Call, x: Tensor) -> Tensor:
    return F.gelu(x, approximate=how)


def silu(web: Web, step: Step) -> Chain | None:
    """x sigmoid(x)."""
    product = web.next(step, "Mul") if step.call.op == "Sigmoid" else None
    if product is None or web.other(product, step.writes[0]) != step.reads[0]:
        return None
    return Chain([step, product], _silu, (step.reads[0],))


def _silu(_: Call, x: Tensor) -> Tensor:
    return F.silu(x)


# ------------------------------------------------------------------------------------------------- layers


def linear(web: Web, step: Step) -> Chain | None:
    """A product with a stored matrix, and a stored bias."""
    if step.call.op != "MatMul" or web.rank(step.reads[1]) != 2:
        return None
    sum_ = web.next(step, "Add")
    bias = ABSENT if sum_ is None else web.other(sum_, step.writes[0])
    if sum_ is None or web.rank(bias) != 1 or web.stored[bias].shape[0] != web.stored[step.reads[1]].shape[1]:
        return None
    return Chain([step, sum_], _linear, (*step.reads, bias))


def _linear(_: Call, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    if x.dim() < 2:
        return x @ weight + bias
    return torch.addmm(bias, x.reshape(-1, x.shape[-1]), weight).reshape(*x.shape[:-1], -1)


def layer_norm(web: Web, step: Step) -> Chain | None:
    """(x - mean) / sqrt(mean of squares + epsilon), times a scale, plus a bias."""
    if step.call.op != "Sqrt" or not web.is_inner(step.reads[0]):
        return None
    added, end = web.maker(step.reads[0], "Add"), web.next(step, "Div")
    sides = [] if added is None else [(a, b) for a, b in (added.reads, added.reads[::-1]) if web.number(b) is not None]
    if added is None or end is None or not sides or not web.is_inner(sides[0][0]):
        return None
    variance = web.maker(sides[0][0], "ReduceMean")
    square = (
        None if variance is None or not web.is_inner(variance.reads[0]) else web.maker(variance.reads[0], "Pow", "Mul")
    )
    if variance is None or square is None or not _is_square(web, square):
        return None
    centred = web.maker(square.reads[0], "Sub")
    mean = None if centred is None else web.maker(centred.reads[1], "ReduceMean")
    if centred is None or mean is None or mean.reads[0] != centred.reads[0] or end.reads[0] != centred.writes[0]:
        return None
    readers = {id(reader) for reader in web.readers(centred.writes[0])}
    if readers != {id(square), id(end)} or not web.is_inner(mean.writes[0]):
        return None
    axis = _axis(mean)
    if axis is None or _axis(variance) != axis:
        return None
    return _with_scale(web, [mean, centred, square, variance, added, step, end], axis, web.number(sides[0][1]) or 0.0)


def _is_square(web: Web, step: Step) -> bool:
    return step.reads[0] == step.reads[1] if step.call.op == "Mul" else _is(web.number(step.reads[1]), 2.0)


def _axis(step: Step) -> int | None:
    """The only axis of a reduction that keeps it."""
    axes = step.call.ints("axes", step.fixed.get(1))
    return axes[0] if axes is not None and len(axes) == 1 and step.call.attr("keepdims", 1) else None


def _with_scale(web: Web, steps: list[Step], axis: int, epsilon: float) -> Chain:
    reads, x = [ABSENT, ABSENT], steps[0].reads[0]
    for place, op in enumerate(("Mul", "Add")):
        after = web.next(steps[-1], op)
        stored = ABSENT if after is None else web.other(after, steps[-1].writes[0])
        if after is None or web.rank(stored) != 1 or web.stored[stored].shape[0] == 1:
            break
        reads[place] = stored
        steps.append(after)
    return Chain(steps, partial(_layer_norm, axis, epsilon), (x, *reads))


def _layer_norm(axis: int, epsilon: float, _: Call, x: Tensor, scale: Tensor | None, bias: Tensor | None) -> Tensor:
    if axis % x.dim() == x.dim() - 1:
        return F.layer_norm(x, x.shape[-1:], scale, bias, epsilon)
    centred = x - x.mean(axis, keepdim=True)
    made = centred / (centred.square().mean(axis, keepdim=True) + epsilon).sqrt()
    made = made if scale is None else made * scale
    return made if bias is None else made + bias


# ------------------------------------------------------------------------------------------------- attention


def attention(web: Web, step: Step) -> Chain | None:
    """softmax(a b + bias) v; rows in which nothing may be seen may be cleared."""
    if step.call.op != "Softmax" or step.call.opset < 13 or not web.is_inner(step.reads[0]):
        return None
    above, below = _scores(web, step.reads[0]), _mixing(web, step)
    if above is None or below is None:
        return None
    steps, (left, right, bias), scale = above
    product = below[-1]
    if product.reads[1] == product.reads[0]:
        return None
    function = partial(_attention, int(step.call.attr("axis", -1)), scale, len(below) > 1)
    return Chain([*steps, step, *below], function, (left, right, product.reads[1], bias))


def _scores(web: Web, at: int) -> tuple[list[Step], tuple[int, int, int], float] | None:
    """The steps that make scores, what they are made of (with ABSENT for no bias), what they are multiplied with."""
    added, bias, steps, scale = web.maker(at, "Add"), ABSENT, list[Step](), 1.0
    if added is not None:
        sides = [(a, b) for a, b in (added.reads, added.reads[::-1]) if _is_product(web, a)]
        if not sides:
            return None
        (at, bias), steps = sides[0], [added]
    scaled = web.scaled(web.maker(at, "Mul", "Div"))
    if scaled is not None and web.is_inner(scaled[0]):
        steps.append(_there(web.maker(at, "Mul", "Div")))
        at, scale = scaled
    product = web.maker(at, "MatMul")
    if product is None:
        return None
    steps.append(product)
    reads = []
    for operand in product.reads:
        factor = web.scaled(web.maker(operand, "Mul", "Div")) if web.is_inner(operand) else None
        if factor is not None:
            steps.append(_there(web.maker(operand, "Mul", "Div")))
            scale *= factor[1]
        reads.append(operand if factor is None else factor[0])
    return steps, (reads[0], reads[1], bias), scale


def _is_product(web: Web, at: int) -> bool:
    """Whether a product of matrices, scaled perhaps, lies at a place that nobody else reads."""
    if not web.is_inner(at):
        return False
    scaled = web.scaled(web.maker(at, "Mul", "Div"))
    inner = at if scaled is None else scaled[0]
    return web.is_inner(inner) and web.maker(inner, "MatMul") is not None


def _mixing(web: Web, step: Step) -> list[Step] | None:
    """From the softmax to the product with the values; between them, rows of what isn't a number may be cleared."""
    product = web.next(step, "MatMul")
    if product is not None:
        return [product] if product.reads[0] == step.writes[0] else None
    readers = {reader.call.op: reader for reader in web.readers(step.writes[0])}
    if set(readers) != {"IsNaN", "Where"} or len(web.readers(step.writes[0])) != 2:
        return None
    asked, chosen = readers["IsNaN"], readers["Where"]
    product = web.next(chosen, "MatMul")
    cleared = (
        chosen.reads[0] == asked.writes[0] and web.is_inner(asked.writes[0]) and web.number(chosen.reads[1]) == 0.0
    )
    if product is None or not cleared or product.reads[0] != chosen.writes[0]:
        return None
    return [asked, chosen, product]


def _attention(
    axis: int, scale: float, cleared: bool, _: Call, a: Tensor, b: Tensor, v: Tensor, bias: Tensor | None
) -> Tensor:
    k = b.transpose(-1, -2)
    if a.dim() == k.dim() == v.dim() == 4 and a.shape[:2] == k.shape[:2] == v.shape[:2] and axis in (-1, 3):
        fits = bias is None or (bias.is_floating_point() and bias.dim() <= 4)
        if fits:
            return F.scaled_dot_product_attention(a, k, v, None if bias is None else whole(bias, a, k), scale=scale)
    scores = scale * (a @ b)
    likely = torch.softmax(scores if bias is None else scores + bias, axis)
    return (torch.where(torch.isnan(likely), 0.0, likely) if cleared else likely) @ v


def _there(step: Step | None) -> Step:
    assert step is not None
    return step


PATTERNS: tuple[Pattern, ...] = (attention, gelu, gelu_by_tanh, layer_norm, silu, linear)
