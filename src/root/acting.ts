import prologue from "../launch/shim/prologue.sh" with { type: "text" };
import script from "./owner.sh" with { type: "text" };
import { Failed, NotPermitted, reason } from "../cli/errors.ts";
import { isUnread, writeMeanwhile } from "../cli/standard_output.ts";
import { readVariables, wayOfOutput } from "../namespace/caller.ts";
import { type Namespace, namespaceDirectory } from "../namespace/namespace.ts";
import { PROC } from "../namespace/paths.ts";
import { type Signal, SIGNALS } from "../task/signals.ts";

/** What root's environment hands on to the owner: how to speak to who asks. */
const HANDED_ON = /^(TERM|LANG|LC_[A-Z]+|TZ|NO_COLOR)$/;

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The signals that end it. */
const ENDING: readonly Signal[] = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"];

/** What the terminal's keys send, which a pager that has the terminal takes for itself. */
const KEYS: readonly Signal[] = ["SIGINT", "SIGQUIT"];

/** The signals that are only handed on. */
const HANDED: readonly Signal[] = ["SIGWINCH", "SIGUSR1", "SIGUSR2"];

/** How long it may take to end when it is asked to, in milliseconds. */
const GRACE = 2000;

/** How long the kernel may take to end what was killed, in milliseconds. */
const KILL_WAIT = 1000;

/** How often to count its silence, in milliseconds. */
const TICK = 500;

/** Who owns a namespace. */
export interface Owner {
  /** His number. */
  uid: number;
  /** His name, or his number if he has none. */
  owner: string;
  /** The namespace, if there still is one. */
  namespace?: Namespace;
}

/** How it ended. */
export interface Ending {
  /** Its exit status; 128 + n if it died of signal n, which root's command was sent. */
  code?: number;
  /** What happened to it, if it came to no end of its own. */
  what: string;
  /** 128 + n if root's command was sent signal n. */
  signalled?: number;
}

/** What becomes of its output: it has root's streams, or the output is copied, or kept. */
export type Output = "inherited" | "copied" | "kept";

/** This program, started again by root as the owner of a namespace. */
export class Acting {
  readonly #pid: number;
  readonly #lost = Promise.withResolvers<undefined>();
  readonly #listeners: [Signal, () => void][] = [];
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  /** For how many ticks it has said nothing. */
  #silent = 0;
  /** Why it was killed. */
  #why = "";
  /** The signal by which root's command is to end. */
  #told: Signal | undefined;
  #kept = "";

  private constructor(
    private readonly owner: Owner,
    private readonly child: Deno.ChildProcess,
    private readonly output: Output,
  ) {
    this.#pid = child.pid;
    for (const signal of ENDING) this.#listen(signal, () => this.#tell(signal));
    for (const signal of HANDED) this.#listen(signal, () => this.#send(signal));
    this.#listen("SIGTSTP", () => this.#suspend());
  }

  /**
   * Starts it.
   *
   * @param args The command line.
   * @throws {NotPermitted} if the owner may not execute this program.
   */
  static start(owner: Owner, args: readonly string[], output: Output): Acting {
    const program = Deno.execPath();
    const ids = idsOf(owner.uid);
    assertExecutable(program, ids, owner);
    const words = ["-c", prologue, "lanco", script, String(ids.uid), String(ids.gid), ids.groups];
    const piped = output === "inherited" ? "inherit" : "piped";
    try {
      const child = new Deno.Command("/bin/sh", {
        args: [...words, program, ...args],
        cwd: "/",
        clearEnv: true,
        env: { ...handedOn(), PATH },
        stdin: output === "inherited" ? "inherit" : "null",
        stdout: piped,
        stderr: output === "kept" ? "null" : "inherit",
      }).spawn();
      return new Acting(owner, child, output);
    } catch (error) {
      throw new Failed(`cannot start /bin/sh: ${reason(error)}`);
    }
  }

  /** What it has printed, if that was kept. */
  get kept(): string {
    return this.#kept;
  }

