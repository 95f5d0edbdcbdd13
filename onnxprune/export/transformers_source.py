"""`transformers:MODEL_TYPE` and `transformers:FOLDER`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from onnxprune.errors import InputError
from onnxprune.export.adapter import adapt
from onnxprune.export.lazy import need
from onnxprune.export.options import take_bool, take_int, values
from onnxprune.export.quiet import quiet
from onnxprune.export.source import Source
from onnxprune.export.transformers_inputs import axes_of, default_length, example_inputs
from onnxprune.words import cause, did_you_mean

if TYPE_CHECKING:
    import torch

# Task -> (class, outputs that are kept).
_TASKS = {
    "base": ("AutoModel", ("last_hidden_state",)),
    "causal-lm": ("AutoModelForCausalLM", ("logits",)),
    "masked-lm": ("AutoModelForMaskedLM", ("logits",)),
    "seq2seq-lm": ("AutoModelForSeq2SeqLM", ("logits",)),
    "sequence-classification": ("AutoModelForSequenceClassification", ("logits",)),
    "token-classification": ("AutoModelForTokenClassification", ("logits",)),
    "question-answering": ("AutoModelForQuestionAnswering", ("start_logits", "end_logits")),
    "image-classification": ("AutoModelForImageClassification", ("logits",)),
    "semantic-segmentation": ("AutoModelForSemanticSegmentation", ("logits",)),
    "object-detection": ("AutoModelForObjectDetection", ("logits", "pred_boxes")),
    "zero-shot-object-detection": ("AutoModelForZeroShotObjectDetection", ("logits", "pred_boxes")),
    "depth-estimation": ("AutoModelForDepthEstimation", ("predicted_depth",)),
    "audio-classification": ("AutoModelForAudioClassification", ("logits",)),
    "ctc": ("AutoModelForCTC", ("logits",)),
    "speech-seq2seq": ("AutoModelForSpeechSeq2Seq", ("logits",)),
}
_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


def load_transformers(target: str, options: dict[str, str]) -> Source:
    """A model of transformers, without a cache of keys and values and without pooling.

    Options: task, batch, seq, mask, attn; every other one overrides a field of the configuration.
    """
    transformers = need("transformers", "transformers")
    task = options.pop("task", "base")
    if task not in _TASKS:
        raise InputError(f"unknown task {task!r}: it should be one of {', '.join(_TASKS)}")
    batch, length = take_int(options, "batch", 1), take_int(options, "seq", 0)
    mask, attention = take_bool(options, "mask", True), options.pop("attn", None)
    config = _config(transformers, target, options)
    _make_exportable(config)
    class_name, outputs = _TASKS[task]
    module = _build(getattr(transformers, class_name), target, config, attention, task)
    inputs = example_inputs(module, target, batch, length or default_length(config), mask=mask)
    constants = {"return_dict": True, "use_cache": False} if _has_cache(module) else {"return_dict": True}
    name = f"transformers:{target}"
    return adapt(name, module, inputs, keywords=constants, select=outputs, axes=axes_of(inputs))


def _config(transformers: Any, target: str, options: dict[str, str]) -> Any:
    config = _configuration(transformers, target, {})
    fields = {*config.to_dict(), *getattr(config, "attribute_map", {})}
    for key in options:
        if key not in fields:
            raise InputError(f"the configuration of {target} has no {key}{did_you_mean(key, fields)}")
    return _configuration(transformers, target, values(options)) if options else config


def _configuration(transformers: Any, target: str, overrides: dict[str, Any]) -> Any:
    auto, known = transformers.AutoConfig, transformers.models.auto.configuration_auto.CONFIG_MAPPING_NAMES
    is_folder = Path(target).is_dir()
    if not is_folder and target not in known:
        close = did_you_mean(target, known)
        raise InputError(f"transformers:{target} is neither a folder nor a type of model{close}")
    try:
        with quiet():
            if is_folder:
                return auto.from_pretrained(target, local_files_only=True, **overrides)
            return auto.for_model(target, **overrides)
    except Exception as error:  # a wrong field shows up anywhere
        raise InputError(f"transformers refuses the configuration of {target}: {cause(error)}") from error


def _make_exportable(config: Any) -> None:
    """Switch off what can't be traced: the cache, and experts that loop over the tokens they were sent."""
    if hasattr(config, "use_cache"):
        config.use_cache = False
    if hasattr(config, "_experts_implementation"):
        config._experts_implementation = "batched_mm"
    # Where a task has several classes transformers looks through this, also where it's None.
    config.architectures = config.architectures or []


def _build(auto: Any, target: str, config: Any, attention: str | None, task: str) -> torch.nn.Module:
    folder = Path(target)
    trained = folder.is_dir() and any(file for pattern in _WEIGHTS for file in folder.glob(pattern))
    try:
        with quiet():
            if not trained:
                module = auto.from_config(config, attn_implementation=attention)
            else:
                module = auto.from_pretrained(
                    folder, config=config, local_files_only=True, attn_implementation=attention
                )
    except Exception as error:  # a wrong field shows up anywhere in the model
        raise InputError(f"transformers can't build {target} for task {task}: {cause(error)}") from error
    # A checkpoint in bfloat16 loads as such; every runtime has float32.
    return module.float()


def _has_cache(module: torch.nn.Module) -> bool:
    return hasattr(module.config, "use_cache")
