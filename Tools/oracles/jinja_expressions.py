"""Writes Tests/QuireTemplateTests/JinjaExpressions.swift: small templates and what jinja2 itself
renders, in the environment that transformers sets up for chat templates.

Run with a Python that has jinja2:  python3 Tools/oracles/jinja_expressions.py
"""

import datetime
import json
import pathlib
import platform

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime.datetime(2026, 1, 15, 9, 30)
VARIABLES = {
    "s": "Hello, World",
    "u": "Grüße 北京 ☀️ é",
    "pad": "  \n x y\t ",
    "n": 7,
    "neg": -7,
    "f": 2.5,
    "big": 1e16,
    "small": 1e-5,
    "t": True,
    "none": None,
    "xs": [3, 1, 2],
    "names": ["bob", "Alice", "carol", "alice"],
    "d": {"b": 1, "a": [1, 2.0, None, True, "it's"], "items": 5, "": "empty"},
    "people": [
        {"name": "Ann", "age": 30, "tags": {"role": "x"}},
        {"name": "bob", "age": 4, "tags": {"role": "y"}},
        {"name": "Cy", "tags": {}},
    ],
    "deep": {"x": {"y": [{"z": "found"}]}},
    "html": "<a href='x'>\"&\"</a>",
    "lines": "one\ntwo\n\n  three",
    "esc": "tab\t quote\" back\\ nul\x00 del\x7f \u2028 \U0001f600",
}

