import { assert, assertEquals, assertThrows } from "@std/assert";
import { NotInitialised } from "../../../src/cli/errors.ts";
import type { Hierarchy, Namespace } from "../../../src/namespace/description.ts";
import type { RunRecord } from "../../../src/task/record.ts";
import type { Exit } from "../../../src/task/exit_commands.ts";
import { withoutLog } from "../../../src/commands/top/model.ts";
import { Sampler } from "../../../src/commands/top/sampler.ts";

const RECORD: RunRecord = {
  labels: {},
  run: "01m8k8c4pwc2b1rha7kk9y6fjh",
  inode: 1,
  pid: 1,
  version: 2,
  task: "a",
  command: ["sleep", "1000"],
  directory: "/",
  log: "/var/log/lanco-web/task-a.log",
  stderr: null,
  started: 1234,
  sinceBoot: 5000,
  limits: { memory: 4096, cpus: 0.5 },
  shim: 6,
};

/** A namespace of plain files with the names and formats of the kernel's. */
class Fake {
  readonly directory = Deno.makeTempDirSync();
  records: Record<string, unknown> = { a: RECORD };
  exits: Exit[] = [];

  constructor(readonly layout: "unified" | "legacy") {
    Deno.mkdirSync(`${this.directory}/named`);
    for (const name of ["cpu.stat", "memory.current"]) this.write(`unified/${name}`, "");
    for (const name of ["cpuacct.usage"]) this.write(`cpu,cpuacct/${name}`, "");
    this.write("memory/memory.usage_in_bytes", "");
  }

  write(file: string, text: string): void {
    const path = `${this.directory}/${file}`;
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }

  /** Writes the cgroup files of a task. */
  task(name: string, given: { cpu?: number; pids?: string; frozen?: boolean } = {}): void {
    const { cpu = 0, pids = "7\n", frozen = false } = given;
    this.write(`named/task-${name}/cgroup.procs`, `6\n${pids}`);
    if (this.layout === "unified") {
      this.write(`unified/task-${name}/cgroup.procs`, pids);
      this.write(`unified/task-${name}/cpu.stat`, `usage_usec ${cpu / 1000}\nuser_usec 1\n`);
      this.write(`unified/task-${name}/memory.current`, "8192\n");
      this.write(`unified/task-${name}/cgroup.freeze`, frozen ? "1\n" : "0\n");
    } else {
      this.write(`freezer/task-${name}/cgroup.procs`, pids);
      this.write(`freezer/task-${name}/freezer.state`, frozen ? "FREEZING\n" : "THAWED\n");
      this.write(`cpu,cpuacct/task-${name}/cpuacct.usage`, `${cpu}\n`);
      this.write(`memory/task-${name}/memory.usage_in_bytes`, "8192\n");
    }
  }

  remove(name: string): void {
    Deno.removeSync(`${this.directory}/named/task-${name}`, { recursive: true });
  }

  sampler(assertThere = () => {}): Sampler {
    const names = this.layout === "unified" ? ["unified"] : ["cpu,cpuacct", "memory", "freezer"];
    const hierarchies = names.map((name): Hierarchy => ({
      name,
      version: name === "unified" ? 2 : 1,
      cgroup: "",
      tasks: true,
    }));
    const namespace = { namespace: "web", hierarchies } as unknown as Namespace;
    return new Sampler(namespace, {
      directory: this.directory,
      assertThere,
      sizeAt: () => 1234,
      record: (name) => this.records[name] as RunRecord,
      exits: () => this.exits,
      recordOf: ({ task }) => this.records[task] as RunRecord,
    });
  }
}

function fakeTest(name: string, body: (fake: Fake) => void): void {
  for (const layout of ["unified", "legacy"] as const) {
    Deno.test(`${name} (${layout})`, () => {
      const fake = new Fake(layout);
      try {
        body(fake);
      } finally {
        Deno.removeSync(fake.directory, { recursive: true });
      }
    });
  }
}

fakeTest("a sample has all fields of a task", (fake) => {
  fake.task("a", { cpu: 5_000_000, pids: "7\n8\n8\n" });
  fake.write("named/enter-b/cgroup.procs", "9\n");
  const { time, tasks } = fake.sampler().sample(0, 777, 65_000);
  assertEquals(time, 777);
  assertEquals(tasks, [{
    id: "a",
    name: "a",
    inode: Deno.statSync(`${fake.directory}/named/task-a`).ino ?? -1,
    state: "running",
    processes: 2,
    cpu: null,
    cpuTime: 5_000_000,
    memory: 8192,
    age: 60_000,
    logSize: 1234,
    memoryLimit: 4096,
    cpuLimit: 0.5,
    command: "sleep 1000",
    log: "/var/log/lanco-web/task-a.log",
  }]);
});

