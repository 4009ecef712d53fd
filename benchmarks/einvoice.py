"""How long an e-invoice of 20 lines takes to read with all its terms, UBL and CII.

Peers, each in a process of its own that takes turns with ours: drafthorse, which reads every field
of a CII invoice too, and factur-x's check of the same bytes against the schema (it parses and
checks, and reads nothing). Each turn is the best of a few repetitions; the ratio is the median of
the turns. Ours parses hardened: size, encoding, DOCTYPE and mixed content are looked at as well.

The readable page of the same invoice as PDF is measured too, from the tree on: ours is PDF/A-3 with
the XML inside, set in a process with limits. Its peer, ReportLab, sets the same texts in the same
order as paragraphs and tables, in its own process, without PDF/A and the XML.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from statistics import median
from typing import Any

from support.processes import CACHE, MissingTool

FLOORS = {"drafthorse": 4.0, "factur-x": 0.8, "reportlab": 0.6}
GOALS = {"drafthorse": 8.0, "factur-x": 1.2, "reportlab": 1.2}
_LINES = 20
_ROOT = Path(__file__).parent.parent
_PEERS = ("drafthorse>=2025,<2026", "factur-x>=7,<8", "reportlab>=4,<5")
# Raised with the peers, so that an environment of before is made anew.
_READY = "ready-2"
_LEFT_OUT = (
    "start of the processes and first use (our table is compiled then, factur-x keeps the schema of"
    " CII but not of UBL); drafthorse reads no UBL"
)
_LOOP = """
import sys, time
from pathlib import Path
{setup}
content = Path(sys.argv[1]).read_bytes()
def read(): {call}
read()
for line in sys.stdin:
    best = 1e9
    for _ in range(int(line)):
        started = time.perf_counter()
        read()
        best = min(best, time.perf_counter() - started)
    print(best, flush=True)
"""
_OURS = _LOOP.format(
    setup="from ionport.documents.invoice.reading.reader import read_invoice",
    call="read_invoice(content)",
)
_DRAFTHORSE = _LOOP.format(
    setup="from drafthorse.models.document import Document",
    call="Document.parse(content, strict=False)",
)
_FACTURX = _LOOP.format(
    setup="from facturx import xml_check_xsd", call="xml_check_xsd(content, {arguments})"
)
_CII = _FACTURX.replace("{arguments}", "flavor='factur-x', level='en16931'")
_UBL = _FACTURX.replace("{arguments}", "flavor='ubl-2.1-invoice'")
_PAGE = _LOOP.format(
    setup="""
from ionport.documents.invoice.reading.reader import read_invoice
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.invoice.rendering.pdf import pdf_page
from ionport.documents.invoice.rendering.sheet import make_sheet
invoice = read_invoice(Path(sys.argv[1]).read_bytes())
""",
    call="pdf_page(make_sheet(invoice, Language.ENGLISH), content, 'invoice.xml')",
)
_REPORTLAB = _LOOP.format(
    setup="""
import io, json
from xml.sax.saxutils import escape
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table
sheet = json.loads(Path(sys.argv[1]).read_bytes())
normal = getSampleStyleSheet()["Normal"]
def text(one): return Paragraph(escape(one), normal)
def flow(block):
    if block["kind"] == "columns":
        for part in block["parts"]: yield from flow(part)
        return
    yield text(block["title"])
    if block["kind"] == "facts":
        yield Table([[text(row["label"]), text(row["text"])] for row in block["rows"]])
        return
    rows = [[text(head) for head in block["heads"]]]
    for row in block["rows"]:
        rows.append([text(cell) for cell in row["cells"]])
        details = "; ".join(each["label"] + " " + each["text"] for each in row["details"])
        rows.append([text(details)] + [""] * (len(row["cells"]) - 1))
    yield Table(rows, repeatRows=1)
def page():
    SimpleDocTemplate(io.BytesIO(), pagesize=A4).build(
        [one for block in sheet["blocks"] for one in flow(block)]
    )
""",
    call="page()",
)
_SHEET = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from ionport.documents.invoice.reading.reader import read_invoice
from ionport.documents.invoice.rendering.model import Language
from ionport.documents.invoice.rendering.sheet import make_sheet
invoice = read_invoice(Path(sys.argv[1]).read_bytes())
print(json.dumps(asdict(make_sheet(invoice, Language.ENGLISH))))
"""


