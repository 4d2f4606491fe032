"""Type names, first lines of docs, long lines and long functions."""

import re
from collections import defaultdict

from source import end_of_block, without_literals

TYPE = re.compile(
    r"\b(?P<kind>struct|enum|trait|type)\s+(?P<name>[A-Za-z_]\w*)|\bunion\s+(?P<union>[A-Z]\w*)"
)
BODY = re.compile(r"\b(?:impl|trait)\b[^;{]*\{")
QUESTION = re.compile(
    r"(?:What|Whatever|Whether|Where|Which|When|Why|How|Who|Whoever)\b", re.I
)
DOC = re.compile(r"\s*(///(?!/)|//!) ?(.*)")
TABLE_ROW = re.compile(r"\s*(?:///|//!)?\s*\|")
FUNCTION = re.compile(r"\bfn\s+(\w+)")

WIDTH = 100
FILE_LINES = 400
FUNCTION_LINES = 80


def type_names(source):
    """Names of the types that a file defines; associated types are not."""
    code = source.code
    bodies = [
        (match.end(), end_of_block(code, match.end() - 1)) for match in BODY.finditer(code)
    ]
    for match in TYPE.finditer(code):
        associated = match.group("kind") == "type" and any(
            start <= match.start() < end for start, end in bodies
        )
        if not associated:
            yield match.group("name") or match.group("union")


def shared_names(sources):
    """All type names of a crate, and the files of those that several files define."""
    files = defaultdict(set)
    for source in sources:
        for name in type_names(source):
            files[name].add(str(source.path))
    return len(files), {
        name: sorted(paths) for name, paths in sorted(files.items()) if len(paths) > 1
    }


def doc_blocks(text):
    """First lines of doc comments, with their numbers."""
    before = None
    for number, line in enumerate(text.splitlines(), 1):
        match = DOC.match(line)
        mark = match and match.group(1)
        if mark and mark != before:
            yield number, match.group(2).strip()
        before = mark


def questions(text):
    """Number of doc comments, and the first lines that begin with a question word."""
    blocks = list(doc_blocks(text))
    return len(blocks), [(number, line) for number, line in blocks if QUESTION.match(line)]


def long_functions(source):
    """Functions of more than `FUNCTION_LINES` lines: line, name, length."""
    code = without_literals(source.text)
    for match in FUNCTION.finditer(code):
        opening = re.compile(r"[;{]").search(code, match.end())
        if opening and opening.group() == "{":
            first = source.line(match.start())
            length = source.line(end_of_block(code, opening.start())) - first + 1
            if length > FUNCTION_LINES:
                yield first, match.group(1), length


def kind_of_text(path, text):
    """The rules for lines of a file: `code`, `markdown`, `comments`, or `None` for data."""
    name = path.name
    if name.endswith(".expected.rs"):
        return None
    if name.endswith((".rs", ".toml", ".py", ".sh")) or text.startswith("#!"):
        return "code"
    if name.endswith(".md"):
        return "markdown"
    if name.endswith((".facts", ".sysreg", ".floors")):
        return "comments"
    return None


def long_lines(path, text):
    """Lines over `WIDTH` columns: number, length, and whether it is a block of output."""
    kind, fenced = kind_of_text(path, text), False
    if "corpus" in path.parts or kind is None:
        return
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if kind == "markdown" and bare.startswith("```"):
            fenced = not fenced
        if len(line) <= WIDTH or TABLE_ROW.match(line):
            continue
        if kind == "comments" and not bare.startswith("#"):
            continue
        block = kind == "markdown" and (fenced or line.startswith("    "))
        yield number, len(line), block
