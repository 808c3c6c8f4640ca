"""Registered endpoints and their deliveries: some from the seed, the rest from this run."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from sandbox.agency.bans import bans_of
from sandbox.agency.bundles import bundles_of
from sandbox.webhooks.events import EVENTS
from sandbox.world.chance import DAY, HOUR, digest, unit, uuid_of
from sandbox.world.world import World

_SEEDED_EVENTS: Final = ("account.banned", "bundle.published", "account.finalized")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A registered URL. The secret is told once, when it is created."""

    id: str
    url: str
    events: tuple[str, ...]
    description: str | None
    enabled: bool
    secret: str
    created_at: int
    updated_at: int

    def wants(self, event_type: str) -> bool:
        """Whether an event of this type goes there."""
        return self.enabled and (not self.events or event_type in self.events)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event sent to one endpoint; a retry counts up `attempts` of the same row."""

    id: str
    endpoint_id: str
    event_id: str
    event_type: str
    success: bool
    status_code: int | None
    attempts: int
    error: str | None
    created_at: int
    delivered_at: int | None
    body: bytes = b""


@dataclass(slots=True)
class HookBook:
    """One owner's endpoints and deliveries. `version` moves with every change."""

    world: World
    version: int = 0
    _made: int = 0
    _endpoints: dict[str, Endpoint] = field(default_factory=dict)
    _sent: dict[str, Delivery] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """One endpoint exists from the start; nothing is ever sent there."""
        seeded = _seeded_endpoint(self.world)
        self._endpoints[seeded.id] = seeded

    def endpoints(self) -> list[Endpoint]:
        """Every endpoint, newest first."""
        return sorted(self._endpoints.values(), key=lambda one: (-one.created_at, one.id))

    def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """The endpoint with this id."""
        return self._endpoints.get(endpoint_id)

    def add(
        self, url: str, events: tuple[str, ...], told: str | None, enabled: bool, now: int
    ) -> Endpoint:
        """Register a URL."""
        self._made += 1
        self.version += 1
        name = uuid_of(self.world.seed, "webhook", self._made)
        secret = f"whsec_{digest(self.world.seed, 'secret', self._made).hex()}"
        made = Endpoint(name, url, events, told, enabled, secret, now, now)
        self._endpoints[made.id] = made
        return made

    def put(self, endpoint: Endpoint) -> None:
        """An endpoint has changed."""
        self._endpoints[endpoint.id] = endpoint
        self.version += 1

    def remove(self, endpoint_id: str) -> None:
        """An endpoint is gone, and its deliveries are not listed any more."""
        del self._endpoints[endpoint_id]
        self.version += 1

    def deliveries(self, endpoint_id: str, now: int) -> list[Delivery]:
        """Every delivery to an endpoint, newest first."""
        seeded = {one.id: one for one in self._seeded(now) if one.endpoint_id == endpoint_id}
        sent = {one.id: one for one in self._sent.values() if one.endpoint_id == endpoint_id}
        found = (seeded | sent).values()
        return sorted(found, key=lambda one: (-one.created_at, one.id))

    def delivery(self, endpoint_id: str, delivery_id: str, now: int) -> Delivery | None:
        """One delivery by id."""
        found = self.deliveries(endpoint_id, now)
        return next((one for one in found if one.id == delivery_id), None)

    def note(self, delivery: Delivery) -> None:
        """Keep what was sent, or sent again."""
        self._sent[delivery.id] = delivery
        self.version += 1

    def next_number(self) -> int:
        """A number never used before, for ids."""
        self._made += 1
        return self._made

    def _seeded(self, now: int) -> Iterator[Delivery]:
        """What the first endpoint was told: each ban and each publication, a few in vain."""
        endpoint = _seeded_endpoint(self.world)
        for at, event_type, name in _happened(self.world, now):
            if at < endpoint.created_at or at > now:
                continue
            failed = unit(self.world.seed, "delivery", name) < 0.15
            yield Delivery(
                id=uuid_of(self.world.seed, "delivery", name),
                endpoint_id=endpoint.id,
                event_id=f"evt_{digest(self.world.seed, 'event', name).hex()}",
                event_type=event_type,
                success=not failed,
                status_code=503 if failed else 200,
                attempts=3 if failed else 1,
                error="HTTP 503" if failed else None,
                created_at=at,
                delivered_at=None if failed else at + 2,
            )


def renewed(delivery: Delivery, status: int | None, error: str | None, now: int) -> Delivery:
    """A delivery after one more attempt."""
    success = status is not None and 200 <= status < 300
    return replace(
        delivery,
        success=success,
        status_code=status,
        attempts=delivery.attempts + 1,
        error=error,
        delivered_at=now if success else None,
    )


def _seeded_endpoint(world: World) -> Endpoint:
    created_at = world.origin - min(world.days, 40) * DAY
    return Endpoint(
        id=uuid_of(world.seed, "webhook", "seeded"),
        url="https://agency.example.com/webhooks/tokportal",
        events=_SEEDED_EVENTS,
        description="Agency client dashboard",
        enabled=True,
        secret=f"whsec_{digest(world.seed, 'secret', 'seeded').hex()}",
        created_at=created_at,
        updated_at=created_at,
    )


def _happened(world: World, now: int) -> Iterator[tuple[int, str, str]]:
    assert set(_SEEDED_EVENTS) <= set(EVENTS)
    for ban in bans_of(world, now):
        yield ban.reported_at + 60, "account.banned", f"ban {ban.id}"
    for bundle in bundles_of(world, now):
        if bundle.status(now) not in ("draft", "pending_setup", "cancelled"):
            yield bundle.created_at + 2 * DAY, "bundle.published", f"published {bundle.id}"
        if bundle.account_status(now) == "finalized":
            at = bundle.created_at + 4 * DAY + HOUR
            yield at, "account.finalized", f"finalized {bundle.id}"