EXPRESSIONS = """
1 + 2 * 3
7 // 2, -7 // 2, 7 // -2, 7 % -3, -7 % 3
7 / 2, 6 / 3
2 ** 10, 2 ** -1, 2 ** 3 ** 2, -2 ** 2
7.5 // 2, -7.5 // 2, 7.5 % 2, -7.5 % 2, 7.5 % -2
1.0, 1e16, 1e15, 1e22, 1.5e-7, 0.0001, 0.00001, 123456789012345680.0, 5e-324
0.1 + 0.2, 1/3, 100.0, 12e15
True + 1, True == 1, 1 == 1.0, "1" == 1
1 < 2 < 3, 1 < 3 < 2, 3 > 2 >= 2
"a" < "b", "B" < "a", [1, 2] < [1, 3], (1,) < (1, 0)
none == None, none is none, t is true, t is sameas true
not t, not none, t and none, none or "x", 0 or [] or "z"
"ell" in s, "x" not in s, 1 in xs, "b" in d, 5 in d.values()
s ~ 1 ~ none ~ true ~ 1.0 ~ [1, "a"] ~ {"k": none}
"ab" * 3, 2 * [1, 2], "x" * 0, "x" * -1, (1,) * 2
"%s is %d years, %.2f, %05d|%-5s|%5s|%x" % ("Al", 3, 2.345, 42, "ab", "cd", 255)
"%(a)s-%(b)r" % {"a": 1, "b": "x"}
"%s" % "one", "%%", "%r" % ["x"]
"%e %g %g %g" % (12345.678, 0.0001, 1e20, 3)
"{} {}".format(1, "x"), "{1}{0}".format("a", "b"), "{a[k]} {b[1]}".format(a={"k": 2}, b=[3, 4])
"{:>8}|{:<8}|{:^8}|{:*^9}|{:08.3f}|{:+d}|{:,}|{:x}".format("a", "b", "c", "d", 3.14159, 5, 1234567, 255)
"{!r:>6}".format("a"), "{{}}".format()
xs, d, people[2], (1,), (), (1, "a"), {}
"it's", ["it's"], ['say "hi"'], ["both ' and \\""], ["\\n\\t\\\\"], ["é 北 \\u200b \\x7f"]
[esc], [u]
xs[0], xs[-1], xs[1:], xs[:-1], xs[::-1], xs[::2], xs[5:], xs[-10:2]
s[0], s[-1], s[1:4], s[::-1], s[::3], u[6:8], u[::-1][:3], u[-1]
xs[10] is defined, xs.foo is defined, d.zzz is undefined, d["b"], d.b, d[""]
d.items is callable, d["items"], d.get("b"), d.get("q"), d.get("q", 9)
d.keys() | list, d.values() | list, d.items() | list
d.keys(), d.values(), d.items(), range(3), range(1, 10, 4)
deep.x.y[0].z, deep["x"]["y"][0]["z"], people | map(attribute="tags.role") | list
range(5) | list, range(5, 0, -2) | list, range(3)[1], range(3) | length
s | upper, s | lower, s | title, s | capitalize, "hELLO wORLD-foo (bar)" | title
u | upper, u | lower, u | length
pad | trim, [pad.strip()], [pad.lstrip()], [pad.rstrip()], "xxaxx".strip("x"), "abcba".lstrip("ab")
s.split(","), s.split(), s.split("l"), s.split("l", 1), "a,b,c".rsplit(",", 1), pad.split(), "".split(), "".split(",")
" a  b  c ".split(none, 1), " a  b  c ".rsplit(none, 1), "a\\nb\\r\\nc\\x0bd".splitlines()
"a-b-c".partition("-"), "a-b-c".rpartition("-"), "abc".partition("x")
s.replace("l", "L"), s.replace("l", "L", 1), "abc".replace("", "-"), s | replace("o", "0"), s | replace("l", "", 2)
s.startswith("Hell"), s.endswith(("x", "ld")), s.startswith("ello", 1), s.find("o"), s.rfind("o"), s.find("zz"), s.count("l"), u.find("京")
s.index("W"), "-".join(["a", "b"]), s.isupper(), "ABC".isupper(), "abc1".islower(), "12".isdigit(), "½".isnumeric(), "a b".isalpha(), "ab".isalpha(), "a1".isalnum(), " ".isspace(), "Ab Cd".istitle()
"abc".center(9), ["abc".center(8, "*")], "abc".ljust(5) ~ "|", "abc".rjust(5), "-7".zfill(4), "7".zfill(3)
"hello world".title(), "they're".title(), "Straße".upper(), "ΑΣ".lower(), "aB".swapcase(), "hELLO".capitalize(), "ß".casefold()
"prefix-x".removeprefix("prefix-"), "x.txt".removesuffix(".txt"), "a\\tb".expandtabs(4)
xs | sort, xs | sort(reverse=true), names | sort, names | sort(case_sensitive=true), people | sort(attribute="name") | map(attribute="name") | list
xs | first, xs | last, [] | first is defined, s | first, s | last
xs | sum, xs | min, xs | max, people[:2] | sum(attribute="age"), people[:2] | max(attribute="age"), [] | sum
xs | join(","), names | join, people | join("+", attribute="name"), [1, none, "a"] | join("/")
names | unique | list, [1, 1.0, 2, true] | unique | list, names | unique(case_sensitive=true) | list
xs | reverse | list, s | reverse, xs | length, d | length, none | default("x"), zzz | default("x"), "" | default("x"), "" | default("x", true), zzz | d
xs | map("string") | list, names | map("upper") | join(" "), people | map(attribute="age", default=0) | list
xs | select("odd") | list, xs | reject("odd") | list, xs | select("gt", 1) | list, [0, 1, "", "a"] | select | list
people | selectattr("age") | map(attribute="name") | list, people | selectattr("age", "defined") | list | length
people | rejectattr("age", "defined") | map(attribute="name") | list, people | selectattr("name", "equalto", "Ann") | list | length
people | selectattr("name", "in", ["bob", "Cy"]) | map(attribute="name") | list
d | dictsort | map("first") | list, {"b": 1, "A": 0} | dictsort, {"b": 1, "a": 2} | dictsort(by="value", reverse=true)
d | items | list, {"a": 1} | items | list | length, zzz | items | list
xs | batch(2) | list, xs | slice(2) | list, [1, 2, 3] | batch(2, 0) | list
people | groupby("tags.role", default="none") | list | length
xs | list, "abc" | list, d | list, (1, 2) | list, range(2) | list
"42" | int, "4.7" | int, "x" | int, "x" | int(5), 3.9 | int, -3.9 | int, "0x1f" | int(0, 16), none | int, " 7 " | int, true | int
"4.5" | float, "x" | float, 3 | float, "1e3" | float, "inf" | float
2.5 | round, 3.5 | round, 2.675 | round(2), 42 | round, 42.55 | round(1, "floor"), 42.51 | round(1, "ceil"), 1234.5 | round(-2), -2.5 | round
-5 | abs, -5.5 | abs, neg | abs, (-5) | abs
lines | indent, lines | indent(2, true), lines | indent("> ", blank=true), lines | indent(width=1, first=false)
html | e, html | escape, html | safe, "a b/ü?" | urlencode, "hello big world" | truncate(9, true), "hello big world" | truncate(9, false, "..", 0), "a b c" | wordcount
{"a": [1, 2.0, none, true], "é": "<&>"} | tojson, esc | tojson, u | tojson(ensure_ascii=true)
{"b": 1, "a": {"c": []}} | tojson(indent=2), [] | tojson(indent=4), {} | tojson(indent=1), [1, [2]] | tojson(indent=1)
{"b": 1, "a": 2} | tojson(sort_keys=true), [1, {"x": 2}] | tojson(separators=(",", ":")), {1: 2, none: 3, true: 4, 1.5: 5} | tojson
1e100 | tojson, 1.0 | tojson, 1e16 | tojson, -0.0 | tojson, "\\u00e9\\u2028" | tojson
t is boolean, 1 is boolean, 1 is integer, true is integer, 1.0 is float, 1 is number, "a" is number, t is number
s is string, xs is string, xs is sequence, s is sequence, d is mapping, d is sequence, xs is mapping, none is iterable, s is iterable, 5 is iterable, range(2) is sequence
zzz is defined, zzz is undefined, s is defined, zzz is none, zzz is iterable, zzz is string, zzz is sequence
3 is odd, 4 is even, 9 is divisibleby 3, 9 is divisibleby(2), "a" is in "abc", 1 is in [1], 1 is eq 1, 1 is ne 2, 2 is gt 1, 1 is lt 2, 2 is ge 2, 1 is le 1, "abc" is lower, "ABC" is upper
1 is not none, not 1 is none, s is not string, 4 is not odd
range is callable, s is callable, "upper" is filter, "nope" is filter, "odd" is test
"yes" if t else "no", "yes" if none, ("a" if none) is undefined, 1 if 0 else 2 if 0 else 3
zzz ~ "x", [zzz] | length, zzz | length, zzz | list, zzz == yyy, zzz in [1], 1 in zzz, not zzz
strftime_now("%Y-%m-%d"), strftime_now("%d %b %Y"), strftime_now("%A, %B %d, %Y %H:%M:%S"), strftime_now("%-d/%-m/%y %j %p %I %U %%")
dict(a=1, b=2), dict([("x", 1)], y=2), dict({"q": 1}), namespace(a=1).a
"a" "b" 'c', "\\x41\\u0042\\103", 'it\\'s', "\\q", 1_000, 0x1f, 0b101, 0o17, 1_0.5_0
[1, 2,], {"a": 1,}, (1, 2,), [[], {}, ()]
d.a[1], d.a.4, people.0.name, people[0]["tags"].role
xs.index(1), xs.count(3), (1, 2, 1).count(1)
xs.append is defined, "".__class__ is defined, d.pop is defined
d | attr("items") is defined, people[0] | attr("name") is defined, 3.0 | string, 3 | string | length
"a" == "a", "é" == "e\\u0301", [1, "a"] == [1.0, "a"], {"a": 1, "b": 2} == {"b": 2, "a": 1}, (1,) == [1]
[3, "a"] | first, [[1, 2], [3]] | map("last") | list, [[1, 2], [3]] | map("length") | list, ["1", "2"] | map("int") | sum
["a", "b"] | map("replace", "a", "x") | list, [1, 2] | map("string") | join
people | map(attribute="name") | map("lower") | select("in", ["ann", "cy"]) | list
{"a": none}.get("a", 5), {"a": 1}.get("b") is none, {}.get("x", {}).get("y", "z")
1 == 1 and 2 == 2 or false, not (1 in xs and 9 in xs), (1 if xs else 2) + 1
-xs[0], - 3 | abs, +3, --3, -n ** 2
"a" ~ 1 + 2, 1 ~ 2 * 3, "x" ~ "y" | upper, ("x" ~ "y") | upper
[1, 2, 3] | select("divisibleby", 2) | list, xs | sort | join("") | int + 1
""".strip().splitlines()

