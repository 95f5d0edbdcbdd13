"""The table of keys: what comes from it says the same, and it says what the compiler takes."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer

from onnxprune.calibration import Quantisation
from onnxprune.cli.app import app
from onnxprune.cli.said import NAMES, NO_KEYS
from onnxprune.criteria import AGGREGATES
from onnxprune.errors import InputError
from onnxprune.pruning import Options, available
from onnxprune.recipe import schema, template
from onnxprune.recipe.keys import COMMON, HOW, OPTIMIZE, RESULT, SHARED, SPARSITY, STAGES
from onnxprune.recipe.recipe import Recipe, checked
from onnxprune.recipe.steps import Prune, Quantise, Recover
from onnxprune.recipe.typed import FIELDS
from onnxprune.recovery import Training
from onnxprune.recovery.masks import METHODS, MaskSetting
from onnxprune.runtime.session import PROVIDERS
from onnxprune.settings import Key, kinds

TRIED: list[Any] = [
    -1, 0, 1, 2, 0.3, 1.5, 2**31, True, False, "", "a", "auto", "cpu", "full", "sum", "int8", "static", "kl", "errors",
    "macs=0.5", "macs=1", "macs=0", "macs=2", "macs=.5", "speed=0.5", "macs=50%", "10m", "90s", "0m", "2000", "soon",
    "zeros", "polarised", "faster", "float32", [], ["a"], [""], [1], {}, {"batch": 1}, {"batch": 0},
]  # fmt: skip


def fits(body: dict[str, Any]) -> bool:
    try:
        checked(body, "recipe.toml")
    except InputError:
        return False
    return True


def test_the_published_schema_is_that_of_the_reader() -> None:
    assert schema.schema() == schema.made()
    jsonschema.Draft202012Validator.check_schema(schema.schema())


@pytest.mark.parametrize("name", [*OPTIMIZE, "other"])
def test_schema_and_reader_agree(name: str) -> None:
    judge = jsonschema.Draft202012Validator(schema.schema())
    stage = [{"kind": "prune"}]
    bodies = [{name: value} for value in TRIED] + [{name: value, "stage": stage} for value in TRIED]
    verdicts = [judge.is_valid(body) for body in bodies]
    assert verdicts == [fits(body) for body in bodies]
    assert any(verdicts) == (name != "other") and not all(verdicts)
    assert any(verdicts[len(TRIED) :]) == (name in SHARED)


@pytest.mark.parametrize("kind", [*STAGES, "other"])
def test_schema_and_reader_agree_on_stages(kind: str) -> None:
    judge = jsonschema.Draft202012Validator(schema.schema())
    for name in {*OPTIMIZE, *(key for keys in STAGES.values() for key in keys), "other"}:
        bodies = [{"stage": [{"kind": "recover"}, {"kind": kind, name: value}]} for value in TRIED]
        verdicts = [judge.is_valid(body) for body in bodies]
        assert verdicts == [fits(body) for body in bodies]
        assert any(verdicts) == (name in STAGES.get(kind, ()))
    for wrong in ([], {}, [1], [{}], [{"kind": 1}], "prune"):
        assert not judge.is_valid({"stage": wrong}) and not fits({"stage": wrong})


def test_the_template_is_what_is_standard(tmp_path: Path) -> None:
    template.write(tmp_path / "recipe.toml")
    found = Recipe.load(tmp_path / "recipe.toml")
    assert found.options == Options(made_up=True) and not found.steps and found.output is found.report is None
    first = (tmp_path / "recipe.toml").read_text().splitlines()[0]
    assert first == "#:schema ./recipe.schema.json"
    assert (tmp_path / "recipe.schema.json").read_text() == schema.text()


def test_the_template_shows_every_key_and_every_line_of_it_fits() -> None:
    head, *stages = template.template().split("# [[stage]]\n")
    assert set(uncommented(head)) == set(OPTIMIZE) and len(stages) == len(STAGES)
    assert checked(uncommented(head), "template") is None
    for stage in stages:
        body = uncommented(stage)
        assert checked({"stage": [body]}, "template") is None
        assert set(STAGES[body["kind"]]) - set(body) <= {*COMMON, *HOW}


def test_a_stage_of_the_template_can_be_put_on_as_it_stands() -> None:
    head, *stages = template.template().split("# [[stage]]\n")
    for stage in stages:
        said = tomllib.loads(head) | {"stage": [uncommented(stage)]}
        assert checked(said, "template") is None and len(Recipe.of(**said).steps) == 1


def uncommented(text: str) -> dict[str, Any]:
    """What a part of the template says if every setting in it is on."""
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    return tomllib.loads("\n".join(line for line in lines if " = " in line.split("#")[0]))


def test_every_option_of_optimize_is_a_key_and_the_other_way_round() -> None:
    command = typer.main.get_command(app).commands["optimize"]  # type: ignore[attr-defined]
    names = {parameter.name for parameter in command.params} - {"help", *NO_KEYS}
    assert {NAMES[name][0] if name in NAMES else name for name in names} == set(OPTIMIZE)


def test_defaults_of_the_command_line_are_those_of_the_keys() -> None:
    command = typer.main.get_command(app).commands["optimize"]  # type: ignore[attr-defined]
    for parameter in command.params:
        key = OPTIMIZE.get(NAMES[parameter.name][0] if parameter.name in NAMES else parameter.name)
        if key is not None and key.standard is not None and not parameter.name.startswith("no_"):
            assert parameter.default == key.standard, parameter.name
            assert parameter.help.startswith(key.meaning)


OTHER: dict[str, tuple[Any, Any]] = {
    "target": ("params=0.3", None),
    "align": (8, 8),
    "provider": ("sparse", "sparse"),
    "aggregate": ("max", "max"),
    "sparse_format": ("op", "op"),
    "preprocess": ("p.toml", Path("p.toml")),
    "plan": ("p.json", Path("p.json")),
    "max_loss": (0.25, 0.25),
    "search_minutes": (2.5, 2.5),
    "dims": ({"batch": 3}, {"batch": 3}),
}
"""A value of a recipe that is no default, and what it is in `Options`; made up by kind for all others."""


def other(name: str, key: Key) -> Any:
    if name in OTHER:
        return OTHER[name][0]
    made = [(kinds.SWITCH, key.standard is False), (kinds.TEXTS, ["x*"]), (kinds.TEXT, "mine:f")]
    return next((value for kind, value in made if key.kind is kind), 7)


@pytest.mark.parametrize("name", FIELDS)
def test_what_a_recipe_says_arrives(name: str) -> None:
    field, _ = FIELDS[name]
    value = other(name, OPTIMIZE[name])
    found = Recipe.of(**{name: value}).options
    assert getattr(found, field) != getattr(Options(), field)
    told = getattr(found, field)
    assert told in (OTHER.get(name, (None, None))[1], value, tuple(value) if isinstance(value, list) else value) or (
        name == "target" and f"{told.quantity}={told.fraction}" == value
    )
    others = {f.name: getattr(found, f.name) for f in dataclasses.fields(Options) if f.name != field}
    assert others == {name: getattr(Options(made_up=field != "calibration"), name) for name in others}


def test_every_key_arrives_somewhere() -> None:
    about_training = {"recover", "recover_mode", "train_masks", "mask_method", "mask_weights"}
    assert set(FIELDS) | about_training | {"output", "report", "file"} == set(OPTIMIZE)
    found = Recipe.of(recover="5m", recover_mode="perp", seed=3).options.recover
    assert found == dataclasses.replace(Training(), effort=found.effort, mode="perp", seed=3)
    assert found is not None and found.effort.seconds == 300
    masks = Recipe.of(train_masks=40, mask_method="l0", mask_weights=False, seed=3).options.masks
    assert masks == dataclasses.replace(MaskSetting(), effort=masks.effort, method="l0", weights=False, seed=3)
    assert masks is not None and masks.effort.steps == 40
    where = Recipe.of(output="a.onnx", report="b", file=["c*"])
    assert (where.output, where.report, where.files) == (Path("a.onnx"), Path("b"), ("c*",))
    unheard = {"bench", "teacher", "made_up", "parts", "unfinished", "in_place", "recover_samples", "masks", "recover"}
    assert {f.name for f in dataclasses.fields(Options)} - {field for field, _ in FIELDS.values()} <= unheard


def work(kind: str, **said: Any) -> Any:
    (step,) = Recipe.of(stage=[{"kind": kind, **said}]).steps
    return step.work


@pytest.mark.parametrize("name", [*RESULT, *COMMON, *HOW])
def test_stages_of_pruning_take_the_same(name: str) -> None:
    if name not in STAGES["prune"] or name not in FIELDS:
        return
    value = other(name, OPTIMIZE[name])
    assert work("prune", **{name: value}) == Prune(Recipe.of(**{name: value}).options)


def test_every_option_of_a_training_arrives() -> None:
    said: dict[str, Any] = {
        "for": "90", "mode": "lora", "loss": "mse", "rate": 0.5, "batch": 3, "match": 0.5, "augment": ["flip"],
        "seed": 4, "device": "cpu", "data": "d.npz", "samples": 9, "preprocess": "p.toml", "dims": {"n": 2},
    }  # fmt: skip
    found = work("recover", **said)
    assert isinstance(found, Recover) and set(said) == set(STAGES["recover"])
    training = found.training
    assert (training.effort.steps, training.mode, training.loss, training.rate) == (90, "lora", "mse", 0.5)
    assert (training.batch, training.match, training.augment) == (3, 0.5, ("flip",))
    assert (training.seed, training.device) == (4, "cpu")
    inputs = found.inputs
    assert (inputs.data, inputs.samples, inputs.preprocess, inputs.dims) == ("d.npz", 9, Path("p.toml"), {"n": 2})
    assert work("recover").training == Training() and work("recover").inputs.samples == 16384


def test_every_option_of_a_quantisation_arrives() -> None:
    said: dict[str, Any] = {
        "mode": "static", "weights": "uint8", "activations": "uint8", "per_channel": True, "reduce_range": True,
        "ops": ["Conv"], "protect": ["fc*"], "data": "d.npz", "samples": 9, "preprocess": "p.toml", "dims": {"n": 2},
        "seed": 4,
    }  # fmt: skip
    found = work("quantise", **said)
    assert isinstance(found, Quantise) and set(said) == set(STAGES["quantise"]) and found.seed == 4
    assert found.setting == Quantisation("static", "uint8", "uint8", True, True, ["Conv"], ["fc*"])
    assert (found.inputs.data, found.inputs.samples, found.inputs.dims) == ("d.npz", 9, {"n": 2})
    assert work("quantise").setting == Quantisation()


def test_zeros_are_the_options_of_the_pass() -> None:
    kind = available()["sparsify"]
    fields = {field.name: field.default for field in dataclasses.fields(kind)}
    assert set(fields) == SPARSITY
    for name in SPARSITY:
        standard = STAGES["sparsify"][name].standard
        assert standard is None or standard == fields[name]
    made = work("sparsify", pattern="2:4", order=False, least=10, share="even", method="wanda")
    assert made.options.passes == ("sparsify{pattern=2:4,order=false,least=10,share=even,method=wanda}",)


def test_choices_are_those_that_there_are() -> None:
    def known(name: str) -> set[str]:
        return set(OPTIMIZE[name].kind.schema["enum"])

    assert known("aggregate") == set(AGGREGATES) and known("mask_method") == set(METHODS)
    assert known("provider") == set(PROVIDERS)
