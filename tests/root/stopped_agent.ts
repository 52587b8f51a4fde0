/** Stops a release agent at a chosen system call, for tests. */
import { signalling } from "../faults/fault.ts";
import { type TestNamespace, until } from "../harness.ts";

/** The system call at which an agent is to be stopped. */
export interface Moment {
  /** The name of the system call. */
  call: string;
  /** Its path; undefined for any. */
  path?: string;
  /** Which of such calls it is, counted from 1. */
  n?: number;
}

/** An agent that has been stopped. */
export class StoppedAgent {
  #hasEnded = false;

  private constructor(
    private readonly tracer: Deno.ChildProcess,
    private readonly said: string,
    /** The stopped process: the agent, or a program that it has started. */
    readonly pid: number,
    /** The agent. */
    readonly agent: number,
  ) {
    tracer.status.then(() => this.#hasEnded = true);
  }

  /** Runs the agent as the kernel does, and waits until it is stopped at this call. */
  static async at(ns: TestNamespace, path: string, moment: Moment): Promise<StoppedAgent> {
    const said = `${ns.scratch}/stopped-${crypto.randomUUID()}`;
    const { call, n = 1 } = moment;
    const options = ["-f", ...(moment.path ? ["-P", moment.path] : [])];
    const words = signalling("STOP", call, n, ...options).map((word) =>
      word === "/dev/null" ? said : word
    );
    const process = new Deno.Command("/usr/bin/strace", {
      args: [...words.slice(1).filter((word) => word !== "-qq"), ns.agent, path],
      cwd: "/",
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const stopped = /^(\d+) +--- stopped by SIGSTOP ---$/m;
    await until(`the agent is stopped at ${call}`, () => stopped.test(textOf(said)));
    const pid = Number(stopped.exec(textOf(said))?.[1]);
    const children = `/proc/${process.pid}/task/${process.pid}/children`;
    const [agent = 0] = Deno.readTextFileSync(children).trim().split(" ").map(Number);
    return new StoppedAgent(process, said, pid, agent);
  }

  /** Lets the agent go on, also whenever one of its programs is stopped, and waits for its end. */
  async goOn(): Promise<void> {
    for (let done = 0; !this.#hasEnded;) {
      const stopped = [...textOf(this.said).matchAll(/^(\d+) +--- stopped by SIGSTOP ---$/gm)];
      for (; done < stopped.length; done++) Deno.kill(Number(stopped[done]?.[1]), "SIGCONT");
      await Promise.race([this.tracer.status, new Promise((resolve) => setTimeout(resolve, 10))]);
    }
  }

  /** Kills the agent. */
  kill(): void {
    Deno.kill(this.agent, "SIGKILL");
  }

  /** Kills the processes that are left. */
  async end(): Promise<void> {
    // Later their numbers may be those of other processes.
    for (const pid of this.#hasEnded ? [] : new Set([this.agent, this.pid])) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch { /* it has ended */ }
    }
    await this.tracer.status;
  }
}

function textOf(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}
