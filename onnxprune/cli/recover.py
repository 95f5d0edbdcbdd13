"""`onnxprune recover`: train a pruned model towards the dense one it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onnxprune.cli import completion
from onnxprune.cli.contract import say
from onnxprune.cli.options import Dim, Json, Preprocess, Quiet, RecoverMode, Seed, SomeData, dims

Length = Annotated[
    str, typer.Option("--for", metavar="TIME|STEPS", help="How long: 10m, 90s, 1h, or a number of steps.")
]
Loss = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="kl, mse or cosine, of all outputs; by default by what each of them is.",
        autocompletion=completion.losses,
    ),
]
Rate = Annotated[float, typer.Option(min=1e-9, metavar="X", help="The highest rate, as a share of a weight's size.")]
Batch = Annotated[int, typer.Option(min=1, metavar="N", help="Samples for a step.")]
Samples = Annotated[int, typer.Option(min=1, metavar="N", help="Use at most so many samples of the data.")]
Match = Annotated[
    float, typer.Option(min=0, metavar="X", help="How much tensors inside count beside the outputs; see --plan.")
]
PlanFile = Annotated[
    Path | None,
    typer.Option(metavar="PLAN.json", help="The plan of the pruning, which tells what to compare inside (--match)."),
]
Augment = Annotated[
    str,
    typer.Option(
        metavar="NAME,...",
        help="What is done to pictures while training: flip, shift, mix; some or all.",
        autocompletion=completion.changes,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        metavar="cpu|cuda", help="Where to train; by default a GPU if there is one.", autocompletion=completion.devices
    ),
]


def recover(
    dense: Annotated[Path, typer.Argument(metavar="DENSE", help="The original model.", show_default=False)],
    pruned: Annotated[Path, typer.Argument(metavar="PRUNED", help="What became of it.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write; by default PRUNED.recovered.onnx beside the pruned one."),
    ] = None,
    data: SomeData = None,
    samples: Samples = 16384,
    preprocess: Preprocess = None,
    length: Length = "10m",
    mode: RecoverMode = "full",
    match: Match = 1.0,
    plan: PlanFile = None,
    loss: Loss = "",
    rate: Rate = 0.01,
    batch: Batch = 32,
    augment: Augment = "",
    device: Device = "",
    seed: Seed = 0,
    dim: Dim = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a pruned model to give out what the dense one does. Needs the extra torch.

    No labels are needed. Started by torchrun, several processes share the work. A run that was killed goes on where it
    was when it is started again.
    """
    from onnxprune.cli.screen import stages
    from onnxprune.pruning import Inputs
    from onnxprune.pruning import recover as run
    from onnxprune.recovery import Effort, Training
    from onnxprune.report import to_json
    from onnxprune.report.pieces import recovered

    place = output or pruned.with_name(f"{pruned.stem}.recovered.onnx")
    changes = tuple(augment.split(",")) if augment else ()
    setting = Training(Effort.parse(length), mode, loss, rate, batch, match, changes, seed, device)
    with stages(quiet) as progress:
        found = run(dense, pruned, place, setting, Inputs(data, samples, preprocess, dims(dim), plan), progress)
    if not found.written:  # one of several processes, which isn't the one that tells
        return
    for warning in found.warnings:
        say(f"warning: {warning}")
    record = recovered(found)
    if json:
        print(to_json(record), end="")
        return
    from onnxprune.cli.show_recover import show

    show(record, found.written)
