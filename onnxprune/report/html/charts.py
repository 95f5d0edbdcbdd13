"""The charts of report.html as Vega-Lite specifications.

Colours are names that begin with a dollar sign; the page puts those of its theme in their place. Vega-Lite:
Satyanarayan et al., "Vega-Lite: A Grammar of Interactive Graphics", 2017.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onnxprune.pruning.loss import SPARSITY, place_of
from onnxprune.report.details import Coupled
from onnxprune.report.html.layout import positions
from onnxprune.report.record import Report, Width

Spec = dict[str, Any]

MOST_NODES = 16
"""Nodes, or ops, whose time is shown."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. id: of its place in the page; make: the specification, None where the report has nothing to draw"""

    id: str
    title: str
    about: str
    make: Callable[[Report], Spec | None]


def widths(report: Report) -> Spec | None:
    """Units of every group: those that stay, and those that go."""
    groups = report.details.coupled if report.details else []
    rows = [row for place, group in enumerate(groups) for row in _parts(place, group)]
    states, colours = (
        ["stay, of a narrowed group", "go", "nobody asked", "locked"],
        ["$kept", "$gone", "$whole", "$locked"],
    )
    shown = [state for state in states if any(row["state"] == state for row in rows)]
    colour = _colour("state", shown, [colours[states.index(state)] for state in shown])
    return _skyline(rows, "units", "groups, in the order of the file", colour, ["group", "pass"]) if rows else None


def _parts(place: int, group: Coupled) -> list[Spec]:
    common = {"place": place, "group": group.id, "pass": group.kind or "-"}
    if group.after == group.before:
        return [{**common, "state": "locked" if group.locked else "nobody asked", "units": group.before}]
    return [
        {**common, "state": "stay, of a narrowed group", "units": group.after},
        {**common, "state": "go", "units": group.before - group.after},
    ]


def work(report: Report) -> Spec | None:
    """Multiply-accumulates of every layer: those that stay, and those that go."""
    rows = []
    for place, layer in enumerate(report.details.work if report.details else []):
        after = layer.after or 0.0
        rows.append({"place": place, "layer": layer.node, "state": "stay", "MACs": after})
        rows.append({"place": place, "layer": layer.node, "state": "go", "MACs": max(layer.before - after, 0.0)})
    colour = _colour("state", ["stay", "go"], ["$kept", "$gone"])
    return _skyline(rows, "MACs", "layers, in the order of the file", colour, ["layer"]) if rows else None


def _skyline(rows: list[Spec], value: str, along: str, colour: Spec, told: Sequence[str]) -> Spec:
    axis = {"labels": False, "ticks": False, "title": along}
    tooltip = [{"field": name} for name in (*told, "state")] + [{"field": value, "format": ".3~s"}]
    return {
        "data": {"values": rows},
        "height": 190,
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "place", "type": "ordinal", "axis": axis},
            "y": {"field": value, "type": "quantitative", "axis": {"format": "~s"}, "stack": True},
            "order": {"field": "state", "sort": "descending"},
            "color": colour,
            "tooltip": tooltip,
        },
    }


def ops(report: Report) -> Spec | None:
    """Milliseconds by op, dense and pruned."""
    found = report.details.ops if report.details else []
    rows = [row for one in found[:MOST_NODES] for row in _pair(one.op, one.op, one.before, one.after)]
    return _bars(rows, "op") if rows else None


def nodes(report: Report) -> Spec | None:
    """Milliseconds by node, the slowest of the dense model first."""
    found = report.details.nodes if report.details else []
    rows = [row for one in found[:MOST_NODES] for row in _pair(one.node, one.op, one.before, one.after)]
    return _bars(rows, "node") if rows else None


def _pair(label: str, op: str, before: float | None, after: float | None) -> list[Spec]:
    both = (("dense", before), ("pruned", after))
    return [{"label": label, "op": op, "model": model, "ms": 1e3 * value} for model, value in both if value is not None]


