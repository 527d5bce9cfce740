#!/usr/bin/env python3
"""Trains the bundled model on the CPU, from generated conversations and fixed seeds.

Usage: train.py FOLDER [--steps N] [--resume]      (FOLDER holds tokenizer.json)
       train.py FOLDER --more N                    a second round, after the first has ended

Every conversation is new; none is seen twice. The loss is on the assistant's tokens only.
A checkpoint is written every few minutes; --resume goes on from it with the same data.
"""

import argparse
import itertools
import json
import os
import pathlib
import random
import time

# Threads that wait sleep: spinning ones lose more than they win when the machine has other work.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from tokenizers import Tokenizer
from torch.nn import functional

import data
import network as network_file
import topics
import words
from muon import Muon

LOOKAHEAD = 256  # conversations that are sorted by length before they are cut into batches
MATRIX_RATE = 0.02
OTHER_RATE = 3e-3
WARMUP_STEPS = 40
DECAY_SHARE = 0.6  # of all steps, the last ones, lower the rates to nothing
SEED = 20240607
QUESTION_TOKENS = 2560  # in the batch of questions that each step has beside its conversations


# The second round: lower rates, other conversations, and questions with holes, so that no single
# word is all that an answer hangs on.
MORE_RATE_SHARE = 0.4
MORE_SEED = 77
HOLES = 0.12


class Phase:
    """What a part of the training is about: the mix, and how single answers are cut.

    Which answer is right is decided by its first tokens, and a topic's answer is always the same
    text. So most single questions are cut soon after that decision: twice as many fit into the
    same time. The end practises whole conversations.
    """

    def __init__(self, mix, cut_share, cut_lengths, classes_weight, tokens_per_batch):
        self.mix, self.cut_share, self.cut_lengths = mix, cut_share, cut_lengths
        self.classes_weight, self.tokens_per_batch = classes_weight, tokens_per_batch


PRACTICE = Phase(data.PRACTICE, 0.6, (4, 12), 0.5, tokens_per_batch=2048)
TALKS = Phase(data.TALKS, 0.3, (8, 22), 0.1, tokens_per_batch=3072)
LAST_SHARE = 0.06  # of all steps are TALKS


def phase_at(step, steps):
    return TALKS if step >= steps * (1 - LAST_SHARE) else PRACTICE


class Classes:
    """Numbers for what may be asked: each topic and task, in each language.

    A head that is thrown away after training predicts them from the middle of the network, where
    an answer begins: it teaches what is asked for much sooner than the answers' words alone do.
    """

    def __init__(self):
        names = [topic.name for topic in topics.load()] + data.TASKS
        kinds = [f"{name} {language}" for name in names for language in ("en", "zh")]
        self.numbers = {kind: number for number, kind in enumerate(kinds)}


def with_holes(tokens, chance, vocabulary):
    """The tokens, some of them replaced by any other; the last one, which ends a message, stays."""
    return [
        chance.randrange(vocabulary) if chance.random() < HOLES else token for token in tokens[:-1]
    ] + tokens[-1:]


def encoded(tokenizer, classes, messages, tools, limit, phase, chance, holes=False):
    """Token ids, which of them the model must predict, and the class (or -1) that begins there."""
    ids, targets, kinds = [], [], []
    # What is copied or computed must be whole.
    asked = [message.get("kind") for message in messages if message["role"] == "assistant"]
    holes = holes and all(kind.rsplit(" ", 1)[0] not in data.TASKS for kind in asked)
    holes = holes and chance.random() < 0.6
    for text, is_own, kind in data.pieces(messages, tools):
        tokens = tokenizer.encode(text, add_special_tokens=False).ids
        if holes and not is_own and len(tokens) > 4:
            tokens = with_holes(tokens, chance, tokenizer.get_vocab_size())
        ids += tokens
        targets += [is_own] * len(tokens)
        kinds += [-1] * (len(tokens) - 1) + [classes.numbers[kind] if kind else -1]
    if sum(message["role"] == "user" for message in messages) == 1 and not tools:
        if sum(targets) > 22 and chance.random() < phase.cut_share:
            limit = min(limit, targets.index(True) + chance.randint(*phase.cut_lengths))
    return ids[:limit], targets[:limit], kinds[:limit]


