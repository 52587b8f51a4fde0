import type { Command } from "../cli/context.ts";
import { collectFacts, diagnose } from "../namespace/doctor.ts";
import { Failed, Usage } from "../cli/errors.ts";
import { askCapacity } from "../namespace/capacity.ts";
import {
  atMost,
  LEAST_OF_NAMESPACE,
  LIMIT_HELP,
  LIMIT_OPTIONS,
  parseLimits,
  size,
} from "../cgroup/limits.ts";
import { runAsRoot } from "../root/mod.ts";

/** A name of an account as a directory of a company has them, such as `CORP\domain users`; or a number. */
const NAME = /^[^\-+:\p{Cc}][^:\p{Cc}]*$/u;

/** The least room for records, in bytes. */
const LEAST_RECORDS = 2 ** 20;

function account(option: string, name: string): string {
  if (!NAME.test(name)) {
    throw new Usage(`option ${option} needs a name or a number, not "${name}"`);
  }
  return name;
}

/** The room for records, in bytes. */
function room(text: string, memory: number): number {
  const bytes = size("--records", text, memory, LEAST_RECORDS);
  return atMost("--records", text, bytes, memory, "bytes of memory");
}

const init: Command = {
  help: `Usage: lanco <namespace> init [-u user] [-g group] [limits]

Makes a namespace in which a user can launch tasks. Needs root, once a boot. Doing
it again repairs what is missing, and changes the limits that are given: "max" lifts
one. What was changed is printed.

  -u, --user USER     the owner of the namespace (root)
  -g, --group GROUP   the group that may read logs and records (the owner's)
      --records SIZE  room for what is written down of tasks (1M at least; 32M: a thousand runs)

What all its tasks together may use:
${LIMIT_HELP}
Examples:
  sudo lanco web init -u app -g adm --memory 50% --pids 5000
  sudo lanco web init -u app --pids max
`,
  options: {
    flags: [...LIMIT_OPTIONS.flags],
    values: ["user", "group", "records", ...LIMIT_OPTIONS.values],
    alias: { u: "user", g: "group", ...LIMIT_OPTIONS.alias },
    interleaved: true,
  },
  operands: "nothing",
  isForRoot: () => true,
  async run(context, options) {
    if (options.operands.length > 0) throw new Usage("init takes no operands: see -h");
    const group = options.value("group");
    const records = options.value("records");
    const host = askCapacity();
    const fatal = diagnose(await collectFacts()).find(({ level }) => level === "fatal");
    if (fatal) throw new Failed(fatal.text);
    const { warnings, changes } = await runAsRoot(context.namespace, {
      up: {
        user: account("-u", options.value("user") ?? "root"),
        group: group === undefined ? "" : account("-g", group),
        ...(records === undefined ? {} : { records: room(records, host.memory) }),
        host,
        limits: parseLimits(options, () => host, { liftable: true, least: LEAST_OF_NAMESPACE }),
        bestEffort: options.count("best-effort") > 0,
      },
    });
    const logger = await context.logger();
    for (const warning of warnings) logger.warn(warning);
    for (const change of changes) context.print(`${change}\n`);
    logger.info(`namespace ${context.namespace} is ready`);
    return 0;
  },
};

export default init;
