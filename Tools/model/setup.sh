#!/usr/bin/env bash
# Makes the Python environment that trains and checks the bundled model: .venv/model.
# The CPU build of PyTorch suffices; any build of that version gives the same model up to rounding.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ ! -x .venv/model/bin/python ]; then
    python3 -m venv .venv/model
fi
if ! .venv/model/bin/python -c 'import torch, tokenizers, safetensors, transformers' 2>/dev/null; then
    .venv/model/bin/pip install --quiet numpy==2.4.6 torch==2.13.0 tokenizers==0.23.3 \
        safetensors==0.8.0 transformers==5.24.0
fi
