"""One message to one target by Apprise, in a process of its own: only a process can be ended wherever it hangs.

What is to be sent comes as a line of JSON on standard input, so that no list of processes shows a URL. The exit code
is the answer. Where the line's other end is closed, whoever asked is gone, and so is this process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from apprise import Apprise, AppriseAsset, NotifyFormat

DELIVERED, NOT_TAKEN, UNKNOWN = 0, 1, 3
"""Exit codes: taken; not taken; a URL that Apprise does not know."""
_WEBHOOKS = {"http": "json", "https": "jsons"}
_SLACK = {":message": "text", ":title": "", ":version": "", ":attachments": "", ":type": ""}
"""Apprise's JSON with its field ``message`` renamed and the others dropped (appriseit.com, *JSON*): the ``{"text": …}``
of Slack's incoming webhooks, which Mattermost and others take as well."""


def deliver(url: str, title: str, body: str, kind: str, within: float) -> int:
    """Send a plain text of ``kind`` (info, success, warning, failure) to ``url``; answers an exit code.

    Where that takes longer than ``within`` seconds, SIGALRM ends this process. Apprise sends nothing to some services
    where there is no body; the title then is both.
    """
    # A redirect would take the message to where nobody sent it.
    told = Apprise(asset=AppriseAsset(app_id="drill", app_desc="drill", app_url="", http_redirects=False))
    if not told.add(url):
        if urlsplit(url).scheme not in _WEBHOOKS or not told.add(_slack_webhook(url)):
            return UNKNOWN
        title, body = "", _slack_text(f"{title}\n{body}".strip())
    signal.setitimer(signal.ITIMER_REAL, within)  # from here on: until now it was loading plug-ins
    done = told.notify(body or title, title=title, notify_type=kind, body_format=NotifyFormat.TEXT)
    return DELIVERED if done else NOT_TAKEN


def _slack_webhook(url: str) -> str:
    """A plain web address as the URL of Apprise that posts Slack's JSON there; its own query stays its query."""
    parts = urlsplit(url)
    query = [(f"-{name}", value) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    asked = urlencode([*query, *_SLACK.items()])
    return urlunsplit((_WEBHOOKS[parts.scheme], parts.netloc, parts.path, asked, ""))


def _slack_text(text: str) -> str:
    """Text that calls nobody and links nothing: the three characters of Slack's *Escaping text*."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _leave_with_the_caller() -> None:
    sys.stdin.read()
    os._exit(NOT_TAKEN)


def main() -> None:
    """Read the order, deliver, answer."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_leave_with_the_caller, daemon=True).start()
    os._exit(deliver(**order))  # without waiting for threads of Apprise


if __name__ == "__main__":
    main()