def _bars(rows: list[Spec], title: str) -> Spec:
    order = list(dict.fromkeys(row["label"] for row in rows))
    return {
        "data": {"values": rows},
        "height": 22 * len(order),
        "mark": {"type": "bar"},
        "encoding": {
            "y": {"field": "label", "type": "nominal", "sort": order, "title": None, "axis": {"labelLimit": 130}},
            "yOffset": {"field": "model", "sort": ["dense", "pruned"]},
            "x": {"field": "ms", "type": "quantitative", "title": "milliseconds per run"},
            "color": _colour("model", ["dense", "pruned"], ["$whole", "$kept"]),
            "tooltip": [
                {"field": "label", "title": title},
                {"field": "op"},
                {"field": "model"},
                {"field": "ms", "format": ".3~r"},
            ],
        },
    }


_WHERE = {"macs": "MACs left", "latency": "time left", SPARSITY: "sparsity"}


def tried(report: Report) -> Spec | None:
    """Loss over what is left of the multiply-accumulates or of the time, or over zeros, for every pruning that a search
    tried."""
    trials = [t for t in report.loss.trials if math.isfinite(t.loss)] if report.loss else []
    if not report.loss or not trials:
        return None
    limit, quantity = report.loss.limit, report.loss.quantity
    where = _WHERE[place_of(quantity, trials[0])[0]]
    rows = [
        {where: place_of(quantity, t)[1], "loss": t.loss, "verdict": "within" if t.loss <= limit else "over"}
        for t in trials
    ]
    axes = {
        "x": {"field": where, "type": "quantitative", "scale": {"zero": False}, "axis": {"format": ".0%"}},
        "y": {"field": "loss", "type": "quantitative", "axis": {"format": "~%"}},
    }
    colour = _colour("verdict", ["within", "over"], ["$kept", "$bad"])
    tooltip = [{"field": where, "format": ".3f"}, {"field": "loss", "format": ".3~%"}, {"field": "verdict"}]
    return {
        "data": {"values": rows},
        "height": 220,
        "layer": [
            {"mark": {"type": "line", "color": "$whole"}, "encoding": axes},
            {"mark": {"type": "point", "filled": True, "size": 70},
             "encoding": {**axes, "color": colour, "tooltip": tooltip}},
            {"data": {"values": [{"limit": limit}]}, "mark": {"type": "rule", "color": "$bad", "strokeDash": [4, 4]},
             "encoding": {"y": {"field": "limit", "type": "quantitative"}}},
        ],
    }  # fmt: skip


def training(report: Report) -> Spec | None:
    """Loss on data held out while training."""
    found = report.recovery
    if not found:
        return None
    rows = [
        {"seconds": m.seconds, "step": m.step, "loss": m.loss, "look": "kept" if i == found.best else "others"}
        for i, m in enumerate(found.curve)
        if m.loss is not None
    ]
    axes = {
        "x": {"field": "seconds", "type": "quantitative"},
        "y": {"field": "loss", "type": "quantitative", "scale": {"zero": False}, "title": "loss on data held out"},
    }
    colour = _colour("look", ["kept", "others"], ["$kept", "$whole"])
    tooltip = [{"field": "step"}, {"field": "seconds", "format": ".3~r"}, {"field": "loss", "format": ".3~r"}]
    point = {"type": "point", "filled": True, "size": 60}
    return {
        "data": {"values": rows},
        "height": 220,
        "layer": [
            {"mark": {"type": "line", "color": "$whole"}, "encoding": axes},
            {"mark": point, "encoding": {**axes, "color": colour, "tooltip": tooltip}},
        ],
    }


def scores(report: Report) -> Spec | None:
    """How a group's scores are spread, and the cut; the group is chosen below the chart."""
    groups = [group for group in report.groups if group.scores]
    rows = [row for group in groups for row in _bins(group)]
    if not rows:
        return None
    cuts = [{"group": g.id, "cut": g.scores.cut} for g in groups if g.scores and g.scores.cut is not None]
    pick = {"filter": "datum.group == chosen"}
    names, bound = [group.id for group in groups], {"input": "select", "name": "group "}
    return {
        "height": 200,
        "params": [{"name": "chosen", "value": names[0], "bind": {**bound, "options": names}}],
        "layer": [
            {"data": {"values": rows}, "transform": [pick], "mark": {"type": "bar", "binSpacing": 0},
             "encoding": {
                 "x": {"field": "low", "type": "quantitative", "bin": {"binned": True}, "title": "score",
                       "axis": {"format": ".2~g", "tickCount": 5}},
                 "x2": {"field": "high"},
                 "y": {"field": "units", "type": "quantitative", "stack": True},
                 "color": _colour("state", ["stay", "go"], ["$kept", "$gone"]),
                 "tooltip": [{"field": "state"}, {"field": "units"}, {"field": "low"}, {"field": "high"}]}},
            {"data": {"values": cuts}, "transform": [pick], "mark": {"type": "rule", "color": "$ink", "size": 2},
             "encoding": {"x": {"field": "cut", "type": "quantitative"}, "tooltip": [{"field": "cut"}]}},
        ],
    }  # fmt: skip


