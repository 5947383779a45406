#!/usr/bin/env python3
"""Says which jobs have failed: `failed.py [--requeue]`. With --requeue they are put into the queue again.

Environment: REDIS_URL. Exit code: 0 none, or requeued; 1 some; 3 Redis does not answer.
"""

import os
import sys

import redis
from rq import Queue

QUEUE = "confirmations"


def main():
    """Names the newest failures with the last line of their traceback."""
    connection = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5)
    requeue = sys.argv[1:] == ["--requeue"]
    try:
        failed = Queue(QUEUE, connection=connection).failed_job_registry
        said = [why(failed, name) for name in failed.get_job_ids(-4, -1)]
        count = failed.count
        for name in failed.get_job_ids() if requeue else ():
            failed.requeue(name)
    except redis.RedisError as problem:
        print(f"failed jobs: {problem}", file=sys.stderr)
        raise SystemExit(3) from problem
    print("\n".join([*said, f"{count} jobs of {QUEUE} {'are requeued' if requeue else 'have failed'}"]))
    raise SystemExit(1 if count and not requeue else 0)


def why(failed, name):
    """The call and its error; the call as the library wrote it down, without loading its arguments."""
    job = failed.job_class.fetch(name, connection=failed.connection)
    result = job.latest_result()
    lines = ((result and result.exc_string) or "").strip().splitlines()
    return f"{job.description}: {lines[-1] if lines else 'no traceback'}"


if __name__ == "__main__":
    main()
