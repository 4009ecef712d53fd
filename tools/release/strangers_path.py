"""A stranger's first minutes with a wheel: `python -m tools.release.strangers_path`.

In a clean environment: the wheel and pytest from the registry, the manual's first call against the
fixture (an upload to IDM in ten lines), the proof by command, and a client of the Model Context
Protocol from the registry that lists the tools and asks the manual.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Final

from tools.release.locked import ROOT
from tools.release.trying import environment, pip, require, run, tell

_FIRST_CALL: Final = re.compile(r"```python\n(.*?)```", re.DOTALL)
_TEST: Final = """
import subprocess, sys
from pathlib import Path

HERE = Path(__file__).parent


def test_the_first_upload_and_the_proof(infor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("DocBits_TST.ionapi").write_bytes(infor.ionapi_file().read_bytes())
    exec((HERE / "first_call.py").read_text(), {})
    assert infor.idm.item(entity="M3_SupplierInvoice").filename == "471102.pdf"
    prove = [sys.executable, "-m", "ionport", "connection", "prove", "DocBits_TST.ionapi"]
    proved = subprocess.run(prove, capture_output=True, text=True)
    assert proved.returncode == 0, proved.stdout + proved.stderr
"""
# `ionport up` makes the data folder; it is ended once it says where it listens.
_STARTED: Final = """
import subprocess, sys
command = [sys.executable, "-m", "ionport", "--data", sys.argv[1], "up", "--port", "0"]
server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
said = []
for line in server.stdout:
    said.append(line)
    if "http://127.0.0.1" in line:
        break
server.terminate()
server.communicate(timeout=30)
sys.exit(0 if said and "http://127.0.0.1" in said[-1] else "".join(said))
"""
_ASK: Final = """
import asyncio, sys
from mcp import Client
from mcp.client.stdio import StdioServerParameters


async def main():
    arguments = ["-m", "ionport", "--data", sys.argv[1], "mcp"]
    async with Client(StdioServerParameters(command=sys.executable, args=arguments)) as client:
        names = sorted(tool.name for tool in (await client.list_tools()).tools)
        asked = {"question": "How do I rotate the secret of an app?"}
        answer = await client.call_tool("ask_manual", asked)
        print(" ".join(names))
        print(answer.content[0].text)


asyncio.run(main())
"""


def walk(wheel: Path) -> None:
    """Go the path with a wheel; ends the program where a step of it does not work."""
    with environment() as python, tempfile.TemporaryDirectory(prefix="ionport-stranger-") as name:
        folder = Path(name)
        run([*pip(python), f"{wheel}[mcp]", "pytest"])
        (folder / "first_call.py").write_text(first_call(), encoding="utf-8")
        (folder / "test_first.py").write_text(_TEST, encoding="utf-8")
        (folder / "started.py").write_text(_STARTED, encoding="utf-8")
        (folder / "ask.py").write_text(_ASK, encoding="utf-8")
        run([python, "-m", "pytest", "-q", "test_first.py"], folder=folder)
        data = str(folder / "data")
        run([python, "started.py", data], folder=folder)
        told = run([python, "ask.py", data], folder=folder)
        require("ask_manual" in told and "rotate-a-secret" in told, told)


def first_call() -> str:
    """Return the manual's first example of the client library."""
    page = (ROOT / "src/ionport/manual/client.md").read_text(encoding="utf-8")
    found = _FIRST_CALL.search(page)
    require(found is not None, "client.md has no example.")
    return found[1] if found else ""


def main() -> int:
    """Build a wheel and go the path with it."""
    with tempfile.TemporaryDirectory(prefix="ionport-wheel-") as folder:
        build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder]
        run([*build, str(ROOT)])
        (wheel,) = Path(folder).glob("*.whl")
        walk(wheel)
    tell("the stranger's path works")
    return 0


if __name__ == "__main__":
    sys.exit(main())
