"""What Tokfluence has in its index: each video as of its last analysis."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.tokfluence.catalogue import Catalogue
from sandbox.tokfluence.comments import COMMENTS_KEPT, Late, Remark, remarks_of
from sandbox.tokfluence.schedule import first_analysis, newest_analysis
from sandbox.tokfluence.videos import Counters, Video
from sandbox.world.world import World


@dataclass(frozen=True, slots=True)
class Entry:
    """One indexed video. `late` are comments that a test added since."""

    video: Video
    analysed_at: int
    late: tuple[Late, ...]

    def counters(self) -> Counters:
        """The counters of the last analysis, and what a test added."""
        found = self.video.counters(self.analysed_at)
        return found._replace(comments=found.comments + sum(one.count for one in self.late))

    def comment_total(self) -> int:
        """How many comments can be read: as many as the counter says, up to a limit."""
        return min(self.counters().comments, COMMENTS_KEPT)

    def remarks(self) -> list[Remark]:
        """The comments, replies among them, oldest first."""
        first = self.video.counters(self.analysed_at).comments
        return remarks_of(self.video, first, self.late)[: self.comment_total()]


class Index:
    """The index of one owner's world, and what tests and analyze did to it."""

    def __init__(self, home: World) -> None:
        self.videos = Catalogue(home)
        self._asked: dict[str, list[int]] = {}
        self._forgotten: dict[str, int] = {}
        self._late: dict[str, list[Late]] = {}

    def find(self, post_id: str, now: int) -> Entry | None:
        """The entry of a video, once it is indexed."""
        video = self.videos.find(post_id, now)
        return self._entry(video, now) if video else None

    def all(self, now: int) -> Iterator[Entry]:
        """Every entry, newest publication first."""
        entries = (self._entry(video, now) for video in self.videos.all(now))
        return (entry for entry in entries if entry)

    def never(self, now: int) -> list[Video]:
        """Videos of the portfolio that nobody brought in, and that never come by themselves."""
        return [
            video
            for video in self.videos.all(now)
            if video.ours
            and first_analysis(video.post) is None
            and self.videos.gone_at(video) is None
            and not self._entry(video, now)
        ]

    def is_gone(self, video: Video, now: int) -> bool:
        """Whether the video has left TikTok, so that it cannot be analysed any more."""
        gone_at = self.videos.gone_at(video)
        return gone_at is not None and gone_at <= now

    def analyse(self, post_id: str, at: int) -> None:
        """Somebody's analysis shows from this moment on."""
        self._asked.setdefault(post_id, []).append(at)

    def forget(self, post_id: str, now: int) -> None:
        """The video leaves the index until somebody has it analysed again."""
        self._asked.pop(post_id, None)
        self._forgotten[post_id] = now

    def add_comments(self, post_id: str, count: int, now: int) -> None:
        """So many comments are written at this moment and indexed at once."""
        late = self._late.setdefault(post_id, [])
        late.append(Late(now, sum(one.count for one in late), count))

    def _entry(self, video: Video, now: int) -> Entry | None:
        analysed_at = self._analysed_at(video, now)
        if analysed_at is None:
            return None
        late = tuple(one for one in self._late.get(video.id, ()) if one.at <= now)
        return Entry(video, analysed_at, late)

    def _analysed_at(self, video: Video, now: int) -> int | None:
        gone_at = self.videos.gone_at(video)
        until = now if gone_at is None else min(now, gone_at)
        times = [at for at in self._asked.get(video.id, ()) if at <= now]
        if self._forgotten.get(video.id, now + 1) > now:
            own = newest_analysis(video.post, until)
            times += [] if own is None else [own]
        return max(times, default=None)
