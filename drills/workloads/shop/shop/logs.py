"""Two logs, one JSON object a line: access on stdout, failures on stderr."""

import json
import logging
import sys
import time
import traceback


def _logger(name, stream):
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler(stream))
    return logger


class RequestLog:
    """Writes what happened to requests."""

    def __init__(self):
        self._access = _logger("shop.access", sys.stdout)
        self._errors = _logger("shop.errors", sys.stderr)

    def access(self, request_id, arrived, seconds, method, path, status, version):
        """``time`` is when the request reached the application (epoch, ms), ``ms`` how long it stayed there."""
        self._write(
            self._access,
            time=round(arrived, 3),
            method=method,
            path=path,
            status=status,
            ms=round(seconds * 1000, 2),
            version=version,
            request_id=request_id,
        )

    def failure(self, request_id, path, error, version):
        """The traceback, with the database's own text, on one line."""
        self._write(
            self._errors,
            time=round(time.time(), 3),
            request_id=request_id,
            path=path,
            error=f"{_class_name(error)}: {str(error).splitlines()[0] if str(error) else ''}",
            version=version,
            traceback="".join(traceback.format_exception(error)),
        )

    @staticmethod
    def _write(logger, **fields):
        logger.info("%s", json.dumps(fields, ensure_ascii=False))


def _class_name(error):
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
