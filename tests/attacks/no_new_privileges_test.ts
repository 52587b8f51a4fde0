import { assertMatch } from "@std/assert";
import { cgroupTest, LANCO, OWNER, until } from "../harness.ts";

/** Reads the status of a process (proc_pid_status(5)); empty if there is none. */
function statusOf(pid: number): string {
  return unlessGone(() => Deno.readTextFileSync(`/proc/${pid}/status`));
}

/** What it reads; nothing if the process has ended meanwhile. */
function unlessGone(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}

/** The descendant of a process that acts as the owner for a command of root's. */
function actingFor(outer: number): number | undefined {
  const children = Deno.readTextFileSync(`/proc/${outer}/task/${outer}/children`);
  return children.split(" ").map(Number).find((pid) =>
    new RegExp(`^Uid:\\s+${OWNER}\\s`, "m").test(statusOf(pid)) &&
    unlessGone(() => Deno.readLinkSync(`/proc/${pid}/exe`)) === LANCO
  );
}

// Otherwise a setuid program in the place of a pager or of tail(1) could get more rights.
cgroupTest(
  "a process that acts for root cannot get more rights by executing a program",
  async (ns) => {
    await ns.must("run", "a", "sh", "-c", "trap '' TERM; while :; do sleep 1; done");
    for (
      const words of [["events"], ["wait", "a"], ["logs", "-f", "a"], ["stop", "-t", "60", "a"]]
    ) {
      const outer = new Deno.Command(LANCO, {
        args: [ns.name, ...words],
        cwd: "/",
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      try {
        let acting: number | undefined;
        await until(
          "a process acts as the owner",
          () => (acting = actingFor(outer.pid)) !== undefined,
        );
        assertMatch(statusOf(acting ?? 0), /^NoNewPrivs:\s1$/m, words.join(" "));
      } finally {
        outer.kill("SIGTERM");
        await outer.status;
      }
    }
  },
);
