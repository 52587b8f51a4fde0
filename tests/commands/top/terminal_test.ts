import { assert, assertEquals, assertMatch } from "@std/assert";
import { cgroupTest, identity, LANCO, OWNER, STRANGER, type TestNamespace } from "../../harness.ts";
import { Tmux } from "./tmux.ts";

/** A test with a terminal in which `lanco <namespace> top` runs. */
function topTest(
  name: string,
  body: (ns: TestNamespace, tmux: Tmux) => Promise<void>,
  options: { uid?: number; env?: Record<string, string>; top?: string } = {},
): void {
  cgroupTest(`top ${name}`, async (ns) => {
    for (const task of ["alpha", "beta", "gamma"]) {
      await ns.must("run", task, "sh", "-c", `echo hello of ${task}; sleep 1000`);
    }
    const tmux = new Tmux(ns, options.uid, options.env);
    try {
      await tmux.open();
      await tmux.enter(
        `${options.top ?? ""} ${LANCO} ${ns.name} top -n 0.3; echo status $?`.trim(),
      );
      await body(ns, tmux);
    } finally {
      await tmux.close();
    }
  });
}

topTest("draws, moves the selection, sorts, filters, shows help and quits", async (ns, tmux) => {
  await tmux.shows(/> alpha +running +2 +0\.0 .*sh -c echo hello/);
  const screen = await tmux.screen();
  assert(screen.startsWith(`${ns.name}: 3 tasks, 6 processes, `), screen);
  assertMatch(screen, /^CPU +\[.*\] \d+\.\d % of \d+ %$/m);
  assertMatch(screen, /^Memory +\[.*\] \S+ \S+ of \S+ GiB$/m);
  assertMatch(screen, /NAME +STATE +PROCS +CPU%▼ +MEMORY +TIME +AGE COMMAND/);
  await tmux.shows(/── log of alpha: .*─\nhello of alpha\n/);
  await tmux.press("Down", "j");
  await tmux.shows(/> gamma .*\n[^]*\nhello of gamma\n/);
  await tmux.press("n", "n");
  await tmux.shows(/NAME▼[^]*> gamma [^]* beta [^]* alpha /);
  await tmux.press("/", "e", "t");
  await tmux.shows(/1 of 3 tasks[^]*> beta [^]*\n\/et_/);
  await tmux.press("Escape");
  await tmux.shows(/: 3 tasks[^]*\n {2}gamma .*\n> beta /);
  await tmux.press("?");
  await tmux.shows(/^Keys\n[^]*any key to go back/);
  await tmux.press("x");
  await tmux.shows("> beta ");
  await tmux.press("q");
  await tmux.isRestored(0);
  assert(!(await tmux.screen()).includes("NAME"));
});

topTest("works on a terminal that belongs to another user, as for sudo -u", async (_ns, tmux) => {
  await tmux.shows("> alpha ");
  await tmux.press("j");
  await tmux.shows("> beta ");
  await tmux.press("q");
  await tmux.isRestored(0);
}, { uid: 0, top: `setpriv ${identity(OWNER).join(" ")}` });

topTest("redraws when the terminal is resized", async (_ns, tmux) => {
  await tmux.shows("COMMAND");
  await tmux.resize(40, 12);
  await tmux.shows(/NAME +STATE +CPU%▼ +MEMORY +AGE\n> alpha +running +\d/);
  const lines = (await tmux.screen()).split("\n");
  assertMatch(lines[11] ?? "", /^\? help {3}q quit/);
  await tmux.resize(100, 30);
  await tmux.shows(/NAME .* COMMAND[^]*\? help .* l log/);
  await tmux.press("q");
  await tmux.isRestored(0);
});

