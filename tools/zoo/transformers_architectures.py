"""Architectures of transformers that its own export source covers, with what `small` can't guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Architecture:
    """A type of model with a head; `overrides` are fields of its configuration or options of the source."""

    model_type: str
    task: str = "base"
    overrides: Mapping[str, Any] = field(default_factory=dict)


def _many(task: str, names: str) -> dict[str, Architecture]:
    return {name: Architecture(name, task) for name in names.split()}


_SPEECH = {
    "conv_dim": (32, 48, 64, 64),
    "conv_kernel": (10, 5, 5, 5),
    "conv_stride": (5, 4, 4, 4),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}

ENCODERS = {
    **_many("masked-lm", "bert roberta electra albert mpnet camembert layoutlm ernie megatron-bert xlm-roberta"),
    **_many("base", "deberta-v2 deberta fnet rembert nystromformer nomic_bert ibert splinter roformer"),
    "distilbert": Architecture("distilbert", "masked-lm", {"dim": 64, "hidden_dim": 128}),
    "esm": Architecture("esm", "base", {"vocab_size": 33, "mask_token_id": 32, "pad_token_id": 1}),
    "bert-classifier": Architecture("bert", "sequence-classification"),
    "bert-qa": Architecture("bert", "question-answering"),
    "modernbert": Architecture(
        "modernbert", "masked-lm", {"local_attention": 8, "cls_token_id": 1, "sep_token_id": 2, "pad_token_id": 0}
    ),
    "funnel": Architecture("funnel", "base", {"block_sizes": (1, 1), "num_decoder_layers": 1}),
    "squeezebert": Architecture("squeezebert", "base", {"embedding_size": 64}),
    "convbert": Architecture("convbert", "base", {"conv_kernel_size": 5}),
    "mobilebert": Architecture(
        "mobilebert", "base", {"intra_bottleneck_size": 32, "embedding_size": 32, "true_hidden_size": None}
    ),
}
DECODERS = {
    **_many(
        "causal-lm",
        "gpt2 gpt_neox opt bloom falcon llama mistral qwen2 qwen3 phi phi3 gemma gemma2 gemma3_text olmo olmo2 "
        "stablelm cohere starcoder2 mpt granite smollm3 gpt_bigcode persimmon glm helium xglm biogpt",
    ),
    "gpt_neo": Architecture("gpt_neo", "causal-lm", {"attention_types": [[["global", "local"], 1]], "window_size": 8}),
    "gptj": Architecture("gptj", "causal-lm", {"rotary_dim": 8}),
    "codegen": Architecture("codegen", "causal-lm", {"rotary_dim": 8}),
    "mixtral": Architecture("mixtral", "causal-lm"),
    "qwen2_moe": Architecture("qwen2_moe", "causal-lm"),
    "granitemoe": Architecture("granitemoe", "causal-lm"),
    "olmoe": Architecture("olmoe", "causal-lm"),
    "mamba": Architecture("mamba", "causal-lm", {"time_step_rank": 4, "state_size": 8}),
    "mamba2": Architecture(
        "mamba2", "causal-lm", {"num_heads": 8, "head_dim": 16, "state_size": 16, "n_groups": 2, "chunk_size": 8}
    ),
    "rwkv": Architecture("rwkv", "causal-lm"),
}
ENCODER_DECODERS = {
    **_many("seq2seq-lm", "bart marian pegasus mbart blenderbot-small m2m_100 plbart"),
    # With fused attention torch.export makes a view of the reshape behind it, and fails.
    "t5": Architecture("t5", "seq2seq-lm", {"attn": "eager"}),
    "mt5": Architecture("mt5", "seq2seq-lm", {"attn": "eager"}),
    "longt5": Architecture("longt5", "base", {"local_radius": 7, "attn": "eager"}),
    "whisper": Architecture("whisper", "speech-seq2seq", {"num_mel_bins": 16, "max_source_positions": 32}),
    "speech_to_text": Architecture(
        "speech_to_text",
        "speech-seq2seq",
        {"max_source_positions": 32, "input_feat_per_channel": 16, "conv_channels": 64},
    ),
}
VISION = {
    **_many("image-classification", "vit deit dinov2 vit_msn ijepa"),
    "beit": Architecture(
        "beit",
        "image-classification",
        {"layer_scale_init_value": 0.1, "use_relative_position_bias": True, "attn": "eager"},
    ),
    "swin": Architecture(
        "swin",
        "image-classification",
        {"embed_dim": 32, "depths": (2, 2), "num_heads": (2, 4), "window_size": 4, "patch_size": 4},
    ),
    "swinv2": Architecture(
        "swinv2",
        "image-classification",
        {"embed_dim": 32, "depths": (2, 2), "num_heads": (2, 4), "window_size": 4, "patch_size": 4},
    ),
    "convnext": Architecture(
        "convnext", "image-classification", {"hidden_sizes": (16, 32, 48, 64), "depths": (1, 1, 2, 1), "patch_size": 4}
    ),
    "convnextv2": Architecture(
        "convnextv2",
        "image-classification",
        {"hidden_sizes": (16, 32, 48, 64), "depths": (1, 1, 2, 1), "patch_size": 4},
    ),
    "segformer": Architecture(
        "segformer",
        "semantic-segmentation",
        {
            "hidden_sizes": (16, 32, 64, 96),
            "depths": (1, 1, 1, 1),
            "num_attention_heads": (1, 2, 4, 6),
            "decoder_hidden_size": 48,
        },
    ),
    "dpt": Architecture(
        "dpt",
        "depth-estimation",
        {
            "num_hidden_layers": 4,
            "backbone_out_indices": (0, 1, 2, 3),
            "neck_hidden_sizes": (16, 24, 32, 48),
            "fusion_hidden_size": 32,
        },
    ),
    "mobilevit": Architecture(
        "mobilevit",
        "image-classification",
        {"hidden_sizes": (48, 64, 80), "neck_hidden_sizes": (16, 16, 24, 32, 40, 48, 96), "patch_size": 2},
    ),
    "mobilevitv2": Architecture("mobilevitv2", "image-classification", {"patch_size": 2, "width_multiplier": 0.25}),
    "poolformer": Architecture(
        "poolformer",
        "image-classification",
        {"hidden_sizes": (16, 32, 48, 64), "depths": (1, 1, 2, 1), "image_size": None},
    ),
    "pvt": Architecture(
        "pvt",
        "image-classification",
        {
            "hidden_sizes": (16, 32, 48, 64),
            "depths": (1, 1, 1, 1),
            "num_attention_heads": (1, 2, 3, 4),
            "patch_size": None,
        },
    ),
    "yolos": Architecture("yolos", "object-detection", {"image_size": (64, 64), "num_detection_tokens": 10}),
    "detr": Architecture(
        "detr",
        "object-detection",
        {
            "backbone_config": {
                "model_type": "resnet",
                "embedding_size": 16,
                "hidden_sizes": (32, 48, 64, 80),
                "depths": (1, 1, 1, 1),
                "out_features": ["stage4"],
            },
            "num_queries": 10,
        },
    ),
    "resnet": Architecture(
        "resnet",
        "image-classification",
        {"embedding_size": 16, "hidden_sizes": (32, 48, 64, 80), "depths": (1, 1, 1, 1)},
    ),
    "regnet": Architecture(
        "regnet",
        "image-classification",
        {"embedding_size": 16, "hidden_sizes": (32, 48, 64, 96), "depths": (1, 1, 2, 1), "groups_width": 16},
    ),
    "levit": Architecture(
        "levit",
        "image-classification",
        {"hidden_sizes": (32, 48, 64), "depths": (1, 1, 1), "num_attention_heads": (2, 3, 4)},
    ),
}
SPEECH = {
    "wav2vec2": Architecture("wav2vec2", "ctc", _SPEECH),
    "hubert": Architecture("hubert", "ctc", _SPEECH),
    "wavlm": Architecture("wavlm", "base", {**_SPEECH, "num_buckets": 32, "max_bucket_distance": 80}),
    "sew": Architecture("sew", "ctc", _SPEECH),
    "unispeech": Architecture("unispeech", "base", _SPEECH),
    "data2vec-audio": Architecture("data2vec-audio", "base", _SPEECH),
    "audio-spectrogram-transformer": Architecture(
        "audio-spectrogram-transformer", "audio-classification", {"max_length": 64, "num_mel_bins": 32}
    ),
    "wav2vec2-bert": Architecture(
        "wav2vec2-bert", "base", {"feature_projection_input_dim": 32, "conv_depthwise_kernel_size": 7, "attn": "eager"}
    ),
    "wav2vec2-conformer": Architecture(
        "wav2vec2-conformer", "base", {**_SPEECH, "conv_depthwise_kernel_size": 7, "position_embeddings_type": "rotary"}
    ),
}
TOWERS = {
    **{
        name: Architecture(name, "base", {"batch": 2})
        for name in "clip siglip chinese_clip altclip clipseg metaclip_2".split()
    },
    "owlvit": Architecture("owlvit", "zero-shot-object-detection"),
}
OTHERS = {
    "patchtst": Architecture(
        "patchtst",
        "base",
        {"num_input_channels": 3, "patch_length": 8, "patch_stride": 8, "num_hidden_layers": 2, "do_mask_input": False},
    ),
    "patchtsmixer": Architecture(
        "patchtsmixer", "base", {"num_input_channels": 3, "patch_length": 8, "patch_stride": 8}
    ),
    "tapas": Architecture("tapas", "base"),
}
ARCHITECTURES = {**ENCODERS, **DECODERS, **ENCODER_DECODERS, **VISION, **SPEECH, **TOWERS, **OTHERS}