  /**
   * Waits until it has ended, or is lost.
   *
   * @param patience After how much silence it is killed, in milliseconds.
   */
  async end(patience: number): Promise<Ending> {
    this.#timers.push(setInterval(() => this.#tick(patience), TICK));
    const ended = Promise.all([this.child.status, this.#hear()]).then(([status]) => status);
    // When it is lost nobody minds what becomes of the output.
    ended.catch(() => {});
    try {
      return this.#ending(await Promise.race([ended, this.#lost.promise]));
    } finally {
      for (const timer of this.#timers) clearTimeout(timer);
      for (const [signal, listener] of this.#listeners) {
        Deno.removeSignalListener(signal, listener);
      }
    }
  }

  #ending(status: Deno.CommandStatus | undefined): Ending {
    const told = this.#told;
    const signalled = told === undefined ? {} : { signalled: 128 + numberOf(told) };
    if (status !== undefined && (status.signal === null || status.signal === told)) {
      return { code: status.code, what: "", ...signalled };
    }
    const how = this.#why === ""
      ? `was killed by ${status?.signal}`
      : `${this.#why} and was killed`;
    const held = status === undefined
      ? `: process ${this.#pid} is held, and dies when it is let go`
      : "";
    return { what: `what acted as ${this.owner.owner} for root ${how}${held}`, ...signalled };
  }

  /** Takes what it prints, as long as somebody wants it. */
  async #hear(): Promise<void> {
    if (this.output === "inherited") return;
    const text = new TextDecoder();
    for await (const bytes of this.child.stdout) {
      if (this.output === "kept") this.#kept += text.decode(bytes, { stream: true });
      // Who reads slowly has time: meanwhile nothing counts.
      else if (!await this.#patiently(handOn(bytes))) return;
      this.#silent = 0;
    }
  }

  async #patiently<T>(wait: Promise<T>): Promise<T> {
    const timer = setInterval(() => this.#silent = 0, TICK);
    try {
      return await wait;
    } finally {
      clearInterval(timer);
    }
  }

  /** Counted are the ticks of this process, which may itself be stopped for long. */
  #tick(patience: number): void {
    this.#silent++;
    if (this.#silent * TICK < patience) return;
    this.#kill(`said nothing for ${patience / 1000} seconds`);
  }

  #listen(signal: Signal, listener: () => void): void {
    Deno.addSignalListener(signal, listener);
    this.#listeners.push([signal, listener]);
  }

  #tell(signal: Signal): void {
    this.#send(signal);
    if (KEYS.includes(signal) && this.#hasPager()) return;
    this.#told ??= signal;
    this.#timers.push(setTimeout(() => this.#kill(`did not end by ${signal}`), GRACE));
  }

  #hasPager(): boolean {
    try {
      return Deno.readTextFileSync(`${PROC}/${this.#pid}/task/${this.#pid}/children`) !== "";
    } catch {
      return false;
    }
  }

  /** Stops with the job of a terminal, of whose session the other is not. */
  #suspend(): void {
    this.#send("SIGSTOP");
    Deno.kill(Deno.pid, "SIGSTOP");
    this.#send("SIGCONT");
  }

  #kill(why: string): void {
    if (this.#why !== "") return;
    this.#why = why;
    this.#send("SIGKILL");
    this.#thaw();
    this.#timers.push(setTimeout(() => this.#lost.resolve(undefined), KILL_WAIT));
  }

  /** Takes it out of a frozen cgroup of v1, where nothing dies: its owner may have put it there. */
  #thaw(): void {
    const { namespace } = this.owner;
    for (const { name, version } of namespace?.hierarchies ?? []) {
      if (version !== 1 || !name.split(",").includes("freezer")) continue;
      const file = `${namespaceDirectory(namespace?.namespace ?? "")}/${name}/cgroup.procs`;
      try {
        Deno.writeTextFileSync(file, String(this.#pid), { create: false });
      } catch {
        // It is gone, or the namespace is.
      }
    }
  }

  /** Sends a signal to it and what it has started. It is this process's child: its number is its own. */
  #send(signal: Signal): void {
    for (const target of [-this.#pid, this.#pid]) {
      try {
        return Deno.kill(target, signal);
      } catch {
        // It has no group of its own yet, or has ended.
      }
    }
  }
}

/** Returns false if nobody reads it any more. */
async function handOn(bytes: Uint8Array): Promise<boolean> {
  try {
    await writeMeanwhile(bytes, wayOfOutput());
    return true;
  } catch (error) {
    if (isUnread(error)) return false;
    throw new Failed(`cannot write to standard output: ${reason(error)}`);
  }
}

/** By which numbers it is the owner's. */
interface Ids {
  uid: number;
  gid: number;
  /** What setpriv(1) is told of the other groups. */
  groups: string;
}

/** One who has no name has no groups, and that of init -g, which is for reading, is not his. */
function idsOf(uid: number): Ids {
  const { stdout } = run("/usr/bin/getent", ["passwd", String(uid)]);
  const gid = new TextDecoder().decode(stdout).split(":")[3] ?? "";
  return /^\d+$/.test(gid)
    ? { uid, gid: Number(gid), groups: "--init-groups" }
    : { uid, gid: 65534, groups: "--clear-groups" };
}

function assertExecutable(program: string, { uid, gid, groups }: Ids, { owner }: Owner): void {
  const ids = [`--reuid=+${uid}`, `--regid=+${gid}`, groups];
  const { success, code } = run("/usr/bin/setpriv", [...ids, "/usr/bin/test", "-x", program]);
  if (success) return;
  // What test(1) says; all else is said of how it could not be started.
  if (code !== 1) {
    throw new Failed(
      `cannot act as ${owner}: no process of his can be started: he may have as many as he is allowed (RLIMIT_NPROC, "ulimit -u")`,
    );
  }
  throw new NotPermitted(
    `${owner} may not execute ${program}: put it where he may, such as /usr/local/bin`,
  );
}

function run(program: string, args: string[]): Deno.CommandOutput {
  const options = { args, cwd: "/", clearEnv: true, stdin: "null", stderr: "null" } as const;
  return new Deno.Command(program, options).outputSync();
}

function handedOn(): Record<string, string> {
  return Object.fromEntries([...readVariables()].filter(([name]) => HANDED_ON.test(name)));
}

function numberOf(signal: Signal): number {
  return Number(Object.entries(SIGNALS).find(([, name]) => name === signal)?.[0]);
}
