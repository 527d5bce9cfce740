#!/usr/bin/env python3
"""Compares a served model's greedy answers with those of transformers, token for token, in f32.

Usage: compare_transformers.py FOLDER URL [--every N]

Takes every N-th held-out question (and all with tools). The server must run with
--dtype float32. Template and tokenizer are compared too: the prompt's ids must be equal.
"""

import argparse
import json
import pathlib
import sys
import urllib.request

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

MAX_TOKENS = 120


def post(url, path, body):
    request = urllib.request.Request(
        url.rstrip("/") + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.load(response)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("url")
    parser.add_argument("--every", type=int, default=8)
    options = parser.parse_args()

    torch.set_num_threads(2)
    tokenizer = AutoTokenizer.from_pretrained(options.folder)
    model = AutoModelForCausalLM.from_pretrained(options.folder, dtype=torch.float32).eval()
    questions = pathlib.Path(__file__).parent / "heldout.jsonl"
    rows = [json.loads(line) for line in questions.read_text().splitlines()]
    rows = [row for i, row in enumerate(rows) if i % options.every == 0 or "tools" in row]
    equal = tokens = 0
    for row in rows:
        messages = [dict(role="user", content=row["question"])] + row.get("then", [])
        text = tokenizer.apply_chat_template(
            messages, tools=row.get("tools"), add_generation_prompt=True, tokenize=False
        )
        prompt = tokenizer(text, add_special_tokens=False).input_ids
        with torch.no_grad():
            output = model.generate(
                torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                max_new_tokens=MAX_TOKENS, do_sample=False,
            )
        expected = output[0, len(prompt):].tolist()
        body = dict(messages=messages, temperature=0, max_tokens=MAX_TOKENS, return_token_ids=True)
        if "tools" in row:
            body["tools"] = row["tools"]
        answer = post(options.url, "/v1/chat/completions", body)
        found = answer["choices"][0]["token_ids"]
        if answer["prompt_token_ids"] != prompt:
            print(f"the prompts differ: {row['question']}")
        elif found != expected:
            print(f"the answers differ: {row['question']}\n  here {found}\n  there {expected}")
        else:
            equal += 1
            tokens += len(expected)
    print(f"{equal} of {len(rows)} answers equal, token for token ({tokens} tokens)")
    sys.exit(0 if equal == len(rows) else 1)


if __name__ == "__main__":
    main()
