#!/usr/bin/env python3
"""Trains the bundled model's tokenizer on generated text: byte-level BPE in Qwen2's layout.

Merges stay within one Chinese character: they are learned from text that is cut at each of them.
So a Chinese question is read character by character, however it is worded, while frequent English
words and flags are single tokens. Digits are always single.

Usage: make_tokenizer.py FOLDER
"""

import itertools
import json
import pathlib
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import data

VOCABULARY_SIZE = 4096
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKS = ["<tool_call>", "</tool_call>"]
# Qwen2's pattern: words, single digits, runs of punctuation, blanks.
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def split(pattern):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


def texts(count):
    for messages, tools in itertools.islice(data.Conversations(seed=7), count):
        for message in messages:
            yield message["content"]
        for tool in tools:
            yield json.dumps(tool["function"], ensure_ascii=False)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.BPE())
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split(PATTERN), split(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef…「」–]"), bytes_]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE - len(MARKS), special_tokens=SPECIALS, min_frequency=2,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False,
    )
    tokenizer.train_from_iterator(texts(30000), trainer)
    tokenizer.add_tokens([AddedToken(mark, special=False, normalized=False) for mark in MARKS])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split(PATTERN), bytes_])
    tokenizer.save(str(folder / "tokenizer.json"))
    configuration = dict(
        tokenizer_class="PreTrainedTokenizerFast", eos_token="<|im_end|>", pad_token="<|endoftext|>",
        bos_token=None, unk_token=None, add_bos_token=False, clean_up_tokenization_spaces=False,
        model_max_length=2048, chat_template=data.CHAT_TEMPLATE,
    )
    text = json.dumps(configuration, indent=2, ensure_ascii=False) + "\n"
    (folder / "tokenizer_config.json").write_text(text)
    print(tokenizer.get_vocab_size(), "tokens")


if __name__ == "__main__":
    main()
