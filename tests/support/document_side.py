"""`ionport up --side documents --port 0`, with the promise tests' quick waits."""

from __future__ import annotations

from ionport.cli.serving.server import RunningServer
from ionport.observe.logs import configure_logging
from ionport.settings import load_settings
from tests.support.sides import PROMPT, QUICK

if __name__ == "__main__":
    settings = load_settings(side="documents", port=0)
    configure_logging(level=settings.log_level)
    server = RunningServer(settings, timing=QUICK, options=PROMPT)
    print(f"serves documents on {server.url}", flush=True)
    server.run()
