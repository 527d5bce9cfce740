#!/usr/bin/env python3
"""Puts a trained model into the folder that is shipped. Usage: export.py WORK FOLDER"""

import json
import pathlib
import shutil
import sys

SIZE_MAX = 12_000_000


def main():
    work, folder = map(pathlib.Path, sys.argv[1:3])
    folder.mkdir(parents=True, exist_ok=True)
    weights = work / "model.safetensors"
    assert weights.stat().st_size <= SIZE_MAX, f"{weights} is larger than {SIZE_MAX} bytes"
    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "training.json"):
        shutil.copyfile(work / name, folder / name)
    config = json.loads((folder / "config.json").read_text())
    # Greedy and short by default: the answers are facts.
    generation = dict(
        eos_token_id=config["eos_token_id"], pad_token_id=config["pad_token_id"],
        do_sample=False, temperature=0.0, max_new_tokens=256,
    )
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")
    print(f"{folder}: {weights.stat().st_size:,} bytes of weights")


if __name__ == "__main__":
    main()
