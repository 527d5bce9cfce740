// swift-format-ignore-file
// Written by Tools/oracles/jinja_expressions.py; not edited by hand.

/// Small templates and what jinja2 makes of them, as JSON.
let jinjaExpressions = #"""
{
 "made_with": "jinja2 3.1.6, Python 3.11.7",
 "now": "2026-01-15T09:30:00",
 "variables": {
  "s": "Hello, World",
  "u": "Gr\u00fc\u00dfe \u5317\u4eac \u2600\ufe0f \u00e9",
  "pad": "  \n x y\t ",
  "n": 7,
  "neg": -7,
  "f": 2.5,
  "big": 1e+16,
  "small": 1e-05,
  "t": true,
  "none": null,
  "xs": [
   3,
   1,
   2
  ],
  "names": [
   "bob",
   "Alice",
   "carol",
   "alice"
  ],
  "d": {
   "b": 1,
   "a": [
    1,
    2.0,
    null,
    true,
    "it's"
   ],
   "items": 5,
   "": "empty"
  },
  "people": [
   {
    "name": "Ann",
    "age": 30,
    "tags": {
     "role": "x"
    }
   },
   {
    "name": "bob",
    "age": 4,
    "tags": {
     "role": "y"
    }
   },
   {
    "name": "Cy",
    "tags": {}
   }
  ],
  "deep": {
   "x": {
    "y": [
     {
      "z": "found"
     }
    ]
   }
  },
  "html": "<a href='x'>\"&\"</a>",
  "lines": "one\ntwo\n\n  three",
  "esc": "tab\t quote\" back\\ nul\u0000 del\u007f \u2028 \ud83d\ude00"
 },
 "cases": [
  [
   "{{ 1 + 2 * 3 }}",
   "7"
  ],
  [
   "{{ 7 // 2 }}",
   "3"
  ],
  [
   "{{ -7 // 2 }}",
   "-4"
  ],
  [
   "{{ 7 // -2 }}",
   "-4"
  ],
  [
   "{{ 7 % -3 }}",
   "-2"
  ],
  [
   "{{ -7 % 3 }}",
   "2"
  ],
  [
   "{{ 7 / 2 }}",
   "3.5"
  ],
  [
   "{{ 6 / 3 }}",
   "2.0"
  ],
  [
   "{{ 2 ** 10 }}",
   "1024"
  ],
  [
   "{{ 2 ** -1 }}",
   "0.5"
  ],
  [
   "{{ 2 ** 3 ** 2 }}",
   "64"
  ],
  [
   "{{ -2 ** 2 }}",
   "4"
  ],
  [
   "{{ 7.5 // 2 }}",
   "3.0"
  ],
  [
   "{{ -7.5 // 2 }}",
   "-4.0"
  ],
  [
   "{{ 7.5 % 2 }}",
   "1.5"
  ],
  [
   "{{ -7.5 % 2 }}",
   "0.5"
  ],
  [
   "{{ 7.5 % -2 }}",
   "-0.5"
  ],
  [
   "{{ 1.0 }}",
   "1.0"
  ],
  [
   "{{ 1e16 }}",
   "1e+16"
  ],
  [
   "{{ 1e15 }}",
   "1000000000000000.0"
  ],
  [
   "{{ 1e22 }}",
   "1e+22"
  ],
  [
   "{{ 1.5e-7 }}",
   "1.5e-07"
  ],
  [
   "{{ 0.0001 }}",
   "0.0001"
  ],
  [
   "{{ 0.00001 }}",
   "1e-05"
  ],
  [
   "{{ 123456789012345680.0 }}",
   "1.2345678901234568e+17"
  ],
  [
   "{{ 5e-324 }}",
   "5e-324"
  ],
  [
   "{{ 0.1 + 0.2 }}",
   "0.30000000000000004"
  ],
  [
   "{{ 1/3 }}",
   "0.3333333333333333"
  ],
  [
   "{{ 100.0 }}",
   "100.0"
  ],
  [
   "{{ 12e15 }}",
   "1.2e+16"
  ],
  [
   "{{ True + 1 }}",
   "2"
  ],
  [
   "{{ True == 1 }}",
   "True"
  ],
  [
   "{{ 1 == 1.0 }}",
   "True"
  ],
  [
   "{{ \"1\" == 1 }}",
   "False"
  ],
  [
   "{{ 1 < 2 < 3 }}",
   "True"
  ],
  [
   "{{ 1 < 3 < 2 }}",
   "False"
  ],
  [
   "{{ 3 > 2 >= 2 }}",
   "True"
  ],
  [
   "{{ \"a\" < \"b\" }}",
   "True"
  ],
  [
   "{{ \"B\" < \"a\" }}",
   "True"
  ],
  [
   "{{ [1, 2] < [1, 3] }}",
   "True"
  ],
  [
   "{{ (1,) < (1, 0) }}",
   "True"
  ],
  [
   "{{ none == None }}",
   "True"
  ],
  [
   "{{ none is none }}",
   "True"
  ],
  [
   "{{ t is true }}",
   "True"
  ],
  [
   "{{ t is sameas true }}",
   "True"
  ],
  [
   "{{ not t }}",
   "False"
  ],
  [
   "{{ not none }}",
   "True"
  ],
  [
   "{{ t and none }}",
   "None"
  ],
  [
   "{{ none or \"x\" }}",
   "x"
  ],
  [
   "{{ 0 or [] or \"z\" }}",
   "z"
  ],
  [
   "{{ \"ell\" in s }}",
   "True"
  ],
  [
   "{{ \"x\" not in s }}",
   "True"
  ],
  [
   "{{ 1 in xs }}",
   "True"
  ],
  [
   "{{ \"b\" in d }}",
   "True"
  ],
  [
   "{{ 5 in d.values() }}",
   "True"
  ],
  [
   "{{ s ~ 1 ~ none ~ true ~ 1.0 ~ [1, \"a\"] ~ {\"k\": none} }}",
   "Hello, World1NoneTrue1.0[1, 'a']{'k': None}"
  ],
  [
   "{{ \"ab\" * 3 }}",
   "ababab"
  ],
  [
   "{{ 2 * [1, 2] }}",
   "[1, 2, 1, 2]"
  ],
  [
   "{{ \"x\" * 0 }}",
   ""
  ],
  [
   "{{ \"x\" * -1 }}",
   ""
  ],
  [
   "{{ (1,) * 2 }}",
   "(1, 1)"
  ],
  [
   "{{ \"%s is %d years, %.2f, %05d|%-5s|%5s|%x\" % (\"Al\", 3, 2.345, 42, \"ab\", \"cd\", 255) }}",
   "Al is 3 years, 2.35, 00042|ab   |   cd|ff"
  ],
  [
   "{{ \"%(a)s-%(b)r\" % {\"a\": 1, \"b\": \"x\"} }}",
   "1-'x'"
  ],
  [
   "{{ \"%s\" % \"one\" }}",
   "one"
  ],
  [
   "{{ \"%%\" }}",
   "%%"
  ],
  [
   "{{ \"%r\" % [\"x\"] }}",
   "['x']"
  ],
  [
   "{{ \"%e %g %g %g\" % (12345.678, 0.0001, 1e20, 3) }}",
   "1.234568e+04 0.0001 1e+20 3"
  ],
  [
   "{{ \"{} {}\".format(1, \"x\") }}",
   "1 x"
  ],
  [
   "{{ \"{1}{0}\".format(\"a\", \"b\") }}",
   "ba"
  ],
  [
   "{{ \"{a[k]} {b[1]}\".format(a={\"k\": 2}, b=[3, 4]) }}",
   "2 4"
  ],
  [
   "{{ \"{:>8}|{:<8}|{:^8}|{:*^9}|{:08.3f}|{:+d}|{:,}|{:x}\".format(\"a\", \"b\", \"c\", \"d\", 3.14159, 5, 1234567, 255) }}",
   "       a|b       |   c    |****d****|0003.142|+5|1,234,567|ff"
  ],
  [
   "{{ \"{!r:>6}\".format(\"a\") }}",
   "   'a'"
  ],
  [
   "{{ \"{{}}\".format() }}",
   "{}"
  ],
  [
   "{{ xs }}",
   "[3, 1, 2]"
  ],
  [
   "{{ d }}",
   "{'b': 1, 'a': [1, 2.0, None, True, \"it's\"], 'items': 5, '': 'empty'}"
  ],
  [
   "{{ people[2] }}",
   "{'name': 'Cy', 'tags': {}}"
  ],
  [
   "{{ (1,) }}",
   "(1,)"
  ],
  [
   "{{ () }}",
   "()"
  ],
  [
   "{{ (1, \"a\") }}",
   "(1, 'a')"
  ],
  [
   "{{ {} }}",
   "{}"
  ],
  [
   "{{ \"it's\" }}",
   "it's"
  ],
  [
   "{{ [\"it's\"] }}",
   "[\"it's\"]"
  ],
  [
   "{{ ['say \"hi\"'] }}",
   "['say \"hi\"']"
  ],
  [
   "{{ [\"both ' and \\\"\"] }}",
   "['both \\' and \"']"
  ],
  [
   "{{ [\"\\n\\t\\\\\"] }}",
   "['\\n\\t\\\\']"
  ],
  [
   "{{ [\"\u00e9 \u5317 \\u200b \\x7f\"] }}",
   "['\u00e9 \u5317 \\u200b \\x7f']"
  ],
  [
   "{{ [esc] }}",
   "['tab\\t quote\" back\\\\ nul\\x00 del\\x7f \\u2028 \ud83d\ude00']"
  ],
  [
   "{{ [u] }}",
   "['Gr\u00fc\u00dfe \u5317\u4eac \u2600\ufe0f \u00e9']"
  ],
  [
   "{{ xs[0] }}",
   "3"
  ],
  [
   "{{ xs[-1] }}",
   "2"
  ],
  [
   "{{ xs[1:] }}",
   "[1, 2]"
  ],
  [
   "{{ xs[:-1] }}",
   "[3, 1]"
  ],
  [
   "{{ xs[::-1] }}",
   "[2, 1, 3]"
  ],
  [
   "{{ xs[::2] }}",
   "[3, 2]"
  ],
  [
   "{{ xs[5:] }}",
   "[]"
  ],
  [
   "{{ xs[-10:2] }}",
   "[3, 1]"
  ],
  [
   "{{ s[0] }}",
   "H"
  ],
  [
   "{{ s[-1] }}",
   "d"
  ],
  [
   "{{ s[1:4] }}",
   "ell"
  ],
  [
   "{{ s[::-1] }}",
   "dlroW ,olleH"
  ],
  [
   "{{ s[::3] }}",
   "Hl r"
  ],
  [
   "{{ u[6:8] }}",
   "\u5317\u4eac"
  ],
  [
   "{{ u[::-1][:3] }}",
   "\u00e9 \ufe0f"
  ],
  [
   "{{ u[-1] }}",
   "\u00e9"
  ],
  [
   "{{ xs[10] is defined }}",
   "False"
  ],
  [
   "{{ xs.foo is defined }}",
   "False"
  ],
  [
   "{{ d.zzz is undefined }}",
   "True"
  ],
  [
   "{{ d[\"b\"] }}",
   "1"
  ],
  [
   "{{ d.b }}",
   "1"
  ],
  [
   "{{ d[\"\"] }}",
   "empty"
  ],
  [
   "{{ d.items is callable }}",
   "True"
  ],
  [
   "{{ d[\"items\"] }}",
   "5"
  ],
  [
   "{{ d.get(\"b\") }}",
   "1"
  ],
  [
   "{{ d.get(\"q\") }}",
   "None"
  ],
  [
   "{{ d.get(\"q\", 9) }}",
   "9"
  ],
  [
   "{{ d.keys() | list }}",
   "['b', 'a', 'items', '']"
  ],
  [
   "{{ d.values() | list }}",
   "[1, [1, 2.0, None, True, \"it's\"], 5, 'empty']"
  ],
  [
   "{{ d.items() | list }}",
   "[('b', 1), ('a', [1, 2.0, None, True, \"it's\"]), ('items', 5), ('', 'empty')]"
  ],
  [
   "{{ d.keys() }}",
   "dict_keys(['b', 'a', 'items', ''])"
  ],
  [
   "{{ d.values() }}",
   "dict_values([1, [1, 2.0, None, True, \"it's\"], 5, 'empty'])"
  ],
  [
   "{{ d.items() }}",
   "dict_items([('b', 1), ('a', [1, 2.0, None, True, \"it's\"]), ('items', 5), ('', 'empty')])"
  ],
  [
   "{{ range(3) }}",
   "range(0, 3)"
  ],
  [
   "{{ range(1, 10, 4) }}",
   "range(1, 10, 4)"
  ],
  [
   "{{ deep.x.y[0].z }}",
   "found"
  ],
  [
   "{{ deep[\"x\"][\"y\"][0][\"z\"] }}",
   "found"
  ],
  [
   "{{ people | map(attribute=\"tags.role\") | list }}",
   "['x', 'y', Undefined]"
  ],
  [
   "{{ range(5) | list }}",
   "[0, 1, 2, 3, 4]"
  ],
  [
   "{{ range(5, 0, -2) | list }}",
   "[5, 3, 1]"
  ],
  [
   "{{ range(3)[1] }}",
   "1"
  ],
  [
   "{{ range(3) | length }}",
   "3"
  ],
  [
   "{{ s | upper }}",
   "HELLO, WORLD"
  ],
  [
   "{{ s | lower }}",
   "hello, world"
  ],
  [
   "{{ s | title }}",
   "Hello, World"
  ],
  [
   "{{ s | capitalize }}",
   "Hello, world"
  ],
  [
   "{{ \"hELLO wORLD-foo (bar)\" | title }}",
   "Hello World-Foo (Bar)"
  ],
  [
   "{{ u | upper }}",
   "GR\u00dcSSE \u5317\u4eac \u2600\ufe0f \u00c9"
  ],
  [
   "{{ u | lower }}",
   "gr\u00fc\u00dfe \u5317\u4eac \u2600\ufe0f \u00e9"
  ],
  [
   "{{ u | length }}",
   "13"
  ],
  [
   "{{ pad | trim }}",
   "x y"
  ],
  [
   "{{ [pad.strip()] }}",
   "['x y']"
  ],
  [
   "{{ [pad.lstrip()] }}",
   "['x y\\t ']"
  ],
  [
   "{{ [pad.rstrip()] }}",
   "['  \\n x y']"
  ],
  [
   "{{ \"xxaxx\".strip(\"x\") }}",
   "a"
  ],
  [
   "{{ \"abcba\".lstrip(\"ab\") }}",
   "cba"
  ],
  [
   "{{ s.split(\",\") }}",
   "['Hello', ' World']"
  ],
  [
   "{{ s.split() }}",
   "['Hello,', 'World']"
  ],
  [
   "{{ s.split(\"l\") }}",
   "['He', '', 'o, Wor', 'd']"
  ],
  [
   "{{ s.split(\"l\", 1) }}",
   "['He', 'lo, World']"
  ],
  [
   "{{ \"a,b,c\".rsplit(\",\", 1) }}",
   "['a,b', 'c']"
  ],
  [
   "{{ pad.split() }}",
   "['x', 'y']"
  ],
  [
   "{{ \"\".split() }}",
   "[]"
  ],
  [
   "{{ \"\".split(\",\") }}",
   "['']"
  ],
  [
   "{{ \" a  b  c \".split(none, 1) }}",
   "['a', 'b  c ']"
  ],
  [
   "{{ \" a  b  c \".rsplit(none, 1) }}",
   "[' a  b', 'c']"
  ],
  [
   "{{ \"a\\nb\\r\\nc\\x0bd\".splitlines() }}",
   "['a', 'b', 'c', 'd']"
  ],
  [
   "{{ \"a-b-c\".partition(\"-\") }}",
   "('a', '-', 'b-c')"
  ],
  [
   "{{ \"a-b-c\".rpartition(\"-\") }}",
   "('a-b', '-', 'c')"
  ],
  [
   "{{ \"abc\".partition(\"x\") }}",
   "('abc', '', '')"
  ],
  [
   "{{ s.replace(\"l\", \"L\") }}",
   "HeLLo, WorLd"
  ],
  [
   "{{ s.replace(\"l\", \"L\", 1) }}",
   "HeLlo, World"
  ],
  [
   "{{ \"abc\".replace(\"\", \"-\") }}",
   "-a-b-c-"
  ],
  [
   "{{ s | replace(\"o\", \"0\") }}",
   "Hell0, W0rld"
  ],
  [
   "{{ s | replace(\"l\", \"\", 2) }}",
   "Heo, World"
  ],
  [
   "{{ s.startswith(\"Hell\") }}",
   "True"
  ],
  [
   "{{ s.endswith((\"x\", \"ld\")) }}",
   "True"
  ],
  [
   "{{ s.startswith(\"ello\", 1) }}",
   "True"
  ],
  [
   "{{ s.find(\"o\") }}",
   "4"
  ],
  [
   "{{ s.rfind(\"o\") }}",
   "8"
  ],
  [
   "{{ s.find(\"zz\") }}",
   "-1"
  ],
  [
   "{{ s.count(\"l\") }}",
   "3"
  ],
  [
   "{{ u.find(\"\u4eac\") }}",
   "7"
  ],
  [
   "{{ s.index(\"W\") }}",
   "7"
  ],
  [
   "{{ \"-\".join([\"a\", \"b\"]) }}",
   "a-b"
  ],
  [
   "{{ s.isupper() }}",
   "False"
  ],
  [
   "{{ \"ABC\".isupper() }}",
   "True"
  ],
  [
   "{{ \"abc1\".islower() }}",
   "True"
  ],
  [
   "{{ \"12\".isdigit() }}",
   "True"
  ],
  [
   "{{ \"\u00bd\".isnumeric() }}",
   "True"
  ],
  [
   "{{ \"a b\".isalpha() }}",
   "False"
  ],
  [
   "{{ \"ab\".isalpha() }}",
   "True"
  ],
  [
   "{{ \"a1\".isalnum() }}",
   "True"
  ],
  [
   "{{ \" \".isspace() }}",
   "True"
  ],
  [
   "{{ \"Ab Cd\".istitle() }}",
   "True"
  ],
  [
   "{{ \"abc\".center(9) }}",
   "   abc   "
  ],
  [
   "{{ [\"abc\".center(8, \"*\")] }}",
   "['**abc***']"
  ],
  [
   "{{ \"abc\".ljust(5) ~ \"|\" }}",
   "abc  |"
  ],
  [
   "{{ \"abc\".rjust(5) }}",
   "  abc"
  ],
  [
   "{{ \"-7\".zfill(4) }}",
   "-007"
  ],
  [
   "{{ \"7\".zfill(3) }}",
   "007"
  ],
  [
   "{{ \"hello world\".title() }}",
   "Hello World"
  ],
  [
   "{{ \"they're\".title() }}",
   "They'Re"
  ],
  [
   "{{ \"Stra\u00dfe\".upper() }}",
   "STRASSE"
  ],
  [
   "{{ \"\u0391\u03a3\".lower() }}",
   "\u03b1\u03c2"
  ],
  [
   "{{ \"aB\".swapcase() }}",
   "Ab"
  ],
  [
   "{{ \"hELLO\".capitalize() }}",
   "Hello"
  ],
  [
   "{{ \"\u00df\".casefold() }}",
   "ss"
  ],
  [
   "{{ \"prefix-x\".removeprefix(\"prefix-\") }}",
   "x"
  ],
  [
   "{{ \"x.txt\".removesuffix(\".txt\") }}",
   "x"
  ],
  [
   "{{ \"a\\tb\".expandtabs(4) }}",
   "a   b"
  ],
  [
   "{{ xs | sort }}",
   "[1, 2, 3]"
  ],
  [
   "{{ xs | sort(reverse=true) }}",
   "[3, 2, 1]"
  ],
  [
   "{{ names | sort }}",
   "['Alice', 'alice', 'bob', 'carol']"
  ],
  [
   "{{ names | sort(case_sensitive=true) }}",
   "['Alice', 'alice', 'bob', 'carol']"
  ],
  [
   "{{ people | sort(attribute=\"name\") | map(attribute=\"name\") | list }}",
   "['Ann', 'bob', 'Cy']"
  ],
  [
   "{{ xs | first }}",
   "3"
  ],
  [
   "{{ xs | last }}",
   "2"
  ],
  [
   "{{ [] | first is defined }}",
   "False"
  ],
  [
   "{{ s | first }}",
   "H"
  ],
  [
   "{{ s | last }}",
   "d"
  ],
  [
   "{{ xs | sum }}",
   "6"
  ],
  [
   "{{ xs | min }}",
   "1"
  ],
  [
   "{{ xs | max }}",
   "3"
  ],
  [
   "{{ people[:2] | sum(attribute=\"age\") }}",
   "34"
  ],
  [
   "{{ people[:2] | max(attribute=\"age\") }}",
   "{'name': 'Ann', 'age': 30, 'tags': {'role': 'x'}}"
  ],
  [
   "{{ [] | sum }}",
   "0"
  ],
  [
   "{{ xs | join(\",\") }}",
   "3,1,2"
  ],
  [
   "{{ names | join }}",
   "bobAlicecarolalice"
  ],
  [
   "{{ people | join(\"+\", attribute=\"name\") }}",
   "Ann+bob+Cy"
  ],
  [
   "{{ [1, none, \"a\"] | join(\"/\") }}",
   "1/None/a"
  ],
  [
   "{{ names | unique | list }}",
   "['bob', 'Alice', 'carol']"
  ],
  [
   "{{ [1, 1.0, 2, true] | unique | list }}",
   "[1, 2]"
  ],
  [
   "{{ names | unique(case_sensitive=true) | list }}",
   "['bob', 'Alice', 'carol', 'alice']"
  ],
  [
   "{{ xs | reverse | list }}",
   "[2, 1, 3]"
  ],
  [
   "{{ s | reverse }}",
   "dlroW ,olleH"
  ],
  [
   "{{ xs | length }}",
   "3"
  ],
  [
   "{{ d | length }}",
   "4"
  ],
  [
   "{{ none | default(\"x\") }}",
   "None"
  ],
  [
   "{{ zzz | default(\"x\") }}",
   "x"
  ],
  [
   "{{ \"\" | default(\"x\") }}",
   ""
  ],
  [
   "{{ \"\" | default(\"x\", true) }}",
   "x"
  ],
  [
   "{{ zzz | d }}",
   ""
  ],
  [
   "{{ xs | map(\"string\") | list }}",
   "['3', '1', '2']"
  ],
  [
   "{{ names | map(\"upper\") | join(\" \") }}",
   "BOB ALICE CAROL ALICE"
  ],
  [
   "{{ people | map(attribute=\"age\", default=0) | list }}",
   "[30, 4, 0]"
  ],
  [
   "{{ xs | select(\"odd\") | list }}",
   "[3, 1]"
  ],
  [
   "{{ xs | reject(\"odd\") | list }}",
   "[2]"
  ],
  [
   "{{ xs | select(\"gt\", 1) | list }}",
   "[3, 2]"
  ],
  [
   "{{ [0, 1, \"\", \"a\"] | select | list }}",
   "[1, 'a']"
  ],
  [
   "{{ people | selectattr(\"age\") | map(attribute=\"name\") | list }}",
   "['Ann', 'bob']"
  ],
  [
   "{{ people | selectattr(\"age\", \"defined\") | list | length }}",
   "2"
  ],
  [
   "{{ people | rejectattr(\"age\", \"defined\") | map(attribute=\"name\") | list }}",
   "['Cy']"
  ],
  [
   "{{ people | selectattr(\"name\", \"equalto\", \"Ann\") | list | length }}",
   "1"
  ],
  [
   "{{ people | selectattr(\"name\", \"in\", [\"bob\", \"Cy\"]) | map(attribute=\"name\") | list }}",
   "['bob', 'Cy']"
  ],
  [
   "{{ d | dictsort | map(\"first\") | list }}",
   "['', 'a', 'b', 'items']"
  ],
  [
   "{{ {\"b\": 1, \"A\": 0} | dictsort }}",
   "[('A', 0), ('b', 1)]"
  ],
  [
   "{{ {\"b\": 1, \"a\": 2} | dictsort(by=\"value\", reverse=true) }}",
   "[('a', 2), ('b', 1)]"
  ],
  [
   "{{ d | items | list }}",
   "[('b', 1), ('a', [1, 2.0, None, True, \"it's\"]), ('items', 5), ('', 'empty')]"
  ],
  [
   "{{ {\"a\": 1} | items | list | length }}",
   "1"
  ],
  [
   "{{ zzz | items | list }}",
   "[]"
  ],
  [
   "{{ xs | batch(2) | list }}",
   "[[3, 1], [2]]"
  ],
  [
   "{{ xs | slice(2) | list }}",
   "[[3, 1], [2]]"
  ],
  [
   "{{ [1, 2, 3] | batch(2, 0) | list }}",
   "[[1, 2], [3, 0]]"
  ],
  [
   "{{ people | groupby(\"tags.role\", default=\"none\") | list | length }}",
   "3"
  ],
  [
   "{{ xs | list }}",
   "[3, 1, 2]"
  ],
  [
   "{{ \"abc\" | list }}",
   "['a', 'b', 'c']"
  ],
  [
   "{{ d | list }}",
   "['b', 'a', 'items', '']"
  ],
  [
   "{{ (1, 2) | list }}",
   "[1, 2]"
  ],
  [
   "{{ range(2) | list }}",
   "[0, 1]"
  ],
  [
   "{{ \"42\" | int }}",
   "42"
  ],
  [
   "{{ \"4.7\" | int }}",
   "4"
  ],
  [
   "{{ \"x\" | int }}",
   "0"
  ],
  [
   "{{ \"x\" | int(5) }}",
   "5"
  ],
  [
   "{{ 3.9 | int }}",
   "3"
  ],
  [
   "{{ -3.9 | int }}",
   "-3"
  ],
  [
   "{{ \"0x1f\" | int(0, 16) }}",
   "31"
  ],
  [
   "{{ none | int }}",
   "0"
  ],
  [
   "{{ \" 7 \" | int }}",
   "7"
  ],
  [
   "{{ true | int }}",
   "1"
  ],
  [
   "{{ \"4.5\" | float }}",
   "4.5"
  ],
  [
   "{{ \"x\" | float }}",
   "0.0"
  ],
  [
   "{{ 3 | float }}",
   "3.0"
  ],
  [
   "{{ \"1e3\" | float }}",
   "1000.0"
  ],
  [
   "{{ \"inf\" | float }}",
   "inf"
  ],
  [
   "{{ 2.5 | round }}",
   "2.0"
  ],
  [
   "{{ 3.5 | round }}",
   "4.0"
  ],
  [
   "{{ 2.675 | round(2) }}",
   "2.67"
  ],
  [
   "{{ 42 | round }}",
   "42"
  ],
  [
   "{{ 42.55 | round(1, \"floor\") }}",
   "42.5"
  ],
  [
   "{{ 42.51 | round(1, \"ceil\") }}",
   "42.6"
  ],
  [
   "{{ 1234.5 | round(-2) }}",
   "1200.0"
  ],
  [
   "{{ -2.5 | round }}",
   "-2.0"
  ],
  [
   "{{ -5 | abs }}",
   "5"
  ],
  [
   "{{ -5.5 | abs }}",
   "5.5"
  ],
  [
   "{{ neg | abs }}",
   "7"
  ],
  [
   "{{ (-5) | abs }}",
   "5"
  ],
  [
   "{{ lines | indent }}",
   "one\n    two\n\n      three"
  ],
  [
   "{{ lines | indent(2, true) }}",
   "  one\n  two\n\n    three"
  ],
  [
   "{{ lines | indent(\"> \", blank=true) }}",
   "one\n> two\n> \n>   three"
  ],
  [
   "{{ lines | indent(width=1, first=false) }}",
   "one\n two\n\n   three"
  ],
  [
   "{{ html | e }}",
   "&lt;a href=&#39;x&#39;&gt;&#34;&amp;&#34;&lt;/a&gt;"
  ],
  [
   "{{ html | escape }}",
   "&lt;a href=&#39;x&#39;&gt;&#34;&amp;&#34;&lt;/a&gt;"
  ],
  [
   "{{ html | safe }}",
   "<a href='x'>\"&\"</a>"
  ],
  [
   "{{ \"a b/\u00fc?\" | urlencode }}",
   "a%20b/%C3%BC%3F"
  ],
  [
   "{{ \"hello big world\" | truncate(9, true) }}",
   "hello ..."
  ],
  [
   "{{ \"hello big world\" | truncate(9, false, \"..\", 0) }}",
   "hello.."
  ],
  [
   "{{ \"a b c\" | wordcount }}",
   "3"
  ],
  [
   "{{ {\"a\": [1, 2.0, none, true], \"\u00e9\": \"<&>\"} | tojson }}",
   "{\"a\": [1, 2.0, null, true], \"\u00e9\": \"<&>\"}"
  ],
  [
   "{{ esc | tojson }}",
   "\"tab\\t quote\\\" back\\\\ nul\\u0000 del\u007f \u2028 \ud83d\ude00\""
  ],
  [
   "{{ u | tojson(ensure_ascii=true) }}",
   "\"Gr\\u00fc\\u00dfe \\u5317\\u4eac \\u2600\\ufe0f \\u00e9\""
  ],
  [
   "{{ {\"b\": 1, \"a\": {\"c\": []}} | tojson(indent=2) }}",
   "{\n  \"b\": 1,\n  \"a\": {\n    \"c\": []\n  }\n}"
  ],
  [
   "{{ [] | tojson(indent=4) }}",
   "[]"
  ],
  [
   "{{ {} | tojson(indent=1) }}",
   "{}"
  ],
  [
   "{{ [1, [2]] | tojson(indent=1) }}",
   "[\n 1,\n [\n  2\n ]\n]"
  ],
  [
   "{{ {\"b\": 1, \"a\": 2} | tojson(sort_keys=true) }}",
   "{\"a\": 2, \"b\": 1}"
  ],
  [
   "{{ [1, {\"x\": 2}] | tojson(separators=(\",\", \":\")) }}",
   "[1,{\"x\":2}]"
  ],
  [
   "{{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }}",
   "{\"1\": 4, \"null\": 3, \"1.5\": 5}"
  ],
  [
   "{{ 1e100 | tojson }}",
   "1e+100"
  ],
  [
   "{{ 1.0 | tojson }}",
   "1.0"
  ],
  [
   "{{ 1e16 | tojson }}",
   "1e+16"
  ],
  [
   "{{ -0.0 | tojson }}",
   "-0.0"
  ],
  [
   "{{ \"\\u00e9\\u2028\" | tojson }}",
   "\"\u00e9\u2028\""
  ],
  [
   "{{ t is boolean }}",
   "True"
  ],
  [
   "{{ 1 is boolean }}",
   "False"
  ],
  [
   "{{ 1 is integer }}",
   "True"
  ],
  [
   "{{ true is integer }}",
   "False"
  ],
  [
   "{{ 1.0 is float }}",
   "True"
  ],
  [
   "{{ 1 is number }}",
   "True"
  ],
  [
   "{{ \"a\" is number }}",
   "False"
  ],
  [
   "{{ t is number }}",
   "True"
  ],
  [
   "{{ s is string }}",
   "True"
  ],
  [
   "{{ xs is string }}",
   "False"
  ],
  [
   "{{ xs is sequence }}",
   "True"
  ],
  [
   "{{ s is sequence }}",
   "True"
  ],
  [
   "{{ d is mapping }}",
   "True"
  ],
  [
   "{{ d is sequence }}",
   "True"
  ],
  [
   "{{ xs is mapping }}",
   "False"
  ],
  [
   "{{ none is iterable }}",
   "False"
  ],
  [
   "{{ s is iterable }}",
   "True"
  ],
  [
   "{{ 5 is iterable }}",
   "False"
  ],
  [
   "{{ range(2) is sequence }}",
   "True"
  ],
  [
   "{{ zzz is defined }}",
   "False"
  ],
  [
   "{{ zzz is undefined }}",
   "True"
  ],
  [
   "{{ s is defined }}",
   "True"
  ],
  [
   "{{ zzz is none }}",
   "False"
  ],
  [
   "{{ zzz is iterable }}",
   "True"
  ],
  [
   "{{ zzz is string }}",
   "False"
  ],
  [
   "{{ zzz is sequence }}",
   "True"
  ],
  [
   "{{ 3 is odd }}",
   "True"
  ],
  [
   "{{ 4 is even }}",
   "True"
  ],
  [
   "{{ 9 is divisibleby 3 }}",
   "True"
  ],
  [
   "{{ 9 is divisibleby(2) }}",
   "False"
  ],
  [
   "{{ \"a\" is in \"abc\" }}",
   "True"
  ],
  [
   "{{ 1 is in [1] }}",
   "True"
  ],
  [
   "{{ 1 is eq 1 }}",
   "True"
  ],
  [
   "{{ 1 is ne 2 }}",
   "True"
  ],
  [
   "{{ 2 is gt 1 }}",
   "True"
  ],
  [
   "{{ 1 is lt 2 }}",
   "True"
  ],
  [
   "{{ 2 is ge 2 }}",
   "True"
  ],
  [
   "{{ 1 is le 1 }}",
   "True"
  ],
  [
   "{{ \"abc\" is lower }}",
   "True"
  ],
  [
   "{{ \"ABC\" is upper }}",
   "True"
  ],
  [
   "{{ 1 is not none }}",
   "True"
  ],
  [
   "{{ not 1 is none }}",
   "True"
  ],
  [
   "{{ s is not string }}",
   "False"
  ],
  [
   "{{ 4 is not odd }}",
   "True"
  ],
  [
   "{{ range is callable }}",
   "True"
  ],
  [
   "{{ s is callable }}",
   "False"
  ],
  [
   "{{ \"upper\" is filter }}",
   "True"
  ],
  [
   "{{ \"nope\" is filter }}",
   "False"
  ],
  [
   "{{ \"odd\" is test }}",
   "True"
  ],
  [
   "{{ \"yes\" if t else \"no\" }}",
   "yes"
  ],
  [
   "{{ \"yes\" if none }}",
   ""
  ],
  [
   "{{ (\"a\" if none) is undefined }}",
   "True"
  ],
  [
   "{{ 1 if 0 else 2 if 0 else 3 }}",
   "3"
  ],
  [
   "{{ zzz ~ \"x\" }}",
   "x"
  ],
  [
   "{{ [zzz] | length }}",
   "1"
  ],
  [
   "{{ zzz | length }}",
   "0"
  ],
  [
   "{{ zzz | list }}",
   "[]"
  ],
  [
   "{{ zzz == yyy }}",
   "True"
  ],
  [
   "{{ zzz in [1] }}",
   "False"
  ],
  [
   "{{ 1 in zzz }}",
   "False"
  ],
  [
   "{{ not zzz }}",
   "True"
  ],
  [
   "{{ strftime_now(\"%Y-%m-%d\") }}",
   "2026-01-15"
  ],
  [
   "{{ strftime_now(\"%d %b %Y\") }}",
   "15 Jan 2026"
  ],
  [
   "{{ strftime_now(\"%A, %B %d, %Y %H:%M:%S\") }}",
   "Thursday, January 15, 2026 09:30:00"
  ],
  [
   "{{ strftime_now(\"%-d/%-m/%y %j %p %I %U %%\") }}",
   "15/1/26 015 AM 09 02 %"
  ],
  [
   "{{ dict(a=1, b=2) }}",
   "{'a': 1, 'b': 2}"
  ],
  [
   "{{ dict([(\"x\", 1)], y=2) }}",
   "{'x': 1, 'y': 2}"
  ],
  [
   "{{ dict({\"q\": 1}) }}",
   "{'q': 1}"
  ],
  [
   "{{ namespace(a=1).a }}",
   "1"
  ],
  [
   "{{ \"a\" \"b\" 'c' }}",
   "abc"
  ],
  [
   "{{ \"\\x41\\u0042\\103\" }}",
   "ABC"
  ],
  [
   "{{ 'it\\'s' }}",
   "it's"
  ],
  [
   "{{ \"\\q\" }}",
   "\\q"
  ],
  [
   "{{ 1_000 }}",
   "1000"
  ],
  [
   "{{ 0x1f }}",
   "31"
  ],
  [
   "{{ 0b101 }}",
   "5"
  ],
  [
   "{{ 0o17 }}",
   "15"
  ],
  [
   "{{ 1_0.5_0 }}",
   "10.5"
  ],
  [
   "{{ [1, 2,] }}",
   "[1, 2]"
  ],
  [
   "{{ {\"a\": 1,} }}",
   "{'a': 1}"
  ],
  [
   "{{ (1, 2,) }}",
   "(1, 2)"
  ],
  [
   "{{ [[], {}, ()] }}",
   "[[], {}, ()]"
  ],
  [
   "{{ d.a[1] }}",
   "2.0"
  ],
  [
   "{{ d.a.4 }}",
   "it's"
  ],
  [
   "{{ people.0.name }}",
   "Ann"
  ],
  [
   "{{ people[0][\"tags\"].role }}",
   "x"
  ],
  [
   "{{ xs.index(1) }}",
   "1"
  ],
  [
   "{{ xs.count(3) }}",
   "1"
  ],
  [
   "{{ (1, 2, 1).count(1) }}",
   "2"
  ],
  [
   "{{ xs.append is defined }}",
   "False"
  ],
  [
   "{{ \"\".__class__ is defined }}",
   "False"
  ],
  [
   "{{ d.pop is defined }}",
   "False"
  ],
  [
   "{{ d | attr(\"items\") is defined }}",
   "True"
  ],
  [
   "{{ people[0] | attr(\"name\") is defined }}",
   "False"
  ],
  [
   "{{ 3.0 | string }}",
   "3.0"
  ],
  [
   "{{ 3 | string | length }}",
   "1"
  ],
  [
   "{{ \"a\" == \"a\" }}",
   "True"
  ],
  [
   "{{ \"\u00e9\" == \"e\\u0301\" }}",
   "False"
  ],
  [
   "{{ [1, \"a\"] == [1.0, \"a\"] }}",
   "True"
  ],
  [
   "{{ {\"a\": 1, \"b\": 2} == {\"b\": 2, \"a\": 1} }}",
   "True"
  ],
  [
   "{{ (1,) == [1] }}",
   "False"
  ],
  [
   "{{ [3, \"a\"] | first }}",
   "3"
  ],
  [
   "{{ [[1, 2], [3]] | map(\"last\") | list }}",
   "[2, 3]"
  ],
  [
   "{{ [[1, 2], [3]] | map(\"length\") | list }}",
   "[2, 1]"
  ],
  [
   "{{ [\"1\", \"2\"] | map(\"int\") | sum }}",
   "3"
  ],
  [
   "{{ [\"a\", \"b\"] | map(\"replace\", \"a\", \"x\") | list }}",
   "['x', 'b']"
  ],
  [
   "{{ [1, 2] | map(\"string\") | join }}",
   "12"
  ],
  [
   "{{ people | map(attribute=\"name\") | map(\"lower\") | select(\"in\", [\"ann\", \"cy\"]) | list }}",
   "['ann', 'cy']"
  ],
  [
   "{{ {\"a\": none}.get(\"a\", 5) }}",
   "None"
  ],
  [
   "{{ {\"a\": 1}.get(\"b\") is none }}",
   "True"
  ],
  [
   "{{ {}.get(\"x\", {}).get(\"y\", \"z\") }}",
   "z"
  ],
  [
   "{{ 1 == 1 and 2 == 2 or false }}",
   "True"
  ],
  [
   "{{ not (1 in xs and 9 in xs) }}",
   "True"
  ],
  [
   "{{ (1 if xs else 2) + 1 }}",
   "2"
  ],
  [
   "{{ -xs[0] }}",
   "-3"
  ],
  [
   "{{ - 3 | abs }}",
   "3"
  ],
  [
   "{{ +3 }}",
   "3"
  ],
  [
   "{{ --3 }}",
   "3"
  ],
  [
   "{{ -n ** 2 }}",
   "49"
  ],
  [
   "{{ 1 ~ 2 * 3 }}",
   "16"
  ],
  [
   "{{ \"x\" ~ \"y\" | upper }}",
   "xY"
  ],
  [
   "{{ (\"x\" ~ \"y\") | upper }}",
   "XY"
  ],
  [
   "{{ [1, 2, 3] | select(\"divisibleby\", 2) | list }}",
   "[2]"
  ],
  [
   "{{ xs | sort | join(\"\") | int + 1 }}",
   "124"
  ],
  [
   "{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.cycle('a', 'b') }};{% endfor %}",
   "1032TrueFalse3a;2121FalseFalse3b;3210FalseTrue3a;"
  ],
  [
   "{% for x in xs %}{{ loop.previtem }}-{{ loop.nextitem }}|{{ loop.changed(x > 1) }} {% endfor %}",
   "-1|True 3-2|True 1-|True "
  ],
  [
   "{% for k, v in d.items() %}{{ k }}={{ v }};{% else %}none{% endfor %}",
   "b=1;a=[1, 2.0, None, True, \"it's\"];items=5;=empty;"
  ],
  [
   "{% for x in [] %}x{% else %}empty{% endfor %}{% for x in zzz %}x{% else %}undef{% endfor %}",
   "emptyundef"
  ],
  [
   "{% for x in xs if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% else %}no{% endfor %}",
   "1:3/2 2:2/2 "
  ],
  [
   "{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}",
   "0134"
  ],
  [
   "{% set a = 1 %}{% for x in xs %}{% set a = x %}{{ a }}{% endfor %}{{ a }}",
   "3121"
  ],
  [
   "{% set ns = namespace(a=0, b='x') %}{% for x in xs %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.zzz is defined }}",
   "6xFalse"
  ],
  [
   "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, (e, g)) = (1, (2, 3)) %}{{ c }}{{ e }}{{ g }}",
   "12123"
  ],
  [
   "{% set x %}a{{ n }}b{% endset %}[{{ x }}]{% set y | upper | trim %} abc {% endset %}[{{ y }}]",
   "[a7b][ABC]"
  ],
  [
   "{% if n > 5 %}big{% elif n > 3 %}mid{% else %}small{% endif %}{% if none %}x{% endif %}",
   "big"
  ],
  [
   "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(b=5, a=4) }} {{ m('x') | upper }}",
   "1-2 1-3 4-5 X-2"
  ],
  [
   "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, k=4) }}",
   "1(2, 3){'k': 4}"
  ],
  [
   "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}body {{ n }}{% endcall %}",
   "<body 7>"
  ],
  [
   "{% macro m(x) %}{{ caller(x, 2) }}{% endmacro %}{% call(a, b) m(1) %}{{ a }}{{ b }}{% endcall %}",
   "12"
  ],
  [
   "{% macro fact(k) %}{% if k < 2 %}1{% else %}{{ k * fact(k - 1) | int }}{% endif %}{% endmacro %}{{ fact(5) }}",
   "120"
  ],
  [
   "{% macro a() %}{{ q }}{% endmacro %}{% set q = 5 %}{{ a() }}{% macro b(x=q) %}{{ x }}{% endmacro %}{{ b() }}",
   "55"
  ],
  [
   "{% for x in [1, [2, [3]], 4] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}",
   "1@1(2@2(3@3))4@1"
  ],
  [
   "{% filter upper %}a{{ s }}b{% endfilter %}{% filter replace('a', 'b') | upper %}aaa{% endfilter %}",
   "AHELLO, WORLDBBBB"
  ],
  [
   "{% with a = 1, b = n %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}",
   "17False"
  ],
  [
   "{% raw %}{{ x }}{% y %}{# z #}{% endraw %}|{%- raw -%}  a  {%- endraw -%}  b",
   "{{ x }}{% y %}{# z #}|ab"
  ],
  [
   "a{# comment #}b{#- c -#} d {#-#} e",
   "abd e"
  ],
  [
   "  {% if true %}\n  x\n  {% endif %}\n  y\n",
   "  x\n  y"
  ],
  [
   "  {%- if true -%}\n  x  \n  {%- endif -%}\n  y\n\n",
   "xy\n"
  ],
  [
   "  {%+ if true %}\n  x\n  {%+ endif +%}\n  y",
   "    x\n  \n  y"
  ],
  [
   "a\n  {# c #}\n  b {# d #}\n{{ n }}\n{{ n }}  \n",
   "a\n  b 7\n7  "
  ],
  [
   "{{- n -}}  x  {{- n }}\n\n{{ n -}}\n\n y",
   "7x7\n\n7y"
  ],
  [
   "line\r\nnext\rlast\n\n",
   "line\nnext\nlast\n"
  ],
  [
   "\n\n{% for x in xs %}\n    {{ x }}\n{% endfor %}\n",
   "\n\n    3\n    1\n    2\n"
  ],
  [
   "{% set x = 1 -%}\n\n   after {%- set y = 2 %}\n z",
   "after z"
  ],
  [
   "{% generation %}a{{ n }}{% set q = 1 %}{% endgeneration %}{{ q is defined }}",
   "a7False"
  ],
  [
   "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set j = joiner('|') %}{{ j() }}{{ j() }}{{ j() }}",
   "abab||"
  ],
  [
   "{{ d.nope }}|{{ zzz }}|{{ none }}|{{ [zzz] }}",
   "||None|[Undefined]"
  ],
  [
   "{{ {'a': {'b': [1, (2,), {'c': none}]}} }}",
   "{'a': {'b': [1, (2,), {'c': None}]}}"
  ],
  [
   "{% print n, s %}{% block title %}T{{ n }}{% endblock %}",
   "7Hello, WorldT7"
  ],
  [
   "{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }}{% endfor %}{% for c in '\u00e4b' %}[{{ c }}]{% endfor %}",
   "1234[\u00e4][b]"
  ],
  [
   "{% for x in xs %}{% for y in xs %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
   "123112321233"
  ],
  [
   "{% for x in xs | map('string') %}{{ x }}{{ loop.last }}{% endfor %}",
   "3False1False2True"
  ],
  [
   "{% if xs | select('gt', 9) %}generator is true{% endif %}",
   "generator is true"
  ],
  [
   "{% autoescape false %}{{ html }}{% endautoescape %}",
   "<a href='x'>\"&\"</a>"
  ],
  [
   "{%set x=1%}{%if x==1%}{{x}}{%endif%}",
   "1"
  ],
  [
   "{{ '}}' }}{{ '%}' }}{{ {'a': {}} }}",
   "}}%}{'a': {}}"
  ],
  [
   "{% if (n == 7 and s) or zzz.foo %}short{% endif %}",
   "short"
  ],
  [
   "{{ for }}",
   ""
  ]
 ],
 "errors": [
  [
   "{{ \"a\" ~ 1 + 2 }}",
   "TypeError: can only concatenate str (not \"int\") to str"
  ],
  [
   "{{ zzz.foo }}",
   "UndefinedError: 'zzz' is undefined"
  ],
  [
   "{{ zzz + 1 }}",
   "UndefinedError: 'zzz' is undefined"
  ],
  [
   "{{ 1 + \"a\" }}",
   "TypeError: unsupported operand type(s) for +: 'int' and 'str'"
  ],
  [
   "{{ \"a\" + 1 }}",
   "TypeError: can only concatenate str (not \"int\") to str"
  ],
  [
   "{{ \"a\" + none }}",
   "TypeError: can only concatenate str (not \"NoneType\") to str"
  ],
  [
   "{{ xs + (1,) }}",
   "TypeError: can only concatenate list (not \"tuple\") to list"
  ],
  [
   "{{ 1 / 0 }}",
   "ZeroDivisionError: division by zero"
  ],
  [
   "{{ 1 // 0 }}",
   "ZeroDivisionError: integer division or modulo by zero"
  ],
  [
   "{{ 1 % 0 }}",
   "ZeroDivisionError: integer modulo by zero"
  ],
  [
   "{{ none.foo.bar }}",
   "UndefinedError: 'None' has no attribute 'foo'"
  ],
  [
   "{{ xs[0].foo.bar }}",
   "UndefinedError: 'int object' has no attribute 'foo'"
  ],
  [
   "{{ 5() }}",
   "TypeError: 'int' object is not callable"
  ],
  [
   "{{ zzz() }}",
   "UndefinedError: 'zzz' is undefined"
  ],
  [
   "{{ s[1:\"b\"] }}",
   "TypeError: slice indices must be integers or None or have an __index__ method"
  ],
  [
   "{{ none | length }}",
   "TypeError: object of type 'NoneType' has no len()"
  ],
  [
   "{{ none | list }}",
   "TypeError: 'NoneType' object is not iterable"
  ],
  [
   "{{ 5 | join }}",
   "TypeError: 'int' object is not iterable"
  ],
  [
   "{{ 1 in 5 }}",
   "TypeError: argument of type 'int' is not iterable"
  ],
  [
   "{{ \"a\" < 1 }}",
   "TypeError: '<' not supported between instances of 'str' and 'int'"
  ],
  [
   "{{ none < 1 }}",
   "TypeError: '<' not supported between instances of 'NoneType' and 'int'"
  ],
  [
   "{{ xs.append(1) }}",
   "SecurityError: access to attribute 'append' of 'list' object is unsafe."
  ],
  [
   "{{ d.update({}) }}",
   "SecurityError: access to attribute 'update' of 'dict' object is unsafe."
  ],
  [
   "{{ \"\".__class__.__mro__ }}",
   "SecurityError: access to attribute '__class__' of 'str' object is unsafe."
  ],
  [
   "{{ \"%d\" % \"x\" }}",
   "TypeError: %d format: a real number is required, not str"
  ],
  [
   "{{ \"%s %s\" % (1,) }}",
   "TypeError: not enough arguments for format string"
  ],
  [
   "{{ \"%s\" % (1, 2) }}",
   "TypeError: not all arguments converted during string formatting"
  ],
  [
   "{{ \"{}\".format() }}",
   "IndexError: tuple index out of range"
  ],
  [
   "{{ {[]: 1} }}",
   "TypeError: unhashable type: 'list'"
  ],
  [
   "{{ range(1000000) }}",
   "OverflowError: Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000)."
  ],
  [
   "{{ range(0, 1, 0) }}",
   "ValueError: range() arg 3 must not be zero"
  ],
  [
   "{{ xs | map(\"nope\") | list }}",
   "TemplateRuntimeError: No filter named 'nope'."
  ],
  [
   "{{ xs | select(\"nope\") | list }}",
   "TemplateRuntimeError: No test named 'nope'."
  ],
  [
   "{{ xs | first(1, 2, 3) }}",
   "TypeError: sync_do_first() takes 2 positional arguments but 5 were given"
  ],
  [
   "{{ raise_exception(\"no\") }}",
   "TemplateError: no"
  ],
  [
   "{{ namespace(1, 2) }}",
   "TypeError: dict expected at most 1 argument, got 2"
  ],
  [
   "{{ [1, \"a\"] | sort }}",
   "TypeError: '<' not supported between instances of 'str' and 'int'"
  ],
  [
   "{{ [zzz] | tojson }}",
   "TypeError: Object of type Undefined is not JSON serializable"
  ],
  [
   "{{ range | tojson }}",
   "TypeError: Object of type function is not JSON serializable"
  ],
  [
   "{{ \"abc\".split(\"\") }}",
   "ValueError: empty separator"
  ],
  [
   "{{ \"abc\".index(\"z\") }}",
   "ValueError: substring not found"
  ],
  [
   "{{ dict(1) }}",
   "TypeError: 'int' object is not iterable"
  ],
  [
   "{{ loop.index }}",
   "UndefinedError: 'loop' is undefined"
  ],
  [
   "{{ -\"a\" }}",
   "TypeError: bad operand type for unary -: 'str'"
  ],
  [
   "{{ \"a\" * \"b\" }}",
   "TypeError: can't multiply sequence by non-int of type 'str'"
  ],
  [
   "{{ \"a\" | round }}",
   "TypeError: type str doesn't define __round__ method"
  ],
  [
   "{{ \"x\" is divisibleby 2 }}",
   "TypeError: not all arguments converted during string formatting"
  ]
 ],
 "syntax_errors": [
  [
   "{% macro m(a, b=2, *c) %}{% endmacro %}",
   1
  ],
  [
   "{{",
   1
  ],
  [
   "{{ }}",
   1
  ],
  [
   "{% %}",
   1
  ],
  [
   "{% if %}x{% endif %}",
   1
  ],
  [
   "{% if x %}",
   1
  ],
  [
   "{% endif %}",
   1
  ],
  [
   "{% for %}{% endfor %}",
   1
  ],
  [
   "{% for x %}{% endfor %}",
   1
  ],
  [
   "{% for x in %}{% endfor %}",
   1
  ],
  [
   "{% for x in y %}",
   1
  ],
  [
   "{% nope %}",
   1
  ],
  [
   "{# open",
   1
  ],
  [
   "{% raw %} open",
   1
  ],
  [
   "{{ 'open }}",
   1
  ],
  [
   "{{ a b }}",
   1
  ],
  [
   "{{ a. }}",
   1
  ],
  [
   "{{ a[ }}",
   1
  ],
  [
   "{{ (1, 2 }}",
   1
  ],
  [
   "{{ [1, }}",
   1
  ],
  [
   "{{ {1} }}",
   1
  ],
  [
   "{{ {1: } }}",
   1
  ],
  [
   "{{ 1 + }}",
   1
  ],
  [
   "{{ * 2 }}",
   1
  ],
  [
   "{{ a | }}",
   1
  ],
  [
   "{{ a | nope }}",
   1
  ],
  [
   "{{ a is nope }}",
   1
  ],
  [
   "{{ a is }}",
   1
  ],
  [
   "{% set %}",
   1
  ],
  [
   "{% set x = %}",
   1
  ],
  [
   "{% set 1 = 2 %}",
   1
  ],
  [
   "{% set x.y.z = 2 %}",
   1
  ],
  [
   "{% set true = 1 %}",
   1
  ],
  [
   "{% macro %}{% endmacro %}",
   1
  ],
  [
   "{% macro m %}{% endmacro %}",
   1
  ],
  [
   "{% macro m(1) %}{% endmacro %}",
   1
  ],
  [
   "{% macro m(a=1, b) %}{% endmacro %}",
   1
  ],
  [
   "{% macro m() %}",
   1
  ],
  [
   "{% call x %}{% endcall %}",
   1
  ],
  [
   "{% call x() %}",
   1
  ],
  [
   "{% filter %}x{% endfilter %}",
   1
  ],
  [
   "{% filter nope %}x{% endfilter %}",
   1
  ],
  [
   "{% with a %}{% endwith %}",
   1
  ],
  [
   "{{ f(a=1, 2) }}",
   1
  ],
  [
   "{{ f(*a, *b) }}",
   1
  ],
  [
   "{{ f(a b) }}",
   1
  ],
  [
   "{{ ) }}",
   1
  ],
  [
   "{{ (] }}",
   1
  ],
  [
   "{% if x %}{% else %}",
   1
  ],
  [
   "{% if x %}{% endfor %}",
   1
  ],
  [
   "{% for x in y %}{% endif %}",
   1
  ],
  [
   "{% else %}",
   1
  ],
  [
   "{% elif x %}",
   1
  ],
  [
   "{{ a ? b }}",
   1
  ],
  [
   "{{ a $ b }}",
   1
  ],
  [
   "{{ 1 if }}",
   1
  ],
  [
   "{{ not }}",
   1
  ],
  [
   "{{ x is not }}",
   1
  ],
  [
   "{% set x %}",
   1
  ],
  [
   "{{ a[1:2, }}",
   1
  ],
  [
   "{{ 'a' 'b }}",
   1
  ],
  [
   "{% generation %}",
   1
  ],
  [
   "{% endgeneration %}",
   1
  ],
  [
   "{{ x }",
   1
  ],
  [
   "{% x",
   1
  ],
  [
   "{% if x }}y{% endif %}",
   1
  ],
  [
   "{{ x %}",
   1
  ],
  [
   "{% from 'x' import %}",
   1
  ],
  [
   "{% do x() %}",
   1
  ],
  [
   "{% trans %}x{% endtrans %}",
   1
  ],
  [
   "{{ a is b is c }}",
   1
  ],
  [
   "{{ a.'b' }}",
   1
  ],
  [
   "{% for x, in %}{% endfor %}",
   1
  ],
  [
   "{{ '\\x1' }}",
   1
  ],
  [
   "{{ '\\u12' }}",
   1
  ],
  [
   "{% break",
   1
  ],
  [
   "text\n\n{{ a b }}",
   3
  ],
  [
   "{% if a %}\n{% for b in c %}\n{% endif %}",
   3
  ]
 ]
}
"""#
