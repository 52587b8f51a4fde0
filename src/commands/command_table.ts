// The commands, each in a file of its own; dispatch.ts runs the one on the command line.
import type { Loader } from "../cli/command.ts";

const run: Loader = () => import("./run.ts");
const stop: Loader = () => import("./stop.ts");

/**
 * The commands that work in a namespace. The module of a command is loaded only when the command
 * is run, because each loaded module delays the start of the program.
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
  top: () => import("./top/top.ts"),
  metrics: () => import("./metrics.ts"),
  dump: () => import("./dump.ts"),
  batch: () => import("./batch/batch.ts"),
  events: () => import("./events.ts"),
  wait: () => import("./wait.ts"),
  logs: () => import("./logs.ts"),
  signal: () => import("./signal.ts"),
  pause: () => import("./pause.ts"),
  resume: () => import("./resume.ts"),
  limit: () => import("./limit.ts"),
  forget: () => import("./forget.ts"),
  release: () => import("./release.ts"),
};

/** The commands that stand in the place of a namespace: see `RESERVED` in names.ts. */
export const STANDALONE: Readonly<Record<string, Loader>> = {
  help: () => import("./help.ts"),
  namespaces: () => import("./namespaces.ts"),
  doctor: () => import("./doctor.ts"),
  man: () => import("./man.ts"),
  completions: () => import("./completions.ts"),
};
