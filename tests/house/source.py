"""Text of the workspace: tracked files, and Rust source without comments, strings and tests."""

import bisect
import re
import subprocess
from pathlib import Path

LITERAL = re.compile(
    r"""//[^\n]*                                    # line comment
      | /\*                                         # block comment, may nest
      | (?<!\w)[bc]?r(?P<hashes>\#*)"               # raw string
      | (?<!\w)[bc]?"(?:\\.|[^"\\])*"               # string
      | (?<!\w)b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'\n])'  # character, no lifetime
    """,
    re.S | re.X,
)
BLOCK_COMMENT = re.compile(r"/\*|\*/")
TEST_ONLY = re.compile(r"#!?\[cfg\((?:test|all\(test\b[^\]]*)\)\]")
BLANK = re.compile(r"[^\n]")


def tracked(root):
    """Paths of all tracked files that exist, relative to the root of the workspace."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True)
    if listed.returncode != 0:
        return below(root)
    names = listed.stdout.decode().split("\0")
    return [Path(name) for name in names if name and (root / name).is_file()]


def below(root):
    """Paths of the files in a workspace without git, but for hidden and built ones."""
    paths = (path.relative_to(root) for path in sorted(root.rglob("*")) if path.is_file())
    hidden = (".", "target")
    return [path for path in paths if not any(part.startswith(hidden) for part in path.parts)]


def blank(text):
    """Spaces of the same length and on the same lines."""
    return BLANK.sub(" ", text)


def without_literals(text):
    """Rust source with comments, strings and characters blanked; positions stay."""
    pieces, position = [], 0
    while match := LITERAL.search(text, position):
        end = match.end()
        if match.group() == "/*":
            end = end_of_block_comment(text, end)
        elif match.group("hashes") is not None:
            closing = '"' + match.group("hashes")
            found = text.find(closing, end)
            end = len(text) if found < 0 else found + len(closing)
        pieces += [text[position : match.start()], blank(text[match.start() : end])]
        position = end
    return "".join(pieces) + text[position:]


def end_of_block_comment(text, position):
    """Position behind a comment that has been opened before `position`."""
    depth = 1
    while depth and (match := BLOCK_COMMENT.search(text, position)):
        depth += 1 if match.group() == "/*" else -1
        position = match.end()
    return len(text) if depth else position


def end_of_block(code, opening):
    """Position of the brace that closes the one at `opening`."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.start()
    return len(code)


def end_of_item(code, start):
    """Position behind the item at `start`: its `;` or its closing brace."""
    match = re.compile(r"[;{]").search(code, start)
    if not match:
        return len(code)
    if match.group() == ";":
        return match.end()
    return min(end_of_block(code, match.start()) + 1, len(code))


def without_tests(code):
    """Code with the items under `#[cfg(test)]` blanked."""
    if TEST_ONLY.match(code.lstrip()) and code.lstrip().startswith("#!"):
        return blank(code)
    while match := TEST_ONLY.search(code):
        end = end_of_item(code, match.end())
        code = code[: match.start()] + blank(code[match.start() : end]) + code[end:]
    return code


class Source:
    """One Rust file."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.code = without_tests(without_literals(text))
        self.starts = [0] + [match.end() for match in re.finditer("\n", text)]

    def line(self, position):
        """Number of the line at a position, from 1."""
        return bisect.bisect_right(self.starts, position)
