"""What a model may cost: limits as types, out of gate.toml, options and keyword arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.gate.keys import STANDARD, TABLES
from onnxprune.settings import fitting
from onnxprune.settings.kinds import BYTES, COUNTS, TIMES, amount
from onnxprune.words import did_you_mean

DETECT = 1.03
"""The slowdown that must not slip through, by default, over the one that is allowed."""

Tables = dict[str, dict[str, Any]]
"""Values of gate.toml by table and key, each checked by itself."""


@dataclass(frozen=True, slots=True)
class Bound:
    """At most `ratio` times the baseline's, and at most `most`."""

    ratio: float | None = None
    most: float | None = None

    @property
    def asked(self) -> bool:
        return self.ratio is not None or self.most is not None


@dataclass(frozen=True, slots=True)
class LatencyLimit:
    """ratio: a model slower than that is not met; detect: one faster than that is met; see `evidence`.

    most: seconds in the median; false_alarm, missed: probabilities of wrong decisions; clock: "auto", "wall" or
    "processor"; seconds: of measuring; undecided: "pass" or "fail"
    """

    ratio: float | None
    detect: float
    most: float | None
    false_alarm: float
    missed: float
    clock: str
    seconds: float
    undecided: str

    @property
    def asked(self) -> bool:
        return self.ratio is not None or self.most is not None


@dataclass(frozen=True, slots=True)
class FidelityLimit:
    """Limits on the worst output; data, samples, preprocess: see `calibration.open_data`."""

    max_loss: float | None
    min_cosine: float | None
    min_agreement: float | None
    max_error: float | None
    data: str | None
    samples: int | None
    preprocess: str | None

    @property
    def asked(self) -> bool:
        return any(x is not None for x in (self.max_loss, self.min_cosine, self.min_agreement, self.max_error))


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything that a gate asks. ops_new: there may be operators that the baseline lacks; None: nothing is asked."""

    size: Bound
    params: Bound
    macs: Bound
    memory: Bound
    latency: LatencyLimit
    fidelity: FidelityLimit
    ops_allowed: tuple[str, ...] | None
    ops_forbidden: tuple[str, ...]
    ops_new: bool
    opset_min: int | None
    opset_max: int | None
    same_signature: bool
    threads: int | None
    provider: str | None
    dims: dict[str, int] | None
    seed: int | None

    @property
    def asked(self) -> bool:
        """Whether anything is limited."""
        bounds = (self.size, self.params, self.macs, self.memory, self.latency, self.fidelity)
        by_name = self.ops_allowed is not None or self.ops_forbidden or not self.ops_new
        by_version = self.opset_min is not None or self.opset_max is not None
        return any(bound.asked for bound in bounds) or bool(by_name) or by_version or self.same_signature

    @classmethod
    def of(cls, **values: object) -> Limits:
        """Limits as gate.toml has them: `Limits.of(size=1.0, latency={"ratio": 1.1, "seconds": 30})`.

        Raises InputError for an unknown name or a value that doesn't fit.
        """
        return limits(checked(values, "limits"))


def checked(body: Mapping[str, Any], where: str | Path) -> Tables:
    """Tables and keys that are known, with values that fit. Raises InputError naming the first that isn't."""
    return {name: _table(name, value, where) for name, value in body.items()}


def merged(*layers: Tables) -> Tables:
    """The same, later ones over earlier ones, key by key."""
    names = [name for layer in layers for name in layer]
    return {name: {k: v for layer in layers for k, v in layer.get(name, {}).items()} for name in names}


def _table(name: str, value: Any, where: str | Path) -> dict[str, Any]:
    if name not in TABLES:
        hint = did_you_mean(name, TABLES) or f"; there are {', '.join(TABLES)}"
        raise InputError(f"{where}: there is no table '{name}'{hint}")
    table = TABLES[name]
    if not isinstance(value, dict):
        return _short(name, value, where)
    return fitting(value, table.keys, where, f"{name}.")


def _short(name: str, value: Any, where: str | Path) -> dict[str, Any]:
    table = TABLES[name]
    for key in table.short:
        if table.keys[key].kind.fits(value):
            return {key: value}
    forms = [table.keys[key].kind.should for key in table.short] + [f"a table with {', '.join(table.keys)}"]
    raise InputError(f"{where}: {name} should be {', or '.join(forms)}, but is {value!r}")


def limits(tables: Tables, where: str | Path = "limits") -> Limits:
    """Limits out of checked tables; where none limits anything, nothing may get worse.

    Raises InputError where keys contradict each other.
    """
    made = _built(tables)
    if not made.asked:
        made = _built(merged(checked(STANDARD, where), tables))
    _consistent(made, where)
    return made


def _built(tables: Tables) -> Limits:
    def get(name: str, key: str) -> Any:
        return tables.get(name, {}).get(key, TABLES[name].keys[key].standard)

    allowed = get("ops", "allowed")
    return Limits(
        size=_bound(get, "size", BYTES),
        params=_bound(get, "params", COUNTS),
        macs=_bound(get, "macs", COUNTS),
        memory=_bound(get, "memory", BYTES),
        latency=_latency(get),
        fidelity=FidelityLimit(*(get("fidelity", key) for key in TABLES["fidelity"].keys)),
        ops_allowed=None if allowed is None else tuple(allowed),
        ops_forbidden=tuple(get("ops", "forbidden")),
        ops_new=get("ops", "new"),
        opset_min=get("opset", "min"),
        opset_max=get("opset", "max"),
        same_signature=get("signature", "same"),
        **{key: get("run", key) for key in TABLES["run"].keys},
    )


def _bound(get: Any, name: str, units: Mapping[str, float]) -> Bound:
    most = get(name, "max")
    return Bound(get(name, "ratio"), None if most is None else amount(most, units))


def _latency(get: Any) -> LatencyLimit:
    ratio, detect, most = (get("latency", key) for key in ("ratio", "detect", "max"))
    if detect is not None and ratio is None:
        ratio = min(1.0, detect)
    return LatencyLimit(
        ratio=ratio,
        detect=detect if detect is not None else (ratio or 1.0) * DETECT,
        most=None if most is None else amount(most, TIMES),
        **{key: get("latency", key) for key in ("false_alarm", "missed", "clock", "seconds", "undecided")},
    )


def _consistent(made: Limits, where: str | Path) -> None:
    latency, fidelity = made.latency, made.fidelity
    if latency.ratio is not None and latency.detect < latency.ratio:
        raise InputError(
            f"{where}: latency.detect ({latency.detect:g}) should be at least latency.ratio ({latency.ratio:g})"
        )
    if fidelity.preprocess is not None and fidelity.data is None:
        raise InputError(f"{where}: fidelity.preprocess says what becomes of pictures, but there is no fidelity.data")
    if made.opset_min is not None and made.opset_max is not None and made.opset_min > made.opset_max:
        raise InputError(f"{where}: opset.min ({made.opset_min}) should be at most opset.max ({made.opset_max})")
