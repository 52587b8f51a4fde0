/** systemd-run(1) in its two forms, on a host that systemd has booted. */
import { OWNER, PREFIX, run } from "./measure.ts";
import { bomb, type Tool } from "./tool.ts";

const name = (task: string) => `${PREFIX}${task}`;

const asRoot = (program: string, ...args: string[]) => run(program, args, {});
const unit = (task: string) => `${name(task)}.service`;
const startUnit = (task: string, ...command: string[]) =>
  asRoot(
    "systemd-run",
    ...["--quiet", "--collect", `--unit=${unit(task)}`, `--uid=${OWNER.uid}`, ...command],
  );
/** A unit for each task. As root, for others would need rights from polkit. */
const systemdRun: Tool = {
  name: "systemd-run",
  // It is there if systemd is process 1: see sd_booted(3).
  begin: () => void Deno.statSync("/run/systemd/system"),
  launch: (task) => startUnit(task, "sleep", "1000"),
  check: (task) => asRoot("systemctl", "is-active", "--quiet", unit(task)),
  stop: (task) => asRoot("systemctl", "stop", unit(task)),
  launchAll: (tasks) => {
    for (const task of tasks) startUnit(task, "sleep", "1000");
    return Promise.resolve();
  },
  stopAll: (tasks) => {
    asRoot("systemctl", "stop", ...tasks.map(unit));
    return Promise.resolve();
  },
  list: () => asRoot("systemctl", "list-units", "--no-pager", unit("*")),
  bomb: {
    launch: () => startUnit("bomb", bomb),
    stop: () => asRoot("systemctl", "kill", "--signal=KILL", unit("bomb")),
  },
  resident: /^$/,
  end: () => {},
};

const manager = `user@${OWNER.uid}.service`;
const asOwner = (program: string, ...args: string[]) =>
  run("env", [`XDG_RUNTIME_DIR=/run/user/${OWNER.uid}`, program, "--user", ...args]);
const scope = (task: string) => `${name(task)}.scope`;
const startScope = (task: string, command: string) =>
  asOwner(
    "systemd-run",
    ...["--scope", "--quiet", "--collect", `--unit=${scope(task)}`],
    // systemd-run becomes the command, which goes on in the background.
    ...["sh", "-c", `${command} </dev/null >/dev/null 2>&1 &`],
  );
/** A scope for each task, below the manager of a user, who needs no rights for it. */
const userScope: Tool = {
  name: "systemd-run --user",
  begin: () => {
    Deno.statSync("/run/systemd/system");
    asRoot("systemctl", "start", manager);
  },
  launch: (task) => startScope(task, "sleep 1000"),
  check: (task) => asOwner("systemctl", "is-active", "--quiet", scope(task)),
  stop: (task) => asOwner("systemctl", "stop", scope(task)),
  launchAll: (tasks) => {
    for (const task of tasks) startScope(task, "sleep 1000");
    return Promise.resolve();
  },
  stopAll: (tasks) => {
    asOwner("systemctl", "stop", ...tasks.map(scope));
    return Promise.resolve();
  },
  list: () => asOwner("systemctl", "list-units", "--no-pager", scope("*")),
  bomb: {
    launch: () => startScope("bomb", bomb),
    stop: () => asOwner("systemctl", "kill", "--signal=KILL", scope("bomb")),
  },
  resident: /systemd --user/,
  end: () => void asRoot("systemctl", "stop", manager),
};

/** systemd-run(1), asked by root, and by a user. */
export const SYSTEMD_TOOLS = [systemdRun, userScope];
