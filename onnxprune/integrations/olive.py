"""Microsoft Olive: pruning as a pass of its workflows.

`olive run --config run.json --package-config olive_config.json`, where `python -m onnxprune.integrations.olive` wrote
the package configuration: Olive's own passes and this one, of type OnnxPrune. Needs the extra `olive`.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from olive.data.config import DataConfig
from olive.hardware.accelerator import AcceleratorSpec
from olive.model import CompositeModelHandler, ONNXModelHandler
from olive.model.utils import resolve_onnx_path
from olive.package_config import OlivePackageConfig
from olive.passes import Pass
from olive.passes.pass_config import PassConfigParam
from olive.search.search_parameter import Categorical

from onnxprune import report
from onnxprune.directory import note, optimize_directory, reports, warnings, write_reports
from onnxprune.errors import InputError
from onnxprune.graph import data_files_of
from onnxprune.integrations.parameters import FILE, PARAMETERS, kind, recipe
from onnxprune.recipe.recipe import Recipe
from onnxprune.recipe.run import run
from onnxprune.report.sentences import missed

MODULE = "onnxprune.integrations.olive"

DATA = "data_config"
"""The parameter that Olive itself knows data by."""

SAMPLES = 512
"""Gathered from Olive's data, unless `samples` says how many."""

SEARCHED = ["macs=0.8", "macs=0.65", "macs=0.5"]
"""Targets that a search of Olive's tries where nobody names others."""

logger = logging.getLogger(__name__)


class OnnxPrune(Pass):  # type: ignore[misc]  # Olive is unknown to the type checker
    """Structured pruning of an ONNX model, or of several under one target, proved and reported by onnxprune.

    Its parameters are the keys of a recipe, and `recipe`, the file of one.
    """

    _accepts_composite_model = True

    @classmethod
    def _default_config(cls, accelerator_spec: AcceleratorSpec) -> dict[str, PassConfigParam]:
        found = {name: PassConfigParam(type_=kind(name), description=one.meaning) for name, one in PARAMETERS.items()}
        found["target"].search_defaults = Categorical(SEARCHED)
        found[FILE] = PassConfigParam(type_=str, description="A recipe's file; the other parameters win over it.")
        found[DATA] = PassConfigParam(
            type_=DataConfig | dict, description="Data of Olive's, instead of `data`; their labels are left out."
        )
        return found

    def _run_for_config(
        self, model: ONNXModelHandler | CompositeModelHandler, config: Any, output_model_path: str
    ) -> ONNXModelHandler | CompositeModelHandler:
        given = {name: getattr(config, name) for name in (*PARAMETERS, FILE)}
        with tempfile.TemporaryDirectory(prefix="onnxprune-") as folder:
            if getattr(config, DATA) is not None:
                given["data"] = _gathered(model, getattr(config, DATA), Path(folder) / "data", given)
            asked = recipe(given)
            if isinstance(model, CompositeModelHandler):
                return _several(model, asked, Path(output_model_path).with_suffix(""), Path(folder))
            return _one(model, asked, Path(resolve_onnx_path(output_model_path, Path(model.model_path).name)))


def _one(model: ONNXModelHandler, asked: Recipe, output: Path) -> ONNXModelHandler:
    """A single model."""
    result = run(asked, model.model_path, output, logger.info)
    record = report.summarize(result)
    for text in record.warnings:
        logger.warning("%s", text)
    if not result.met:
        logger.warning("%s; the best result is written", missed(record))
    if asked.report is not None:
        with report.claimed(asked.report):
            report.write(asked.report, result, report.detailed(record, result, logger.info))
    return _handler(output)


def _several(model: CompositeModelHandler, asked: Recipe, output: Path, scratch: Path) -> CompositeModelHandler:
    """The components of a model, under one target."""
    source = scratch / "models"
    names = {name: _linked(source / name, Path(one.model_path)) for name, one in model.get_model_components()}
    output.parent.mkdir(parents=True, exist_ok=True)
    result = optimize_directory(source, output, asked, progress=logger.info)
    for text in warnings(result):
        logger.warning("%s", text)
    if not result.met:
        logger.warning("the target is not met; the best result is written")
    if asked.report is not None:
        with report.claimed(asked.report):
            write_reports(asked.report, result, reports(result, logger.info))
    parts = [_handler(output / name / file) for name, file in names.items()]
    attributes = {**(model.model_attributes or {}), "onnxprune": note(result, output)["models"]}
    return CompositeModelHandler(parts, list(names), model_path=output, model_attributes=attributes)


def _linked(folder: Path, model: Path) -> str:
    """A directory with links to a model and its data files; the model's name."""
    for file in (model, *data_files_of(model)):
        place = folder / file.relative_to(model.parent)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(file.resolve())
    return model.name


def _handler(model: Path) -> ONNXModelHandler:
    """Olive takes a model with data files as a folder."""
    if data_files_of(model):
        return ONNXModelHandler(model_path=model.parent, onnx_file_name=model.name)
    return ONNXModelHandler(model_path=model)


def _gathered(model: Any, config: Any, folder: Path, given: dict[str, Any]) -> str:
    """What Olive's data loader yields, as a folder of arrays. Raises InputError where it doesn't suit."""
    if given["data"] is not None:
        raise InputError("data and data_config: give one of them")
    if isinstance(model, CompositeModelHandler):
        raise InputError("data_config says what one model reads; for several give data, a folder with those of each")
    config = DataConfig.model_validate(config) if isinstance(config, dict) else config
    loader = config.to_data_container().create_calibration_dataloader(
        model_path=model.model_path, io_config=model.io_config
    )
    folder.mkdir()
    samples = 0
    for number, batch in enumerate(loader):
        arrays = _arrays(batch)
        np.savez(folder / f"{number:06}.npz", **arrays)  # type: ignore[arg-type]
        samples += next((len(array) for array in arrays.values() if array.ndim), 1)
        if samples >= (given["samples"] or SAMPLES):
            break
    return str(folder)


def _arrays(batch: Any) -> dict[str, np.ndarray]:
    """The inputs of a batch, which may come with labels behind them."""
    inputs = batch[0] if isinstance(batch, tuple | list) else batch
    if not isinstance(inputs, dict):
        raise InputError(f"data_config: a batch should hold inputs by name, but is {type(inputs).__name__}")
    return {name: np.asarray(value) for name, value in inputs.items()}


def package_config() -> dict[str, Any]:
    """What Olive calls a package configuration: its own passes, and this one."""
    found = json.loads(Path(OlivePackageConfig.get_default_config_path()).read_text(encoding="utf-8"))
    found["passes"]["OnnxPrune"] = {
        "module_path": f"{MODULE}.{OnnxPrune.__name__}",
        "supported_providers": ["*"],
        "supported_accelerators": ["*"],
        "supported_precisions": ["*"],
        "module_dependencies": ["onnxprune"],
        "dataset": "dataset_optional",
    }
    assert isinstance(found, dict)
    return found


def _main(words: Iterable[str]) -> None:
    """Print the package configuration, for --package-config."""
    if list(words):
        raise SystemExit("usage: python -m onnxprune.integrations.olive > olive_config.json")
    print(json.dumps(package_config(), indent=1))


if __name__ == "__main__":
    _main(sys.argv[1:])
