"""What decides where nobody says anything: inputs that are made up, if the model runs on them.

Weights alone tell little of what a unit does. On models that were measured (docs/data.md, "Without data") even random
inputs keep far more of nearly all of them, because layers are repaired on what they compute.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from onnxprune.calibration import MADE_UP
from onnxprune.errors import InputError
from onnxprune.graph import data_files_of
from onnxprune.pruning.inputs import MADE_UP_OF
from onnxprune.pruning.measure import timing_feeds
from onnxprune.pruning.options import Options
from onnxprune.pruning.plan import Plan, read
from onnxprune.pruning.sparsifying import layer_passes

SAMPLES = 32
"""More of them gain little: 0.7 of the GPT's multiply-accumulates keep 94.4, 96.5 and 96.6 % with 8, 32 and 128."""

MOST_BYTES = 200_000_000
"""Of a model: larger ones would take minutes that nobody asked for. BERT-base took four of processor time, where
weights alone take three seconds."""


def unasked(source: Path, options: Options) -> Options:
    """The options, with made-up inputs for data where that is allowed (`made_up`) and nothing says what decides, or
    where a plan that is done again was made with them."""
    if options.plan is not None:
        return _as_planned(options.plan, options)
    if not options.made_up or _decided(options):
        return options
    try:
        if sum(file.stat().st_size for file in (source, *data_files_of(source))) > MOST_BYTES:
            return options
        timing_feeds(source, options)
    except (InputError, OSError):  # what is wrong with the file is told where it is read to be pruned
        return options
    return replace(options, calibration=MADE_UP, samples=SAMPLES)


def _as_planned(plan: Path, options: Options) -> Options:
    samples = _made_up(read(plan))
    if samples is None or options.calibration is not None or options.repair:
        return options
    return replace(options, calibration=MADE_UP, samples=samples)


def _made_up(plan: Plan) -> int | None:
    """How many samples a plan was made with, if they were made up."""
    data = plan.repairs[0].get("data") if plan.repairs else None
    samples = data.get(MADE_UP_OF) if isinstance(data, dict) else None
    return samples if isinstance(samples, int) and samples > 0 else None


def _decided(options: Options) -> bool:
    """Whether something else decides: data, a method by name, a limit, training; or zeros are to be made."""
    said = (
        options.criterion,
        options.budget,
        options.repair,
        options.aggregate,
        options.labels,
        options.masks,
        options.recover,
        options.preprocess,
        options.metric,
    )
    given = (options.calibration, options.max_loss, options.search_minutes)
    return any(said) or any(one is not None for one in given) or bool(layer_passes(options))
