"""Titles of synthetic playlists: mostly about what is in them, sometimes misspelt or generic."""

from __future__ import annotations

import random
from typing import Final

#: Words for a mood or for what one does in it.
_MOOD_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "happy": ("happy", "good vibes", "feel good", "sunshine", "summer"),
    "sad": ("sad", "heartbreak", "rainy days", "in my feels", "crying"),
    "chill": ("chill", "chill vibes", "relax", "mellow", "lazy sunday"),
    "party": ("party", "turn up", "friday night", "pregame", "dance"),
    "love": ("love", "love songs", "romance", "wedding", "date night"),
    "angry": ("angry", "rage", "loud", "dark"),
    "focus": ("focus", "study", "work", "reading", "concentration"),
    "workout": ("workout", "gym", "running", "pump up", "cardio"),
    "nostalgic": ("throwback", "oldies", "childhood", "memories", "classics"),
    "sleep": ("sleep", "bedtime", "calm", "night", "lullabies"),
}
_GENRE_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "electronic": ("electronic", "edm", "electro"),
    "hip hop": ("hip hop", "rap", "hiphop"),
    "rnb": ("rnb", "r&b", "slow jams"),
    "soundtrack": ("soundtrack", "movie music", "scores"),
    "classical": ("classical", "piano", "orchestra"),
    "alternative": ("alternative", "alt"),
    "latin": ("latin", "salsa", "baila"),
}
_MOOD_EMOJI: Final[dict[str, tuple[str, ...]]] = {
    "happy": ("😊", "🌞"),
    "sad": ("😢", "💔"),
    "chill": ("😎", "🌴"),
    "party": ("🎉", "💃"),
    "love": ("❤️", "😍"),
    "angry": ("😡", "🔥"),
    "focus": ("📚", "☕"),
    "workout": ("💪", "🏃"),
    "nostalgic": ("📼", "🕰️"),
    "sleep": ("😴", "🌙"),
}
_ANY_EMOJI: Final = ("🎵", "✨", "🙃", "👌", "🐝", "🌈", "🎧")
_GENERIC: Final = (
    "my playlist", "music", "songs", "stuff", "new", "faves", "favorites", "mix", "random", "jams",
    "playlist 1", "untitled", "good stuff", "all time", "me", "car", "2016", "2017", "list", "...",
)  # fmt: skip
_GENRE_FORMS: Final = ("{}", "{}", "{}", "{} music", "{} mix", "{} hits", "{} 2017", "best of {}")
_MOOD_FORMS: Final = ("{}", "{}", "{}", "{} mix", "{} playlist", "{} time")

_GENERIC_SHARE: Final = 0.1
_EMOJI_SHARE: Final = 0.07
_MISSPELT_SHARE: Final = 0.04


def misspell(dice: random.Random, text: str) -> str:
    """Returns the text with one letter doubled, dropped, or swapped with the next."""
    if len(text) < 4:
        return text
    at = dice.randrange(1, len(text) - 1)
    middle = dice.choice((text[at] * 2 + text[at + 1], text[at + 1], text[at + 1] + text[at]))
    return text[:at] + middle + text[at + 2 :]


def genre_title(dice: random.Random, genre: str) -> str:
    """Returns a title about a genre."""
    return dice.choice(_GENRE_FORMS).format(dice.choice(_GENRE_WORDS.get(genre, (genre,))))


def mood_title(dice: random.Random, mood: str, genre: str | None = None) -> str:
    """Returns a title about a mood, or about a genre's side of it."""
    word = dice.choice(_MOOD_WORDS[mood])
    if genre is None:
        return dice.choice(_MOOD_FORMS).format(word)
    return f"{word} {dice.choice(_GENRE_WORDS.get(genre, (genre,)))}"


def generic_title(dice: random.Random) -> str:
    """Returns a title that says nothing."""
    return dice.choice(_GENERIC) if dice.random() < 0.8 else dice.choice(_ANY_EMOJI)


def finish(dice: random.Random, title: str, mood: str | None) -> str:
    """Returns the title as a person would type it: cased, misspelt, with emoji, or given up."""
    if dice.random() < _GENERIC_SHARE:
        title = generic_title(dice)
    if dice.random() < _MISSPELT_SHARE:
        title = misspell(dice, title)
    cased = dice.random()
    if cased < 0.35:
        title = title.title()
    elif cased < 0.5:
        title = title.capitalize()
    elif cased < 0.55:
        title = title.upper()
    if dice.random() < _EMOJI_SHARE:
        emoji = dice.choice(_MOOD_EMOJI[mood] if mood else _ANY_EMOJI)
        title = emoji if dice.random() < 0.3 else f"{title} {emoji}"
    return title
