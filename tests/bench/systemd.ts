/** systemd-run(1) in its two forms, on a host that systemd has booted. */
import { OWNER, PREFIX, run } from "./measure.ts";
import { bomb, type Tool } from "./tool.ts";

/** How systemd is asked: by root, or by a user whose manager runs. */
interface Asking {
  /** What the units are. */
  kind: "service" | "scope";
  /** Runs systemd-run(1) or systemctl(1), which must succeed. */
  ask(program: string, ...args: string[]): unknown;
  /** The words of systemd-run(1) that start a command. */
  words(command: string): string[];
}

/** What both forms do alike. */
function units({ kind, ask, words }: Asking) {
  const unit = (task: string) => `${PREFIX}${task}.${kind}`;
  const start = (task: string, command: string) =>
    ask("systemd-run", "--quiet", "--collect", `--unit=${unit(task)}`, ...words(command));
  return {
    launch: (task: string) => start(task, "sleep 1000"),
    check: (task: string) => ask("systemctl", "is-active", "--quiet", unit(task)),
    stop: (task: string) => ask("systemctl", "stop", unit(task)),
    launchAll(tasks: string[]): Promise<void> {
      for (const task of tasks) start(task, "sleep 1000");
      return Promise.resolve();
    },
    stopAll(tasks: string[]): Promise<void> {
      ask("systemctl", "stop", ...tasks.map(unit));
      return Promise.resolve();
    },
    list: () => ask("systemctl", "list-units", "--no-pager", unit("*")),
    bomb: {
      launch: () => start("bomb", bomb),
      stop: () => ask("systemctl", "kill", "--signal=KILL", unit("bomb")),
    },
  };
}

const asRoot = (program: string, ...args: string[]) => run(program, args, {});
/** It is there if systemd is process 1: see sd_booted(3). */
const assertBooted = () => void Deno.statSync("/run/systemd/system");

/** A unit for each task. As root, for others would need rights from polkit. */
const systemdRun: Tool = {
  name: "systemd-run",
  begin: assertBooted,
  ...units({
    kind: "service",
    ask: asRoot,
    words: (command) => [`--uid=${OWNER.uid}`, ...command.split(" ")],
  }),
  resident: /^$/,
  end: () => {},
};

const manager = `user@${OWNER.uid}.service`;

/** A scope for each task, below the manager of a user, who needs no rights for it. */
const userScope: Tool = {
  name: "systemd-run --user",
  begin() {
    assertBooted();
    asRoot("systemctl", "start", manager);
  },
  ...units({
    kind: "scope",
    ask: (program, ...args) =>
      run("env", [`XDG_RUNTIME_DIR=/run/user/${OWNER.uid}`, program, "--user", ...args]),
    // systemd-run becomes the command, which goes on in the background.
    words: (command) => ["--scope", "sh", "-c", `${command} </dev/null >/dev/null 2>&1 &`],
  }),
  resident: /systemd --user/,
  end: () => void asRoot("systemctl", "stop", manager),
};

/** systemd-run(1), asked by root, and by a user. */
export const SYSTEMD_TOOLS = [systemdRun, userScope];
