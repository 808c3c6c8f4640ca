"""Decides whether a warehouse is right, from the sandbox's truth alone.

It shares no code with `sources/` and `pipelines/`: keys, types and rules are written here a second
time, from the interface and not from the product, so that one mistake cannot hide the other.

    truth = Truth(sandbox.url)
    truth.observe()                       # after every sync, while the sandbox's clock stands
    assert differences(truth, warehouse) == []
"""

from oracle.judge import Verdict, differences, judge
from oracle.rejects import Reject, rejects
from oracle.truth import Truth

__all__ = ["Reject", "Truth", "Verdict", "differences", "judge", "rejects"]
