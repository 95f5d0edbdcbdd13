"""Short news texts out of the wheel of gensim: 50 with people's judgement of every pair, 300 without.

Lee, Pincombe, Welsh, "An empirical evaluation of models of text document similarity", 2005.
"""

from functools import cache

import numpy as np

from models.packages import files_of, obtain_all
from models.recipe import Array

_FILES = files_of(
    "gensim==4.4.0",
    "gensim/test/test_data",
    {
        "lee_background.cor": "5d78d6dafd953bbf65797bef09a9ffb9ec430583381be705f8fd460000f370fb",
        "lee.cor": "a878f9a58f6743c32985c56c2f2f75988386216b38a4023a01fd3bcf7884d93e",
        "similarities0-1.txt": "23762bc6b728897144dda3d324a2c032dc1e059e1009806226d64b6dd123ed79",
    },
)


def background() -> list[str]:
    """300 texts that nobody judged."""
    return _content(0).splitlines()


def judged() -> tuple[list[str], Array]:
    """50 texts, and how similar people find each to each: 0 to 1, [50, 50], above the diagonal."""
    rows = [line.split() for line in _content(2).splitlines()]
    return _content(1).splitlines(), np.array(rows, np.float64)


@cache
def _content(index: int) -> str:
    return obtain_all(_FILES, "lee")[index].read_text(encoding="latin-1")


def correlation(embeddings: Array, judgement: Array) -> float:
    """Pearson's, over all pairs, of the embeddings' cosine with the judgement above the diagonal."""
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    pairs = np.triu_indices(len(embeddings), k=1)
    return float(np.corrcoef((unit @ unit.T)[pairs], judgement[pairs])[0, 1])
