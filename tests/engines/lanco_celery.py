"""A worker for Celery that places jobs on many hosts, and has lanĉo keep them there.

A job is the name of a task and a command. It is executed on one host, once, whichever workers,
brokers and hosts are killed or restarted meanwhile. Each host has a namespace, and a worker that
runs as its owner; systemd or the like starts the worker again whenever it ends:

    BROKER=redis://HOST NAMESPACE=web celery -A lanco_celery worker --concurrency JOBS \\
      --without-gossip --without-mingle

In the broker, "claim:JOB" is the host that has the job, "end:JOB" tells how it has ended, and
"taken:HOST" has the commands of the jobs that a host has, or had when its worker was killed.
"""

import itertools
import json
import os
import socket
import subprocess
import threading
import time
from concurrent.futures import Future

import redis
from celery import Celery, Task, signals
from celery.exceptions import Ignore
from celery.worker.consumer import Consumer
from kombu import Exchange, Queue

BROKER = os.environ.get("BROKER", "redis://localhost")
LANCO = os.environ.get("LANCO", "lanco")
NAMESPACE = os.environ.get("NAMESPACE", "web")
HOST = socket.gethostname()  # A host keeps its name over reboots, and no other has it.
OWN_QUEUE = Queue(f"at.{HOST}", Exchange(f"at.{HOST}"), f"at.{HOST}")

database = redis.from_url(BROKER.replace("redis+socket:", "unix:"), decode_responses=True)


class CrashingConsumer(Consumer):
    """The worker's connection. Without its broker the worker ends, for it can be started again at
    any time; Kombu before 5.4 would connect anew, and then often wait for messages in vain."""

    def start(self):
        take_up()
        super().start()

    def on_connection_error_after_connected(self, exc):
        os._exit(1)


app = Celery("lanco_celery", broker=BROKER)
app.conf.update(
    worker_consumer=CrashingConsumer,
    # A job's thread only waits. With processes, those of a worker that was killed would go on.
    worker_pool="threads",
    # A message stays in the broker until its job has ended, not until a worker has it ...
    task_acks_late=True,
    # ... nor until a process of the worker's is killed, for those who want processes after all.
    task_reject_on_worker_lost=True,
    # What a worker has no thread for stays in the queue, for hosts that have one.
    worker_prefetch_multiplier=1,
    broker_transport_options={
        # After so many seconds a message that is not acknowledged comes again. Usually a job that
        # takes longer than that runs twice; here the message is dropped, because of the claim. So
        # this need not be longer than the longest job, and what a killed worker had comes soon.
        "visibility_timeout": 600,
        # By name: the jobs that a host has come before new ones, so that it never has too many.
        "queue_order_strategy": "sorted",
    },
    task_default_queue="jobs",
    task_queues=[OWN_QUEUE, Queue("jobs")],
    # Celery's results expire, and are missing if the worker is killed at the wrong time.
    task_ignore_result=True,
)


class Batch:
    """One "lanco batch" for all threads: it answers each request when that is done."""

    def __init__(self):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([LANCO, NAMESPACE, "batch"], stdin=pipe, stdout=pipe)
        self.numbers, self.answers, self.lock = itertools.count(), {}, threading.Lock()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            if "exitStatus" in answer:
                self.answers.pop(answer["id"]).set_result(answer)
        os._exit(1)  # Whoever starts the worker again starts the batch again.

    def ask(self, command, **fields):
        with self.lock:
            number, answer = next(self.numbers), Future()
            self.answers[number] = answer
            request = {"id": number, "command": command, **fields}
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        return answer.result()


def take_up():
    """Starts the worker's life: queues the jobs that this host had when the last one ended."""
    global batch
    batch = Batch()
    # What earlier lives have queued is queued again, once. Nobody else sends to this queue.
    with app.connection_for_write() as connection:
        OWN_QUEUE(connection.default_channel).purge()
    for job, command in database.hgetall(f"taken:{HOST}").items():
        run.apply_async((job, json.loads(command)), queue=OWN_QUEUE.name)


@signals.worker_shutting_down.connect
def leave(**_):
    """Ends at once on SIGTERM. Celery would wait for its threads; but jobs go on without them."""
    os._exit(0)


class CrashingTask(Task):
    def on_failure(self, exc, task_id, args, kwargs, einfo):
        """The broker or the batch is gone, so nothing is known: the worker's next life finds out."""
        print(einfo, flush=True)
        os._exit(1)


waited_for = {}


@app.task(base=CrashingTask)
def run(job, command):
    """Has a job run, unless another host has it, and waits for its end."""
    me = object()
    if waited_for.setdefault(job, me) is not me:
        raise Ignore()  # The message came twice.
    try:
        database.hset(f"taken:{HOST}", job, json.dumps(command))
        # Whatever happens from here on, no other host starts this job: a claim is never taken back.
        database.set(f"claim:{job}", HOST, nx=True)
        if database.get(f"claim:{job}") == HOST and not database.exists(f"end:{job}"):
            report(job, execute(job, command))
        database.hdel(f"taken:{HOST}", job)
    finally:
        del waited_for[job]


def execute(job, command):
    """Starts a job of this host, or finds what a former life has started. Returns how it ended."""
    while True:
        started = batch.ask("run", once=True, task=job, args=command, label={"engine": "celery"})
        if started["exitStatus"] in (2, 126, 127):
            return {"state": "refused", "host": HOST, "messages": started["messages"]}
        if started["exitStatus"] in (0, 4):
            batch.ask("wait", task=job)
            status = batch.ask("status", task=job)
            # 3: it is not on record, for whoever was starting it has been killed before that.
            if status["exitStatus"] == 0 and status["output"]["state"] not in ("running", "paused"):
                end = {field: status["output"][field] for field in ("state", "code", "signal")}
                # The state is "lost" if the host went down while the job ran.
                return {**end, "host": HOST}
        time.sleep(1)  # Nothing can be started now: the disk is full, for example.


def report(job, end):
    """Writes down how a job has ended. The first report stands."""
    database.set(f"end:{job}", json.dumps(end), nx=True)


@app.task(base=CrashingTask)
def give_up(host):
    """Reports the jobs of a host as lost. Its administrator says so: the host never comes back.

    celery -A lanco_celery call lanco_celery.give_up --args '["HOST"]'
    """
    for job in database.hkeys(f"taken:{host}"):
        if database.get(f"claim:{job}") == host:
            report(job, {"state": "lost", "code": None, "signal": None, "host": host})
        database.hdel(f"taken:{host}", job)
