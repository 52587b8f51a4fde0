/**
 * Hosts with a worker each and one broker, all on this machine. A host is a network namespace, with
 * a name of its own, and a namespace of lanĉo's; a broker is reached by its socket, which network
 * namespaces share. Every process of them ends with this runner.
 */

import { exec, exists, identity, LANCO, OWNER, TestNamespace, until } from "../harness.ts";

/** How long to wait for what takes some seconds on an idle machine, in milliseconds. */
export const PATIENCE = 300_000;

/** A program that is started again whenever it ends, until it is to stop. */
export class Service {
  #process: Deno.ChildProcess | undefined;
  #runs: Promise<void> = Promise.resolve();
  #stopped = true;
  /** How often it was started. */
  starts = 0;

  constructor(private readonly command: readonly string[]) {}

  start(): void {
    this.#stopped = false;
    this.#runs = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.starts++;
      const [program = "", ...args] = this.command;
      this.#process = new Deno.Command(program, { args, stdin: "null", cwd: "/" }).spawn();
      await this.#process.status;
      this.#process = undefined;
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Sends a signal, after which it ends; it is started again. */
  kill(signal: Deno.Signal = "SIGKILL"): void {
    try {
      this.#process?.kill(signal);
    } catch {
      // It has just ended by itself, since its broker was killed.
    }
  }

  /** Kills it for good. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.kill();
    await this.#runs;
  }
}

/** A host: its namespace, and its worker. */
export class Host {
  readonly namespace = new TestNamespace();
  #machine: Deno.ChildProcess | undefined;
  worker = new Service([]);

  constructor(readonly name: string) {}

  /** Makes it, with a worker for so many jobs that is not started yet. */
  async make(cluster: Cluster, concurrency: number): Promise<void> {
    await this.namespace.init();
    // For as long as this process lives, for whatever is started on the host.
    const line = 'hostname "$1"; echo ready; exec sleep infinity';
    this.#machine = new Deno.Command("setpriv", {
      args: [
        ...["--pdeathsig", "KILL", "unshare", "--net", "--uts"],
        ...["sh", "-c", line, "sh", this.name],
      ],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    await this.#machine.stdout.getReader().read();
    const proc = `/proc/${this.#machine.pid}/ns`;
    this.worker = new Service([
      ...["nsenter", `--net=${proc}/net`, `--uts=${proc}/uts`],
      ...cluster.python(this.name, this.namespace.name),
      ...["-m", "celery", "-A", "lanco_celery", "worker", "--concurrency", String(concurrency)],
      ...["--without-gossip", "--without-mingle", "--loglevel", "INFO"],
    ]);
  }

  async remove(): Promise<void> {
    await this.worker.stop();
    this.#machine?.kill("SIGKILL");
    await this.#machine?.stdout.cancel().catch(() => {});
    await this.#machine?.status;
    await this.namespace.remove();
  }
}

/** The hosts, and the broker. */
export class Cluster {
  readonly hosts = ["host1", "host2", "host3"].map((name) => new Host(name));
  readonly broker: Service;
  readonly #socket: string;

  /** @param directory Where the programs and their files are to be: the owner's. */
  constructor(readonly directory: string) {
    this.#socket = `${directory}/redis`;
    for (const file of ["lanco_celery.py", "celery_daemon.py", "redis.conf"]) {
      Deno.copyFileSync(new URL(file, import.meta.url), `${directory}/${file}`);
      Deno.chmodSync(`${directory}/${file}`, 0o644);
    }
    this.broker = new Service([
      ...this.#asOwner("broker"),
      ...["redis-server", `${directory}/redis.conf`, "--dir", directory, "--port", "0"],
      ...["--unixsocket", this.#socket],
    ]);
  }

  /** Starts the broker, and makes the hosts. */
  async make(concurrency: number): Promise<void> {
    this.broker.start();
    for (const host of this.hosts) await host.make(this, concurrency);
    await until("the broker is there", () => exists(this.#socket), PATIENCE);
  }

  /** Removes all that it has made. */
  async remove(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.remove()));
    await this.broker.stop();
  }

  /** What starts a program as the owner, which ends with this runner, and has a log. */
  #asOwner(log: string): string[] {
    const line = 'log=$1; shift; exec "$@" >>"$log" 2>&1';
    return [
      ...["setpriv", "--pdeathsig", "KILL", ...identity(OWNER)],
      ...["sh", "-c", line, "sh", `${this.directory}/${log}.log`],
    ];
  }

  /** What starts Python so, with what the programs here need. */
  python(log: string, namespace = "none"): string[] {
    return [
      ...this.#asOwner(log),
      ...["env", `BROKER=redis+socket://${this.#socket}`, `LANCO=${LANCO}`],
      ...[`NAMESPACE=${namespace}`, `PYTHONPATH=${this.directory}`, "PYTHONDONTWRITEBYTECODE=1"],
      "/usr/bin/python3",
    ];
  }

  /** The last lines of all logs. */
  logs(): string {
    return ["broker", "host1", "host2", "host3", "daemon", "call"].map((name) => {
      const path = `${this.directory}/${name}.log`;
      const text = exists(path) ? Deno.readTextFileSync(path) : "";
      return `${name}:\n${text.split("\n").slice(-30).join("\n")}`;
    }).join("\n");
  }

  /** Sends messages: jobs with their commands, and the queue of each. */
  async send(...messages: { job: string; command: string[]; queue: string }[]): Promise<void> {
    const script = `import json, sys
from lanco_celery import run
for message in json.loads(sys.argv[1]):
    run.apply_async((message["job"], message["command"]), queue=message["queue"])`;
    await this.#call("-c", script, JSON.stringify(messages));
  }

  /** Says that a host never comes back, as the manual tells administrators. */
  async giveUp(host: Host): Promise<void> {
    const args = ["--args", JSON.stringify([host.name])];
    await this.#call("-m", "celery", "-A", "lanco_celery", "call", "lanco_celery.give_up", ...args);
  }

  async #call(...words: string[]): Promise<void> {
    const { code } = await exec([...this.python("call"), ...words], { uid: 0 });
    if (code !== 0) throw new Error(`python3 ${words.join(" ")} ended with ${code}`);
  }

  /** What the broker answers to a command. */
  async ask(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await exec([
      "redis-cli",
      "-s",
      this.#socket,
      ...words,
    ]);
    if (code !== 0) throw new Error(`redis-cli ${words.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  /** How a job has ended; undefined as long as that is not reported. */
  async end(job: string): Promise<Record<string, unknown> | undefined> {
    const text = await this.ask("get", `end:${job}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Whether no message waits in a queue. */
  async isEmpty(queue: string): Promise<boolean> {
    return await this.ask("llen", queue) === "0";
  }

  /** How many messages have no acknowledgement, those of workers that were killed among them. */
  async unacknowledged(): Promise<number> {
    return Number(await this.ask("hlen", "unacked"));
  }

  /** Waits until all messages have been worked on, but so many that killed workers have left. */
  async isAtRest(left = Infinity): Promise<void> {
    const queues = ["jobs", ...this.hosts.map(({ name }) => `at.${name}`)];
    const atRest = async () => {
      for (const queue of queues) if (!await this.isEmpty(queue)) return false;
      return await this.unacknowledged() <= left;
    };
    await until("all messages have been worked on", atRest, PATIENCE);
  }
}
