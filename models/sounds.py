"""Sounds made on the spot: babble from a source and three formants, and noise."""

from collections.abc import Iterator

import numpy as np

from models.recipe import Array

RATE = 16_000
"""Samples per second."""

# First three formants in Hz of /a e i o u/ (adult averages, rounded).
VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))


def babble(random: np.random.Generator, seconds: float) -> Array:
    """Syllables of one voice without words: float32 [samples], peak 0.5."""
    total, parts, length = int(seconds * RATE), [], 0
    pitch = random.uniform(95, 220)
    while length < total:
        parts.append(_syllable(random, pitch * random.uniform(0.85, 1.2)))
        length += len(parts[-1])
    voice = np.concatenate(parts)[:total]
    return np.asarray(0.5 * voice / np.abs(voice).max(), np.float32)


def _syllable(random: np.random.Generator, pitch: float) -> Array:
    """A burst of hiss, a vowel that glides, a short rest."""
    length = int(random.uniform(0.12, 0.25) * RATE)
    start, end = (VOWELS[random.integers(len(VOWELS))] for _ in range(2))
    pulses = _pulses(pitch * np.linspace(1.05, 0.9, length))
    glide = np.linspace(0, 1, length)
    vowel = (1 - glide) * _resonate(pulses, start) + glide * _resonate(pulses, end)
    hiss = 0.05 * np.diff(random.normal(size=int(random.uniform(0.03, 0.09) * RATE) + 1))
    vowel *= np.hanning(length) ** 0.5 / max(np.abs(vowel).max(), 1e-9)
    return np.concatenate([hiss, vowel, np.zeros(int(random.uniform(0.01, 0.06) * RATE))])


def _pulses(pitch: Array) -> Array:
    """One unit pulse per period, softened as the glottis does: pitch [samples] in Hz."""
    phase = np.cumsum(pitch) / RATE
    pulses = np.diff(np.floor(phase), prepend=0.0)
    decay = np.exp(-np.arange(160) / 12.0)
    return np.convolve(pulses, decay)[: len(pitch)]


def _resonate(source: Array, formants: tuple[int, ...]) -> Array:
    """The source through one two-pole resonator per formant, 80 Hz wide, side by side."""
    time = np.arange(800) / RATE
    responses = (np.exp(-np.pi * 80 * time) * np.sin(2 * np.pi * f * time) / (1 + i) for i, f in enumerate(formants))
    return np.convolve(source, np.sum(list(responses), axis=0))[: len(source)]


def hum(random: np.random.Generator, seconds: float) -> Array:
    """What is no speech: white or low-passed noise with a mains hum, float32 [samples], peak 0.3."""
    time = np.arange(int(seconds * RATE)) / RATE
    noise = random.normal(size=len(time))
    if random.random() < 0.5:
        noise = np.convolve(noise, np.ones(20) / 20, mode="same")
    sound = noise + random.uniform(0, 0.5) * np.sin(2 * np.pi * 50 * time)
    return np.asarray(0.3 * sound / np.abs(sound).max(), np.float32)


def mixed(voice: Array, noise: Array, decibels: float) -> Array:
    """Voice plus noise at a signal-to-noise ratio, peak at most 1."""
    gain = np.sqrt(np.mean(voice**2) / np.mean(noise**2) / 10 ** (decibels / 10))
    both = voice + gain * noise
    return np.asarray(both / max(1.0, float(np.abs(both).max())), np.float32)


def speech_windows(n: int, seed: int) -> Iterator[tuple[Array, bool]]:
    """n sounds of two seconds, every second one babble in noise at 5 dB, the others noise alone.

    Each is cut as a voice detector eats it: [T, 576], windows of 512 samples behind the 64 before them.
    """
    random = np.random.default_rng(seed)
    for index in range(n):
        voiced, noise = index % 2 == 0, hum(random, 2.0)
        sound = mixed(babble(random, 2.0), noise, 5.0) if voiced else noise
        padded = np.concatenate([np.zeros(64, np.float32), sound])
        yield np.lib.stride_tricks.sliding_window_view(padded, 576)[::512].copy(), voiced
