#!/usr/bin/env bash
# Makes .venv with the Python libraries that Tools/ and the checks against other implementations
# need, at pinned versions. Run again, it only brings them to these versions. No torch: about 300 MB.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=${PYTHON:-python3}
if ! "$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    echo "quire: Python 3.10 or later with venv is needed (apt-get install python3-venv), or set PYTHON" >&2
    exit 1
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv

# transformers 4.57.6 made the goldens of models and templates; tokenizers is the one it asks for.
.venv/bin/pip install --quiet --disable-pip-version-check \
    transformers==4.57.6 tokenizers==0.22.2 jinja2==3.1.6 numpy==2.2.6 openai==3.57.0
.venv/bin/python - <<'END'
from importlib.metadata import version
names = ["transformers", "tokenizers", "jinja2", "numpy", "openai"]
print(".venv:", ", ".join(f"{name} {version(name)}" for name in names))
END
