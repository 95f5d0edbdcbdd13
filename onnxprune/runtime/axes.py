"""What the axes of graph inputs are, guessed from names and places, and how long each kind gets."""

import re
from dataclasses import dataclass

Dim = int | str | None


@dataclass(frozen=True)
class InputSpec:
    """A graph input: NumPy's name of its type (or "bfloat16", "str") and its shape.

    A dynamic axis is a symbol, or None if it has no name.
    """

    name: str
    dtype: str
    shape: tuple[Dim, ...]


@dataclass(frozen=True)
class Sizes:
    """What the kinds of dynamic axes get, in elements.

    One sample in a batch, because many exports hold a batch of 1 in a Reshape somewhere.
    """

    batch: int = 1
    sequence: int = 16
    past: int = 8
    channels: int = 3
    image: int | None = None  # height and width; None: 224 for three channels, 64 for others
    audio: int = 16_000  # one second at 16 kHz
    bound: int = 100  # exclusive upper bound of integer inputs


# For models that don't run at the usual sizes: smaller embedding tables, then lengths that suit deep
# down-sampling (64, 320, 640), windows of speech models (576) and decoders that take one token at a time.
CANDIDATES = (
    Sizes(),
    Sizes(bound=2),
    Sizes(sequence=32, image=64, bound=2),
    Sizes(sequence=576, image=320, bound=2),
    Sizes(sequence=1, past=16, image=640, bound=2),
    Sizes(sequence=64, image=32, bound=2),
    Sizes(batch=2, sequence=128, image=256, bound=2),
)

# The first kind with a word in the symbol is taken: a past_sequence_length is a past.
_WORDS = {
    "batch": {"batch", "batches", "batchsize", "bs"},
    "past": {"past", "cache", "cached", "kv"},
    "channels": {"channel", "channels"},
    "image": {"height", "width"},
    "audio": {"samples"},
    "sequence": {"seq", "sequence", "seqlen", "len", "length", "token", "tokens", "time", "frames"},
}
_LETTERS = {"b": "batch", "n": "batch", "c": "channels", "h": "image", "w": "image"}
_LETTERS |= dict.fromkeys("tsl", "sequence")

_AUDIO = re.compile(r"audio|wave|speech|input_values|pcm|signal")
_CACHE = re.compile(r"past|cache")
_STATE = re.compile(r"state|hidden|cell|^[hc]\d?$")


def kind_of_symbol(symbol: str) -> str | None:
    """The kind of axis, a field of Sizes, that a symbol names, if it names any."""
    lower = symbol.lower()
    words = set(re.findall(r"[a-z]+", lower))
    named = (kind for kind, known in _WORDS.items() if words & known)
    return _LETTERS.get(lower) or next(named, None)


def kind_of_place(spec: InputSpec, axis: int) -> str:
    """The kind of an axis whose symbol says nothing: by the input's name, its rank and the place."""
    name, rank = spec.name.lower(), len(spec.shape)
    if _AUDIO.search(name) and axis == rank - 1 and rank <= 3:
        return "audio"
    if axis == 0 or (rank == 3 and axis == 1 and isinstance(spec.shape[0], int) and _STATE.search(name)):
        return "batch"  # a recurrent state is [layers, batch, hidden]
    if _CACHE.search(name):
        return "past"
    if rank == 4:
        return "channels" if axis == channel_axis(spec) else "image"
    return "sequence"


def length_of(kind: str, spec: InputSpec, sizes: Sizes) -> int:
    """The length of an axis of this kind in this input."""
    if kind == "image" and sizes.image is None:
        return 224 if _has_three_channels(spec) else 64
    return int(getattr(sizes, kind))


def channel_axis(spec: InputSpec) -> int:
    """Of a picture, of rank 4: NCHW, unless only the last axis has a number of channels that images have."""
    usual = (1, 3, 4)
    return 3 if spec.shape[3] in usual and spec.shape[1] not in usual else 1


def _has_three_channels(spec: InputSpec) -> bool:
    if len(spec.shape) != 4:
        return False
    channels = spec.shape[channel_axis(spec)]
    return channels == 3 or not isinstance(channels, int)
