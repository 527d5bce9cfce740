#!/usr/bin/env bash
# Compares the bundled model's answers in Quire with those of the transformers library.
# Usage: compare.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
source Tools/model/serve.sh

folder=${1:-Resources/model}
Tools/model/setup.sh
serve "$folder" float32
.venv/model/bin/python Tools/model/compare_transformers.py "$folder" "$URL"