def batches(tokenizer, classes, limit, steps, seed, holes):
    """Batches of rows of similar length, as (tokens, targets, kinds) tensors, without end."""
    conversations, chance, count = data.Conversations(seed), random.Random(seed), 0
    made = iter(conversations)
    while True:
        phase = phase_at(count, steps)
        conversations.mix = phase.mix
        rows = [
            encoded(tokenizer, classes, *conversation, limit, phase, chance, holes)
            for conversation in itertools.islice(made, LOOKAHEAD)
        ]
        groups = grouped(rows, phase.tokens_per_batch)
        chance.shuffle(groups)
        count += len(groups)
        yield from map(padded, groups)


def question_batches(tokenizer, classes, limit, seed, holes):
    """The same up to where the first answer begins: nothing but questions."""
    made, chance = iter(data.Conversations(seed + 1, data.DRILL)), random.Random(seed + 1)
    while True:
        rows = []
        for conversation in itertools.islice(made, 4 * LOOKAHEAD):
            row = encoded(tokenizer, classes, *conversation, limit, PRACTICE, chance, holes)
            rows.append(tuple(part[: row[1].index(True)] for part in row))
        groups = grouped(rows, QUESTION_TOKENS)
        chance.shuffle(groups)
        yield from map(padded, groups)


def grouped(rows, tokens_per_batch):
    """Rows of similar length together, no group with more tokens than that once it is padded."""
    rows.sort(key=lambda row: len(row[0]))
    groups, group = [], []
    for row in rows:
        if group and (len(group) + 1) * len(row[0]) > tokens_per_batch:
            groups.append(group)
            group = []
        group.append(row)
    groups.append(group)
    return groups


def padded(group):
    length = max(len(row[0]) for row in group)
    tokens = torch.zeros(len(group), length, dtype=torch.long)
    targets = torch.zeros(len(group), length, dtype=torch.bool)
    kinds = torch.full((len(group), length), -1)
    for row, (ids, own, begun) in enumerate(group):
        tokens[row, : len(ids)] = torch.tensor(ids)
        targets[row, : len(ids)] = torch.tensor(own)
        kinds[row, : len(ids)] = torch.tensor(begun)
    return tokens, targets, kinds


