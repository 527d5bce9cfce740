#!/usr/bin/env bash
# Serves the bundled model and asks it the held-out questions: `make model-score`.
# Usage: score.sh [FOLDER [arguments of score.py]]
set -euo pipefail
cd "$(dirname "$0")/../.."
source Tools/model/serve.sh

folder=${1:-Resources/model}
serve "$folder"
python3 Tools/model/score.py "$URL" "${@:2}"
