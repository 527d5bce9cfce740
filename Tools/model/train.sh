#!/usr/bin/env bash
# Makes the bundled model from nothing: environment, tokenizer, training, export, score.
# The work is in .build/model until it is complete.
# Usage: train.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=${1:-Resources/model}
work=.build/model
Tools/model/setup.sh
python=.venv/model/bin/python
mkdir -p "$work"
$python Tools/model/make_tokenizer.py "$work"
nice -n 10 $python Tools/model/train.py "$work"
nice -n 10 $python Tools/model/train.py "$work" --more 1400
$python Tools/model/export.py "$work" "$folder"
Tools/model/score.sh "$folder" --json "$work/score.json" || echo "the score is below the bar"
$python Tools/model/card.py "$folder" "$work/score.json"
