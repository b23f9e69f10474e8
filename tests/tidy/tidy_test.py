#!/usr/bin/env python3
"""The repository polices itself: the rules of CONTRIBUTING.md that a program can check.

Run by ctest as tidy_test; prints every violation as file:line: rule and fails if there is one.
`tidy_test.py --self-test` feeds each rule a violation and fails if it is not found.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600
FUNCTION_EXCEPTIONS = set()  # "file:function", each with its reason here

LAYERS = {
    "base": {"base"},
    "engine": {"base", "engine"},
    "journal": {"base", "engine", "journal"},
    "stores": {"base", "engine/schema", "stores"},
    "feeds": {"base", "engine/schema", "feeds"},
    "runtime": {"base", "engine", "journal", "runtime"},
    "gateway": {"base", "engine/schema", "runtime/api", "stores", "gateway"},
}

# Pure rules, single headers of the engine (engine_rules in cmake/layers.cmake).
RULES = {"engine/ledger/key_rules.hpp", "engine/ledger/order_reserve.hpp",
         "engine/market/funding.hpp", "engine/market/index_price.hpp",
         "engine/market/liquidation.hpp", "engine/market/order_checks.hpp",
         "engine/market/position.hpp"}
MAY_USE_RULES = {"stores", "gateway"}

ENGINE_BANNED = {
    r"\bfloat\b": "int64 with a unit type",
    r"\bdouble\b": "int64 with a unit type",
    r"system_clock|steady_clock": "log time from the batch",
    r"\brand\s*\(": "values from commands",
    r"std::thread|std::mutex": "MatchExecutor",
    r"\bnew\s+\w": "vectors and pools",
    r"\bmalloc\b": "vectors and pools",
    r"std::function": "a template or an interface",
    r"<iostream>": "events",
    r"unordered_map|unordered_set": "FlatMap, which is never iterated",
    r"\bthrow\b|\btry\b": "result codes",
}

EVERYWHERE_BANNED = {
    r"\bKEYS\s": "an index set",
    r"\btime\(0\)|\btime\(NULL\)|\btime\(nullptr\)": "Clock",
    r"\b(TODO|FIXME|XXX)\b": "an issue, or the work itself",
}


def tracked(*patterns):
    out = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others",
                          "--exclude-standard", *patterns],
                         capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


def strip_code(text):
    """Blanks comments and string contents; keeps line structure."""
    pattern = re.compile(r'R"(\w*)\((?:.|\n)*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
                         r"|'(?:\\.|[^'\\\n])'", re.S)
    return pattern.sub(lambda m: "\n" * m.group(0).count("\n") or " ", text)


def check_columns(name, text):
    if name.endswith((".json", ".csv", ".svg")):
        return
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        exempt = "http" in line or "| " in line[:4] or line.lstrip().startswith("|")
        if name.endswith(".md") and not exempt and name.startswith("docs/rules"):
            exempt = True  # formulas and their conditions stay on one line
        if "X(" in line or "{\"" in line.lstrip()[:2]:
            exempt = True  # rows of tables in code
        if len(line) > COLUMNS_MAX and not exempt:
            yield number, f"{len(line)} columns, at most {COLUMNS_MAX}"


def check_file_length(name, text):
    lines = text.count("\n")
    if name.endswith((".cpp", ".hpp", ".py")) and lines > FILE_LINES_MAX:
        yield 1, f"{lines} lines, at most {FILE_LINES_MAX}"


def functions(text):
    """(first line, name, line count) of functions in C++ text, by brace matching."""
    code = strip_code(text)
    stack, statement, line = [], "", 1
    for char in code:
        if char == "\n":
            line += 1
        if char == "{":
            head = " ".join(statement.split())
            is_scope = re.search(r"\b(namespace|class|struct|enum|union|extern)\b[^()]*$", head)
            is_function = not is_scope and head.endswith(
                (")", "const", "noexcept", "override", "final")) or (
                not is_scope and re.search(r"\)\s*(:|->)[^;]*$", head))
            inside = any(kind == "function" for kind, _, _ in stack)
            kind = "function" if is_function and not inside else "scope"
            found = re.search(r"([\w:~]+)\s*\(", head)
            stack.append((kind, line - statement.strip().count("\n"), found and found.group(1)))
            statement = ""
        elif char == "}":
            if stack:
                kind, first, function = stack.pop()
                if kind == "function":
                    yield first, function or "?", line - first + 1
            statement = ""
        elif char == ";":
            statement = ""
        else:
            statement += char


def check_function_length(name, text):
    if not name.endswith((".cpp", ".hpp")):
        return
    for first, function, count in functions(text):
        if count > FUNCTION_LINES_MAX and f"{name}:{function}" not in FUNCTION_EXCEPTIONS:
            yield first, f"{function} has {count} lines, at most {FUNCTION_LINES_MAX}"


def check_banned(name, text):
    if not name.endswith((".cpp", ".hpp")):
        return
    code = strip_code(text)
    is_engine = name.startswith("src/engine/") and "_test" not in name and "naive" not in name
    for number, line in enumerate(code.splitlines(), 1):
        if is_engine:
            for pattern, instead in ENGINE_BANNED.items():
                if re.search(pattern, line):
                    yield number, f"banned in the engine: {pattern}; use {instead}"
        if name.endswith(".hpp") and re.match(r"\s*using namespace", line):
            yield number, "using namespace in a header"
        if re.search(r"sleep_for|\busleep\b|\bsleep\(", line) and "_test" in name:
            yield number, "sleep in a test; poll with a deadline"
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, instead in EVERYWHERE_BANNED.items():
            if re.search(pattern, line):
                yield number, f"banned: {pattern}; use {instead}"


def check_includes(name, text):
    parts = name.split("/")
    if parts[0] != "src" or len(parts) < 3 or parts[1] not in LAYERS:
        return
    is_test = "test" in parts[-1]
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'#include "([^"]+)"', line)
        if not found:
            continue
        target = found.group(1)
        if "/" not in target:
            yield number, f'include "{target}" from src/: use "folder/file.hpp"'
        elif target in RULES and parts[1] in MAY_USE_RULES:
            continue
        elif not is_test and not any(target.startswith(use + "/") for use in LAYERS[parts[1]]):
            yield number, f'{parts[1]} may not include "{target}"'


def check_header(name, text):
    if not name.endswith(".hpp"):
        return
    if not text.startswith("//"):
        yield 1, "a header opens with its contract"
    if "#pragma once" not in text:
        yield 1, "no #pragma once"


def check_document(name, text):
    if not name.endswith(".md"):
        return
    body = re.sub(r"```.*?```", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
    if len(re.findall(r"^# ", body, re.M)) != 1:
        yield 1, "a document has exactly one H1"
    for number, line in enumerate(body.splitlines(), 1):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", line):
            if not target.startswith("http") and not (ROOT / name).parent.joinpath(target).exists():
                yield number, f"broken link: {target}"


FILE_CHECKS = [check_columns, check_file_length, check_function_length, check_banned,
               check_includes, check_header, check_document]


def check_targets():
    lists = "\n".join(p.read_text() for p in tracked("*CMakeLists.txt", "*.cmake"))
    for path in tracked("*.cpp"):
        if path.name not in lists and not re.search(rf"\b{path.stem}\b", lists):
            yield f"{path.relative_to(ROOT)}:1: in no build target"


def check_limits():
    documented = (ROOT / "docs/limits.md").read_text()
    names = re.findall(r"constexpr \S+ (k\w+)", (ROOT / "src/base/limits.hpp").read_text())
    for limit in names:
        if f"`{limit}`" not in documented:
            yield f"src/base/limits.hpp:1: {limit} is not in docs/limits.md"


def check_readme_map():
    readme = (ROOT / "README.md").read_text()
    folders = {p.relative_to(ROOT).parts[:2] if p.relative_to(ROOT).parts[0] == "src"
               else p.relative_to(ROOT).parts[:1]
               for p in tracked() if len(p.relative_to(ROOT).parts) > 1}
    for parts in sorted(folders):
        folder = "/".join(parts)
        if not folder.startswith(".") and f"`{folder}/`" not in readme:
            yield f"README.md:1: the map of folders does not list {folder}/"


def violations():
    kinds = ("*.cpp", "*.hpp", "*.py", "*.md", "*.cmake", "*CMakeLists.txt", "scripts/*")
    for path in tracked(*kinds):
        name = str(path.relative_to(ROOT))
        text = path.read_text(errors="replace")
        for check in FILE_CHECKS:
            for number, message in check(name, text):
                yield f"{name}:{number}: {message}"
    yield from check_targets()
    yield from check_limits()
    yield from check_readme_map()


def self_test():
    long_body = "void f() {\n" + "  g();\n" * 80 + "}\n"
    cases = [
        (check_columns, "src/base/a.cpp", "x" * 101),
        (check_file_length, "src/base/a.cpp", "\n" * 601),
        (check_function_length, "src/base/a.cpp", "namespace p {\n" + long_body + "}\n"),
        (check_banned, "src/engine/a.cpp", "double price;\n"),
        (check_banned, "src/base/a.hpp", "using namespace std;\n"),
        (check_banned, "src/base/a.cpp", "// TO" + "DO later\n"),
        (check_includes, "src/engine/a.cpp", '#include "gateway/http/server.hpp"\n'),
        (check_includes, "src/gateway/a.cpp", '#include "engine/engine.hpp"\n'),
        (check_header, "src/base/a.hpp", "#pragma once\n"),
        (check_document, "docs/a.md", "# A\n# B\n"),
        (check_document, "docs/a.md", "# A\n[x](missing.md)\n"),
    ]
    missed = [f"{check.__name__} on {name}" for check, name, text in cases
              if not list(check(name, text))]
    for line in missed:
        print("self-test: not found:", line)
    return 1 if missed else 0


def main():
    if "--self-test" in sys.argv:
        return self_test()
    found = list(violations())
    for line in found:
        print(line)
    print(f"{len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
