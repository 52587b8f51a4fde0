import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Failed } from "../../../src/cli/errors.ts";
import { assertOutsideCallerCgroups } from "../../../src/keeper/named/cgroup_moves.ts";
import { readNamespace } from "../../../src/namespace/namespace.ts";
import { ReplacedAgent } from "../../faults/replaced_agent.ts";
import { cgroupTest, exists, LEGACY, start, until } from "../../harness.ts";

// On a legacy host there are no admission requests.
if (!LEGACY) {
  cgroupTest(
    "run tries again when a late release agent has removed the task's cgroup",
    async (ns) => {
      const agent = new ReplacedAgent(ns);
      const once = `${ns.agent}.once`;
      // The agent removes the task's cgroup before it moves the process, as one that was called for
      // the run before.
      agent.becomes(`case $1 in
      /bell-*) mkdir ${once} && rmdir ${ns.directory}/unified/task-a ;;
      esac
      exec ${agent.real} "$@"`);
      assertEquals(await ns.lanco("run", "a", "sleep", "1000"), {
        code: 0,
        stdout: "",
        stderr: "",
      });
      assertEquals([exists(once), ns.task("a").length], [true, 1]);
      const [task = 0] = ns.task("a");
      const cgroups = Deno.readTextFileSync(`/proc/${task}/cgroup`);
      assertMatch(cgroups, new RegExp(`^0::/lanco-${ns.name}/task-a$`, "m"));
    },
  );

  cgroupTest(
    "run does not execute the command while its shim is in the caller's cgroup",
    async (ns) => {
      const before = ns.traces();
      const agent = new ReplacedAgent(ns);
      const begun = `${ns.scratch}/begun`;
      // This agent moves only the task's first process: the one whose parent is also in the cgroup.
      agent.becomes(`case $1 in
    /bell-*)
      members=" $(tr '\\n' ' ' <${ns.directory}/named/task-a/cgroup.procs)"
      for pid in $members; do
        case $members in
        *" $(ps -o ppid= -p $pid | tr -d ' ') "*) echo $pid >${ns.directory}/unified/task-a/cgroup.procs ;;
        esac
      done
      echo 1 >${ns.directory}/named$1/cgroup.clone_children
      rmdir ${ns.directory}/named/enter-\${1#/bell-}/* ${ns.directory}/named/enter-\${1#/bell-} ${ns.directory}/named$1 ;;
    *) exec ${agent.real} "$@" ;;
    esac`);
      const { code, stderr } = await ns.lanco("run", "a", "touch", begun);
      assertMatch(
        stderr,
        /ERROR\/run\] the task did not leave its caller's cgroup \S+ of unified: run "sudo lanco \S+ init" again\n$/,
      );
      assertEquals([code, exists(begun)], [1, false]);
      await until("no trace is left", () => ns.traces().join() === before.join());
      assertEquals((await ns.lanco("check", "a")).code, 3);
      agent.restore();
      await ns.must("run", "a", "touch", begun);
      await until("the command has run", () => exists(begun));
    },
  );
}

/** Starts a process, outside of the namespace, whose child has ended and is waited for by nobody. */
async function parentOfZombie(): Promise<{ parent: Deno.ChildProcess; zombie: number }> {
  const line =
    "exec 3<&0; cat <&3 >/dev/null & echo $!; exec sleep 1000 </dev/null >/dev/null 3<&-";
  const parent = start(["/bin/sh", "-c", line], { stdin: "piped", stdout: "piped" });
  const zombie = Number(await new Response(parent.stdout).text());
  // A shell would wait for it.
  const name = () => Deno.readTextFileSync(`/proc/${parent.pid}/comm`);
  await until("its parent is no shell any more", () => name() === "sleep\n");
  await parent.stdin.close();
  await until("its child has ended", () => isZombie(zombie));
  return { parent, zombie };
}

function isZombie(pid: number): boolean {
  return /^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
}

cgroupTest("the caller's cgroup is not blamed for a process that has ended", async (ns) => {
  const namespace = readNamespace(ns.name);
  const { parent, zombie } = await parentOfZombie();
  try {
    // The kernel shows it in the root of each hierarchy of v1, which is not the namespace's.
    assertOutsideCallerCgroups(namespace, zombie);
    assertThrows(
      () => assertOutsideCallerCgroups(namespace, parent.pid),
      Failed,
      "the task did not leave its caller's cgroup",
    );
  } finally {
    parent.kill("SIGKILL");
    await parent.status;
  }
});
