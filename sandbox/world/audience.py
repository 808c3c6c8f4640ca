"""Who watches a connected account. Captured daily or less often; only the newest is kept."""

from dataclasses import dataclass
from typing import Final

from sandbox.world import text
from sandbox.world.accounts import Account
from sandbox.world.chance import DAY, dice

BUCKETS: Final = {
    "age": ("13-17", "18-24", "25-34", "35-44", "45-54", "55+"),
    "gender": ("female", "male", "other"),
    "country": text.COUNTRIES[:5],
    "city": text.CITIES[:4],
}


@dataclass(frozen=True, slots=True)
class Audience:
    """Shares of the audience per dimension and bucket, in `unit`."""

    captured_at: int
    unit: str
    shares: dict[str, list[tuple[str, float]]]


def audience_at(seed: int, account: Account, now: int) -> Audience | None:
    """The newest audience, or None where it is not available (one connected account in six)."""
    if account.index % 6 == 5 or not account.connected(now) or account.first_capture is None:
        return None
    step = (1 + account.index % 3) * DAY
    seen = account.thaw(now)
    captured_at = seen - (seen - account.first_capture) % step
    shares = {name: _split(seed, account, captured_at, name) for name in BUCKETS}
    return Audience(captured_at, "percent", shares)


def _split(
    seed: int, account: Account, captured_at: int, dimension: str
) -> list[tuple[str, float]]:
    lasting = dice(seed, account.id, dimension)
    passing = dice(seed, account.id, dimension, captured_at)
    weights = [lasting.random() + 0.05 * passing.random() for _ in BUCKETS[dimension]]
    total = sum(weights)
    return [
        (bucket, round(100 * weight / total, 1))
        for bucket, weight in zip(BUCKETS[dimension], weights, strict=True)
    ]
