"""Takes the inbox: one targeted sync of the accounts that its events speak of, then their rows.

An event only says what to ask; facts come from the sync. So a lost event costs freshness until the
next ordinary sync, and a repeated one costs nothing. An event leaves the inbox when its row is
committed, and not before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from .destinations import Warehouse, destination
from .event_rows import Handled, Knowledge, known, record
from .exits import Exit, Stop
from .inbox import Inbox, Waiting
from .ledger import RunResult
from .lock import Holder
from .progress import Progress
from .signals import Stopper, in_thread, stopped_by_signals
from .summary import last_line
from .sync import SyncRequest, new_run_id, sync

T = TypeVar("T")

_LOOK_AGAIN_SECONDS = 0.5
# An account whose sync fails that long is its own trouble, told by `social status`.
_LEFT_TO_SCHEDULE_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class Drained:
    """What became of the inbox; `code` and `why` are the sync's when events stay."""

    handled: int
    left: int
    code: Exit
    why: str = ""

    def last_line(self) -> str:
        if not self.left:
            return f"{self.handled} events handled, none left."
        again = "The next try handles them; an ordinary `social sync` brings the same data."
        return f"{self.handled} events handled, {self.left} left in the inbox. {self.why} {again}"


def drain(inbox: Inbox, target: str, wait_seconds: float, progress: Progress) -> Drained:
    """Handle what waits. Raises Stop: another process does already, lock or warehouse unusable."""
    with inbox.handling() as mine, stopped_by_signals() as stopper:
        if not mine:
            raise Stop(Exit.LOCKED, "another process handles the inbox", "Nothing to do.")
        inbox.tidy()
        for file in inbox.spoilt():
            progress.event("inbox.unreadable", "warning", file=str(file))
        waiting = inbox.waiting()
        if not waiting:
            return Drained(0, 0, Exit.OK)
        return _Drain(inbox, target, waiting, wait_seconds, progress, stopper).run()


class _Drain:
    def __init__(
        self,
        inbox: Inbox,
        target: str,
        waiting: list[Waiting],
        wait_seconds: float,
        progress: Progress,
        stopper: Stopper,
    ) -> None:
        self._inbox, self._waiting = inbox, waiting
        self._target, self._place = target, destination(target)
        self._deadline = time.monotonic() + wait_seconds
        self._progress, self._stopper = progress, stopper

    def run(self) -> Drained:
        accounts = self._accounts()
        named = sorted({account_id for account_id in accounts.values() if account_id})
        self._progress.event("inbox.taken", events=len(self._waiting), accounts=len(named))
        result = self._sync(named) if named else None
        code = result.exit_code if result else Exit.OK
        last = last_line(result) if result else ""
        handled = list(self._handled(accounts, result))
        if handled and code not in (Exit.TERMINATED, Exit.INTERRUPTED):
            refused = self._when_free(lambda: self._record(handled))
            self._inbox.finish([one.waiting for one in handled if one.waiting.name not in refused])
            for one in handled:
                if (why := refused.get(one.waiting.name)) is not None:
                    self._set_aside(one, why)
            left = len(self._waiting) - len(handled)
            self._progress.event("inbox.handled", events=len(handled), left=left)
            ended = code if left else Exit.OK
            return Drained(len(handled), left, Exit.PARTIAL if refused else ended, last)
        return Drained(0, len(self._waiting), code, last)

    def _accounts(self) -> dict[str, str | None]:
        """The account that each waiting event leads to, as far as the warehouse knows."""
        knowledge = self._when_free(self._look_up)
        return {one.name: knowledge.account_of(one.event) for one in self._waiting}

    def _look_up(self) -> Knowledge:
        if not self._place.exists():
            return Knowledge()
        with self._place.writing(Holder()) as warehouse:
            return known(warehouse, [one.event for one in self._waiting])

    def _sync(self, accounts: list[str]) -> RunResult:
        request = SyncRequest(
            select=["tokportal"], accounts=accounts, command="listen", target=self._target
        )
        return self._when_free(lambda: sync(request, new_run_id(), self._progress))

    def _when_free(self, work: Callable[[], T]) -> T:
        """Do it once no other run holds the warehouse. Raises Stop at a signal, or too late."""
        while True:
            try:
                return work()
            except Stop as stop:
                if stop.code is not Exit.LOCKED or time.monotonic() >= self._deadline:
                    raise
            if self._stopper.stop.wait(_LOOK_AGAIN_SECONDS):
                code = self._stopper.exit_code or Exit.TERMINATED
                raise Stop(code, "interrupted", "The events stay in the inbox.")

    def _handled(
        self, accounts: dict[str, str | None], result: RunResult | None
    ) -> Iterable[Handled]:
        """The events that need no further try."""
        now, failed = datetime.now(UTC), _failed(result)
        run_id = result.run_id if result else None
        for one in self._waiting:
            account_id = accounts[one.name]
            if account_id is None:
                yield Handled(one, None, "no_account", now, None)
            elif failed is not None and not failed & {account_id, None}:
                yield Handled(one, account_id, "synced", now, run_id)
            elif failed is not None and now - one.received_at > _LEFT_TO_SCHEDULE_AFTER:
                yield Handled(one, account_id, "left_to_schedule", now, run_id)

    def _record(self, handled: list[Handled]) -> dict[str, Exception]:
        """Write the rows. Returns the events that the table does not take, by name, with the
        reasons. Raises Stop for what stands in the way of all."""
        with self._place.writing(Holder()) as warehouse:
            try:
                in_thread(lambda: record(warehouse, handled))
                return {}
            except Exception:
                refused = _refused(warehouse, handled)
                if len(refused) == len(handled) and _is_trouble_of_all(refused):
                    raise
                return refused

    def _set_aside(self, one: Handled, why: Exception) -> None:
        self._progress.event(
            "event.not_recorded",
            "error",
            event_id=one.waiting.event.event_id,
            file=str(self._inbox.set_aside(one.waiting)),
            reason=f"{type(why).__name__}: {why}",
        )


def _refused(warehouse: Warehouse, handled: list[Handled]) -> dict[str, Exception]:
    """Write the rows one by one; the errors of those that are not taken, by name."""
    refused: dict[str, Exception] = {}
    for one in handled:
        try:
            in_thread(partial(record, warehouse, [one]))
        except Exception as error:
            refused[one.waiting.name] = error
    return refused


def _is_trouble_of_all(refused: dict[str, Exception]) -> bool:
    """A warehouse in trouble raises Stop; an error of any other kind is about the event."""
    return all(isinstance(error, Stop) for error in refused.values())


def _failed(result: RunResult | None) -> set[str | None] | None:
    """Accounts whose sync failed, None among them when a whole stream did; None when all did."""
    if result is None:
        return set()
    if result.exit_code not in (Exit.OK, Exit.PARTIAL, Exit.CHECK_FAILED):
        return None
    return {error["account_id"] for provider in result.providers for error in provider.errors}