topTest("pauses and resumes, and stops and kills only after y", async (ns, tmux) => {
  await tmux.shows("> alpha ");
  await tmux.press("p");
  await tmux.shows(/> alpha +paused/);
  await tmux.press("p");
  await tmux.shows(/> alpha +running/);
  await tmux.press("s");
  await tmux.shows("stop task alpha? y/n");
  await tmux.press("n");
  await tmux.shows("? help");
  assertEquals(ns.task("alpha").length, 2);
  await tmux.press("s", "y");
  await ns.gone("alpha");
  await tmux.shows(/: 2 tasks[^]*> beta [^]*task alpha has been stopped/);
  await tmux.press("j", "K", "y");
  await ns.gone("gamma");
  await tmux.shows(/: 1 task,[^]*task gamma has been killed/);
  assertEquals(ns.task("beta").length, 2);
  await tmux.press("q");
  await tmux.isRestored(0);
});

for (const uid of [OWNER, 0]) {
  topTest(`goes on while user ${uid} stops a task that ignores TERM`, async (ns, tmux) => {
    await ns.must("run", "stubborn", "sh", "-c", "trap '' TERM; while :; do sleep 1; done");
    await tmux.shows("stubborn ");
    await tmux.press("n", "G");
    await tmux.shows("> stubborn ");
    await tmux.press("s", "y");
    await tmux.shows(/> stubborn +stopping/);
    await tmux.press("g");
    await tmux.shows(/> alpha [^]*stubborn +stopping/);
    await tmux.press("q");
    await tmux.shows("task stubborn was still being stopped");
    await tmux.isRestored(0);
    // Root does not kill what the user has left like this.
    assertEquals(ns.task("stubborn").length, 2);
  }, { uid });
}

for (const [signal, status] of [["SIGTERM", 143], ["SIGHUP", 129], ["SIGINT", 130]] as const) {
  topTest(`restores the terminal at ${signal}`, async (_ns, tmux) => {
    await tmux.shows("> alpha ");
    Deno.kill(await tmux.foreground("lanco"), signal);
    await tmux.isRestored(status);
  });
}

topTest("quits at ^C, and is suspended at ^Z", async (_ns, tmux) => {
  await tmux.shows("> alpha ");
  await tmux.press("C-z");
  await tmux.isRestored(148);
  await tmux.enter("clear; fg; echo now $?");
  await tmux.shows("> alpha ");
  await tmux.press("j");
  await tmux.shows("> beta ");
  await tmux.press("C-c");
  await tmux.shows("now 130");
  await tmux.enter("clear; echo status 130");
  await tmux.isRestored(130);
});

topTest("shows tasks that start and end, and ends with its namespace", async (ns, tmux) => {
  await tmux.shows("> alpha ");
  // By name: the order by CPU depends on the load of the host.
  await tmux.press("n");
  await tmux.shows(/NAME▲[^]*> alpha /);
  await ns.must("run", "late", "sleep", "1000");
  await tmux.shows(/: 4 tasks[^]*late +running/);
  await ns.must("stop", "--now", "alpha");
  await tmux.shows(/: 3 tasks[^]*> beta [^]*task alpha has ended/);
  await ns.must("stop", "--now", "beta", "gamma", "late");
  await tmux.shows(/: 0 tasks, 0 processes[^]*no task is running/);
  assertEquals((await ns.lancoWith({ uid: 0 }, "release")).code, 0);
  await tmux.shows("is not initialised");
  await tmux.isRestored(5);
});

topTest("shows a log that is truncated and removed", async (ns, tmux) => {
  await tmux.shows(/\nhello of alpha\n/);
  const log = `${ns.logs}/task-alpha.log`;
  Deno.writeTextFileSync(log, "more\n\x1b[31mcoloured\x1b[0m\x1b[2J\n", { append: true });
  await tmux.shows(/\nhello of alpha\nmore\ncoloured\n/);
  Deno.truncateSync(log);
  await tmux.shows(/─\n\n\n/);
  Deno.removeSync(log);
  await tmux.shows("it does not exist");
  await tmux.press("l");
  await tmux.shows(/\ncannot show .*: it does not exist/);
  await tmux.press("q");
  await tmux.isRestored(0);
});