fakeTest("the age of a task does not depend on the wall clock", (fake) => {
  const sampler = fake.sampler();
  fake.task("a");
  const age = (time: number, boot: number) => sampler.sample(boot, time, boot).tasks[0]?.age;
  assertEquals(age(20_785 * 86_400_000, 6000), 1000);
  assertEquals(age(0, 9000), 4000);
});

fakeTest("CPU % is measured between two samples", (fake) => {
  const sampler = fake.sampler();
  const cpu = (nanoseconds: number, now: number) => {
    fake.task("a", { cpu: nanoseconds });
    return sampler.sample(now).tasks[0]?.cpu;
  };
  assertEquals(cpu(1e9, 0), null);
  assertEquals(cpu(1.5e9, 1000), 50);
  // The interval is too short: the previous value is kept.
  assertEquals(cpu(1.5001e9, 1001), 50);
  assertEquals(cpu(5.5e9, 3000), 200);
  assertEquals(cpu(0, 4000), 0);
});

fakeTest("a sample has paused tasks and processes in sub-cgroups, but no ended tasks", (fake) => {
  const sampler = fake.sampler();
  const tracker = fake.layout === "unified" ? "unified" : "freezer";
  fake.task("a", { frozen: true });
  fake.write(`${tracker}/task-a/own/cgroup.procs`, "8\n9\n");
  fake.task("b");
  assertEquals(
    sampler.sample().tasks.map(({ name, state, processes }) => [name, state, processes]),
    [["a", "paused", 3], ["b", "running", 1]],
  );
  fake.remove("a");
  fake.write("named/task-b/cgroup.procs", "");
  fake.write(`${tracker}/task-b/cgroup.procs`, "");
  assertEquals(sampler.sample().tasks, []);
});

fakeTest("the record is read at the beginning of a run, also if `run` writes it late", (fake) => {
  const sampler = fake.sampler();
  const command = (now: number) => sampler.sample(now).tasks[0]?.command;
  fake.task("a");
  assertEquals(command(0), "sleep 1000");
  // `run` has created the cgroup, but writes the record only now.
  fake.records = { a: { ...RECORD, command: ["make"] } };
  assertEquals(command(100), "make");
  assertEquals(command(2100), "make");
  fake.records = {};
  assertEquals(command(3000), "make");
  Deno.renameSync(`${fake.directory}/named/task-a`, `${fake.directory}/named/old`);
  fake.task("a");
  assertEquals(command(4000), "");
});

fakeTest("a record with fields of the wrong type does no harm", (fake) => {
  fake.task("a");
  for (const record of [null, 7, [], { command: 7, log: {}, started: "x", limits: null }]) {
    fake.records = { a: record };
    const [task] = fake.sampler().sample().tasks;
    const { memoryLimit, cpuLimit, age, command, log } = task ?? {};
    assertEquals([memoryLimit, cpuLimit, age, command, log], [null, null, null, "", null]);
  }
});

fakeTest("an exit command has the log of its task, but not the limits", (fake) => {
  fake.exits = [{ task: "a", inode: 4 }, { task: "b", inode: 5 }];
  const [a, b] = fake.sampler().sample().tasks;
  assertEquals([a?.log, a?.command], [RECORD.log, "(exit command)"]);
  assertEquals([a?.memoryLimit, a?.cpuLimit, b?.log], [null, null, null]);
  // Its log may be unknown to its owner, too.
  assert(b !== undefined && !withoutLog(b).startsWith("only its owner"));
});

fakeTest("a counter that the host does not have is null", (fake) => {
  for (const file of ["unified/memory.current", "memory/memory.usage_in_bytes"]) {
    Deno.removeSync(`${fake.directory}/${file}`);
  }
  fake.task("a");
  assertEquals(fake.sampler().sample().tasks[0]?.memory, null);
});

fakeTest("sample() throws if the namespace is not initialised", (fake) => {
  const sampler = fake.sampler(() => {
    throw new NotInitialised("web");
  });
  assertThrows(() => sampler.sample(), NotInitialised);
});
