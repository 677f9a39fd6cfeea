"""The tables of docs/clients.md: what the tests have seen each client do. WIPY_CLIENTS_WRITE=1 writes them, else they are compared."""

import os
import re

from board import ROOT

DOCUMENT = ROOT / "docs/clients.md"
WRITES = bool(os.environ.get("WIPY_CLIENTS_WRITE"))
YES, LACKS = "yes", "–"


class Matrix:
    def __init__(self, name, clients, functions):
        self.name, self.clients, self.functions = name, clients, functions
        self.seen = {}

    def see(self, client, function, what):
        self.seen[client, function] = what

    def _place(self, text):
        found = re.search(rf"(?s)(<!-- table {self.name} -->\n)(.*?)(<!-- end -->)", text)
        assert found, f"{DOCUMENT} has no place for the table {self.name}"
        return found

    def documented(self):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in self._place(DOCUMENT.read_text())[2].splitlines()]
        columns = rows[0][1:] if rows else []
        return {(row[0], column): cell for row in rows[2:] for column, cell in zip(columns, row[1:])}

    def check(self):
        """What was seen is what the document says; in a run of some tests, of those."""
        if WRITES:
            return self._write()
        documented = self.documented()
        wrong = [f"{client}, {function}: seen {what!r}, documented {documented.get((client, function))!r}"
                 for (client, function), what in self.seen.items() if documented.get((client, function)) != what]
        strange = [f"{client}, {function}: documented, but no such test" for client, function in documented
                   if client not in self.clients or function not in self.functions]
        assert not wrong + strange, "\n".join([*wrong, *strange, "WIPY_CLIENTS_WRITE=1 writes docs/clients.md anew"])

    def _write(self):
        cells = {**self.documented(), **self.seen}
        lines = ["| | " + " | ".join(self.functions) + " |", "|---" * (len(self.functions) + 1) + "|"]
        lines += [f"| {client} | " + " | ".join(cells.get((client, function), "?") for function in self.functions) + " |" for client in self.clients]
        text = DOCUMENT.read_text()
        place = self._place(text)
        DOCUMENT.write_text(text[: place.start(2)] + "\n".join(lines) + "\n" + text[place.end(2) :])
