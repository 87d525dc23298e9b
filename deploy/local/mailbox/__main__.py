"""`python -m deploy.local.mailbox --smtp-port 8125 --web-port 8126 --folder build/run/mailbox`"""

import argparse
from pathlib import Path

import uvicorn

from deploy.local.mailbox.messages import Messages
from deploy.local.mailbox.pages import mailbox
from deploy.local.ports import HOST, Ports


def main() -> None:
    """Serves until SIGINT or SIGTERM."""
    defaults = Ports()
    parser = argparse.ArgumentParser(prog="python -m deploy.local.mailbox", description="A mailbox for this machine.")
    parser.add_argument("--smtp-port", type=int, default=defaults.mailbox_smtp)
    parser.add_argument("--web-port", type=int, default=defaults.mailbox_web)
    parser.add_argument("--folder", type=Path, required=True, help="where the messages are kept")
    asked = parser.parse_args()
    app = mailbox(Messages(asked.folder), asked.smtp_port)
    uvicorn.run(app, host=HOST, port=asked.web_port, log_level="warning", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