class Contender:
    """A process that reads one file again and again when it is told to."""

    def __init__(self, python: Path, script: str, file: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(_ROOT / "src")}
        command = [str(python), "-c", script, str(file)]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.seconds: list[float] = []

    def turn(self, repetitions: int) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(repetitions, file=self._process.stdin, flush=True)
        self.seconds.append(float(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate(timeout=20)


def _peer_python() -> Path:
    """Return the interpreter of an environment of the peers' own, made once."""
    folder = CACHE / "einvoice-peers"
    python = folder / "bin" / "python"
    if not (folder / _READY).exists():
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*command, *_PEERS], check=False).returncode:
            raise MissingTool("the peers could not be installed")
        (folder / _READY).touch()
    return python


def _invoice(name: str, tag: str, folder: Path) -> Path:
    """Write a sample with its first line as many times as an invoice of this size has lines."""
    text = (_ROOT / "src" / "ionport" / "documents" / "samples" / name).read_text(encoding="utf-8")
    lines = list(re.finditer(rf"<{tag}>.*?</{tag}>", text, re.DOTALL))
    repeated = "\n".join([lines[0][0]] * _LINES)
    file = folder / name
    made = text[: lines[0].start()] + repeated + text[lines[-1].end() :]
    file.write_text(made, encoding="utf-8")
    return file


def _measure(turns: int, folder: Path) -> dict[str, Any]:
    own, peer = Path(sys.executable), _peer_python()
    cii = _invoice("demo-invoice-cii.xml", "ram:IncludedSupplyChainTradeLineItem", folder)
    ubl = _invoice("demo-invoice-ubl.xml", "cac:InvoiceLine", folder)
    environment = {**os.environ, "PYTHONPATH": str(_ROOT / "src")}
    sheet = folder / "sheet.json"
    sheet.write_bytes(
        subprocess.run(
            [str(own), "-c", _SHEET, str(ubl)], env=environment, capture_output=True, check=True
        ).stdout
    )
    pairs = {
        "CII, drafthorse": (_OURS, cii, 20, _DRAFTHORSE, cii, 3),
        "CII, factur-x": (_OURS, cii, 20, _CII, cii, 20),
        "UBL, factur-x": (_OURS, ubl, 20, _UBL, ubl, 1),
        "page, reportlab": (_PAGE, ubl, 3, _REPORTLAB, sheet, 3),
    }
    rows = {}
    for name, (own_script, own_file, own_times, script, file, repetitions) in pairs.items():
        ours, other = Contender(own, own_script, own_file), Contender(peer, script, file)
        for _turn in range(turns):
            ours.turn(own_times)
            other.turn(repetitions)
        ours.close()
        other.close()
        ratios = [theirs / mine for mine, theirs in zip(ours.seconds, other.seconds, strict=True)]
        rows[name] = {
            "milliseconds": round(min(ours.seconds) * 1000, 3),
            "peer_milliseconds": round(min(other.seconds) * 1000, 3),
            "ratio": round(median(ratios), 2),
        }
    return {"turns": turns, "lines": _LINES, "rows": rows, "load": round(os.getloadavg()[0], 1)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="under 50 seconds")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit 1 below the floor")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ionport-bench-") as folder:
        result = _measure(11 if options.quick else 41, Path(folder))
    result |= {"floors": FLOORS, "goals": GOALS, "left_out": _LEFT_OUT}
    lowest = {
        peer: min(row["ratio"] for name, row in result["rows"].items() if name.endswith(peer))
        for peer in FLOORS
    }
    if options.json:
        print(json.dumps(result))
    else:
        print(f"an e-invoice of {_LINES} lines, all terms, best of each of {result['turns']} turns")
        for name, row in result["rows"].items():
            ours, theirs = row["milliseconds"], row["peer_milliseconds"]
            print(f"  {name:<16} {ours:>7.2f} ms, peer {theirs:>7.2f} ms, {row['ratio']:.2f} x")
        print(f"  load of the machine {result['load']}")
        print(f"left out: {result['left_out']}")
    passed = all(lowest[peer] >= floor for peer, floor in FLOORS.items())
    if not options.json or options.check:
        figures = ", ".join(f"{lowest[p]:.2f} (floor {f}, {p})" for p, f in FLOORS.items())
        print(f"ratio {figures}", "" if passed else "BELOW THE FLOOR")
    return 1 if options.check and not passed else 0


if __name__ == "__main__":
    sys.exit(main())
