"""Mandarin phrases in pairs that doubling alone tells apart, as 好棒 and 好棒棒: written the same but for a character
that stands twice. Who merges what a network repeats without a blank between writes the first for the second.

Speakers of Mandarin double adjectives (高高兴兴), verbs (看看书) and adverbs (慢慢走). ABAB (研究研究) and ABAC
(又大又红) repeat characters that are no neighbours, so they have no partner.
"""

import hashlib
from functools import cache
from itertools import groupby

from stages.sounds.digits import CHINESE

_QUALITIES = "棒大小高冷热香甜美胖瘦慢快乖红白黑软硬轻重远近新旧圆亮暖苦酸"
_MANNERS = {
    "慢": "走说吃看写读来",
    "轻": "放走说拿推",
    "早": "来去起睡",
    "常": "来去看说想",
    "刚": "到来走看说",
    "快": "走来跑吃长",
    "好": "看说吃学写玩",
    "多": "吃看听写说",
    "远": "看走听来",
}
_ACTS = {
    "看": "书报花海山鱼",
    "听": "歌书雨风",
    "写": "字信诗",
    "喝": "茶水汤酒",
    "吃": "饭面鱼菜",
    "洗": "手脸头碗菜",
    "打": "球鼓",
    "读": "书报信诗",
    "唱": "歌戏",
    "种": "花树菜",
    "买": "书花菜米鱼",
    "跑": "步",
    "散": "步",
    "聊": "天",
    "跳": "舞",
    "帮": "忙",
}
_WORDS = """
高兴 干净 清楚 明白 快乐 安静 认真 热闹 老实 整齐 平安 健康 简单 大方 来去 说笑 进出 高低 大小 多少 长短 里外 日夜 风雨
"""
_AGAIN_WORDS = "休息 研究 讨论 打扫 学习 介绍 准备 认识 商量 考虑 照顾 收拾 锻炼 帮助"


def _pairs() -> tuple[tuple[str, str], ...]:
    """Each phrase and what it becomes by doubling."""
    found = [(f"好{quality}", f"好{quality * 2}") for quality in _QUALITIES]
    found += [(f"{quality}的", f"{quality * 2}的") for quality in _QUALITIES]
    found += [(manner + act, manner * 2 + act) for manner, acts in _MANNERS.items() for act in acts]
    found += [(act + thing, act * 2 + thing) for act, things in _ACTS.items() for thing in things]
    found += [(word, word[0] * 2 + word[1] * 2) for word in _WORDS.split()]
    return tuple(found)


PAIRS = _pairs()
TWICE = tuple(word * 2 for word in _AGAIN_WORDS.split())
AGAIN = tuple(
    again + one + again + other for again in "又不很" for one in _QUALITIES for other in _QUALITIES if one != other
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
