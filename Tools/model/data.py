"""Makes the bundled model's training text: conversations without end, from a seed.

Each is a list of messages (and tools). Questions come from topics.txt and from the small tasks
below; noise (typing errors, politeness, lost words, letter case) makes one phrase into many.
No question of heldout.jsonl is ever made: what is equal to one, but for case and punctuation, is
thrown away and drawn again.
"""

import json
import random
import re
import unicodedata

import synonyms
import topics as topic_file

HAN = re.compile("[\u4e00-\u9fff]")


def normalized(text):
    """What stays of a question when letter case, blanks and punctuation are taken away."""
    return "".join(c for c in text.lower() if unicodedata.category(c)[0] in "LN")


def held_out_questions():
    lines = (topic_file.FOLDER / "heldout.jsonl").read_text().splitlines()
    return {normalized(json.loads(line)["question"]) for line in lines}


# MARK: Noise

ENGLISH_OPENINGS = [
    "please ", "hi, ", "hello, ", "hey, ", "so ", "ok, ", "quick question: ", "excuse me, ", "um ",
    "sorry, ", "question: ", "one more thing: ", "and ", "hey there, ", "well, ", "now ", "dear quire, ",
    "good morning, ", "tell me: ", "just wondering, ", "I am new here. ", "again: ", "also, ", "then ",
    "I was asked: ", "my question is: ", "a question - ", "let me ask: ", "hmm, ", "all right, ",
]
ENGLISH_ENDINGS = [
    " please", ", please", " thanks", ", thanks", " in quire", " with quire", " here", " exactly",
    " again", " for me", " in one sentence", " briefly", " in short", " today", " now", " then",
    ", thank you", " anyway", " actually", " in general", " on my server", " on linux", " quickly", " today?",
    ", I am curious", ", any hint", " pls", " if I may ask", ", do you know", " in plain words", " right now",
]
CHINESE_OPENINGS = [
    "请问", "请问一下，", "你好，", "想问一下", "问下", "麻烦问下", "那个，", "我想知道", "告诉我", "能告诉我", "另外，", "老师，",
    "帮我看看，", "请教一下，", "嗨，", "对了，", "还有，", "您好，", "问个问题，", "想了解", "再问一下，", "不好意思，", "那", "所以",
    "我是新手，", "有个问题：", "求问，", "大佬，", "话说", "嗯，", "好奇问一下，",
]
CHINESE_ENDINGS = [
    "呢", "呀", "啊", "，谢谢", "谢谢", "，请简单说明", "，麻烦了", "，求解", "，急", "嘛", "来着", "，说一下", "，讲讲", "，多谢", "啦",
    "，不太懂", "，想了解", "，有人知道吗", "，在线等", "，简短回答", "，你知道吗", "，请教",
]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def misspelled(word, chance):
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    at = chance.randrange(len(word) - 1)
    kind = chance.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2:]
    if kind == 1:
        return word[:at] + word[at + 1:]
    if kind == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + chance.choice(LETTERS) + word[at + 1:]


def noisy(text, language, chance):
    """The question as somebody in a hurry, or somebody polite, would type it."""
    roll = chance.random
    if language == "en":
        words = text.split(" ")
        if roll() < 0.15:
            at = chance.randrange(len(words))
            words[at] = misspelled(words[at], chance)
        if roll() < 0.06 and len(words) > 4:
            # Not the longest, which is likely the one that matters.
            words.remove(chance.choice([w for w in words if w != max(words, key=len)] or words))
        text = " ".join(words)
        if roll() < 0.16:
            text = chance.choice(ENGLISH_OPENINGS) + text
        if roll() < 0.14:
            text = text.rstrip("?.!") + chance.choice(ENGLISH_ENDINGS)
        case = roll()
        if case < 0.3:
            text = text[:1].upper() + text[1:]
        elif case < 0.5:
            text = text.lower()
        elif case < 0.52:
            text = text.upper()
        ending = roll()
        if ending < 0.35 and text[-1:] not in "?!.":
            text += "?"
        elif ending < 0.42 and text[-1:] not in "?!.":
            text += chance.choice([".", "!", "??", " ?", "...", "?!"])
        return text
    if roll() < 0.25:
        text = re.sub(r"(?<=[\u4e00-\u9fff]) (?=[A-Za-z0-9-])|(?<=[A-Za-z0-9]) (?=[\u4e00-\u9fff])", "", text)
    elif roll() < 0.25:
        text = re.sub(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z])|(?<=[A-Za-z])(?=[\u4e00-\u9fff])", " ", text)
    if roll() < 0.08 and len(text) > 8:
        at = chance.randrange(len(text))
        if HAN.match(text[at]):
            text = text[:at] + text[at + 1:]
    if roll() < 0.18:
        text = chance.choice(CHINESE_OPENINGS) + text
    if roll() < 0.14:
        text = text.rstrip("？?。！") + chance.choice(CHINESE_ENDINGS)
    if roll() < 0.15:
        text = text.lower()
    ending = roll()
    if ending < 0.35 and text[-1:] not in "？?！。":
        text += "？"
    elif ending < 0.5 and text[-1:] not in "？?！。":
        text += chance.choice(["?", "。", "！", "？？", "…"])
    return text


# MARK: Sums

ENGLISH_PLUS = """{a} + {b}; {a}+{b}; {a} plus {b}; what is {a} + {b}; what is {a} plus {b}; calculate {a} + {b};
    add {a} and {b}; add {b} to {a}|swap; the sum of {a} and {b}; {a} + {b} =; {a}+{b}=; {a} and {b} makes; how much is {a} + {b};
    how much is {a} plus {b}; compute {a}+{b}; what's {a}+{b}; what's {a} and {b}; {a} and {b} added; solve {a} + {b};
    can you add {a} and {b}; {a} + {b} equals; I have {a} coins and get {b} more, how many are that; what do {a} and {b} make;
    total of {a} and {b}; {a} increased by {b}; sum {a} {b}; sum of {a} + {b}; there are {a} birds and {b} more come, how many birds;
    give me {a} plus {b}; result of {a} + {b}; work out {a} + {b}; put {a} on top of {b}|swap; {a} plus {b} is; sum up {a} and {b}"""
