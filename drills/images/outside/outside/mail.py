"""A mail server that delivers nothing and keeps all: ``GET /messages`` has a row for each recipient of each mail."""

import time
from email import message_from_bytes, policy

from aiohttp import web
from aiosmtpd.controller import Controller

MESSAGES = web.AppKey("messages", list)


class Catcher:
    """Handler of aiosmtpd: a mail is answered 250 once it is in the records."""

    def __init__(self, messages):
        self._messages = messages

    async def handle_DATA(self, _server, _session, envelope):
        """Keeps one row for each recipient of the envelope, which is who would have got it."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        row = {"subject": str(mail["Subject"] or ""), "release": str(mail["X-Release"] or ""), "at": time.monotonic()}
        self._messages.extend({**row, "to": recipient} for recipient in envelope.rcpt_tos)
        return "250 kept"


async def list_messages(request):
    """Every mail so far, oldest first."""
    return web.json_response(request.app[MESSAGES])


def main():
    """Serves both ports until it is told to stop."""
    app = web.Application()
    app[MESSAGES] = []
    app.add_routes([web.get("/messages", list_messages)])
    Controller(Catcher(app[MESSAGES]), hostname="0.0.0.0", port=1025).start()
    web.run_app(app, port=8080, access_log=None, print=None)


if __name__ == "__main__":
    main()