def _bins(group: Width) -> list[Spec]:
    found = group.scores
    if found is None:
        return []
    step = (found.high - found.low) / len(found.kept)
    return [
        {"group": group.id, "low": found.low + i * step, "high": found.low + (i + 1) * step, "state": state, "units": n}
        for state, counts in (("stay", found.kept), ("go", found.gone))
        for i, n in enumerate(counts)
        if n
    ]


def coupling(report: Report) -> Spec | None:
    """The groups, and the weights that lead from one to another."""
    details = report.details
    if not details or not details.coupled:
        return None
    places = positions(len(details.coupled), details.links)
    dots = [_dot(number, group, places[number]) for number, group in enumerate(details.coupled)]
    lines = [
        {"x": places[k.source][0], "y": places[k.source][1], "x2": places[k.target][0], "y2": places[k.target][1]}
        for k in details.links
    ]
    axis = {"axis": None, "scale": {"zero": False, "nice": False, "padding": 18}, "type": "quantitative"}
    at = {"x": {"field": "x", **axis}, "y": {"field": "y", **axis}}
    states = ["narrowed", "whole", "locked"]
    return {
        "height": 420,
        "layer": [
            {"data": {"values": lines}, "mark": {"type": "rule", "color": "$line", "size": 1.2},
             "params": [{"name": "view", "select": "interval", "bind": "scales"}],
             "encoding": {**at, "x2": {"field": "x2"}, "y2": {"field": "y2"}}},
            {"data": {"values": dots}, "mark": {"type": "circle", "cursor": "pointer", "opacity": 0.95},
             "params": [{"name": "picked", "select": {"type": "point", "fields": ["number"]}}],
             "encoding": {
                 **at,
                 "size": {"field": "units", "type": "quantitative", "scale": {"range": [60, 700]}, "legend": None},
                 "color": _colour("state", states, ["$kept", "$whole", "$locked"]),
                 "stroke": {"condition": {"param": "picked", "empty": False, "value": "$ink"}, "value": "$paper"},
                 "strokeWidth": {"condition": {"param": "picked", "empty": False, "value": 2.5}, "value": 1},
                 "tooltip": [{"field": "group"}, {"field": "width"}, {"field": "state"}]}},
        ],
    }  # fmt: skip


def _dot(number: int, group: Coupled, place: tuple[float, float]) -> Mapping[str, Any]:
    state = "narrowed" if group.after < group.before else "locked" if group.locked else "whole"
    width = f"{group.before} to {group.after} units" if state == "narrowed" else f"{group.before} units"
    x, y = place
    return {"number": number, "group": group.id, "state": state, "width": width, "units": group.before, "x": x, "y": y}


def _colour(field: str, domain: list[str], range_: list[str]) -> Spec:
    return {"field": field, "type": "nominal", "scale": {"domain": domain, "range": range_}, "title": None}


CHARTS = (
    Chart("widths", "Width of every group", "A bar is a group of units that can only go together.", widths),
    Chart("work", "Where multiply-accumulates went", "A bar is a layer that multiplies.", work),
    Chart("ops", "Time by operator", "By ONNX Runtime's own profiler, after its optimizer.", ops),
    Chart("nodes", "Time by node", "The slowest nodes of the dense model first.", nodes),
    Chart("tried", "Loss against size or zeros", "Everything that the search tried; the line is the limit.", tried),
    Chart("training", "Training", "Looks at data held out; the one whose weights were kept is marked.", training),
    Chart("scores", "Scores and the cut", "The line is the lowest score that stayed, where the cut is clean.", scores),
    Chart(
        "coupling",
        "Coupling",
        "Groups, and weights between them. Click on one; drag to move, scroll to zoom.",
        coupling,
    ),
)
