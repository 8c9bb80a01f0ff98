"""What librosa hears in audio files: timbre, harmony, rhythm and loudness, summed up in numbers."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from schema.features import URI_PREFIX

_SUFFIXES: Final = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif")
_ID: Final = re.compile("(?:^|[^0-9A-Za-z])([0-9A-Za-z]{22})$")
_RATE: Final = 22_050
_LONGEST: Final = 90.0  # seconds of a file that are heard
_SHORTEST: Final = 1.0
_COEFFICIENTS: Final = 20
_PITCHES: Final = ("c", "cis", "d", "dis", "e", "f", "fis", "g", "gis", "a", "ais", "h")
_SHAPES: Final = ("centroid", "bandwidth", "rolloff", "flatness", "zero_crossings", "onsets")

#: The numbers, in order.
NAMES: Final = (
    *("tempo", "loudness", "loudness_spread"),
    *(f"{shape}_{part}" for shape in _SHAPES for part in ("mean", "spread")),
    *(f"mfcc{number}_{part}" for number in range(_COEFFICIENTS) for part in ("mean", "spread")),
    *(f"chroma_{pitch}" for pitch in _PITCHES),
)


class AudioExtraError(ValueError):
    """The library that reads audio files is not installed."""


def audio_files(folder: str) -> Iterator[tuple[str, str | None]]:
    """Audio files below a folder, with the URI of each's track.

    Yields:
        Paths, and URIs: a file's name ends with the track's ID of 22 letters and digits; None
        where it does not.
    """
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.suffix.lower() in _SUFFIXES and path.is_file():
            found = _ID.search(path.stem)
            yield os.fspath(path), None if found is None else URI_PREFIX + found[1]


def library() -> Any:
    """Librosa.

    Raises:
        AudioExtraError: it is not installed.
    """
    try:
        import librosa
    except ModuleNotFoundError as error:
        raise AudioExtraError(
            f"audio files need the package {error.name}: pip install 'segue-recommender[audio]'"
        ) from None
    return librosa


def analyse(path: str) -> np.ndarray | None:
    """The numbers of a file: float64, in the order of NAMES.

    Returns:
        None where it cannot be read, or is shorter than a second, or silent.
    """
    librosa = library()
    try:
        sound, rate = librosa.load(path, sr=_RATE, mono=True, duration=_LONGEST)
    except Exception:  # whatever the decoders of a dozen formats raise
        return None
    if len(sound) < _SHORTEST * rate or not np.any(sound):
        return None
    spectrum = np.abs(librosa.stft(sound))
    loudness = librosa.amplitude_to_db(librosa.feature.rms(S=spectrum), ref=1.0)
    strength = librosa.onset.onset_strength(S=librosa.power_to_db(spectrum**2), sr=rate)
    shapes = (
        librosa.feature.spectral_centroid(S=spectrum, sr=rate),
        librosa.feature.spectral_bandwidth(S=spectrum, sr=rate),
        librosa.feature.spectral_rolloff(S=spectrum, sr=rate),
        librosa.feature.spectral_flatness(S=spectrum),
        librosa.feature.zero_crossing_rate(sound),
        strength,
    )
    mel = librosa.feature.melspectrogram(S=spectrum**2, sr=rate)
    timbre = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=_COEFFICIENTS)
    chroma = librosa.feature.chroma_stft(S=spectrum**2, sr=rate)
    tempo = np.atleast_1d(librosa.feature.tempo(onset_envelope=strength, sr=rate))[0]
    found = [float(tempo), float(loudness.mean()), float(loudness.std())]
    for values in (*shapes, *timbre):
        found += [float(values.mean()), float(values.std())]
    found += chroma.mean(axis=1).tolist()
    return np.array(found, np.float64)