ENGLISH_MINUS = """{a} - {b}; {a}-{b}; {a} minus {b}; what is {a} - {b}; what is {a} minus {b}; calculate {a} - {b};
    subtract {b} from {a}; take {b} from {a}; the difference of {a} and {b}; {a} - {b} =; {a}-{b}=; how much is {a} - {b};
    how much is {a} minus {b}; compute {a}-{b}; what's {a}-{b}; {a} take away {b}; solve {a} - {b}; {a} - {b} equals;
    I have {a} coins and lose {b}, how many are left; {a} reduced by {b}; what remains of {a} without {b}; {a} minus {b} is;
    give me {a} minus {b}; result of {a} - {b}; work out {a} - {b}; remove {b} from {a}; deduct {b} from {a}; {b} fewer than {a};
    how much is left of {a} after taking {b} off; {a} with {b} taken off; {b} less than {a}"""
CHINESE_PLUS = """{a}+{b}; {a} + {b}; {a}加{b}; {a} 加 {b}; {a}加{b}等于多少; {a}+{b}等于几; {a}+{b}=; {a}+{b}=?; 计算{a}+{b}; 算一下{a}+{b};
    {a} 加 {b} 是多少; {a}和{b}的和; {a} 与 {b} 之和是多少; 把{a}和{b}加起来; {a}加上{b}; {a}再加{b}是几; 求{a}+{b}; {a}+{b}是多少;
    我有{a}元，又得到{b}元，共多少元; {a}和{b}相加; {a}、{b}加起来多少; 帮我算{a}加{b}; {a} + {b} 等于; 求和：{a}，{b}; {a}增加{b};
    树上有{a}只鸟，又来了{b}只，一共多少只; {a}跟{b}加一起; {a}和{b}总共是几; {a}添上{b}"""
CHINESE_MINUS = """{a}-{b}; {a} - {b}; {a}减{b}; {a} 减 {b}; {a}减{b}等于多少; {a}-{b}等于几; {a}-{b}=; {a}-{b}=?; 计算{a}-{b}; 算一下{a}-{b};
    {a} 减 {b} 是多少; {a}和{b}的差; {a} 与 {b} 之差是多少; 从{a}里减去{b}; {a}减去{b}; 求{a}-{b}; {a}-{b}是多少;
    我有{a}元，花了{b}元，还剩多少元; 帮我算{a}减{b}; {a} - {b} 等于; {a}减少{b}; {a}拿走{b}还有几; {a}扣掉{b}; {a}比{b}大多少;
    {a}去掉{b}是几; {a}少{b}是多少; 从{a}中拿掉{b}"""


def sum_task(language, chance):
    """Two numbers from 0 to 99, added, or subtracted where the result is not negative."""
    a, b = (chance.randrange(100 if chance.random() < 0.8 else 20) for _ in range(2))
    is_minus = chance.random() < 0.5
    if is_minus:
        a, b = max(a, b), min(a, b)
        text = ENGLISH_MINUS if language == "en" else CHINESE_MINUS
    else:
        text = ENGLISH_PLUS if language == "en" else CHINESE_PLUS
    template, _, order = chance.choice(topic_file.split(text)).partition("|")
    question = template.format(a=a, b=b)
    if order == "swap":
        a, b = b, a
        question = template.format(a=b, b=a)
    if is_minus:
        return question, f"{a} - {b} = {a - b}"
    # As the numbers come in the question, so that copying is all there is to do.
    first, second = (int(n) for n in re.findall(r"\d+", question)[:2])
    return question, f"{first} + {second} = {first + second}"


# MARK: Lists

LISTS = {
    "en": {
        "fruits": "apple banana cherry grape pear lemon mango", "colors": "red blue green yellow black white orange",
        "colours": "red blue green yellow black white orange", "animals": "cat dog horse cow sheep bird fish",
        "days of the week": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "months": "January February March April May June July", "seasons": "spring summer autumn winter",
        "planets": "Mercury Venus Earth Mars Jupiter Saturn Uranus",
        "programming languages": "Swift Python C Rust Go Java Kotlin",
        "vegetables": "carrot potato tomato onion cabbage pea bean", "cities": "Paris London Tokyo Berlin Rome Madrid Oslo",
        "countries": "France Japan Italy Spain Norway Brazil India", "drinks": "water tea coffee milk juice lemonade cocoa",
        "metals": "iron copper gold silver zinc tin lead", "shapes": "circle square triangle rectangle oval star cube",
        "sports": "football tennis swimming running cycling skiing rowing",
        "musical instruments": "piano violin guitar flute drum trumpet harp",
    },
    "zh": {
        "水果": "苹果 香蕉 樱桃 葡萄 梨 柠檬 芒果", "颜色": "红色 蓝色 绿色 黄色 黑色 白色 橙色", "动物": "猫 狗 马 牛 羊 鸟 鱼",
        "星期": "星期一 星期二 星期三 星期四 星期五 星期六 星期日", "月份": "一月 二月 三月 四月 五月 六月 七月", "季节": "春 夏 秋 冬",
        "行星": "水星 金星 地球 火星 木星 土星 天王星", "编程语言": "Swift Python C Rust Go Java Kotlin",
        "蔬菜": "胡萝卜 土豆 番茄 洋葱 白菜 豌豆 黄瓜", "城市": "北京 上海 广州 巴黎 伦敦 东京 柏林", "国家": "中国 法国 日本 意大利 西班牙 巴西 印度",
        "饮料": "水 茶 咖啡 牛奶 果汁 汽水 可可", "金属": "铁 铜 金 银 锌 锡 铅", "形状": "圆形 正方形 三角形 长方形 椭圆 星形 立方体",
        "运动": "足球 网球 游泳 跑步 骑车 滑雪 划船", "乐器": "钢琴 小提琴 吉他 长笛 鼓 小号 竖琴",
    },
}
ENGLISH_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven"]
CHINESE_NUMBERS = "零一二三四五六七"
ENGLISH_LIST = """list {n} {x}; name {n} {x}; give me {n} {x}; {n} {x}; a list of {n} {x}; write down {n} {x}; tell me {n} {x};
    make a list of {n} {x}; I need {n} {x}; can you list {n} {x}; {n} {x} please; {n} examples of {x}; a numbered list of {n} {x};
    show {n} {x}; which {x} do you know, name {n}; enumerate {n} {x}; write a list with {n} {x}; {x}: list {n}; any {n} {x};
    print {n} {x} as a list; list of {x}, {n} of them; could you name {n} {x}; {n} different {x}; bullet list of {n} {x};
    give the first {n} {x}; a short list: {n} {x}; {n} {x}, one per line; the first {n} {x}; all {n} {x}; {x}, {n} items;
    think of {n} {x}; number {n} {x}; suggest {n} {x}; itemise {n} {x}; line by line, {n} {x}; order {n} {x} in a list"""
