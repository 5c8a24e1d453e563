"""Mandarin phrases in pairs that only doubling distinguishes, as 好棒 and 好棒棒: written the same but for a character
that is doubled. A decoder that merges repeats without a blank between them writes the first for the second.

Characters are few, so that each is heard in many phrases, and of those that are no digits no two sound the same.

Speakers of Mandarin double adjectives (高高兴兴), verbs (看看书) and adverbs (慢慢走). ABAB (研究研究) and ABAC
(又大又红) repeat characters that are no neighbours, so they have no partner.
"""

import hashlib
from functools import cache
from itertools import groupby

from stages.sounds.digits import CHINESE

_QUALITIES = "棒大小高冷热香甜慢快红白软硬远暖苦酸黑"
_MANNERS = {
    "慢": "走说看写读",
    "轻": "走说拿看",
    "快": "走跑吃写",
    "好": "看说吃写听读",
    "多": "吃看听写说跑",
    "远": "看走跑",
}
_ACTS = {
    "看": "书报花山球",
    "听": "歌书鼓",
    "写": "信书歌",
    "喝": "茶水",
    "吃": "饭菜",
    "洗": "脸碗菜",
    "打": "球鼓水",
    "读": "书报信",
    "唱": "歌",
    "买": "书花菜茶",
    "跑": "步",
}
_WHO = "我你他"
_WORDS = "高兴 明白 快乐 安静 认真 高大 香甜 红白 冷热"
_AGAIN_WORDS = "休息 学习 研究"


def _pairs() -> tuple[tuple[str, str], ...]:
    """Each phrase and what it becomes by doubling."""
    found = [(f"好{quality}", f"好{quality * 2}") for quality in _QUALITIES]
    found += [(f"{quality}的", f"{quality * 2}的") for quality in _QUALITIES]
    found += [(manner + act, manner * 2 + act) for manner, acts in _MANNERS.items() for act in acts]
    acts = [(act, thing) for act, things in _ACTS.items() for thing in things]
    found += [(who + act + thing, who + act * 2 + thing) for who in ("", *_WHO) for act, thing in acts]
    found += [(word, word[0] * 2 + word[1] * 2) for word in _WORDS.split()]
    return tuple(found)


PAIRS = _pairs()
TWICE = tuple(word * 2 for word in _AGAIN_WORDS.split())
AGAIN = tuple(
    again + one + again + other for again in "又很" for one in _QUALITIES for other in _QUALITIES if one != other
)
TWENTIETHS = {"test": (0, 1, 2), "val": (3, 4)}  # of the hashes of plain forms: phrases that no other split has


def merged(text: str) -> str:
    """`text` with each run of one character written once."""
    return "".join(character for character, _ in groupby(text))


@cache
def kept_for(text: str) -> str:
    """The split that alone may have this phrase, doubled or not; '' for one that any split may have."""
    if text in TWICE or set(text) <= set(CHINESE):
        return ""
    number = int.from_bytes(hashlib.sha256(merged(text).encode()).digest()[:8]) % 20
    return next((split for split, numbers in TWENTIETHS.items() if number in numbers), "")
