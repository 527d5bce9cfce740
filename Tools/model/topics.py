"""Reads topics.txt and turns its phrases into questions."""

import pathlib
import random
import re

FOLDER = pathlib.Path(__file__).parent

# How things (n), tasks (t) and complaints (p) become questions.
ENGLISH = {
    "n": """what is {}; what's {}; whats {}; explain {}; explain {} to me; tell me about {}; {}; {}?;
        define {}; describe {}; what does {} mean; what does {} do; meaning of {}; how does {} work;
        what is meant by {}; can you explain {}; I don't understand {}; what do you know about {};
        {} explained; {}, please; info on {}; what is {} for; why {}; what is the idea of {};
        give me a short explanation of {}; in a few words: {}; I keep reading about {}, what is it;
        help me understand {}; {} in simple words; quick question about {}; what exactly is {};
        what is the purpose of {}; when do I need {}; {} - what is that; what are {}; say something about {};
        could you describe {}; teach me about {}; {} for beginners; how would you explain {};
        I heard of {}, what is it; what is behind {}; is {} important; more about {}; summary of {};
        what should I know about {}; how do I use {}; details of {}; give me the definition of {}""",
    "t": """how do I {}; how can I {}; how to {}; I want to {}; I'd like to {}; I need to {}; can I {};
        could you tell me how to {}; what do I do to {}; what's the way to {}; is it possible to {};
        is there a way to {}; which flag lets me {}; which command do I use to {}; show me how to {};
        help me {}; what must I do to {}; {}; please {}; explain how to {}; what is the best way to {};
        we need to {}; does quire let me {}; how would I {}; how does one {}; trying to {}; where do I {};
        where can I {}; what should I use to {}; how could we {}; what option is there to {};
        my boss wants me to {}; steps to {}; I have to {}; any way to {}; what do I need to {};
        how is it possible to {}; tell me how I can {}; what do I type to {}; how should I {};
        which parameter do I need to {}; which setting would {}; how do you {}; want to {}""",
    "p": """{}; {}, why; why is it that {}; {}, what can I do; {}. what now; help, {}; what if {};
        what does it mean if {}; what should I do when {}; {}, how do I fix it; {}, any idea;
        since today {}; I noticed that {}; what is the reason that {}; {} - what is wrong; problem: {};
        what to do if {}; how come {}; {}, please help; {}. what does that mean; it seems that {};
        what shall I do, {}; {} and I don't know why; sometimes {}; can you help, {}; {}!; what's wrong if {};
        {}, what is the cause; our users complain that {}; how do I solve this: {}""",
}
CHINESE = {
    "n": """什么是{}; {}是什么; {}是什么意思; 解释{}; 解释一下{}; 介绍{}; 介绍一下{}; {}; {}？; 讲讲{}; 说说{};
        {}有什么用; {}怎么用; {}怎么理解; {}的作用; {}的含义; {}做什么用的; {}是干什么的; {}是做什么的; 告诉我{}是什么;
        我不懂{}; {}是啥; 啥是{}; {}什么意思; 能解释一下{}吗; 关于{}; {}的定义; {}怎么工作; {}的原理; 简单说明{};
        谈谈{}; 什么叫{}; {}指的是什么; {}说明; {}介绍; 怎么理解{}; {}是怎么回事; 科普一下{}; 请说明{}; {}到底是什么;
        {}有什么作用; 听说过{}，是什么; {}的概念; 详细说说{}; 一句话解释{}; {}具体是什么""",
    "t": """怎么{}; 如何{}; 怎样{}; 怎么样{}; 我想{}; 我要{}; 想要{}; 能{}吗; 可以{}吗; 能不能{}; 可不可以{}; {}; 请{};
        帮我{}; 怎么才能{}; 如何才能{}; {}怎么做; {}怎么弄; {}要怎么操作; {}的方法; 有办法{}吗; 有什么办法{}; 我需要{};
        {}用什么命令; {}用哪个参数; 用什么{}; 咋{}; 要{}怎么办; 想{}，怎么做; {}该怎么办; 怎么用 Quire {}; 在 Quire 里怎么{};
        教我{}; 请教如何{}; {}的步骤; 告诉我怎么{}; 该如何{}; 是否可以{}; 需要怎么{}; 想知道怎么{}; {}需要做什么; 打算{}""",
    "p": """{}; {}怎么办; {}，怎么办; 为什么{}; {}是为什么; {}，为什么; {}怎么解决; {}是怎么回事; {}，怎么处理; {}是什么原因;
        如果{}怎么办; {}了怎么办; 我这里{}; 遇到{}; {}，求助; {}，什么原因; 老是{}; 发现{}; 请问{}怎么处理; {}该怎么办;
        {}，请帮忙; 出现{}; 最近{}; {}，是什么问题; 有时{}; 用户反映{}; {}如何解决; 怎么回事，{}; {}！; {}咋办""",
}


def split(text, separator=";"):
    return [part.strip() for part in text.split(separator) if part.strip()]


ENGLISH = {kind: split(text) for kind, text in ENGLISH.items()}
CHINESE = {kind: split(text) for kind, text in CHINESE.items() if text}


def expand(phrase, chance):
    """One reading of "(a|b|) c": innermost brackets first."""
    while True:
        phrase, count = re.subn(
            r"\(([^()]*\|[^()]*)\)", lambda match: chance.choice(match[1].split("|")), phrase
        )
        if not count:
            return re.sub(r" +", " ", phrase).strip()


class Topic:
    """An answer in both languages, and phrases by language and kind."""

    def __init__(self, name):
        self.name = name
        self.answers = {}
        self.phrases = {"en": {}, "zh": {}}

    def question(self, language, chance):
        """A plain question, without noise."""
        phrases = self.phrases[language]
        kinds = [kind for kind in "qntp" if phrases.get(kind)]
        weights = [{"q": 5, "n": 4, "t": 4, "p": 4}[kind] for kind in kinds]
        kind = chance.choices(kinds, weights)[0]
        phrase = expand(chance.choice(phrases[kind]), chance)
        if kind == "q":
            return phrase
        templates = ENGLISH if language == "en" else CHINESE
        return chance.choice(templates[kind]).format(phrase.replace("{", "").replace("}", ""))


def load():
    """The topics of topics.txt, checked for both answers and enough ways to ask."""
    topics = []
    for line in (FOLDER / "topics.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            topics.append(Topic(line.strip("[]")))
            continue
        key, _, text = line.partition(": ")
        if key in ("en", "zh"):
            topics[-1].answers[key] = text.strip()
        else:
            language = "en" if key.islower() else "zh"
            topics[-1].phrases[language].setdefault(key.lower(), []).extend(split(text))
    for topic in topics:
        assert set(topic.answers) == {"en", "zh"}, topic.name
        for language in ("en", "zh"):
            assert len(topic.phrases[language].get("q", [])) >= 5, (topic.name, language)
            for phrase in sum(topic.phrases[language].values(), []):
                assert phrase.count("(") == phrase.count(")"), (topic.name, phrase)
    return topics


if __name__ == "__main__":
    topics = load()
    chance = random.Random(1)
    print(len(topics), "topics")
    for topic in chance.sample(topics, 12):
        print(topic.name, *(topic.question(lang, chance) for lang in ("en", "zh", "en", "zh")), sep=" | ")
