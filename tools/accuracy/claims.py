"""What papers claim of methods that are here too, asked again in kind: ratio for ratio, on the models at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Kept = Mapping[str, float]
"""Column -> what is left of the dense score, in per cent."""


@dataclass(frozen=True, slots=True)
class Claim:
    """source: who says so; says: what; level: of the multiply-accumulates left; columns: what it takes to judge it;
    models: of the kind that it was made for; holds: whether it does"""

    source: str
    says: str
    level: float
    columns: tuple[str, ...]
    models: tuple[str, ...]
    holds: Callable[[Kept], bool]


TRANSFORMERS = ("gpt_austen", "vit_fashion", "minilm_l6")

CLAIMS = (
    Claim(
        "Nova et al. 2023 (KCM)",
        "40 % fewer FLOPs of BERT cost less than 4 %",
        0.6,
        ("kcm", "default"),
        TRANSFORMERS,
        lambda kept: kept["kcm"] > 96,
    ),
    Claim(
        "Berisha et al. 2025 (VBP)",
        "35 % fewer MACs of DeiT keep over 70 % before any training",
        0.65,
        ("vbp", "default"),
        ("vit_fashion",),
        lambda kept: kept["vbp"] > 70,
    ),
    Claim(
        "An et al. 2024 (FLAP)",
        "FLAP keeps more of LLaMA than Wanda by structure, and that more than magnitude",
        0.8,
        ("magnitude", "wanda", "flap", "default"),
        TRANSFORMERS,
        lambda kept: kept["flap"] > kept["wanda"] > kept["magnitude"],
    ),
    Claim(
        "Wang et al. 2024 (OBSPA)",
        "without data, optimal brain surgery keeps more of ResNets and ViTs than magnitude",
        0.8,
        ("magnitude", "obs, no data", "default"),
        ("resnet_cifar", "vit_fashion"),
        lambda kept: kept["obs, no data"] > kept["magnitude"],
    ),
)