CHINESE_LIST = """列出{n}{m}{x}; 列举{n}{m}{x}; 说出{n}{m}{x}; 给我{n}{m}{x}; {n}{m}{x}; 写{n}{m}{x}; 举{n}{m}{x}的例子; 请列{n}{m}{x};
    列一个有{n}{m}{x}的清单; 我要{n}{m}{x}; {n}{m}{x}的列表; 告诉我{n}{m}{x}; 写出{n}{m}{x}; 随便说{n}{m}{x}; 帮我列{n}{m}{x}; 有哪些{x}，说{n}{m};
    {x}列{n}{m}; 用列表写{n}{m}{x}; 编号列出{n}{m}{x}; 前{n}{m}{x}; 举出{n}{m}{x}; 来{n}{m}{x}; {x}，{n}{m}; 每行一个，写{n}{m}{x};
    给出{n}{m}不同的{x}; 按顺序列出{n}{m}{x}; 全部{n}{m}{x}; 请写下{n}{m}{x}; 想{n}{m}{x}; 清单：{n}{m}{x}; 依次写{n}{m}{x}; 能列{n}{m}{x}吗"""


def list_task(language, chance):
    name, items = chance.choice(list(LISTS[language].items()))
    items = items.split(" ")
    count = chance.randint(2, len(items))
    if language == "en":
        number = chance.choice([str(count), ENGLISH_NUMBERS[count]])
        question = chance.choice(topic_file.split(ENGLISH_LIST)).format(n=number, x=name)
        if name == "seasons" and chance.random() < 0.4:
            count = 4
            question = chance.choice(["list the seasons", "name the seasons of the year", "the four seasons", "seasons as a list"])
        elif name == "days of the week" and chance.random() < 0.4:
            count = 7
            question = chance.choice(["list the days of the week", "name the days of the week", "all days of the week", "weekdays in order"])
    else:
        number = chance.choice([str(count), CHINESE_NUMBERS[count] if count != 2 else "两"])
        measure = chance.choice(["个", "种"]) if name != "星期" else "天"
        template = chance.choice(topic_file.split(CHINESE_LIST))
        question = template.format(n=number, m=measure, x=name if name != "星期" else chance.choice(["星期", "一周"]))
        if name == "季节" and chance.random() < 0.4:
            count = 4
            question = chance.choice(["列出四季", "四季有哪些", "一年的四个季节", "写出四季的名字"])
        elif name == "星期" and chance.random() < 0.5:
            count = 7
            question = chance.choice(["列出一周的七天", "一周有哪几天", "一周七天", "星期几都列出来"])
    return question, "\n".join(f"{i + 1}. {item}" for i, item in enumerate(items[:count]))


# MARK: JSON

NAMES = """Anna Tom Maria Lena Max Paul Emma Leo Mia Ben Clara Hugo Ida Jan Karl Lisa Nina Omar Petra Rosa Sam Tina
    Uwe Vera Will Yara Zoe Adam Bob Carl Dora Eva Frank Greta Hans Ivan Julia Kim Liam Marco Noah Olga""".split()
CITIES = """Paris London Berlin Rome Madrid Oslo Tokyo Vienna Prague Dublin Lisbon Athens Cairo Delhi Lima Boston
    Chicago Munich Hamburg Milan Geneva Zurich Warsaw Seoul Osaka Beijing Shanghai Shenzhen Hangzhou Nanjing""".split()
COLORS = "red blue green yellow black white orange purple brown pink grey".split()
FIELDS = {
    "name": lambda chance: chance.choice(NAMES), "age": lambda chance: chance.randint(1, 99),
    "city": lambda chance: chance.choice(CITIES), "color": lambda chance: chance.choice(COLORS),
    "port": lambda chance: chance.choice([80, 443, 3000, 5000, 8000, 8001, 8080, 8888, 9000, 9090, chance.randint(1000, 9999)]),
    "count": lambda chance: chance.randint(0, 999), "host": lambda chance: chance.choice(["localhost", "server", "alpha", "beta"]),
    "model": lambda chance: chance.choice(["quire", "llama", "qwen", "mistral"]), "year": lambda chance: chance.randint(1900, 2099),
    "animal": lambda chance: chance.choice("cat dog horse cow sheep bird fish".split()),
}
ENGLISH_PAIRS = """{k} {v}; {k} is {v}; {k}: {v}; {k} = {v}; {k}={v}; {k} ({v}); {k} equal to {v}; the {k} is {v}; {k} -> {v}; whose {k} is {v}"""
ENGLISH_JSON = """as JSON: {}; JSON: {}; give me JSON with {}; a JSON object with {}; write {} as JSON; {} as json; {} in JSON;
    make a JSON object: {}; convert to JSON: {}; answer in JSON: {}; JSON please: {}; output JSON for {}; return JSON with {};
    I need a JSON object with {}; json object, {}; only JSON: {}; put {} into JSON; format {} as JSON; JSON of {}; create JSON with {};
    to json: {}; {}, as a JSON object; turn {} into JSON; express {} in JSON; I want JSON: {}; {}. JSON format please; nothing but JSON: {}"""
