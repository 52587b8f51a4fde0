"""A daemon that has 60 jobs run by the workers of lanco_celery.py, and may be killed at any time.

celery_daemon.py RESULTS COMMAND...: RESULTS gets a line "job end" for each, once. COMMAND is
executed for each job, with its number as the last word.
"""

import sys
import time

from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError

from lanco_celery import database, run

results, *command = sys.argv[1:]
JOBS = {f"job{number}": [*command, str(number)] for number in range(60)}

with open(results, "a+") as file:
    file.seek(0)
    missing = JOBS.keys() - {line.split()[0] for line in file}
    sent = {}
    while missing:
        try:
            for job in missing:
                # A worker or a broker that is killed at the wrong moment takes a message with it.
                # So it is sent again until a host has the job: that starts nothing twice.
                if job not in sent or time.monotonic() > sent[job] + 10:
                    if job not in sent or not database.exists(f"claim:{job}"):
                        run.apply_async((job, JOBS[job]))
                    sent[job] = time.monotonic()
            for job in list(missing):
                if end := database.get(f"end:{job}"):
                    print(job, end, file=file, flush=True)
                    missing.remove(job)
        except (ConnectionError, OperationalError):
            pass  # The broker is being restarted.
        time.sleep(0.2)
