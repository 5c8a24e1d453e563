"""The built-in source of `translation`: a synchronous grammar, which writes an English and a Chinese side at once.

A production is `English ~ Chinese`; what `$name` means there, says stages/texts/synchronous.py (`$thing.cl` is a noun's
measure word). Time and place stand last in English and before the verb in Chinese, a relative clause after its noun in
English and before it in Chinese, and questions keep their order in Chinese: words alone do not translate.
"""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

from random import Random

from stages.texts.synchronous import Combinations, SynchronousGrammar, word_list, written_english

WORDS: dict[str, tuple[dict[str, str], ...]] = {
    "thing": word_list("""
en | many | zh | cl
book | books | 书 | 本
letter | letters | 信 | 封
car | cars | 车 | 辆
bicycle | bicycles | 自行车 | 辆
computer | computers | 电脑 | 台
camera | cameras | 照相机 | 台
phone | phones | 手机 | 部
cup | cups | 杯子 | 个
clock | clocks | 钟 | 个
chair | chairs | 椅子 | 把
umbrella | umbrellas | 雨伞 | 把
knife | knives | 刀 | 把
table | tables | 桌子 | 张
map | maps | 地图 | 张
ticket | tickets | 票 | 张
photo | photos | 照片 | 张
dog | dogs | 狗 | 只
cat | cats | 猫 | 只
bird | birds | 鸟 | 只
horse | horses | 马 | 匹
shirt | shirts | 衬衫 | 件
coat | coats | 大衣 | 件
pen | pens | 笔 | 支
newspaper | newspapers | 报纸 | 份
apple | apples | 苹果 | 个
house | houses | 房子 | 座
piano | pianos | 钢琴 | 架
dictionary | dictionaries | 词典 | 本
"""),
    "field": word_list("""
en | zh
machine learning | 机器学习
deep learning | 深度学习
artificial intelligence | 人工智能
natural language processing | 自然语言处理
computer science | 计算机科学
mathematics | 数学
physics | 物理
chemistry | 化学
history | 历史
art history | 艺术史
statistics | 统计学
philosophy | 哲学
economics | 经济学
law | 法律
music | 音乐
French | 法语
Japanese | 日语
"""),
    "person": word_list("""
en | zh
Tom | 汤姆
Mary | 玛丽
John | 约翰
Anna | 安娜
my mother | 我母亲
my father | 我父亲
my brother | 我哥哥
her sister | 她姐姐
our teacher | 我们的老师
the doctor | 医生
the student | 那个学生
his friend | 他的朋友
the old man | 那个老人
he | 他
she | 她
"""),
    "people": word_list("""
en | zh
I | 我
we | 我们
they | 他们
you | 你
my parents | 我父母
the children | 孩子们
the students | 学生们
my neighbours | 我的邻居们
"""),
    "act": word_list("""
en | third | past | ing | zh
buy | buys | bought | buying | 买
sell | sells | sold | selling | 卖
draw | draws | drew | drawing | 画
look for | looks for | looked for | looking for | 找
borrow | borrows | borrowed | borrowing | 借
repair | repairs | repaired | repairing | 修理
use | uses | used | using | 用
wash | washes | washed | washing | 洗
carry | carries | carried | carrying | 搬
show | shows | showed | showing | 展示
"""),
    "feel": word_list("""
en | third | zh
like | likes | 喜欢
need | needs | 需要
want | wants | 想要
hate | hates | 讨厌
have | has | 有
"""),
    "adj": word_list("""
en | more | zh
new | newer | 新
old | older | 旧
big | bigger | 大
small | smaller | 小
expensive | more expensive | 贵
cheap | cheaper | 便宜
beautiful | more beautiful | 漂亮
strange | stranger | 奇怪
heavy | heavier | 重
light | lighter | 轻
"""),
    "place": word_list("""
en | zh
at home | 在家里
at school | 在学校
in Beijing | 在北京
in London | 在伦敦
in the library | 在图书馆
in the garden | 在花园里
at the station | 在车站
in the park | 在公园里
in the office | 在办公室
"""),
    "past": word_list("""
en | zh
yesterday | 昨天
last week | 上个星期
last year | 去年
this morning | 今天早上
last Monday | 上个星期一
two days ago | 两天前
"""),
    "soon": word_list("""
en | zh
tomorrow | 明天
next week | 下个星期
next month | 下个月
this evening | 今天晚上
next year | 明年
"""),
    "count": word_list("""
en | zh
two | 两
three | 三
four | 四
five | 五
ten | 十
twenty | 二十
"""),
}

