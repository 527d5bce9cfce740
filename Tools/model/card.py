#!/usr/bin/env python3
"""Writes the model card from card.md, the training's numbers and a score's JSON.

Usage: card.py FOLDER SCORE.json
"""

import json
import pathlib
import sys

import topics
from score import BAR


def main():
    folder, score = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
    config = json.loads((folder / "config.json").read_text())
    training = json.loads((folder / "training.json").read_text())
    lines = ["| category | English | Chinese |", "|---|---|---|"]
    for category, cells in score["table"].items():
        shown = [f"{r} / {t} ({r / max(t, 1):.0%})" for r, t in (cells["en"], cells["zh"])]
        lines.append(f"| {category} | " + " | ".join(shown) + " |")
    verdicts = [row["verdict"].split(" ")[0] for row in score["rows"]]
    right = verdicts.count("right")
    share = right / len(verdicts)
    remark = "" if share >= BAR else (
        f"**That is below the bar of {BAR:.0%}**: the training was too short; more steps are what it needs.\n\n"
    )
    text = (topics.FOLDER / "card.md").read_text().format(
        topics=len(topics.load()), layers=config["num_hidden_layers"], hidden=config["hidden_size"],
        heads=config["num_attention_heads"], kv_heads=config["num_key_value_heads"],
        inner=config["intermediate_size"], vocabulary=config["vocab_size"],
        parameters=training["parameters"], steps=training["steps"],
        megabytes=(folder / "model.safetensors").stat().st_size / 1e6,
        tokens_millions=training["tokens"] / 1e6, minutes=training["seconds"] / 60,
        count=len(verdicts), table="\n".join(lines), right=right, share=share, remark=remark,
        breaks=verdicts.count("breaks"), loops=verdicts.count("loops"),
    )
    (folder / "README.md").write_text(text)


if __name__ == "__main__":
    main()
