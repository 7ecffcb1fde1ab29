"""One stretch of the agent's speech, in words and in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Word:
    text: str
    middle: float
    """Seconds into the segment: past it, the word counts as heard."""
    end: float


@dataclass(eq=False)
class Segment:
    """One stretch of speech: the words come on one way, the sound on another, in either order."""

    words: list[Word] = field(default_factory=list)
    has_text: bool = False
    text_open: bool = False
    has_voice: bool = False
    captured: bool = False
    truncated: bool = False
    """Its voice failed half-way."""
    shown: int = 0
    """Words that went out as captions."""
    limit: int | None = None
    """Words that may be shown at all, once its end is known to be an early one."""
    over: bool = False
    position: float = 0.0
    """Seconds played at ``since``, or now where that is None."""
    since: float | None = None
    """Unix seconds from which it has been playing."""
    started: bool = False

    def played(self, now: float) -> float:
        return self.position + (0.0 if self.since is None else max(0.0, now - self.since))

    def hold(self, now: float) -> None:
        self.position, self.since = self.played(now), None

    def heard(self, position: float) -> int:
        """How many words count as heard at ``position``."""
        return next(
            (i for i, word in enumerate(self.words) if word.middle > position), len(self.words)
        )

    @property
    def plays(self) -> bool:
        """It has sound, and its end was not reported yet."""
        return self.has_voice and not self.over

    @property
    def is_mute(self) -> bool:
        """It has all its words, and no sound came."""
        return self.has_text and not self.text_open and not self.has_voice

    def due(self, played: float) -> int:
        """How many words should have been shown once so many seconds were."""
        if self.limit is not None:
            return self.limit
        if self.over:
            return len(self.words)
        return self.heard(played) if self.started else 0

    def until_next(self, played: float) -> float | None:
        """Seconds until the next word is due; None: that is not a matter of time."""
        if self.since is None or self.limit is not None or self.shown >= len(self.words):
            return None
        return max(0.0, self.words[self.shown].middle - played)
