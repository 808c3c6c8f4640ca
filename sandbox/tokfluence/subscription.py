"""One owner's Developer plan at Tokfluence: the index it reads, its campaigns, its credits."""

from sandbox.tokfluence.campaigns import Campaign, make_campaigns
from sandbox.tokfluence.index import Index
from sandbox.tokfluence.wallet import Wallet
from sandbox.world.world import World


class Subscription:
    """`place` numbers the owners, so that campaign ids are not shared. Made when first asked."""

    def __init__(self, world: World, credits_given: int, place: int) -> None:
        self.index = Index(world)
        self.wallet = Wallet(credits_given)
        self._origin, self._place = world.origin, place
        self._campaigns: list[Campaign] | None = None

    def campaigns(self) -> list[Campaign]:
        """All campaigns, archived ones too."""
        if self._campaigns is None:
            self._campaigns = make_campaigns(self.index, self._origin, self._place)
        return self._campaigns

    def campaign(self, campaign_id: str) -> Campaign | None:
        """The campaign with this id."""
        return next((one for one in self.campaigns() if str(one.id) == campaign_id), None)