CHINESE_PAIRS = """{k} {v}; {k} 是 {v}; {k}：{v}; {k}: {v}; {k}={v}; {k} 为 {v}; {k} = {v}; {k}等于{v}; {k}是{v}; {k} 等于 {v}"""
CHINESE_JSON = """用 JSON 写：{}; JSON：{}; 给我一个 JSON，{}; 用 JSON 表示 {}; 输出 JSON：{}; 转换成 JSON：{}; {}，用 JSON; 以 JSON 格式输出：{}; 写成 JSON：{};
    请返回 JSON：{}; 生成 JSON 对象：{}; {} 的 JSON; 把 {} 写成 JSON; 把 {} 转成 json; 只输出 JSON：{}; json 格式：{}; 用JSON回答：{}; JSON 对象：{}; {}，请用 JSON 格式;
    做成 JSON：{}; 变成 JSON：{}; 我要 JSON：{}; 以 JSON 给出 {}; 请以 JSON 返回 {}"""
CHINESE_KEYS = {"姓名": "name", "名字": "name", "年龄": "age", "城市": "city", "颜色": "color", "端口": "port"}


def json_task(language, chance):
    keys = chance.sample(sorted(FIELDS), chance.choice([1, 1, 2, 2, 2, 3]))
    values = {key: FIELDS[key](chance) for key in keys}
    style = chance.random()
    if language == "en":
        if style < 0.3 and set(keys) <= {"name", "age", "city", "color"} and "name" in keys:
            clauses = {
                "age": "{n} is {age} years old; {n}, aged {age}; {n} is {age}; {age} year old {n}",
                "city": "{n} lives in {city}; {n} from {city}; {n} is from {city}",
                "color": "{n} likes {color}; {n}'s color is {color}",
            }
            rest = [key for key in keys if key != "name"]
            if len(rest) == 1:
                values = {"name": values["name"], rest[0]: values[rest[0]]}
                text = chance.choice(topic_file.split(clauses[rest[0]]))
                pairs = text.format(n=values["name"], **values)
                return chance.choice(topic_file.split(ENGLISH_JSON)).format(pairs), json.dumps(values)
        pair = chance.choice(topic_file.split(ENGLISH_PAIRS))
        joiner = chance.choice([", ", " and ", ", ", "; "])
        pairs = joiner.join(pair.format(k=key, v=value) for key, value in values.items())
        return chance.choice(topic_file.split(ENGLISH_JSON)).format(pairs), json.dumps(values)
    pair = chance.choice(topic_file.split(CHINESE_PAIRS))
    shown = {key: key for key in keys}
    if style < 0.4:
        shown.update({english: chinese for chinese, english in CHINESE_KEYS.items() if chance.random() < 0.7})
    joiner = chance.choice(["，", "，", "、", " 和 ", ", "])
    pairs = joiner.join(pair.format(k=shown[key], v=value) for key, value in values.items())
    return chance.choice(topic_file.split(CHINESE_JSON)).format(pairs), json.dumps(values)


# MARK: What it does not know