def share_of_rate(step, steps):
    """Up quickly, level, then down to nothing."""
    return min((step + 1) / WARMUP_STEPS, 1, (steps - step) / (steps * DECAY_SHARE))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--more", type=int, default=0)
    options = parser.parse_args()

    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    tokenizer = Tokenizer.from_file(str(options.folder / "tokenizer.json"))
    config = dict(
        network_file.CONFIG, vocab_size=tokenizer.get_vocab_size(), bos_token_id=None,
        eos_token_id=tokenizer.token_to_id("<|im_end|>"),
        pad_token_id=tokenizer.token_to_id("<|endoftext|>"),
    )
    network = network_file.Network(config)
    count = sum(parameter.numel() for parameter in network.parameters())
    print(f"{count:,} parameters", flush=True)
    matrices = [p for name, p in network.named_parameters() if p.dim() == 2 and "embed" not in name]
    others = [p for name, p in network.named_parameters() if p.dim() == 1 or "embed" in name]
    optimizers = [
        Muon(matrices, lr=MATRIX_RATE, weight_decay=0.01),
        torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.95), eps=1e-9, weight_decay=0.0),
    ]
    classes = Classes()
    class_head = torch.nn.Linear(config["hidden_size"], len(classes.numbers))
    optimizers.append(torch.optim.AdamW(class_head.parameters(), lr=OTHER_RATE, weight_decay=0.0))
    peaks = [MATRIX_RATE, OTHER_RATE, OTHER_RATE]
    if options.more:
        options.steps, options.resume = options.more, True
        peaks = [peak * MORE_RATE_SHARE for peak in peaks]
    else:
        words.teach(tokenizer, classes, network.embed_tokens, SEED)
    checkpoint, first, tokens_before, seconds_before = options.folder / "checkpoint.pt", 0, 0, 0
    if options.resume and checkpoint.exists():
        state = torch.load(checkpoint)
        network.load_state_dict(state["network"])
        class_head.load_state_dict(state["class_head"])
        for optimizer, saved_state in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved_state)
        first, tokens_before, seconds_before = (state[key] for key in ("step", "tokens", "seconds"))
        if options.more:
            first = 0

    steps_before = state["step"] if options.more else 0

    def save(step):
        states = [optimizer.state_dict() for optimizer in optimizers]
        state = dict(network=network.state_dict(), class_head=class_head.state_dict())
        state.update(tokens=tokens_before + seen, seconds=seconds_before + time.monotonic() - started)
        torch.save(dict(state, optimizers=states, step=step), checkpoint)
        network_file.save(network, options.folder)

    started = saved = time.monotonic()
    seen, losses, known = 0, [], []
    limit = config["max_position_embeddings"]
    seed, holes = (MORE_SEED, True) if options.more else (SEED, False)
    stream = itertools.islice(batches(tokenizer, classes, limit, options.steps, seed, holes), first, options.steps)
    questions = question_batches(tokenizer, classes, limit, seed, holes)
    for _ in range(first):
        next(questions)
    for step, (tokens, targets, kinds) in enumerate(stream, first):
        for optimizer, peak in zip(optimizers, peaks):
            for group in optimizer.param_groups:
                group["lr"] = peak * share_of_rate(step, options.steps)
        # The token at a position is predicted at the one before it.
        wanted, kinds = targets[:, 1:], kinds[:, :-1]
        asked, _, asked_kinds = next(questions)
        # Products in bf16, which such a CPU computes twice as fast; weights and sums stay f32.
        with torch.autocast("cpu", torch.bfloat16):
            logits, middle = network(tokens[:, :-1], wanted, kinds >= 0)
            loss = functional.cross_entropy(logits.float(), tokens[:, 1:][wanted])
            losses.append(loss.item())
            weight = phase_at(step, options.steps).classes_weight
            guesses, truth = class_head(middle).float(), kinds[kinds >= 0]
            loss = loss + weight * functional.cross_entropy(guesses, truth)
            guesses = class_head(network(asked, None, asked_kinds >= 0)[1]).float()
            truth = asked_kinds[asked_kinds >= 0]
            loss = loss + 0.5 * functional.cross_entropy(guesses, truth)
        known.append((guesses.argmax(-1) == truth).float().mean().item())
        network.zero_grad(set_to_none=True)
        class_head.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        seen += tokens.numel() + asked.numel()
        now = time.monotonic()
        if step % 20 == 19:
            mean = sum(losses[-20:]) / max(1, len(losses[-20:]))
            share = sum(known[-20:]) / max(1, len(known[-20:]))
            print(f"step {step + 1}  loss {mean:.4f}  kind known {share:.1%}  {seen / (now - started):.0f} tok/s  {now - started:.0f} s", flush=True)
        if now - saved > 150:
            save(step + 1)
            saved = now
    save(options.steps)
    summary = dict(
        parameters=count, steps=steps_before + options.steps,
        seconds=round(seconds_before + time.monotonic() - started), tokens=tokens_before + seen, loss=round(sum(losses[-50:]) / len(losses[-50:]), 4),
    )
    (options.folder / "training.json").write_text(json.dumps(summary) + "\n")
    print(summary)


if __name__ == "__main__":
    main()
