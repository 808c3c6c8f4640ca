"""What a sandbox is started with, and the command line that says it."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

TIERS = ("full", "creator", "starter")
DIALECTS = ("first", "later")


@dataclass(frozen=True, slots=True)
class Settings:
    """Flags of `python -m sandbox`. `rate` is TokPortal's requests per minute and key; `days` is
    history.

    A refresh shows `refresh_seconds` later on the sandbox's clock or, when `refresh_real_seconds`
    is not 0, that much later on this machine's, at the sandbox's moment then.

    `restated_days` and `genviral_restated_days` say for how many days the provider restates a point
    of the daily series: one number for all accounts, or `1-5`, which gives the accounts 1, 2, 3, 4
    and 5 days in turn.
    """

    port: int = 0
    seed: int = 7
    accounts: int = 99
    posts: int = 4876
    days: int = 60
    clock: str = "2026-05-28T09:00:00Z"
    rate: int = 120
    tier: str = "full"
    faults: tuple[str, ...] = ()
    dialect: str = "first"
    tenants: int = 1
    v1_accounts: int = 0
    refresh_quota: int = 500
    refresh_seconds: int = 30
    restated_days: str = "3"
    genviral_restated_days: str = "0"
    refresh_real_seconds: float = 0.0
    genviral_rate: int = 60
    tokfluence_rate: int = 600
    tokfluence_credits: int = 10_000

    def __post_init__(self) -> None:
        """Refuse what the world cannot be built from, before a port is opened."""
        if self.tier not in TIERS:
            raise ValueError(f"tier must be one of {', '.join(TIERS)}, not {self.tier!r}")
        if self.dialect not in DIALECTS:
            raise ValueError(f"dialect must be one of {', '.join(DIALECTS)}, not {self.dialect!r}")
        if not 1 <= self.tenants <= 26 or self.v1_accounts < 0:
            raise ValueError("tenants must be 1 to 26, v1-accounts at least 0")
        if min(self.accounts, self.days, *self.rates.values()) < 1 or self.posts < 0:
            raise ValueError("accounts, days and rates must be at least 1, posts at least 0")
        if self.tokfluence_credits < 0:
            raise ValueError("tokfluence-credits must be at least 0")
        parse_clock(self.clock)
        if any(not days for days in self.restatement_windows.values()):
            raise ValueError("restated days must be a number, or two like 1-5, smaller one first")

    @property
    def origin(self) -> int:
        """The clock at the start, in epoch seconds."""
        return parse_clock(self.clock)

    @property
    def keys(self) -> dict[str, str]:
        """The advertised key of each provider."""
        return {
            "tokportal": f"sk_sandbox_{self.tier}",
            "genviral": "gva_sandbox_full.sandbox",
            "tokfluence": "tkf_sandbox_full",
        }

    @property
    def rates(self) -> dict[str, int]:
        """Requests per minute and key of each provider."""
        return {
            "tokportal": self.rate,
            "genviral": self.genviral_rate,
            "tokfluence": self.tokfluence_rate,
        }

    @property
    def restatement_windows(self) -> dict[str, range]:
        """For how many days each provider restates a point; accounts take the values in turn."""
        return {
            "tokportal": _whole_range(self.restated_days),
            "genviral": _whole_range(self.genviral_restated_days),
        }

    def arguments(self) -> list[str]:
        """The command line that gives these settings."""
        flags = asdict(self)
        faults = flags.pop("faults")
        named = ((name.replace("_", "-"), str(value)) for name, value in flags.items())
        words = [word for name, value in named for word in (f"--{name}", value)]
        return [*words, *(word for fault in faults for word in ("--fault", fault))]


def parse_clock(text: str) -> int:
    """Epoch seconds of an ISO time; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _whole_range(text: str) -> range:
    """The whole numbers that `3` or `1-5` names."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


_WHOLE_NUMBERS = (
    *("port", "seed", "accounts", "posts", "days", "rate"),
    *("tenants", "v1_accounts", "refresh_quota", "refresh_seconds"),
    *("genviral_rate", "tokfluence_rate", "tokfluence_credits"),
)


def read_arguments(words: Sequence[str] | None = None) -> tuple[Settings, bool]:
    """Settings, and whether to stop when standard input closes."""
    default = Settings()
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    for name in _WHOLE_NUMBERS:
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=int, default=getattr(default, name))
    parser.add_argument("--refresh-real-seconds", type=float, default=default.refresh_real_seconds)
    for name in ("restated_days", "genviral_restated_days"):
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, default=getattr(default, name), metavar="N or N-M")
    parser.add_argument("--dialect", choices=DIALECTS, default=default.dialect)
    parser.add_argument("--clock", default=default.clock)
    parser.add_argument("--tier", choices=TIERS, default=default.tier)
    parser.add_argument("--fault", action="append", default=[], dest="faults", metavar="K=V")
    parser.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    flags = vars(parser.parse_args(words))
    until_stdin_closes = flags.pop("until_stdin_closes")
    try:
        return Settings(**{**flags, "faults": tuple(flags["faults"])}), until_stdin_closes
    except ValueError as problem:
        parser.error(str(problem))