topTest("shows the full log in a pager, and comes back", async (ns, tmux) => {
  const log = `${ns.scratch}/elsewhere's log`;
  const numbers = "i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo line $i; done; sleep 1000";
  await ns.must("run", "-l", log, "numbers", "sh", "-c", numbers);
  await tmux.press("n");
  await tmux.shows("numbers ");
  await tmux.press("G");
  // A log that is not below /var/log is read by way of /proc.
  await tmux.shows(/> numbers [^]*\nline 499\nline 500\n/);
  await tmux.press("l");
  await tmux.shows(/line 478\n[^]*line 500\n/);
  assert(!(await tmux.screen()).includes("STATE"));
  await tmux.press("q");
  await tmux.shows(/STATE[^]*> numbers /);
  await tmux.press("q");
  await tmux.isRestored(0);
});

topTest(
  "shows another user the tasks, but does not act for them",
  async (ns, tmux) => {
    await tmux.shows("> alpha ");
    await tmux.shows("log of alpha: only its owner can see where it is");
    await tmux.press("p");
    await tmux.shows(/task alpha belongs to \S+: do it as that user or as root/);
    await tmux.press("K");
    await tmux.shows("kill task alpha? y/n");
    await tmux.press("y");
    await tmux.shows(/task alpha belongs to \S+: do it as that user or as root/);
    assertEquals(ns.task("alpha").length, 2);
    await tmux.press("q");
    await tmux.isRestored(0);
  },
  { uid: STRANGER },
);

topTest("stops a task of another user for root", async (ns, tmux) => {
  await tmux.shows(/> alpha [^]*\nhello of alpha\n/);
  await tmux.press("s", "y");
  await ns.gone("alpha");
  await tmux.shows("task alpha has been stopped");
  await tmux.press("q");
  await tmux.isRestored(0);
}, { uid: 0 });

topTest("shows root the log from a directory that the owner may not enter", async (ns, tmux) => {
  await tmux.shows("> alpha ");
  await tmux.press("q");
  await tmux.shows("status 0");
  const closed = `${ns.scratch}/closed`;
  await tmux.enter(
    `mkdir -m 700 ${closed} && cd ${closed} && ${LANCO} ${ns.name} top; echo left $?`,
  );
  await tmux.shows(/> alpha [^]*\nhello of alpha\n/);
  await tmux.press("l");
  await tmux.shows(/^hello of alpha\n.*\(END\)/m);
  await tmux.press("q");
  await tmux.shows(/STATE[^]*> alpha /);
  await tmux.press("q");
  await tmux.shows("left 0");
}, { uid: 0 });

topTest(
  "takes a terminal of unknown size for 80x24",
  async (_ns, tmux) => {
    await tmux.shows(/NAME .* COMMAND\n> alpha [^]*\n\? help .* l log/);
    await tmux.press("q");
    await tmux.isRestored(0);
  },
  { top: "stty cols 0 rows 0;" },
);

topTest("draws in ASCII in the C locale, and without colours with NO_COLOR", async (_ns, tmux) => {
  await tmux.shows(/CPU%v[^]*-- log of alpha/);
  assert(!(await tmux.screen({ attributes: true })).includes("\x1b["));
  await tmux.press("q");
  await tmux.isRestored(0);
}, { env: { LC_ALL: "C", NO_COLOR: "1" } });

topTest("draws in colours without NO_COLOR", async (_ns, tmux) => {
  await tmux.shows("> alpha ");
  const screen = await tmux.screen({ attributes: true });
  assertMatch(screen, /7m\S*> alpha/);
  await tmux.press("q");
  await tmux.isRestored(0);
});

topTest("does not draw on a dumb terminal", async (_ns, tmux) => {
  await tmux.shows("top needs a terminal");
  await tmux.isRestored(2);
}, { top: "TERM=dumb" });
