"""Credits: a balance and every booking (developers.tokfluence.com/docs/credits)."""

from dataclasses import dataclass, field

from sandbox.answers import ApiError


@dataclass(frozen=True, slots=True)
class Booking:
    """Credits that went (positive) or came back (negative)."""

    at: int
    operation: str
    cost: int
    path: str
    request_id: str


@dataclass(slots=True)
class Wallet:
    """One owner's credits, the requests that were accepted, and what each of them cost."""

    balance: int
    bookings: list[Booking] = field(default_factory=list)
    _accepted: dict[str, Booking] = field(default_factory=dict)

    def accept(self, booking: Booking) -> None:
        """Debit a request before its work is done, or refuse it without a charge."""
        if booking.request_id in self._accepted:
            raise ApiError(409, "duplicate_request", "This X-Request-Id was used before.")
        if booking.cost > self.balance:
            raise ApiError(402, "insufficient_credits", "Not enough credits for this request.")
        self._accepted[booking.request_id] = booking
        self._book(booking)

    def refund(self, request_id: str, at: int) -> None:
        """A row of negative cost: the upstream failed."""
        taken = self._accepted[request_id]
        self._book(Booking(at, taken.operation, -taken.cost, taken.path, request_id))

    def cancel(self, request_id: str) -> None:
        """The request was turned away after all: as if it had never been accepted."""
        taken = self._accepted.pop(request_id)
        if taken.cost:
            self.bookings.remove(taken)
            self.balance += taken.cost

    def _book(self, booking: Booking) -> None:
        if booking.cost:
            self.bookings.append(booking)
            self.balance -= booking.cost
