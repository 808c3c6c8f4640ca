"""What a provider's language model has to say: about a sample of comments, about an account."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sandbox.world.accounts import Account
from sandbox.world.comments import Comment

Json = dict[str, Any]
_GOOD: Final = ("love", "want", "欲しい", "😂", "part 2")
_BAD: Final = ("not for me",)


def analysis_of(comments: Sequence[Comment]) -> Json:
    """Cached semantic analysis: how the sample feels, what it asks, what comes up."""
    moods = Counter(_mood(comment.text) for comment in comments)
    themes = Counter(comment.text for comment in comments if comment.text.strip())
    return {
        "sample_size": len(comments),
        "sentiment": {name: moods[name] for name in ("positive", "neutral", "negative")},
        "questions": sum("?" in comment.text for comment in comments),
        "themes": [{"name": name, "count": n} for name, n in themes.most_common(3)],
        "model": "cached",
    }


def intelligence_of(account: Account) -> Json | None:
    """Cached text about an account, there for one in three."""
    if account.index % 3:
        return None
    return {
        "summary": f"{account.display_name} posts mostly short videos.",
        "topics": [{"name": "lifestyle", "score": 0.61}, {"name": "reviews", "score": 0.22}],
        "model": "cached",
    }


def _mood(text: str) -> str:
    if any(word in text for word in _BAD):
        return "negative"
    return "positive" if any(word in text for word in _GOOD) else "neutral"
