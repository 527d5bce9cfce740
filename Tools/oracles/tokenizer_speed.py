"""Times the reference library `tokenizers` on one thread: MB/s per text, best of some runs.

    python3 tokenizer_speed.py TOKENIZER_JSON[.gz] TEXT... [--make FOLDER]

--make writes about 1 MB each of English and code (from Python's own library) and of generated
Chinese sentences into FOLDER first and times those. Needs the PyPI package `tokenizers`.
"""

import argparse
import ast
import glob
import gzip
import os
import random
import sysconfig
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
SIZE = 1_000_000


def library_files():
    return sorted(glob.glob(sysconfig.get_paths()["stdlib"] + "/**/*.py", recursive=True))


def make_code():
    text = ""
    for path in library_files():
        with open(path, errors="replace") as file:
            text += file.read()
        if len(text) > SIZE:
            break
    return text[:SIZE]


def make_english():
    text = ""
    for path in library_files():
        try:
            with open(path) as file:
                tree = ast.parse(file.read())
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)):
                words = (ast.get_docstring(node) or "").split()
                if len(words) > 40:
                    text += " ".join(words) + "\n"
        if len(text) > SIZE:
            break
    return text[:SIZE]


def make_chinese():
    chance = random.Random(7)
    who = "我们 他们 这个系统 用户 模型 服务器 公司 研究人员 今天的天气 这位老师 北京大学 科学家".split()
    does = "正在使用 提高了 已经完成 讨论 支持 发现了 学习 开发 介绍 分析 需要 认为应该改进".split()
    what = "新的技术 人工智能 大规模语言模型 数据中心 经济发展 吞吐量 环境保护问题 长江流域的历史".split()
    when = "很快地 昨天 在会议上 为了未来 因此 然而 随着时间推移 根据报告 总的来说 去年".split()
    rare = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
    parts, size = [], 0
    while size < SIZE:
        text = "".join(chance.choice(words) for words in (when, who, does, what))
        if chance.random() < 0.2:
            text += "".join(chance.choices(rare, k=chance.randint(1, 6)))
        if chance.random() < 0.1:
            text += f"{chance.randint(1, 2030)}年"
        text += chance.choice("。。。，！？；\n")
        parts.append(text)
        size += len(text.encode())
    return "".join(parts)


def main():
    from tokenizers import Tokenizer

    parser = argparse.ArgumentParser()
    parser.add_argument("tokenizer")
    parser.add_argument("texts", nargs="*")
    parser.add_argument("--make")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    if options.make:
        os.makedirs(options.make, exist_ok=True)
        for name, make in [("english", make_english), ("chinese", make_chinese), ("code", make_code)]:
            path = os.path.join(options.make, name + ".txt")
            with open(path, "w") as file:
                file.write(make())
            options.texts.append(path)
    opener = gzip.open if options.tokenizer.endswith(".gz") else open
    with opener(options.tokenizer, "rt") as file:
        source = file.read()
    start = time.perf_counter()
    tokenizer = Tokenizer.from_str(source)
    print(f"load {(time.perf_counter() - start) * 1e3:.0f} ms")
    for path in options.texts:
        with open(path, newline="") as file:
            text = file.read()
        best = float("inf")
        for _ in range(options.runs):
            start = time.perf_counter()
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            best = min(best, time.perf_counter() - start)
        size = len(text.encode())
        print(f"{os.path.basename(path)}: {len(ids)} ids, {size / best / 1e6:.2f} MB/s")


if __name__ == "__main__":
    main()
