"""A daemon that runs 20 jobs by lanĉo and collects how they end, and may be killed at any time.

client.py LANCO NAMESPACE RESULTS: RESULTS gets a line "job status" for each, once.
"""

import asyncio
import json
import sys

JOBS = {f"job{i}": ["sh", "-c", f"sleep 1.{i % 7}; exit {i}"] for i in range(20)}


class Batch:
    """One "lanco batch": it executes requests at once, and answers each when it is done."""

    async def start(self, lanco, namespace):
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            lanco, namespace, "batch", stdin=pipe, stdout=pipe, limit=1 << 22
        )
        self.answers, self.count = {}, 0
        self.events = asyncio.Queue()
        self.reader = asyncio.create_task(self.read())

    async def read(self):
        async for line in self.process.stdout:
            answer = json.loads(line)
            if answer.get("event"):
                self.events.put_nowait(answer["event"])
            elif answer["id"] in self.answers:
                self.answers.pop(answer["id"]).set_result(answer)

    def ask(self, command, **fields):
        self.count += 1
        answer = self.answers[self.count] = asyncio.get_running_loop().create_future()
        request = {"id": self.count, "command": command, **fields}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        return answer


async def main(lanco, namespace, results):
    batch = Batch()
    await batch.start(lanco, namespace)
    with open(results, "a+") as file:
        file.seek(0)
        collected = {line.split()[0] for line in file}

        def collect(job, end):
            if job in JOBS and job not in collected:
                collected.add(job)
                status = end["code"] if end["code"] is not None else end["signal"]
                print(job, status, file=file, flush=True)

        async def start(job):
            limits = {"once": True, "timeout": "1m", "label": {"client": "python"}}
            done = await batch.ask("run", task=job, args=JOBS[job], **limits)
            if done["exitStatus"] == 4:
                # It was started in a former life of this daemon; its end may be on record.
                status = await batch.ask("status", task=job)
                if status["exitStatus"] == 3:
                    # Whoever was starting it has been killed, and it was not started.
                    await asyncio.sleep(0.1)
                    await start(job)
                elif status["output"]["ended"]:
                    collect(job, status["output"])
            elif done["exitStatus"] != 0:
                raise SystemExit("\n".join(done["messages"]))

        batch.ask("events", label=["client=python"])
        while len(collected) < len(JOBS):
            event = await batch.events.get()
            if event["event"] == "ready":
                # From now on each end is told.
                await asyncio.gather(*(start(job) for job in JOBS if job not in collected))
            elif event["event"] == "end":
                collect(event["task"], event)
    batch.process.stdin.close()
    await batch.process.wait()


asyncio.run(main(*sys.argv[1:]))