UNKNOWN = {
    "en": "I do not know that. I only know about Quire and serving language models.",
    "zh": "这个我不知道。我只了解 Quire 和大模型推理服务。",
}
ENGLISH_UNKNOWN = """what is the capital of (France|Spain|Peru|Kenya|Canada|Australia|Poland|Egypt|China|Norway); who (wrote|painted|composed) (Hamlet|the Mona Lisa|Faust|Don Quixote|the Odyssey|War and Peace|Carmen);
    who (is|was) (the king of Spain|the pope|Einstein|Mozart|Caesar|Shakespeare|Cleopatra|the first man in space|Beethoven|Gandhi|the president|the prime minister of Japan|the queen of England);
    what is the weather (today|like|tomorrow|in Madrid|in Paris|this weekend); will it (snow|rain|be sunny|be cold) (today|tomorrow|in Rome|at the weekend|tonight); how (old|tall|rich|famous) is (the president|Elvis|the Eiffel Tower|Madonna|the universe|the queen|Messi);
    (how do I|how to|can you tell me how to) (cook|bake|make|fry|prepare) (pasta|bread|a cake|soup|rice|pizza|pancakes|an omelette|curry|a salad|sushi); recipe for (soup|cake|lasagne|curry|bread|goulash);
    write (a poem|a song|a story|an essay|a letter|a joke|a haiku|a novel|a speech) about (love|the sea|winter|a dog|my mother|friendship|spring|the rain|war); tell me (a joke|a story|a fairy tale|something funny|a riddle|a secret);
    translate (this|hello|thank you|good morning|the word dog|I love you) (into|to) (French|Spanish|German|Japanese|Latin|Italian); what does (bonjour|gracias|danke|ciao) mean;
    (should I|is it wise to|when should I) (buy|sell) (shares|gold|a house|a car|bitcoin|stocks|ethereum|tesla stock); what is the (price of gold|exchange rate|bitcoin price|stock price of Apple|dollar rate);
    my (head|back|tooth|stomach|throat|arm|foot|shoulder) (hurts|aches|is sore), what (should|can) I do; what helps against (a cold|fever|headaches|a cough|insomnia|back pain); is (coffee|sugar|butter|wine) (healthy|bad for me);
    who won (the match|the election|the cup|the oscar|the championship|the olympics|the super bowl|the race) (yesterday|in 2010|last year|in 1966|this year|); how did (Bayern|Real Madrid|the Lakers|Arsenal) play;
    how (far|big|hot|old|heavy) is (the sun|mars|the earth|the moon|jupiter|an elephant|the ocean); how many (people live in India|bones does a man have|moons has jupiter|legs has a spider|countries are there|calories are in an apple|stars are there);
    when (was|did) (the war begin|Rome founded|the wall fall|the french revolution|Mozart born|the titanic sink|columbus sail|the dinosaurs die out); what happened in (1789|1945|1066|1969|2001);
    what is the (largest|longest|deepest|smallest|highest|oldest|fastest) (river|lake|ocean|city|country|mountain in Africa|animal|building|desert|bird) (in the world|on earth|in Europe|); where is (the Nile|Timbuktu|Lake Victoria|Machu Picchu|Iceland|the Sahara);
    (recommend|suggest) (a film|a book|a restaurant|a hotel|a present|a series|some music|a perfume) (to me|for tonight|for my wife|for a child|); what should I (wear|eat|watch|read|cook|do) (today|tonight|tomorrow|for dinner|at a wedding);
    what time is it (in New York|now|in Sydney|there|); what day is (it|today|tomorrow); do you (like|love|hate) (me|cats|music|football|pizza|chess); what is the meaning of life; is there a god; are there aliens; what is love;
    how do (planes fly|magnets work|vaccines work|volcanoes erupt|bees make honey|engines work); what is (photosynthesis|gravity|dna|inflation|democracy|a black hole|philosophy|quantum physics|a volcano|an atom|osmosis|evolution);
    (tell|teach|talk to) me (something |)about (Goethe|Rome|cats|the vikings|football|Picasso|Tesla|the middle ages|the pyramids|Buddha|Churchill|horses|whales); who invented (the telephone|the wheel|paper|the light bulb|the radio|the car);
    which (phone|car|laptop|tv|bike|dress|wine|tie|coat) (should I buy|is best|goes with fish|goes with jeans|suits me); book me (a flight|a table|a hotel|a taxi); order (a pizza|flowers|some books) for me; call (my mother|a taxi|the police);
    how do I (learn to swim|play the guitar|lose weight|tie a tie|get a visa|change a tyre|plant a tree|clean my shoes|train my dog|find a job|write a cv|fix my bike|get to the station); solve the equation x squared is 9; what is 3 times 12; what is the square root of 49; what is pi;
    write (a python function|an sql query|a regex|html code|a sorting function|a javascript program) (for me|that sorts a list|for a form|); what is (react|photoshop|excel|bluetooth|blockchain|wordpress|minecraft|tiktok|instagram);
    (what films|which movies|what concerts) are (on|playing|good) (today|this week|in town|); how is the traffic; when does the (train|bus|shop|museum|bank) (leave|open|close|arrive); what are you wearing; are you married; where do you live; do you have (children|friends|feelings|a body)"""
CHINESE_UNKNOWN = """(法国|西班牙|秘鲁|加拿大|澳大利亚|波兰|埃及|中国|挪威|英国)的首都(是哪里|是什么|在哪|); (红楼梦|哈姆雷特|西游记|战争与和平|蒙娜丽莎|水浒传|三国演义)(是谁写的|的作者是谁|是谁画的|讲什么);
    (爱因斯坦|莫扎特|秦始皇|李白|杜甫|牛顿|孔子|居里夫人|曹操|武则天)(是谁|是哪国人|什么时候出生的|的生平); (美国|英国|俄罗斯|日本|德国)(总统|首相|国王|总理)(是谁|叫什么|多大了); 介绍(一下|)(爱因斯坦|李白|长城|故宫|唐朝|莎士比亚|毕加索|金字塔|丝绸之路|成吉思汗);
    (今天|明天|后天|周末|北京|上海|广州|成都)(天气|的天气)(怎么样|如何|好吗|); (今天|明天|后天|周末|今晚)(会下雨吗|会下雪吗|冷吗|热吗|要带伞吗); (怎么|如何)(做|煮|炒|烤|炖)(红烧肉|米饭|蛋糕|鱼|面条|饺子|番茄炒蛋|牛肉|汤|火锅|面包);
    (写|作|来|给我写)(一首诗|一首歌|一个故事|一篇作文|一封信|一个笑话|一篇小说|一段演讲)(，关于爱情|，写春天|，关于大海|，写给妈妈|关于友谊|); 讲(个|一个)(笑话|故事|童话|谜语|鬼故事); (月亮|春天|秋天|大海|友谊|母亲)的诗(写一首|来一首|);
    (把|)(你好|谢谢|早上好|苹果|我爱你|再见)(翻译成|用)(法语|日语|西班牙语|德语|韩语|俄语)(怎么说|说|); (bonjour|danke|gracias) 是什么意思; (该不该|要不要|能不能|现在该)买(股票|黄金|房子|车|比特币|基金|保险); (黄金|比特币|美元|苹果股票|汽油)(价格|汇率|股价|多少钱)(是多少|现在多少|);
    (头|背|牙|肚子|喉咙|脚|肩膀|腰)(疼|痛|不舒服)(怎么办|吃什么药|); (感冒|发烧|咳嗽|失眠|腰疼|过敏)(了怎么办|吃什么药|怎么治|); (咖啡|糖|酒|茶|牛奶)(对身体好吗|健康吗|能多喝吗); 谁(赢了|得了冠军|夺冠)(世界杯|比赛|昨天的比赛|欧冠|奥运会|); (昨天|昨晚|上届|今年)(的比赛|世界杯|奥运会)谁(赢了|夺冠|第一); (湖人|皇马|国足|巴萨)(赢了吗|比分多少);
    (太阳|火星|地球|木星|大象|太平洋)(有多大|有多远|多热|有多重|几岁了); (印度|中国|日本|法国)有多少人; (蜘蛛|人|木星|世界上)有几(条腿|块骨头|颗卫星|个国家); (一个|一只)(苹果|鸡蛋|面包|橙子)(多少卡路里|有多少热量|多重); (二战|辛亥革命|唐朝|法国大革命|明朝)(什么时候开始|是哪一年|怎么结束的); (1949|1789|1969|2008)年发生了什么;
    世界上最(长|大|深|小|古老|快)的(河|湖|海|城市|国家|动物|建筑|沙漠|鸟)(是什么|是哪个|在哪|); (尼罗河|长城|冰岛|撒哈拉|西藏)在哪(里|); 推荐(一部电影|一本书|一家餐厅|一个礼物|几首歌|一个旅游地|一款手机); (今天|今晚|明天|晚饭|中午)(吃什么|穿什么|看什么|做什么|去哪玩); 现在几点(了|); 今天(星期几|几号|是什么节日);
    你(喜欢|爱|讨厌)(我|猫|音乐|足球|披萨|下棋)吗; 人生的意义是什么; 有外星人吗; 什么是爱; 世界上有鬼吗; (飞机|磁铁|疫苗|火山|发动机|冰箱)(为什么会飞|怎么工作|的原理|为什么会喷发); (光合作用|重力|基因|通货膨胀|民主|黑洞|哲学|量子力学|原子|进化论)是什么; 谁发明了(电话|纸|电灯|轮子|汽车|火药|指南针);
    (买|选)(哪款|什么)(手机|车|电脑|电视|自行车|衣服|鞋|领带)(好|合适|); (西装|裙子|衬衫|牛仔裤)(配什么|怎么搭)(裤子|领带|外套|); 帮我(订|买)(机票|酒店|餐厅|火车票|披萨|鲜花); 给(我妈|出租车|警察)打电话; (怎么|如何)(学游泳|弹吉他|减肥|打领带|办签证|换轮胎|种树|擦鞋|训狗|找工作|写简历|修自行车|去火车站|追女生|考驾照);
    解方程 x 的平方等于 9; 3 乘 12 是多少; 49 的平方根; 圆周率是多少; 写(一个|段) (python 函数|sql 查询|排序代码|正则|网页代码|javascript 程序); (photoshop|excel|区块链|蓝牙|抖音|微信|我的世界)(是什么|怎么用); (最近|今天|这周)有什么(电影|新闻|演唱会|比赛|综艺)(好看|)(吗|); 路况怎么样; (火车|公交|超市|博物馆|银行)几点(开|到|关门|开门); 你结婚了吗; 你住在哪(里|); 你有(孩子|朋友|感情|身体|工资)吗; 你几岁; 股市今天涨了吗; 孩子不听话怎么办; 怎么和女朋友和好; 我该辞职吗"""


