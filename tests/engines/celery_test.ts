import { assertEquals } from "@std/assert";
import { cgroupTest, exists, type TestNamespace, until } from "../harness.ts";
import { crash } from "../reboot.ts";
import { Cluster, type Host, PATIENCE, Service } from "./cluster.ts";

const COUNT = 60;

/** Declares a test with three hosts, which are gone afterwards. */
function clusterTest(name: string, body: (cluster: Cluster, scratch: string) => Promise<void>) {
  cgroupTest(name, async (ns: TestNamespace) => {
    const cluster = new Cluster(ns.scratch);
    try {
      await cluster.make(4);
      await body(cluster, ns.scratch);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${cluster.logs()}`, { cause: error });
    } finally {
      await cluster.remove();
    }
  });
}

function lines(file: string): string[] {
  return exists(file) ? Deno.readTextFileSync(file).split("\n").filter((line) => line) : [];
}

/** Returns a list in a random order. */
function shuffled<T>(list: readonly T[]): T[] {
  return list.map((item) => ({ item, key: Math.random() })).sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

clusterTest(
  "60 jobs on three hosts are executed once each, whichever workers and brokers are killed",
  async (cluster, scratch) => {
    const [begun, ended] = [`${scratch}/begun`, `${scratch}/ended`];
    const job = 'echo "job$2 $(uname -n)" >>"$0"; sleep 1; echo "job$2" >>"$1"; exit $(($2 % 7))';
    const command = ["sh", "-c", job, begun, ended];
    const daemon = new Service([
      ...cluster.python("daemon"),
      ...[`${scratch}/celery_daemon.py`, `${scratch}/results`, ...command],
    ]);
    const results = () => lines(`${scratch}/results`);
    const running = (host: Host) =>
      lines(begun).filter((line) => line.endsWith(` ${host.name}`)).map((line) =>
        line.split(" ")[0] ?? ""
      ).filter((task) => !lines(ended).includes(task));
    const any = () => cluster.hosts[Math.floor(Math.random() * 3)] as Host;

    /** Keeps a host without a worker while one of its jobs ends, and another host is sent its jobs. */
    const leaveAlone = async () => {
      let unobserved: string[] = [];
      while (unobserved.length === 0) {
        const busy = () => cluster.hosts.find((host) => running(host).length > 0);
        const done = () => lines(ended).length === COUNT;
        await until("a host is busy", () => busy() !== undefined || done(), PATIENCE);
        const host = busy();
        if (host === undefined) return;
        await host.worker.stop();
        unobserved = running(host);
        const queue = `at.${cluster.hosts.find((other) => other !== host)?.name}`;
        const again = unobserved.map((task) => ({
          job: task,
          command: [...command, task.slice(3)],
          queue,
        }));
        await cluster.send(...again);
        await until("its jobs were sent", async () => await cluster.isEmpty(queue), PATIENCE);
        const one = () => unobserved.some((task) => lines(ended).includes(task));
        await until("a job has ended", () => unobserved.length === 0 || one(), PATIENCE);
        host.worker.start();
      }
    };
    const faults: Record<string, () => unknown> = {
      "a worker is killed": () => any().worker.kill(),
      "a worker is deployed": () => any().worker.kill("SIGTERM"),
      "the broker is killed": () => cluster.broker.kill(),
      "the daemon is killed": () => daemon.kill(),
      "a host has no worker": leaveAlone,
    };
    const names = Object.keys(faults);
    const more = ["a worker is killed", "a worker is killed"];
    const order = ["a host has no worker", ...shuffled([...names, ...names, ...more])];

    for (const host of cluster.hosts) host.worker.start();
    daemon.start();
    try {
      const begins = (host: Host) => lines(begun).some((line) => line.endsWith(` ${host.name}`));
      await until("all hosts work", () => cluster.hosts.every(begins), PATIENCE);
      for (const [index, fault] of order.entries()) {
        await until(
          `so many jobs are begun that ${fault}`,
          () => lines(begun).length >= 4 * (index + 1),
          PATIENCE,
        );
        await faults[fault]?.();
      }
      await until("all results are there", () => results().length >= COUNT, PATIENCE);
    } finally {
      await daemon.stop();
    }
    await cluster.isAtRest();

    const ranOn = Object.fromEntries(lines(begun).map((line) => line.split(" ")));
    const said = `after: ${order.join(", ")}`;
    assertEquals(lines(begun).map((line) => line.split(" ")[0]).sort(), names60(), said);
    assertEquals(lines(ended).sort(), names60(), said);
    assertEquals(results().map((line) => line.split(" ")[0]).sort(), names60(), said);
    for (const line of results()) {
      const [task = "", ...end] = line.split(" ");
      const code = Number(task.slice(3)) % 7;
      const expected = { state: "exited", code, signal: null, host: ranOn[task] };
      assertEquals(JSON.parse(end.join(" ")), expected, said);
    }
    const kept = cluster.hosts.map(async ({ namespace }) =>
      Object.keys(JSON.parse(await namespace.must("ls", "-a", "--json")).tasks)
    );
    assertEquals((await Promise.all(kept)).flat().sort(), names60(), said);
  },
);

function names60(): string[] {
  return Array.from({ length: COUNT }, (_, index) => `job${index}`).sort();
}

clusterTest("the jobs of a host that goes down are lost, and not run again", async (cluster) => {
  const begun = `${cluster.directory}/begun`;
  const [reboots, leaves, other] = cluster.hosts as [Host, Host, Host];
  const message = (job: string, queue = "jobs") => ({
    job,
    command: ["sh", "-c", `echo ${job} >>${begun}; exec sleep 1000`],
    queue,
  });
  const isLost = (job: string) =>
    until(`${job} is lost`, async () => (await cluster.end(job)) !== undefined, PATIENCE);
  const lost = (host: Host) => ({ state: "lost", code: null, signal: null, host: host.name });

  for (const [index, host] of [reboots, leaves].entries()) {
    host.worker.start();
    await cluster.send(message("ab"[index] ?? ""));
    await until("the job runs", () => lines(begun).length === index + 1, PATIENCE);
    await host.worker.stop();
  }
  // Of jobs whose host is silent nobody knows anything yet.
  const left = await cluster.unacknowledged();
  other.worker.start();
  await cluster.send(message("a"), message("b"));
  await cluster.isAtRest(left);
  assertEquals([await cluster.end("a"), await cluster.end("b")], [undefined, undefined]);

  // One host comes back, and tells by its marks what was lost.
  await crash(reboots.namespace, "a");
  reboots.worker.start();
  await isLost("a");
  assertEquals(await cluster.end("a"), lost(reboots));
  // The other one never does: an administrator says so.
  await crash(leaves.namespace, "b");
  await cluster.giveUp(leaves);
  await isLost("b");
  assertEquals(await cluster.end("b"), lost(leaves));

  leaves.worker.start();
  const queues = ["jobs", "jobs", "jobs", `at.${reboots.name}`, `at.${other.name}`];
  await cluster.send(...queues.flatMap((queue) => [message("a", queue), message("b", queue)]));
  await cluster.isAtRest(left);
  assertEquals(lines(begun).sort(), ["a", "b"]);
  assertEquals([await cluster.end("a"), await cluster.end("b")], [lost(reboots), lost(leaves)]);
});