TEMPLATES = [
    "{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}"
    "{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.cycle('a', 'b') }};{% endfor %}",
    "{% for x in xs %}{{ loop.previtem }}-{{ loop.nextitem }}|{{ loop.changed(x > 1) }} {% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% else %}none{% endfor %}",
    "{% for x in [] %}x{% else %}empty{% endfor %}{% for x in zzz %}x{% else %}undef{% endfor %}",
    "{% for x in xs if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% else %}no{% endfor %}",
    "{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}"
    "{% endif %}{{ x }}{% endfor %}",
    "{% set a = 1 %}{% for x in xs %}{% set a = x %}{{ a }}{% endfor %}{{ a }}",
    "{% set ns = namespace(a=0, b='x') %}{% for x in xs %}{% set ns.a = ns.a + x %}{% endfor %}"
    "{{ ns.a }}{{ ns.b }}{{ ns.zzz is defined }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, (e, g)) = (1, (2, 3)) %}{{ c }}{{ e }}{{ g }}",
    "{% set x %}a{{ n }}b{% endset %}[{{ x }}]{% set y | upper | trim %} abc {% endset %}[{{ y }}]",
    "{% if n > 5 %}big{% elif n > 3 %}mid{% else %}small{% endif %}{% if none %}x{% endif %}",
    "{% macro m(a, b=2, *c) %}{% endmacro %}",
    "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(b=5, a=4) }}"
    " {{ m('x') | upper }}",
    "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, k=4) }}",
    "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}body {{ n }}{% endcall %}",
    "{% macro m(x) %}{{ caller(x, 2) }}{% endmacro %}{% call(a, b) m(1) %}{{ a }}{{ b }}{% endcall %}",
    "{% macro fact(k) %}{% if k < 2 %}1{% else %}{{ k * fact(k - 1) | int }}{% endif %}{% endmacro %}"
    "{{ fact(5) }}",
    "{% macro a() %}{{ q }}{% endmacro %}{% set q = 5 %}{{ a() }}{% macro b(x=q) %}{{ x }}{% endmacro %}"
    "{{ b() }}",
    "{% for x in [1, [2, [3]], 4] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}"
    "@{{ loop.depth }}{% endif %}{% endfor %}",
    "{% filter upper %}a{{ s }}b{% endfilter %}{% filter replace('a', 'b') | upper %}aaa{% endfilter %}",
    "{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}",
    "{% raw %}{{ x }}{% y %}{# z #}{% endraw %}|{%- raw -%}  a  {%- endraw -%}  b",
    "a{# comment #}b{#- c -#} d {#-#} e",
    "  {% if true %}\n  x\n  {% endif %}\n  y\n",
    "  {%- if true -%}\n  x  \n  {%- endif -%}\n  y\n\n",
    "  {%+ if true %}\n  x\n  {%+ endif +%}\n  y",
    "a\n  {# c #}\n  b {# d #}\n{{ n }}\n{{ n }}  \n",
    "{{- n -}}  x  {{- n }}\n\n{{ n -}}\n\n y",
    "line\r\nnext\rlast\n\n",
    "\n\n{% for x in xs %}\n    {{ x }}\n{% endfor %}\n",
    "{% set x = 1 -%}\n\n   after {%- set y = 2 %}\n z",
    "{% generation %}a{{ n }}{% set q = 1 %}{% endgeneration %}{{ q is defined }}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}"
    "{% set j = joiner('|') %}{{ j() }}{{ j() }}{{ j() }}",
    "{{ d.nope }}|{{ zzz }}|{{ none }}|{{ [zzz] }}",
    "{{ {'a': {'b': [1, (2,), {'c': none}]}} }}",
    "{% print n, s %}{% block title %}T{{ n }}{% endblock %}",
    "{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }}{% endfor %}{% for c in 'äb' %}[{{ c }}]{% endfor %}",
    "{% for x in xs %}{% for y in xs %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for x in xs | map('string') %}{{ x }}{{ loop.last }}{% endfor %}",
    "{% if xs | select('gt', 9) %}generator is true{% endif %}",
    "{% autoescape false %}{{ html }}{% endautoescape %}",
    "{%set x=1%}{%if x==1%}{{x}}{%endif%}",
    "{{ '}}' }}{{ '%}' }}{{ {'a': {}} }}",
    "{% if (n == 7 and s) or zzz.foo %}short{% endif %}",
]

