#!/usr/bin/env python3
"""Asks a server every held-out question at temperature 0 and counts the right answers.

Usage: score.py URL [--questions heldout.jsonl] [--json FILE] [--all]

An answer is right if it holds all keys (regular expressions, letter case ignored), is in the
language of the question, ends by itself and does not loop. Needs nothing but Python.
Exit status 1 below 85 % overall, in English or in Chinese, or if an answer breaks off or loops.
"""

import argparse
import collections
import concurrent.futures
import json
import pathlib
import re
import sys
import urllib.request

BAR = 0.85
MAX_TOKENS = 200
HAN = re.compile("[\u4e00-\u9fff]")
# Categories whose answers are not sentences of a language.
NEUTRAL = {"sums", "json", "tools", "lists"}


def ask(url, row):
    messages = [dict(role="user", content=row["question"])] + row.get("then", [])
    body = dict(messages=messages, temperature=0, max_tokens=MAX_TOKENS)
    if "tools" in row:
        body["tools"] = row["tools"]
    request = urllib.request.Request(
        url.rstrip("/") + "/v1/chat/completions", json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        choice = json.load(response)["choices"][0]
    return choice["message"]["content"] or "", choice["finish_reason"]


def loops(text):
    """Whether the text ends in three equal pieces of four characters or more."""
    return re.search(r"(.{4,})\1\1$", text, re.DOTALL) is not None


def verdict(row, text, finish):
    if finish != "stop":
        return "breaks off"
    if loops(text):
        return "loops"
    if row["category"] not in NEUTRAL:
        # Examples in an answer may quote the other language; an English answer has no Chinese.
        if bool(HAN.search(text)) != (row["language"] == "zh"):
            return "wrong language"
    missing = [key for key in row["keys"] if not re.search(key, text, re.IGNORECASE)]
    return "lacks " + ", ".join(missing) if missing else "right"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--questions", default=pathlib.Path(__file__).parent / "heldout.jsonl")
    parser.add_argument("--json", help="write the table and all answers here")
    parser.add_argument("--all", action="store_true", help="print every answer, not only failures")
    options = parser.parse_args()

    rows = [json.loads(line) for line in open(options.questions)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda row: ask(options.url, row), rows))

    right, total, verdicts = collections.Counter(), collections.Counter(), collections.Counter()
    for row, (text, finish) in zip(rows, answers):
        row["answer"], row["verdict"] = text, verdict(row, text, finish)
        is_right = row["verdict"] == "right"
        verdicts[row["verdict"].split(" ")[0]] += 1
        for cell in ((row["category"], row["language"]), ("all", row["language"])):
            total[cell] += 1
            right[cell] += is_right
        if options.all or not is_right:
            print(f"{row['verdict']} | {row['topic']} | {row['question']} | {text}")

    def share(cells):
        return sum(right[c] for c in cells), sum(total[c] for c in cells)

    print(f"\n{'category':<12}{'English':>16}{'Chinese':>16}")
    table = {}
    for category in list(dict.fromkeys(row["category"] for row in rows)) + ["all"]:
        cells = [share([(category, language)]) for language in ("en", "zh")]
        table[category] = dict(zip(("en", "zh"), cells))
        print(f"{category:<12}" + "".join(f"{r:>5}/{t:<4}{r / max(t, 1):>6.1%}" for r, t in cells))
    count, whole = share([("all", "en"), ("all", "zh")])
    broken = verdicts["breaks"] + verdicts["loops"]
    print(f"\n{count} of {whole} right: {count / whole:.1%}; {verdicts['breaks']} break off, {verdicts['loops']} loop")
    if options.json:
        pathlib.Path(options.json).write_text(
            json.dumps(dict(table=table, rows=rows), ensure_ascii=False, indent=1) + "\n"
        )
    passes = all(r >= BAR * t for r, t in (share([("all", language)]) for language in ("en", "zh")))
    sys.exit(0 if passes and not broken else 1)


if __name__ == "__main__":
    main()
