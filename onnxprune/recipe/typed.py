"""From values of a recipe, which fit its keys, to what the compiler takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from onnxprune.calibration import NOTHING, Quantisation
from onnxprune.errors import InputError
from onnxprune.pruning import Inputs, Options, Target
from onnxprune.recipe.keys import SPARSITY
from onnxprune.recipe.steps import TO_TRAIN, Prune, Quantise, Recover
from onnxprune.recovery import Effort, Training
from onnxprune.recovery.masks import MaskSetting

Values = Mapping[str, Any]


def _named(data: str | None) -> str | None:
    return None if data == NOTHING else data


FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "target": ("target", Target.parse),
    "max_loss": ("max_loss", float),
    "metric": ("metric", str),
    "bench": ("bench", bool),
    "data": ("calibration", _named),
    "samples": ("samples", int),
    "preprocess": ("preprocess", Path),
    "labels": ("labels", str),
    "dims": ("data", dict),
    "seed": ("seed", int),
    "threads": ("threads", int),
    "provider": ("provider", str),
    "protect": ("protect", tuple),
    "only": ("only", tuple),
    "verify": ("verify", bool),
    "pass": ("passes", tuple),
    "criterion": ("criterion", str),
    "aggregate": ("aggregate", str),
    "budget": ("budget", str),
    "repair": ("repair", str),
    "align": ("align", lambda value: 0 if value == "auto" else int(value)),
    "plan": ("plan", Path),
    "search_minutes": ("search_minutes", float),
    "sparse_format": ("sparse_format", str),
    "recover_rounds": ("recover_rounds", int),
}
"""Key -> field of `Options`, and how its value gets there."""


def options(values: Values) -> Options:
    """Options of `optimize`. Raises InputError for values that mean nothing."""
    found = {field: make(values[key]) for key, (field, make) in FIELDS.items() if key in values}
    return Options(**found, made_up="data" not in values, masks=_masks(values), recover=_recover(values))


def _recover(values: Values) -> Training | None:
    if "recover" not in values:
        return None
    mode = values.get("recover_mode", Training().mode)
    return Training(_effort(values["recover"]), mode, seed=values.get("seed", 0))


def _masks(values: Values) -> MaskSetting | None:
    """How masks are trained, if they are."""
    if "train_masks" not in values:
        for flag in _mask_flags(values):
            raise InputError(f"{flag} says how masks are trained, and needs --train-masks")
        return None
    standard = MaskSetting()
    return MaskSetting(
        _effort(values["train_masks"]),
        values.get("mask_method", standard.method),
        values.get("mask_weights", standard.weights),
        seed=values.get("seed", 0),
    )


def _mask_flags(values: Values) -> list[str]:
    weights = "--mask-weights" if values.get("mask_weights") else "--no-mask-weights"
    flags = {"mask_method": "--mask-method", "mask_weights": weights}
    return [flag for name, flag in flags.items() if name in values]


def _effort(value: str | int) -> Effort:
    return Effort.parse(str(value))


def step(kind: str, values: Values) -> Prune | Recover | Quantise:
    """What a stage of that kind does."""
    return _MAKERS[kind](values)


def _prune(values: Values) -> Prune:
    return Prune(options(values))


def _sparsify(values: Values) -> Prune:
    said = ",".join(f"{name}={_spelled(values[name])}" for name in values if name in SPARSITY)
    others = {name: value for name, value in values.items() if name not in SPARSITY}
    return Prune(options({**others, "pass": [f"sparsify{{{said}}}"]}))


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _train(values: Values) -> Recover:
    standard = Training()
    training = Training(
        _effort(values["for"]) if "for" in values else standard.effort,
        values.get("mode", standard.mode),
        values.get("loss", standard.loss),
        values.get("rate", standard.rate),
        values.get("batch", standard.batch),
        values.get("match", standard.match),
        tuple(values.get("augment", standard.augment)),
        values.get("seed", standard.seed),
        values.get("device", standard.device),
    )
    return Recover(training, _inputs(values, TO_TRAIN))


def _quantise(values: Values) -> Quantise:
    names = ("mode", "weights", "activations", "per_channel", "reduce_range", "ops", "protect")
    setting = Quantisation(**{name: values[name] for name in names if name in values})
    return Quantise(setting, _inputs(values, Options().samples), values.get("seed", 0))


def _inputs(values: Values, samples: int) -> Inputs:
    preprocess = Path(values["preprocess"]) if "preprocess" in values else None
    return Inputs(_named(values.get("data")), values.get("samples", samples), preprocess, dict(values.get("dims", {})))


_MAKERS: dict[str, Callable[[Values], Prune | Recover | Quantise]] = {
    "prune": _prune,
    "sparsify": _sparsify,
    "recover": _train,
    "quantise": _quantise,
}
