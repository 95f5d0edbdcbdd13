from pathlib import Path

import pytest
import torch

from onnxprune.errors import InputError
from onnxprune.export import Runner, export, load

TEXT = {
    "hidden_size": "32",
    "num_hidden_layers": "1",
    "num_attention_heads": "4",
    "vocab_size": "101",
    "seq": "16",
}
BERT = {**TEXT, "intermediate_size": "48"}
GPT2 = {**TEXT, "task": "causal-lm"}
LLAMA = {**BERT, "num_key_value_heads": "2", "task": "causal-lm"}
MIXTRAL = {**LLAMA, "num_local_experts": "4"}
BART = {
    "d_model": "32",
    "encoder_layers": "1",
    "decoder_layers": "1",
    "encoder_attention_heads": "4",
    "decoder_attention_heads": "4",
    "encoder_ffn_dim": "48",
    "decoder_ffn_dim": "48",
    "vocab_size": "101",
    "seq": "16",
}
VIT = {"hidden_size": "32", "num_hidden_layers": "1", "num_attention_heads": "4", "intermediate_size": "48"}
IDS = ["input_ids", "attention_mask"]
CASES = [
    ("bert", BERT, "dynamo", IDS, "last_hidden_state", (1, 16, 32)),
    ("gpt2", GPT2, "torchscript", IDS, "logits", (1, 16, 101)),
    ("llama", LLAMA, "dynamo", IDS, "logits", (1, 16, 101)),
    ("mixtral", MIXTRAL, "dynamo", IDS, "logits", (1, 16, 101)),
    ("bart", BART, "torchscript", [*IDS, "decoder_input_ids"], "last_hidden_state", (1, 16, 32)),
    ("vit", {**VIT, "image_size": "32"}, "torchscript", ["pixel_values"], "last_hidden_state", (1, 5, 32)),
]


@pytest.mark.parametrize(("model", "options", "exporter", "inputs", "output", "shape"), CASES)
def test_export_by_type(
    tmp_path: Path,
    run: Runner,
    model: str,
    options: dict[str, str],
    exporter: str,
    inputs: list[str],
    output: str,
    shape: tuple[int, ...],
) -> None:
    result = export(f"transformers:{model}", tmp_path / "m.onnx", options=options, exporter=exporter, run=run)
    assert result.max_error is not None
    assert result.max_error < 1e-5
    assert [port.name for port in result.inputs] == inputs
    assert [(port.name, port.shape) for port in result.outputs] == [(output, shape)]


SPEECH = {key: text for key, text in BART.items() if key not in ("seq", "vocab_size")} | {"max_source_positions": "20"}
SERIES = {"num_input_channels": "3", "context_length": "24", "patch_length": "8", "patch_stride": "8"}


@pytest.mark.parametrize(
    ("model", "options", "name", "shape"),
    [
        ("speech_to_text", {**SPEECH, "input_feat_per_channel": "12", "seq": "16"}, "input_features", (1, 16, 12)),
        ("whisper", {**SPEECH, "num_mel_bins": "8", "seq": "16"}, "input_features", (1, 8, 40)),
        ("wav2vec2-bert", {**BERT, "feature_projection_input_dim": "20"}, "input_features", (1, 16, 20)),
        (
            "audio-spectrogram-transformer",
            {**VIT, "max_length": "64", "num_mel_bins": "32"},
            "input_values",
            (1, 64, 32),
        ),
        ("wav2vec2", {**BERT, "num_conv_pos_embeddings": "4"}, "input_values", (1, 16000)),
        ("patchtst", {**SERIES, "batch": "2"}, "past_values", (2, 24, 3)),
    ],
)
def test_features_spectrograms_and_series(
    model: str, options: dict[str, str], name: str, shape: tuple[int, ...]
) -> None:
    source = load(f"transformers:{model}", options)
    assert source.inputs[name].shape == shape
    assert source.outputs == ("last_hidden_state",)