FAILING = """
zzz.foo
zzz + 1
1 + "a"
"a" + 1
"a" + none
xs + (1,)
1 / 0
1 // 0
1 % 0
none.foo.bar
xs[0].foo.bar
5()
zzz()
s[1:"b"]
none | length
none | list
5 | join
for
1 in 5
"a" < 1
none < 1
xs.append(1)
d.update({})
"".__class__.__mro__
"%d" % "x"
"%s %s" % (1,)
"%s" % (1, 2)
"{}".format()
{[]: 1}
range(1000000)
range(0, 1, 0)
xs | map("nope") | list
xs | select("nope") | list
xs | first(1, 2, 3)
raise_exception("no")
namespace(1, 2)
[1, "a"] | sort
[zzz] | tojson
range | tojson
"abc".split("")
"abc".index("z")
dict(1)
loop.index
-"a"
"a" * "b"
"a" | round
"x" is divisibleby 2
""".strip().splitlines()

BAD_SYNTAX = [
    "{{", "{{ }}", "{% %}", "{% if %}x{% endif %}", "{% if x %}", "{% endif %}", "{% for %}{% endfor %}",
    "{% for x %}{% endfor %}", "{% for x in %}{% endfor %}", "{% for x in y %}", "{% nope %}", "{# open",
    "{% raw %} open", "{{ 'open }}", "{{ a b }}", "{{ a. }}", "{{ a[ }}", "{{ (1, 2 }}", "{{ [1, }}",
    "{{ {1} }}", "{{ {1: } }}", "{{ 1 + }}", "{{ * 2 }}", "{{ a | }}", "{{ a | nope }}", "{{ a is nope }}",
    "{{ a is }}", "{% set %}", "{% set x = %}", "{% set 1 = 2 %}", "{% set x.y.z = 2 %}", "{% set true = 1 %}",
    "{% macro %}{% endmacro %}", "{% macro m %}{% endmacro %}", "{% macro m(1) %}{% endmacro %}",
    "{% macro m(a=1, b) %}{% endmacro %}", "{% macro m() %}", "{% call x %}{% endcall %}", "{% call x() %}",
    "{% filter %}x{% endfilter %}", "{% filter nope %}x{% endfilter %}", "{% with a %}{% endwith %}",
    "{{ f(a=1, 2) }}", "{{ f(*a, *b) }}", "{{ f(a b) }}", "{{ ) }}", "{{ (] }}", "{% if x %}{% else %}",
    "{% if x %}{% endfor %}", "{% for x in y %}{% endif %}", "{% else %}", "{% elif x %}", "{{ a ? b }}",
    "{{ a $ b }}", "{{ 1 if }}", "{{ not }}", "{{ x is not }}", "{% set x %}", "{{ a[1:2, }}", "{{ 'a' 'b }}",
    "{% generation %}", "{% endgeneration %}", "{{ x }", "{% x", "{% if x }}y{% endif %}", "{{ x %}",
    "{% from 'x' import %}", "{% do x() %}", "{% trans %}x{% endtrans %}", "{{ a is b is c }}", "{{ a.'b' }}",
    "{% for x, in %}{% endfor %}", "{{ '\\x1' }}", "{{ '\\u12' }}", "{% break", "text\n\n{{ a b }}",
    "{% if a %}\n{% for b in c %}\n{% endif %}",
]


