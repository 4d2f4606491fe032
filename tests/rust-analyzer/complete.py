"""The completions of rust-analyzer at the end of a file, one label on a line.

Usage: complete.py CRATE FILE. The file is in the crate; rust-analyzer is in PATH.
"""

import json
import pathlib
import subprocess
import sys

OPTIONS = {"checkOnSave": False, "cachePriming": {"enable": False}}
CAPABILITIES = {"experimental": {"serverStatusNotification": True}}
CONTENT_MODIFIED = -32801


class Server:
    """A language server that speaks JSON-RPC over its standard streams."""

    def __init__(self):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(["rust-analyzer"], stdin=pipe, stdout=pipe)
        self.requests = 0

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def notify(self, method, params):
        self.send({"method": method, "params": params})

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline().strip()):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise EOFError("rust-analyzer has ended")
        message = json.loads(self.process.stdout.read(length))
        if "method" in message and "id" in message:
            self.send({"id": message["id"], "result": None})
        return message

    def receive_until(self, wanted):
        while not wanted(message := self.receive()):
            pass
        return message

    def request(self, method, params):
        """The result; asked again if the server has read something new since."""
        while True:
            self.requests += 1
            number = self.requests
            self.send({"id": number, "method": method, "params": params})
            is_answer = lambda message: "method" not in message and message["id"] == number
            answer = self.receive_until(is_answer)
            if answer.get("error", {}).get("code") != CONTENT_MODIFIED:
                return answer["result"]


def main(crate, file):
    file = pathlib.Path(crate, file).resolve()
    text = file.read_text().rstrip("\n")
    uri = {"uri": file.as_uri()}
    server = Server()
    root = pathlib.Path(crate).resolve().as_uri()
    server.request(
        "initialize",
        {
            "processId": None,
            "rootUri": root,
            "workspaceFolders": [{"uri": root, "name": "crate"}],
            "capabilities": CAPABILITIES,
            "initializationOptions": OPTIONS,
        },
    )
    server.notify("initialized", {})
    document = {**uri, "languageId": "rust", "version": 1, "text": text}
    server.notify("textDocument/didOpen", {"textDocument": document})
    server.receive_until(lambda message: message.get("params", {}).get("quiescent"))
    lines = text.split("\n")
    end = {"line": len(lines) - 1, "character": len(lines[-1])}
    place = {"textDocument": uri, "position": end}
    answer = server.request("textDocument/completion", place)
    items = answer if isinstance(answer, list) else answer["items"]
    for item in items:
        print(item["label"])
    server.request("shutdown", None)
    server.notify("exit", None)
    server.process.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