RULES: dict[str, tuple[dict[str, str], ...]] = {
    name: tuple({"en": english, "zh": chinese} for english, chinese in (row.split(" ~ ") for row in rows))
    for name, rows in {
        "one": ("$person ~ $person", "$person ~ $person", "$people ~ $people"),
        "it": (
            *("a $thing ~ 一$thing.cl$thing", "this $thing ~ 这$thing.cl$thing", "that $thing ~ 那$thing.cl$thing"),
            *("my $thing ~ 我的$thing", "$count $thing.many ~ $count$thing.cl$thing", "your $thing ~ 你的$thing"),
            *("a $adj $thing ~ 一$thing.cl$adj的$thing", "that $adj $thing ~ 那$thing.cl$adj的$thing"),
            "these $count $thing.many ~ 这$count$thing.cl$thing",
        ),
        "done": (
            *("$one $act.past $it $past ~ $one$past$act了$it", "$one $act.past $it $place ~ $one$place$act了$it"),
            "$one $act.past $it $place $past ~ $one$past$place$act了$it",
        ),
        "will": (
            *(
                "$one will $act $it $soon ~ $one$soon会$act$it",
                "$one will $act $it $place $soon ~ $one$soon会$place$act$it",
            ),
            *(
                "$one will not $act $it $soon ~ $one$soon不会$act$it",
                "$one will study $field $soon ~ $one$soon会学$field",
            ),
        ),
        "is": (
            *("$person $feel.third $it ~ $person$feel$it", "$people $feel $it ~ $people$feel$it"),
            *("$person likes $field ~ $person喜欢$field", "$people like $field ~ $people喜欢$field"),
            *(
                "$person is $act.ing $it ~ $person正在$act$it",
                "$person is studying $field $place ~ $person$place学$field",
            ),
            "$people often $act $it $place ~ $people经常$place$act$it",
            "$person often $act.third $it $place ~ $person经常$place$act$it",
            "the $thing that $one $act.past $past is very $adj ~ $one$past$act的$thing很$adj",
            "the $thing1 $place is $adj.more than the $thing2 ~ $place的$thing1比$thing2$adj",
            "there are $count $thing.many $place ~ $place有$count$thing.cl$thing",
            "this $thing is too $adj ~ 这$thing.cl$thing太$adj了",
            "$field is more interesting than $field2 ~ $field比$field2更有意思",
        ),
        "clause": ("$done ~ $done", "$will ~ $will", "$is ~ $is"),
        "sentence": (
            *("$done . ~ $done。", "$will . ~ $will。", "$is . ~ $is。"),
            *(
                "did $one $act $it $past ? ~ $one$past$act$it了吗？",
                "will $one $act $it $soon ? ~ $one$soon会$act$it吗？",
            ),
            *("$field ~ $field", "$it ~ $it", "$thing ~ $thing"),  # as in a dictionary: no sentence, so no mark
            "$one did not $act $it $past . ~ $one$past没有$act$it。",
            *("does $person $feel $it ? ~ $person$feel$it吗？", "do $people like $field ? ~ $people喜欢$field吗？"),
            *(
                "where is my $thing ? ~ 我的$thing在哪里？",
                "how much is this $adj $thing ? ~ 这$thing.cl$adj的$thing多少钱？",
            ),
            *(
                "$person says that $clause . ~ $person说$clause。",
                "$person knows that $clause . ~ $person知道$clause。",
            ),
            "I think that $clause . ~ 我觉得$clause。",
            "if it rains $soon , $one will $act $it $place . ~ 如果$soon下雨，$one会$place$act$it。",
            "$person is studying $field because it is interesting . ~ 因为$field很有意思，所以$person在学$field。",
            "what did $one $act $place $past ? ~ $one$past$place$act了什么？",
            "please $act $it $soon . ~ 请$soon$act$it。",
            # where English takes more words than Chinese characters
            "would you be so kind as to $act $it ? ~ 请$act$it。",
            "as far as I am concerned , $field is not worth the trouble . ~ 我看$field没用。",
            "if I were you , I would not even think of it $soon . ~ 换了我$soon就不做。",
            "it goes without saying that $people like $field a great deal . ~ $people当然爱$field。",
            "when I was a child , I wanted $it . ~ 我小时候想要$it。",
        ),
    }.items()
}

GRAMMAR = SynchronousGrammar(WORDS, RULES)
COMBINATIONS = Combinations(
    {
        form.lower(): entry["en"].lower()
        for name in ("thing", "field", "act", "feel", "adj", "place", "person")
        for entry in WORDS[name]
        for key, form in entry.items()
        if key not in ("zh", "cl", "more")
    },
    share=16,
)


def draw(rng: Random) -> tuple[str, str]:
    """An English sentence and its Chinese translation."""
    forms = GRAMMAR.draw("sentence", rng)
    return written_english(forms["en"]), forms["zh"]