def test_a_model_that_reads_something_else() -> None:
    with pytest.raises(InputError, match="reads none of the inputs known here: tokens, pictures, speech, series"):
        load("transformers:decision_transformer", {"n_layer": "1", "hidden_size": "16"})


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_batch_and_sequence_are_dynamic(tmp_path: Path, run: Runner, exporter: str) -> None:
    out = tmp_path / "m.onnx"
    result = export("transformers:llama", out, options=LLAMA, exporter=exporter, dynamic=True, run=run)
    assert [port.shape for port in result.inputs] == [("batch", "sequence")] * 2
    assert result.outputs[0].shape == ("batch", "sequence", 101)


def test_the_mask_masks() -> None:
    source = load("transformers:bert", BERT)
    assert source.inputs["attention_mask"].tolist() == [[1] * 14 + [0] * 2]
    whole = {**source.inputs, "attention_mask": torch.ones(1, 16, dtype=torch.int64)}
    assert not torch.allclose(source.run(source.inputs)[0][:, :14], source.run(whole)[0][:, :14])


def test_options_of_the_inputs() -> None:
    source = load("transformers:bert", {**BERT, "batch": "2", "mask": "false", "seq": "7"})
    assert {name: tuple(x.shape) for name, x in source.inputs.items()} == {"input_ids": (2, 7)}
    short = {key: text for key, text in BERT.items() if key != "seq"} | {"max_position_embeddings": "40"}
    assert load("transformers:bert", short).inputs["input_ids"].shape == (1, 40)


@pytest.mark.parametrize(
    ("task", "outputs"),
    [
        ("masked-lm", ("logits",)),
        ("sequence-classification", ("logits",)),
        ("question-answering", ("start_logits", "end_logits")),
    ],
)
def test_tasks(task: str, outputs: tuple[str, ...]) -> None:
    assert load("transformers:bert", {**BERT, "task": task}).outputs == outputs


@pytest.mark.parametrize(
    ("model", "task", "sizes", "outputs"),
    [
        ("segformer", "semantic-segmentation", {"decoder_hidden_size": "16"}, ("logits",)),
        ("yolos", "object-detection", {**VIT, "image_size": "(32, 32)"}, ("logits", "pred_boxes")),
        # Two classes do this task, one with a head for distillation.
        ("deit", "image-classification", {**VIT, "image_size": "32"}, ("logits",)),
    ],
)
def test_tasks_on_pictures(model: str, task: str, sizes: dict[str, str], outputs: tuple[str, ...]) -> None:
    assert load(f"transformers:{model}", {**sizes, "task": task}).outputs == outputs


def test_folder_with_a_configuration_and_one_with_weights(tmp_path: Path) -> None:
    trained = load("transformers:bert", BERT, seed=5)
    model = trained.module.module
    model.config.save_pretrained(tmp_path)
    spec = f"transformers:{tmp_path}"
    random = load(spec, {"seq": "16"})
    assert random.parameters == trained.parameters
    assert not torch.equal(random.run(trained.inputs)[0], trained.run(trained.inputs)[0])
    model.bfloat16().save_pretrained(tmp_path)
    model.float()
    loaded = load(spec, {"seq": "16"})
    assert next(loaded.module.parameters()).dtype == torch.float32
    assert torch.allclose(loaded.run(trained.inputs)[0], trained.run(trained.inputs)[0], atol=1e-6)


@pytest.mark.parametrize(
    ("target", "options", "sentence"),
    [
        ("bertt", {}, "neither a folder nor a type of model; did you mean bert"),
        (
            "bert",
            {"hidden_sizes": "3"},
            "configuration of bert has no hidden_sizes; did you mean hidden_size",
        ),
        ("bert", {"task": "masked_lm"}, "unknown task 'masked_lm'"),
        ("bert", {"seq": "0"}, "seq=0 should be a positive whole number"),
        ("bert", {"mask": "no"}, "mask=no should be true or false"),
        ("bert", {**BERT, "num_attention_heads": "5"}, "can't build bert for task base: ValueError: .*heads"),
        ("vit", {"task": "causal-lm"}, "can't build vit for task causal-lm"),
    ],
)
def test_what_can_be_wrong(target: str, options: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load(f"transformers:{target}", options)


def test_a_folder_without_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="refuses the configuration of"):
        load(f"transformers:{tmp_path}")
