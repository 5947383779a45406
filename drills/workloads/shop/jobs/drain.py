#!/usr/bin/env python3
"""Waits until every job that is in the queue now is done: `drain.py [SECONDS]`. Environment: REDIS_URL.

Exit code: 0 done; 1 not in time, or Redis does not answer. Stop first whoever enqueues what shall not come again.
"""

import os
import sys
import time

import redis
from rq import Queue
from rq.registry import StartedJobRegistry

QUEUE = "confirmations"


def main():
    """Looks every 0.2 s which of the first jobs are left."""
    seconds = float(sys.argv[1]) if sys.argv[1:] else 30.0
    connection = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5)
    queue, end = Queue(QUEUE, connection=connection), time.monotonic() + seconds
    try:
        first = left = unfinished(queue)
        while left and time.monotonic() < end:
            time.sleep(0.2)
            left = first & unfinished(queue)
    except redis.RedisError as problem:
        raise SystemExit(f"drain: {problem}") from problem
    if left:
        raise SystemExit(f"{len(left)} of {len(first)} jobs are left after {seconds:.0f} s")
    print(f"{len(first)} jobs of {QUEUE} are done")


def unfinished(queue):
    """Ids of the jobs that wait or are worked on. The started ones come last: a job moves that way."""
    return {*queue.get_job_ids(), *StartedJobRegistry(queue=queue).get_job_ids()}


if __name__ == "__main__":
    main()
