import { identity, OWNER } from "../harness.ts";

/** A script of this directory that goes on while a test does something else. */
export interface Running {
  pid: number;
  /** Ends it, however far it is. */
  stop(): Promise<void>;
}

/** The text of a script of this directory. */
export function pythonOf(script: string): string {
  return Deno.readTextFileSync(new URL(script, import.meta.url));
}

/** Starts a script of this directory, as the owner unless it is said as whom. */
export function startPython(script: string, args: string[], uid = OWNER): Running {
  const text = pythonOf(script);
  const process = new Deno.Command("/usr/bin/setpriv", {
    args: [...identity(uid), "/usr/bin/nice", "/usr/bin/python3", "-c", text, ...args],
    cwd: "/",
    stdin: "null",
    stdout: "null",
  }).spawn();
  return {
    pid: process.pid,
    async stop() {
      process.kill("SIGKILL");
      await process.status;
    },
  };
}