def unknown_task(language, chance):
    text = ENGLISH_UNKNOWN if language == "en" else CHINESE_UNKNOWN
    return topic_file.expand(chance.choice(topic_file.split(text)), chance), UNKNOWN[language]


# MARK: Tools

ROOMS = "kitchen bedroom bathroom office garage hall cellar garden balcony attic".split()
CURRENCIES = "EUR USD GBP JPY CNY CHF SEK".split()
QUERIES = ["cheap flights", "swift news", "train tickets", "used bikes", "good books", "local events", "llama models", "running shoes", "hotels", "job offers"]
CHINESE_QUERIES = ["便宜的机票", "火车票", "新闻", "二手车", "好书", "附近的酒店", "跑鞋", "招聘信息", "旅游攻略", "手机"]


def function(title, description, /, **parameters):
    return dict(
        type="function",
        function=dict(
            name=title, description=description,
            parameters=dict(
                type="object", properties={key: dict(type=kind) for key, kind in parameters.items()},
                required=list(parameters),
            ),
        ),
    )


# Each: the definition, its arguments, questions in both languages, and the answer to a result.
TOOLS = [
    (function("get_weather", "Get the weather of a city", city="string"), ["city"],
     """what is the weather in {city}; weather in {city}; how is the weather in {city}; weather {city}; is it cold in {city}; is it raining in {city};
        tell me the weather of {city}; will I need a coat in {city}; do I need my umbrella in {city}; {city} weather today; is the sun shining in {city}; what's the weather like around {city}""",
     """{city} 的天气; {city} 天气怎么样; 查一下 {city} 的天气; {city}今天冷吗; {city} 下雨吗; {city} 天气如何; {city} 今天热吗; {city} 要穿外套吗; {city} 需要带雨伞吗; {city} 那里天气好吗; {city} 气温多少""",
     "temperature", "It is {} degrees in {city}.", "{city} 现在 {} 度。"),
    (function("get_time", "Get the local time of a city", city="string"), ["city"],
     """what time is it in {city}; time in {city}; local time {city}; how late is it in {city}; current time in {city}; tell me the local time of {city}; the clock in {city}; what's the time over in {city}; is it late in {city}; which hour is it in {city}""",
     """{city} 几点了; {city} 现在几点; {city} 的时间; {city} 当地时间; 查一下 {city} 的时间; 告诉我 {city} 几点; {city} 现在什么时间; {city} 那边几点; {city} 现在是几点""",
     "time", "It is {} in {city}.", "{city} 现在是 {}。"),
    (function("search", "Search the web", query="string"), ["query"],
     """search for {query}; search the web for {query}; find {query}; look for {query}; look up {query}; google {query}; find {query} on the web; please search {query}; search {query} online; find me {query} on the internet""",
     """搜索{query}; 搜一下{query}; 查找{query}; 上网搜{query}; 帮我搜{query}; 网上找{query}; 查一下{query}; 在网上搜索{query}; 找找{query}""",
     "results", "I found {} results.", "找到 {} 条结果。"),
    (function("set_timer", "Set a timer", minutes="integer"), ["minutes"],
     """set a timer for {minutes} minutes; timer {minutes} minutes; remind me in {minutes} minutes; {minutes} minutes timer; start a timer of {minutes} minutes; call me in {minutes} minutes; count down {minutes} minutes; alarm in {minutes} minutes; ring in {minutes} minutes""",
     """设置{minutes}分钟的定时器; 定时{minutes}分钟; {minutes}分钟后提醒我; 设个 {minutes} 分钟的闹钟; {minutes} 分钟倒计时; 计时 {minutes} 分钟; 过{minutes}分钟提醒我; {minutes} 分钟后响铃""",
     "timer", "The timer is set: {}.", "定时器已设好：{}。"),
    (function("turn_on_light", "Turn on the light of a room", room="string"), ["room"],
     """turn on the light in the {room}; light in the {room}; switch on the {room} light; {room} light on; turn the {room} light on; make light in the {room}; I need light in the {room}; it's dark in the {room}; lights on in the {room}; switch the {room} lamp on""",
     """打开{room}的灯; 把 {room} 灯打开; 开一下{room}的灯; {room} 开灯; 开{room}灯; 请打开 {room} 的灯; {room} 太暗了; 点亮{room}; {room} 黑，把灯打开""",
     "light", "The light is {}.", "灯的状态：{}。"),
    (function("convert_currency", "Convert an amount of money", amount="integer", to="string"), ["amount", "to"],
     """convert {amount} dollars to {to}; {amount} dollars in {to}; how much is {amount} dollars in {to}; change {amount} dollars to {to}; {amount} bucks into {to}; what are {amount} dollars in {to}; exchange {amount} dollars for {to}""",
     """把{amount}美元换成{to}; {amount} 美元等于多少 {to}; {amount}美元是多少{to}; 换算 {amount} 美元到 {to}; {amount} 美元兑 {to}; {amount} 美元换 {to} 多少""",
     "value", "That is {}.", "结果是 {}。"),
    (function("send_message", "Send a message to a person", name="string"), ["name"],
     """send a message to {name}; write to {name}; message {name}; text {name}; send {name} a message; drop {name} a line""",
     """给{name}发消息; 发消息给 {name}; 发信息给{name}; 给 {name} 发个消息; 通知 {name}""",
     "sent", "Sent: {}.", "已发送：{}。"),
    (function("play_music", "Play music of an artist", artist="string"), ["artist"],
     """play {artist}; play music by {artist}; play something of {artist}; I want to hear {artist}; put on {artist}""",
     """播放{artist}; 放 {artist} 的音乐; 我想听 {artist}; 来点 {artist} 的歌; 播放 {artist} 的曲子""",
     "playing", "Playing: {}.", "正在播放：{}。"),
]
ARGUMENTS = {
    "city": lambda chance, language: chance.choice(CITIES), "minutes": lambda chance, language: chance.randint(1, 90),
    "query": lambda chance, language: chance.choice(QUERIES if language == "en" else CHINESE_QUERIES),
    "room": lambda chance, language: chance.choice(ROOMS), "amount": lambda chance, language: chance.randint(1, 999),
    "to": lambda chance, language: chance.choice(CURRENCIES), "name": lambda chance, language: chance.choice(NAMES),
    "artist": lambda chance, language: chance.choice("Mozart Bach Queen Abba Prince Vivaldi Chopin Nirvana".split()),
}
RESULTS = {
    "temperature": lambda chance: chance.randint(-20, 40), "results": lambda chance: chance.randint(1, 99),
    "time": lambda chance: f"{chance.randint(0, 23)}:{chance.randint(10, 59)}", "timer": lambda chance: "ok",
    "light": lambda chance: "on", "value": lambda chance: chance.randint(1, 999), "sent": lambda chance: "ok",
    "playing": lambda chance: "ok",
}


