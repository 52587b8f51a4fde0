/** What the measured tools share: each does the same work, a "sleep 1000" under a name. */
import { OWNER, WORK } from "./measure.ts";

/** One way to launch tasks. */
export interface Tool {
  name: string;
  /** Makes all ready for so many tasks; throws if it cannot. */
  begin(count: number): Promise<void> | void;
  launch(task: string): Promise<unknown> | unknown;
  check(task: string): Promise<unknown> | unknown;
  stop(task: string): Promise<unknown> | unknown;
  /** All of them, for who can do that at once. */
  launchAll?(tasks: string[]): Promise<void>;
  stopAll?(tasks: string[]): Promise<void>;
  /** Prints all. */
  list?(): unknown;
  /** The command lines of its processes that are resident, and of those of a task beside the task itself. */
  resident: RegExp;
  /** Waits until that has ended; for who can be told of it. */
  hear?(task: string): Promise<unknown>;
  /** Launches what forks without end, and ends it. */
  bomb?: { launch(): Promise<unknown> | unknown; stop(): Promise<unknown> | unknown };
  end(): Promise<void> | void;
}

/** The directory of what they need, the owner's. */
export const directory = `${WORK}/beside`;

/** Forks 400 times, every second one into a session of its own; the number tells them from others. */
const BOMB = `#!/bin/sh
i=0
while [ $((i += 1)) -le 400 ]; do
  if [ $((i % 2)) = 0 ]; then setsid sleep 4004 & else sleep 4004 & fi
done
wait
`;
/** The program of that. */
export const bomb = `${directory}/bomb`;

/** Runs a line of shell as the owner, which must succeed. Returns what it says. */
export function sh(line: string, env: Record<string, string> = {}): string {
  // A file, for a pipe would be held open by whatever goes on in the background.
  const said = `${directory}/said`;
  const { code } = new Deno.Command("/usr/bin/timeout", {
    args: ["20", "/bin/sh", "-c", `exec >${said} 2>&1\n${line}`],
    cwd: "/",
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    ...OWNER,
  }).outputSync();
  const text = Deno.readTextFileSync(said).trim();
  if (code !== 0) throw new Error(`${line}: ${code} ${text}`);
  return text;
}

/** Waits for a program to end. */
export async function ended(program: string, args: string[], env: Record<string, string> = {}) {
  const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
  await new Deno.Command(program, { args, cwd: "/", env, ...streams, ...OWNER }).spawn().status;
}

/** Makes the directory. */
export function makeDirectory(): void {
  Deno.mkdirSync(directory, { recursive: true });
  Deno.chownSync(directory, OWNER.uid, OWNER.gid);
  Deno.writeTextFileSync(bomb, BOMB, { mode: 0o755 });
}
