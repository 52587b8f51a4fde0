/** Namespaces that root's scripts alone have made, kept by systemd. */
import { assert, assertEquals } from "@std/assert";
import { exec, OWNER, OWNER_GROUP, type Result, start } from "../programs.ts";

const read = (name: string) =>
  Deno.readTextFileSync(new URL(`../../src/root/${name}.sh`, import.meta.url));
// As in src/root/mod.ts.
const DOWN = ["common", "named_down", "systemd_down", "down"].map(read).join("\n");
const UP = [DOWN, ...["limits", "named_up", "systemd_up", "up"].map(read)].join("\n");
const HOST = '{"memory":1,"cpus":1,"pids":1}';

/** A namespace of one test. */
export class Unit {
  readonly name = `${Deno.env.get("LANCO_TEST_PREFIX") ?? "lt-"}${crypto.randomUUID().slice(0, 8)}`;
  readonly unit = `lanco-${this.name}.service`;
  readonly file = `/run/systemd/system/${this.unit}`;
  readonly directory = `/run/lanco/${this.name}`;
  readonly unified = `${this.directory}/unified`;
  readonly cgroup = `/sys/fs/cgroup/system.slice/${this.unit}`;

  /** Brings it up, under another program if one is given. */
  up(uid = OWNER, under: string[] = [], limits: string[] = []): Promise<Result> {
    const words = [
      String(uid),
      String(OWNER_GROUP),
      "systemd",
      "yes",
      "",
      HOST,
      "no",
      "",
      "",
      ...limits,
    ];
    return asRoot([...under, "/bin/sh", "-c", UP, "lanco", "up", this.name, ...words]);
  }

  down(under: string[] = []): Promise<Result> {
    return asRoot([...under, "/bin/sh", "-c", DOWN, "lanco", "down", this.name]);
  }

  /** Has systemd move processes, as a user. */
  attach(path: string, pids: number[], uid: number = OWNER, unit = this.unit): Promise<Result> {
    const words = [unit, path, String(pids.length), ...pids.map(String)];
    return exec(["busctl", "--quiet", "call", ...MANAGER, ...ATTACH, ...words], { uid });
  }

  /** What systemd says of it. */
  async show(property: string): Promise<string> {
    const { stdout } = await asRoot([
      "systemctl",
      "show",
      `--property=${property}`,
      "--value",
      this.unit,
    ]);
    return stdout.trim();
  }

  /** What of it is there: nothing after its release. */
  async traces(): Promise<string[]> {
    const mounts = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
    return [
      ...mounts.filter((line) => line.includes(this.name)),
      ...[this.file, `${this.file}.new`, this.directory, this.cgroup].filter(exists),
      ...[await this.show("ActiveState"), await this.show("LoadState")]
        .filter((state) => state !== "inactive" && state !== "not-found"),
    ];
  }
}

const MANAGER = [
  "org.freedesktop.systemd1",
  "/org/freedesktop/systemd1",
  "org.freedesktop.systemd1.Manager",
];
const ATTACH = ["AttachProcessesToUnit", "ssau"];

export function asRoot(command: string[]): Promise<Result> {
  return exec(command, { uid: 0, clearEnv: true, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } });
}

export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The cgroup of a process, below the unit's; or all of it. */
export function cgroupOf(pid: number, unit: Unit): string {
  const [, path = ""] = /^0::(.*)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/cgroup`)) ?? [];
  return path.startsWith(`/system.slice/${unit.unit}`) ? path.split(unit.unit)[1] ?? "" : path;
}

/** Runs the body with a process of the user's, which ends with it. */
export async function withProcess(
  uid: number,
  body: (pid: number) => Promise<void>,
): Promise<void> {
  const process = uid === OWNER
    ? start(["sleep", "1000"])
    : new Deno.Command("setpriv", { args: [`--reuid=${uid}`, "sleep", "1000"] }).spawn();
  try {
    // Until it has its ids.
    while (!/^Uid:\t(\d+)/m.exec(status(process.pid))?.[1]?.match(`^${uid}$`)) await later(5);
    await body(process.pid);
  } finally {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await process.status;
  }
}

const status = (pid: number) => Deno.readTextFileSync(`/proc/${pid}/status`);
const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export function must({ code, stderr }: Result): void {
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
}

/** Declares a test with a namespace of its own, which must leave nothing. */
export function unitTest(name: string, body: (unit: Unit) => Promise<void>): void {
  Deno.test(name, async () => {
    const unit = new Unit();
    try {
      must(await unit.up());
      await body(unit);
    } finally {
      must(await unit.down());
      assertEquals(await unit.traces(), []);
    }
  });
}

/** Releases what may not be there. */
export async function downIfAny(unit: Unit): Promise<void> {
  const { code, stderr } = await unit.down();
  assert(code === 0 || code === 5, stderr);
}