def tool_conversation(language, chance, topic_list):
    """A question that needs a tool, the call, and often its result; or one that needs none."""
    chosen = chance.sample(TOOLS, chance.choice([1, 1, 2, 2, 3]))
    tools = [tool[0] for tool in chosen]
    if chance.random() < 0.2:
        topic = chance.choice(topic_list)
        question = noisy(topic.question(language, chance), language, chance)
        return [user(question), assistant(topic.answers[language], f"{topic.name} {language}")], tools
    definition, names, english, chinese, result, english_answer, chinese_answer = chance.choice(chosen)
    arguments = {name: ARGUMENTS[name](chance, language) for name in names}
    template = chance.choice(topic_file.split(english if language == "en" else chinese))
    call = dict(name=definition["function"]["name"], arguments=arguments)
    messages = [user(noisy(template.format(**arguments), language, chance))]
    text = f"<tool_call>\n{json.dumps(call, ensure_ascii=False)}\n</tool_call>"
    messages.append(assistant(text, f"tool {language}"))
    if chance.random() < 0.4:
        value = RESULTS[result](chance)
        messages.append(dict(role="tool", content=json.dumps({result: value})))
        answer = english_answer if language == "en" else chinese_answer
        messages.append(assistant(answer.format(value, **arguments), f"result {language}"))
    return messages, tools


# MARK: Conversations

SYSTEM = {
    "en": """You are a helpful assistant.; You are Quire's helper.; Answer briefly.; Be concise.; You are an assistant.; Be polite.;
        You are a helpful AI assistant. Answer the user's questions.; Help the user.; You answer questions about Quire.;
        You are a friendly bot.; Answer truthfully.; You are the assistant of a company.""",
    "zh": """你是一个有帮助的助手。; 你是 Quire 的助手。; 请简短回答。; 请礼貌回答。; 你是助手。; 回答用户的问题。; 你是一个智能助手。; 你回答关于 Quire 的问题。; 请如实回答。""",
}


def user(text):
    return dict(role="user", content=text)


def assistant(text, kind=None):
    """An answer; `kind` names the topic or task (with its language) that was recognised."""
    return dict(role="assistant", content=text, kind=kind)


TASKS = ["sum", "list", "json", "unknown", "tool", "result"]


