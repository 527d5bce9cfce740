"""Gives the token embeddings a first meaning: which topics a word speaks for.

A question is the mean of its tokens' embeddings, and a linear layer guesses the topic from it. That
takes minutes, where the whole network would take an hour to find the same out.
"""

import time

import torch
from torch import nn
from torch.nn import functional

import data

STEPS = 6000
QUESTIONS_PER_STEP = 192
RATE = 4e-3
SIZE = 0.04  # the root mean square of an embedding's elements afterwards


def teach(tokenizer, classes, embedding, seed):
    """Trains `embedding` in place; what no question holds keeps its random start."""
    conversations = data.Conversations(seed + 2, data.DRILL)
    bag = nn.EmbeddingBag.from_pretrained(embedding.weight.detach() * 25, freeze=False, mode="mean")
    head = nn.Linear(embedding.embedding_dim, len(classes.numbers))
    optimizer = torch.optim.Adam([*bag.parameters(), *head.parameters()], lr=RATE)
    started, share = time.monotonic(), 0.0
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        ids, starts, truth = [], [], []
        for _ in range(QUESTIONS_PER_STEP):
            question, answer, _ = conversations.turn(conversations.language())
            starts.append(len(ids))
            ids += tokenizer.encode(question, add_special_tokens=False).ids
            truth.append(classes.numbers[answer["kind"]])
        guesses, truth = head(bag(torch.tensor(ids), torch.tensor(starts))), torch.tensor(truth)
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(guesses, truth).backward()
        optimizer.step()
        share += 0.02 * ((guesses.argmax(-1) == truth).float().mean().item() - share)
        if step % 200 == 199:
            print(f"words {step + 1}  kind known {share:.1%}  {time.monotonic() - started:.0f} s", flush=True)
    with torch.no_grad():
        taught = bag.weight
        embedding.weight.copy_(taught * (SIZE / taught.pow(2).mean(-1, keepdim=True).sqrt()))
