"""The built-in source of `speech_translation`: Cantonese sentences and their English, from one grammar of both.

What `$name` means in a rule, says stages/texts/synchronous.py (`$thing.one` is a noun's measure word). Cantonese puts
time and place before the verb, a clause before the noun it describes, a quality before what it exceeds, what is given
before who gets it, and `first` at the very end: English does not come about by writing down sounds one after the other.
The Cantonese side is for the synthesiser, and for the transcripts that a cascade learns from.
"""

import re
from random import Random

from stages.texts.synchronous import Combinations, SynchronousGrammar, word_list

WORDS: dict[str, tuple[dict[str, str], ...]] = {
    "who": word_list("""
en | object | be | do | want | like | yue
i | me | am | do | want | like | 我
you | you | are | do | want | like | 你
we | us | are | do | want | like | 我哋
they | them | are | do | want | like | 佢哋
my mother | my mother | is | does | wants | likes | 媽媽
my father | my father | is | does | wants | likes | 爸爸
the teacher | the teacher | is | does | wants | likes | 老師
the doctor | the doctor | is | does | wants | likes | 醫生
"""),
    "whom": word_list("""
en | yue
her | 佢
my sister | 家姐
my friend | 朋友
the boss | 老細
"""),
    "thing": word_list("""
en | many | one | yue
book | books | 本 | 書
car | cars | 架 | 車
cup | cups | 隻 | 杯
dog | dogs | 隻 | 狗
bird | birds | 隻 | 雀
fish | fish | 條 | 魚
shirt | shirts | 件 | 衫
knife | knives | 把 | 刀
letter | letters | 封 | 信
flower | flowers | 枝 | 花
"""),
    "act": word_list("""
en | past | ing | yue
buy | bought | buying | 買
sell | sold | selling | 賣
draw | drew | drawing | 畫
wash | washed | washing | 洗
look for | looked for | looking for | 搵
borrow | borrowed | borrowing | 借
"""),
    "meal": word_list("""
en | yue
drink tea | 飲茶
eat rice | 食飯
play ball | 打波
read books | 睇書
sing | 唱歌
swim | 游水
run | 跑步
sleep | 瞓覺
"""),
    "quality": word_list("""
en | more | yue
big | bigger | 大
small | smaller | 細
expensive | more expensive | 貴
cheap | cheaper | 平
heavy | heavier | 重
pretty | prettier | 靚
new | newer | 新
old | older | 舊
"""),
    "place": word_list("""
en | yue
at home | 屋企
at school | 學校
in hong kong | 香港
in the park | 公園
in the hospital | 醫院
on the street | 街度
"""),
    "past": word_list("""
en | yue
yesterday | 尋日
last year | 舊年
just now | 頭先
this morning | 今朝
"""),
    "soon": word_list("""
en | yue
tomorrow | 聽日
next year | 出年
tonight | 今晚
next week | 下個禮拜
"""),
    "count": word_list("""
en | yue
two | 兩
three | 三
five | 五
six | 六
eight | 八
ten | 十
"""),
}

_SENTENCES = """
$who $act.past a $thing $past ~ $who$past$act咗$thing.one$thing
$who $act.past $count $thing.many $place ~ $who喺$place$act咗$count$thing.one$thing
$who $who.be $act.ing a $thing $place ~ $who喺$place$act緊$thing.one$thing
$who $who.want to $meal $soon ~ $who$soon想$meal
$who $who.like to $meal $place ~ $who鍾意喺$place$meal
$who $who.do not want to $meal $place ~ $who唔想喺$place$meal
did $who $act a $thing $past ~ $who$past有冇$act$thing
the $thing that $who $act.past is $quality ~ $who$act嗰$thing.one$thing好$quality
this $thing1 is $quality.more than that $thing2 ~ 呢$thing1.one$thing1$quality過嗰$thing2.one$thing2
there are $count $thing.many $place ~ $place有$count$thing.one$thing
$who gave $whom a $quality $thing ~ $who畀咗$thing.one$quality$thing$whom
let $who.object $meal first ~ 畀$who$meal先
why $who.do $who $meal $place ~ $who點解喺$place$meal
where did $who $act this $thing ~ $who喺邊度$act呢$thing.one$thing
"""

GRAMMAR = SynchronousGrammar(
    WORDS,
    {
        "sentence": tuple(
            {"en": english.strip(), "yue": cantonese.strip()}
            for english, _, cantonese in (line.partition("~") for line in _SENTENCES.strip().splitlines())
        )
    },
)
COMBINATIONS = Combinations(
    {
        form: entry["en"]
        for name in ("thing", "act", "meal", "quality", "place")
        for entry in WORDS[name]
        for key, form in entry.items()
        if key not in ("yue", "one")
    },
    share=12,
)


def draw(rng: Random) -> tuple[str, str]:
    """An English sentence and its Cantonese."""
    forms = GRAMMAR.draw("sentence", rng)
    return re.sub(r"\ba (?=[aeiou])", "an ", forms["en"]), forms["yue"]