class Generation(jinja2.ext.Extension):
    """The tag that transformers adds."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_render")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def environment():
    result = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(
            x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
        )

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    result.filters["tojson"] = tojson
    result.globals["raise_exception"] = raise_exception
    result.globals["strftime_now"] = NOW.strftime
    return result


def split_top_level(text):
    """Cuts `a, f(b, c), d` at its outer commas."""
    parts, depth, quote, start, i = [], 0, None, 0, 0
    while i < len(text):
        c = text[i]
        if quote:
            if c == "\\":
                i += 1
            elif c == quote:
                quote = None
        elif c in "'\"":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
        i += 1
    return parts + [text[start:]]


def main():
    env = environment()
    cases, errors, syntax = [], [], []

    def run(source):
        try:
            cases.append([source, env.from_string(source).render(**VARIABLES)])
        except jinja2.TemplateSyntaxError as error:
            syntax.append([source, error.lineno])
        except Exception as error:
            errors.append([source, f"{type(error).__name__}: {error}"])

    for line in EXPRESSIONS:
        for expression in split_top_level(line):
            run("{{ " + expression.strip() + " }}")
    for source in TEMPLATES:
        run(source)
    for expression in FAILING:
        run("{{ " + expression + " }}")
    for source in BAD_SYNTAX:
        run(source)
    fixture = {
        "made_with": f"jinja2 {jinja2.__version__}, Python {platform.python_version()}",
        "now": NOW.isoformat(),
        "variables": VARIABLES,
        "cases": cases,
        "errors": errors,
        "syntax_errors": syntax,
    }
    text = json.dumps(fixture, ensure_ascii=True, indent=1)
    file = pathlib.Path(__file__).parents[2] / "Tests/QuireTemplateTests/JinjaExpressions.swift"
    file.write_text(
        "// swift-format-ignore-file\n"
        "// Written by Tools/oracles/jinja_expressions.py; not edited by hand.\n\n"
        "/// Small templates and what jinja2 makes of them, as JSON.\n"
        f'let jinjaExpressions = #"""\n{text}\n"""#\n'
    )
    print(len(cases), "cases,", len(errors), "errors,", len(syntax), "syntax errors")


main()
