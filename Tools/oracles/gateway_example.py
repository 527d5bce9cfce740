#!/usr/bin/env python3
"""Holds docs/gateway.md against the settings that a quire binary reads.

The example file of the page must load, and every line of it that sets something must be in force; a
misspelt key in it must be refused with its line and the right name; and every key that
`quire config show` prints must stand in the page's table, and every key of the table be read.
Prints what is wrong; exit status 1 if anything is. Standard library only.

Usage: gateway_example.py QUIRE [PAGE]      QUIRE: .build/release/quire, PAGE: docs/gateway.md
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

MARK = "<!-- example: gateway.yml -->\n```yaml\n"
VALUE = re.compile(r"^\s*(?:- )?(?:[\w-]+:\s*[^\s#]|(?<=- )\S)")
RUN_SECONDS = 20


def show(quire, arguments, folder, variables=None):
    """Exit status, standard output and standard error of `quire config show`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUIRE_")}
    done = subprocess.run(
        [quire, "config", "show", *arguments],
        cwd=folder,
        env={**kept, **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    return done.returncode, done.stdout, done.stderr


def example(page):
    begin = page.index(MARK) + len(MARK)
    return page[begin : page.index("```", begin)]


def check_example(quire, text, folder):
    (folder / "gateway.yml").write_text(text)
    variables = {name: "a-key" for name in re.findall(r"_env:\s*(\w+)", text)}
    status, output, errors = show(quire, ["--origin", "--config", "gateway.yml"], folder, variables)
    if status != 0:
        return [f"the example is refused: {errors.strip()}"]
    in_force = {int(line) for line in re.findall(r"# gateway\.yml:(\d+)", output)}
    return [
        f"line {number} of the example sets nothing: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if VALUE.match(line) and number not in in_force
    ]


def check_misspelling(quire, text, folder):
    """The refusal that the page shows, brought about on purpose."""
    wrong = text.replace("slidingWindowSize", "slidingWindwSize", 1)
    number = wrong[: wrong.index("slidingWindwSize")].count("\n") + 1
    (folder / "wrong.yml").write_text(wrong)
    variables = {name: "a-key" for name in re.findall(r"_env:\s*(\w+)", text)}
    status, _, errors = show(quire, ["--config", "wrong.yml"], folder, variables)
    expected = (
        f"quire: wrong.yml:{number}: circuitBreaker.slidingWindwSize: unknown key; "
        "did you mean slidingWindowSize?"
    )
    if status == 0 or errors.strip() != expected:
        return [f"a misspelt key: expected '{expected}', got '{errors.strip()}'"]
    return []


def table_keys(page):
    """Full names in the first column of the table, what stands in brackets left out."""
    rows = page[page.index("### Every key") :].split("\n## ")[0].splitlines()
    keys = set()
    for row in rows:
        if not row.startswith("| `"):
            continue
        cell = re.sub(r"\([^)]*\)", "", row.split("|")[1])
        parent = ""
        for key in re.findall(r"`([^`]+)`", cell):
            # `circuit.a`, `b` are circuit.a and circuit.b; `a.b.c` begins anew.
            keys.add(key if "." in key or not parent else f"{parent}.{key}")
            if "." in key:
                parent = key.rsplit(".", 1)[0]
    return keys


def check_table(quire, page, folder):
    (folder / "keys.yml").write_text("upstreams: ['http://127.0.0.1:1']\ngroups: [m]\n")
    status, output, errors = show(quire, ["--config", "keys.yml"], folder)
    if status != 0:
        return [f"a file of two keys is refused: {errors.strip()}"]
    shown = {re.sub(r"\[\d+\]", "[]", line.split()[0]) for line in output.splitlines()}
    documented = table_keys(page)
    lists = {"upstreams", "groups"}
    # What names an environment variable is shown as the key that it sets.
    read = {key for key in documented if not key.endswith("_env")}
    return [f"not in the table: {key}" for key in sorted(shown - documented)] + [
        f"in the table, but not read: {key}" for key in sorted(read - shown - lists)
    ]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    quire = str(pathlib.Path(sys.argv[1]).resolve())
    root = pathlib.Path(__file__).resolve().parents[2]
    path = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else root / "docs" / "gateway.md"
    page = path.read_text()
    text = example(page)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        wrong = (
            check_example(quire, text, folder)
            + check_misspelling(quire, text, folder)
            + check_table(quire, page, folder)
        )
    for line in wrong:
        print(line)
    verdict = f"{len(wrong)} wrong" if wrong else "as documented"
    lines = len(text.splitlines())
    print(f"{path.name}: {lines} lines of example, {len(table_keys(page))} keys: {verdict}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