class Mix:
    """What conversations there are: shares of all, and the turns of an ordinary one.

    `topics` is the share of questions about topics; `tasks` says where, between 0 and 1, each of
    sums, lists and JSON ends among the others, which are things unknown at the end.
    """

    def __init__(self, tools, single, longest, turns, noise, topics=0.76, tasks=(1 / 3, 0.5, 17 / 24)):
        self.tools, self.single, self.longest, self.turns = tools, single, longest, turns
        self.noise, self.topics, self.tasks = noise, topics, tasks


TALKS = Mix(tools=0.045, single=0.8, longest=0.003, turns=(2, 5), noise=0.75)
QUESTIONS = Mix(tools=0.035, single=0.94, longest=0.002, turns=(2, 3), noise=0.6)
DRILL = Mix(tools=0.025, single=0.98, longest=0.0005, turns=(2, 3), noise=0.6)
# Sums, JSON and tool calls copy and compute: they take more practice than a topic.
PRACTICE = Mix(
    tools=0.06, single=0.97, longest=0.0005, turns=(2, 4), noise=0.6, topics=0.6, tasks=(0.45, 0.5, 0.86)
)


class Conversations:
    """Conversations without end; the same seed gives the same ones."""

    def __init__(self, seed, mix=TALKS):
        self.mix = mix
        self.chance = random.Random(seed)
        self.topics = topic_file.load()
        self.held_out = held_out_questions()
        self.refused = 0

    def turn(self, language):
        """A question with noise, the answering message, and the topic if there is one."""
        chance = self.chance
        while True:
            roll, topic = chance.random(), None
            share = self.mix.topics
            other, (sums, lists, objects) = (roll - share) / (1 - share), self.mix.tasks
            if roll < share:
                topic = chance.choice(self.topics)
                question, answer = topic.question(language, chance), topic.answers[language]
                if chance.random() < 0.4:
                    question = synonyms.varied(question, language, chance)
            elif other < sums:
                task, (question, answer) = "sum", sum_task(language, chance)
            elif other < lists:
                task, (question, answer) = "list", list_task(language, chance)
            elif other < objects:
                task, (question, answer) = "json", json_task(language, chance)
            else:
                task, (question, answer) = "unknown", unknown_task(language, chance)
            if chance.random() < self.mix.noise:
                question = noisy(question, language, chance)
            if question and normalized(question) not in self.held_out:
                return question, assistant(answer, f"{topic.name if topic else task} {language}"), topic
            self.refused += 1

    def language(self):
        return self.chance.choice(["en", "zh"])

    def conversation(self):
        """Messages and tools. Most are one turn; a few fill most of the context."""
        chance = self.chance
        language = self.language()
        if chance.random() < self.mix.tools:
            return tool_conversation(language, chance, self.topics)
        roll, count = chance.random(), 1
        if roll >= 1 - self.mix.longest:
            count = chance.randint(15, 32)
        elif roll >= self.mix.single:
            count = chance.randint(*self.mix.turns)
        messages = []
        if chance.random() < 0.12:
            messages.append(dict(role="system", content=chance.choice(topic_file.split(SYSTEM[language]))))
        for _ in range(count):
            if chance.random() < 0.12:
                language = self.language()
            question, answer, topic = self.turn(language)
            messages += [user(question), answer]
            if topic and chance.random() < 0.04:
                other = "zh" if language == "en" else "en"
                wish = (
                    ["用中文说", "请用中文再说一遍", "翻译成中文", "中文呢", "say that in Chinese", "in Chinese please"]
                    if other == "zh"
                    else ["say that in English", "in English please", "and in English?", "用英文再说一遍", "英文怎么说", "翻译成英文"]
                )
                messages += [user(chance.choice(wish)), assistant(topic.answers[other], f"{topic.name} {other}")]
        return messages, []

    def __iter__(self):
        while True:
            messages, tools = self.conversation()
            if not any(normalized(m["content"]) in self.held_out for m in messages if m["role"] == "user"):
                yield messages, tools


# MARK: The chat template, in Jinja and in Python

CHAT_TEMPLATE = (
    "{%- set system = '' %}{%- set turns = messages %}"
    "{%- if messages and messages[0]['role'] == 'system' %}"
    "{%- set system = messages[0]['content'] %}{%- set turns = messages[1:] %}{%- endif %}"
    "{%- if system or tools %}{{- '<|im_start|>system\\n' + system }}"
    "{%- if tools %}{{- '\\nTools:' }}{%- for tool in tools %}"
    "{{- '\\n' }}{{- (tool['function'] if tool['function'] is defined else tool) | tojson }}"
    "{%- endfor %}{%- endif %}{{- '<|im_end|>\\n' }}{%- endif %}"
    "{%- for message in turns %}{{- '<|im_start|>' + message['role'] + '\\n' }}"
    "{%- if message['content'] %}{{- message['content'] }}{%- endif %}"
    "{%- if message['tool_calls'] %}{%- for call in message['tool_calls'] %}"
    "{{- '<tool_call>\\n' }}{{- {'name': call['function']['name'], 'arguments': call['function']['arguments']} | tojson }}"
    "{{- '\\n</tool_call>' }}{%- endfor %}{%- endif %}"
    "{{- '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


def pieces(messages, tools):
    """The template's text in order, as (text, is the model's own, kind of answer that follows)."""
    system = ""
    if messages and messages[0]["role"] == "system":
        system, messages = messages[0]["content"], messages[1:]
    if system or tools:
        shown = "".join("\n" + json.dumps(tool["function"], ensure_ascii=False) for tool in tools)
        head = system + ("\nTools:" + shown if tools else "")
        yield f"<|im_start|>system\n{head}<|im_end|>\n", False, None
    for message in messages:
        yield f"<|im_start|>{message['role']}\n", False, message.get("kind")
        yield message["content"] + "<|im_end|>", message["role"] == "assistant", None
        yield "\n", False, None


if __name__ == "__main__":
    made = Conversations(seed=1)
    for _, (messages, tools) in zip(range(25), made):
        print("-----", f"{len(tools)} tools" if tools else "")
        for message in messages[:8]:
            print(f"{message['role']}: {message['content']}")
