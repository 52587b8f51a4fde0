// The commands, a file each; dispatch.ts finds and runs the one that was asked for.
import type { Loader } from "../cli/command.ts";

const run: Loader = () => import("./run.ts");
const stop: Loader = () => import("./stop.ts");

/**
 * Every command by its name. Each is loaded when it is called for, because the
 * modules that a program loads are what its start costs.
 */
export const COMMANDS: Readonly<Record<string, Loader>> = {
  init: () => import("./init.ts"),
  run,
  start: run,
  stop,
  kill: stop,
  check: () => import("./check.ts"),
  ls: () => import("./ls.ts"),
  status: () => import("./status.ts"),
  top: () => import("./top.ts"),
  metrics: () => import("./metrics.ts"),
  dump: () => import("./dump.ts"),
  batch: () => import("./batch/batch.ts"),
  events: () => import("./events.ts"),
  wait: () => import("./wait.ts"),
  logs: () => import("./logs.ts"),
  signal: () => import("./signal.ts"),
  pause: () => import("./pause.ts"),
  resume: () => import("./resume.ts"),
  release: () => import("./release.ts"),
};

/** The commands that stand alone, where a namespace would: see `RESERVED` in names.ts. */
export const STANDALONE: Readonly<Record<string, Loader>> = {
  help: () => import("./help.ts"),
  namespaces: () => import("./namespaces.ts"),
  doctor: () => import("./doctor.ts"),
  man: () => import("./man.ts"),
  completions: () => import("./completions.ts"),
};
