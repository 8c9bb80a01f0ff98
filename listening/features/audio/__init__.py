"""The view `audio_embeddings`: tracks by what they sound like, from tables or from audio files."""

from listening.features.audio.files import AudioExtraError
from listening.features.audio.job import AudioBuilt, build_from_files, build_from_tables

__all__ = ["AudioBuilt", "AudioExtraError", "build_from_files", "build_from_tables"]
