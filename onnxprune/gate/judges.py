"""Limits on what is counted or listed: a finding for each that is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from onnxprune.gate.evidence import State
from onnxprune.gate.figures import Figures, Port
from onnxprune.gate.finding import Finding
from onnxprune.gate.limits import Bound, FidelityLimit, Limits
from onnxprune.report.closeness import Deviation
from onnxprune.report.units import error, fraction, quantity, size

Show = Callable[[float], str]


def state(met: bool) -> State:
    """Met or not met."""
    return State.MET if met else State.NOT_MET


def counted(limits: Limits, base: Figures, new: Figures) -> Iterator[Finding]:
    """Size, parameters, multiply-accumulates and memory."""
    yield from _bound("size", "the file", limits.size, base.bytes, new.bytes, size)
    yield from _bound("params", "parameters", limits.params, base.params, new.params, quantity)
    yield from _bound("macs", "multiply-accumulates", limits.macs, base.macs, new.macs, quantity)
    if limits.memory.asked and new.peak_memory is not None:
        yield from _bound("memory", "peak memory", limits.memory, base.peak_memory or 0, new.peak_memory, size)


def _bound(name: str, what: str, bound: Bound, base: float, new: float, show: Show) -> Iterator[Finding]:
    if bound.ratio is not None:
        allowed = bound.ratio * base
        was = f"{show(new)} is {fraction(new, base)} of the baseline's {show(base)}"
        sentence = f"{what}: {was}, at most {100 * bound.ratio:.5g} % allowed"
        texts = show(base), show(new), f"at most {bound.ratio:g} x"
        yield Finding(f"{name}.ratio", state(new <= allowed), *texts, sentence, base, new, allowed)
    if bound.most is not None:
        texts = show(base), show(new), f"at most {show(bound.most)}"
        sentence = f"{what}: {show(new)}, at most {show(bound.most)} allowed"
        yield Finding(f"{name}.max", state(new <= bound.most), *texts, sentence, base, new, bound.most)


def listed(limits: Limits, base: Figures, new: Figures) -> Iterator[Finding]:
    """Operators, opset, inputs and outputs."""
    used = set(new.ops)
    if limits.ops_allowed is not None:
        yield _ops("ops.allowed", used - set(limits.ops_allowed), "isn't allowed", base, new)
    if limits.ops_forbidden:
        yield _ops("ops.forbidden", used & set(limits.ops_forbidden), "is forbidden", base, new)
    if not limits.ops_new:
        yield _ops("ops.new", used - set(base.ops), "isn't in the baseline", base, new)
    yield from _opset(limits, base, new)
    if limits.same_signature:
        yield _signature(base, new)


def _ops(key: str, wrong: set[str], why: str, base: Figures, new: Figures) -> Finding:
    names = ", ".join(sorted(wrong))
    sentence = f"operators: {names} {why if len(wrong) == 1 else why.replace('is', 'are', 1)}" if wrong else ""
    texts = f"{len(base.ops)} ops", names or f"{len(new.ops)} ops", "none that " + why
    return Finding(key, state(not wrong), *texts, sentence or f"operators: none that {why}")


def _opset(limits: Limits, base: Figures, new: Figures) -> Iterator[Finding]:
    was, now = base.opsets.get("ai.onnx", 1), new.opsets.get("ai.onnx", 1)
    for key, limit, word in (("min", limits.opset_min, "least"), ("max", limits.opset_max, "most")):
        if limit is not None:
            met = now >= limit if key == "min" else now <= limit
            texts = str(was), str(now), f"at {word} {limit}"
            yield Finding(
                f"opset.{key}", state(met), *texts, f"opset: {now}, at {word} {limit} allowed", was, now, limit
            )


def _signature(base: Figures, new: Figures) -> Finding:
    changes = [*_changes("input", base.inputs, new.inputs), *_changes("output", base.outputs, new.outputs)]
    count = f"{len(base.inputs)} in, {len(base.outputs)} out"
    sentence = "; ".join(changes) or "inputs and outputs: as in the baseline"
    return Finding("signature.same", state(not changes), count, "; ".join(changes) or "the same", "the same", sentence)


def _changes(what: str, base: list[Port], new: list[Port]) -> Iterator[str]:
    """What is different, in words."""
    old, now = {port.name: port for port in base}, {port.name: port for port in new}
    yield from (f"{what} '{name}' is gone" for name in old if name not in now)
    yield from (f"{what} '{name}' is new" for name in now if name not in old)
    for name in old:
        if name in now and old[name] != now[name]:
            yield f"{what} '{name}' was {_port(old[name])}, is {_port(now[name])}"
    if old == now and list(old) != list(now):
        yield f"the order of {what}s was {', '.join(old)}, is {', '.join(now)}"


def _port(port: Port) -> str:
    return f"{port.type}[{','.join('?' if n is None else str(n) for n in port.shape)}]"


def faithful(limit: FidelityLimit, worst: Deviation, loss: float) -> Iterator[Finding]:
    """How far outputs moved, by every measure that is limited."""
    for key, most, value in (("max_loss", limit.max_loss, loss), ("max_error", limit.max_error, worst.relative)):
        if most is not None:
            yield _measure(key, value <= most, value, most, "most")
    for key, least, alike in (
        ("min_cosine", limit.min_cosine, worst.cosine),
        ("min_agreement", limit.min_agreement, worst.agreement),
    ):
        if least is not None:
            yield _measure(key, alike is not None and alike >= least, alike, least, "least")


def _measure(key: str, met: bool, value: float | None, limit: float, word: str) -> Finding:
    shown = "none: no output has classes" if value is None else error(value) if word == "most" else f"{value:.6g}"
    sentence = f"fidelity: {key.split('_')[1]} {shown}, at {word} {limit:g} allowed"
    return Finding(f"fidelity.{key}", state(met), "", shown, f"at {word} {limit:g}", sentence, None, value, limit)
