import { command } from "../cli/command.ts";
import { collectFacts, diagnose } from "../namespace/doctor.ts";
import { Failed, Usage } from "../cli/errors.ts";
import { askCapacity } from "../namespace/capacity.ts";
import { text } from "../cli/options.ts";
import { LEAST_OF_NAMESPACE } from "../cgroup/limits.ts";
import { runAsRoot } from "../root/mod.ts";
import { atMost, LIMITS, parseLimits, size } from "./limit_options.ts";

/** The name of a user or group, also one of a directory service such as `CORP\domain users`, or an id. */
const NAME = /^[^\-+:\p{Cc}][^:\p{Cc}]*$/u;

/** The least size of the file system for records, in bytes. */
const LEAST_RECORDS = 2 ** 20;

function account(option: string, name: string): string {
  if (!NAME.test(name)) {
    throw new Usage(`option ${option} needs a name or a number, not "${name}"`);
  }
  return name;
}

function recordsSize(text: string, memory: number): number {
  const bytes = size("--records", text, memory, LEAST_RECORDS);
  return atMost("--records", text, bytes, memory, "bytes of memory");
}

export default command({
  help: `Usage: lanco <namespace> init [-u user] [-g group] [limits]

Makes a namespace in which a user can run tasks. Needs root, once a boot. A second
init repairs the namespace and sets the limits that are given; "max" lifts a limit.
The changes are printed. The limits are for all tasks of the namespace together.

@OPTIONS@

Examples:
  sudo lanco web init -u app -g adm --memory 50% --pids 5000
  sudo lanco web init -u app --pids max
`,
  options: {
    user: text("-u, --user USER", "the owner of the namespace (root)", { value: "user" }),
    group: text(
      "-g, --group GROUP",
      "the group that may read logs and records (the owner's)",
      { value: "group" },
    ),
    records: text(
      "--records SIZE",
      "room for the records of runs (1M at least;\n32M: a thousand runs)",
    ),
    ...LIMITS,
  },
  operands: "nothing",
  runsAsRoot: () => true,
  async run(context, { user = "root", group, records, ...options }) {
    const host = askCapacity();
    const fatal = diagnose(await collectFacts()).find(({ level }) => level === "fatal");
    if (fatal) throw new Failed(fatal.text);
    const { warnings, changes } = await runAsRoot(context.namespace, {
      up: {
        user: account("-u", user),
        group: group === undefined ? "" : account("-g", group),
        ...(records === undefined ? {} : { records: recordsSize(records, host.memory) }),
        host,
        limits: parseLimits(options, () => host, { liftable: true, least: LEAST_OF_NAMESPACE }),
        bestEffort: options.bestEffort,
      },
    });
    const logger = await context.logger();
    for (const warning of warnings) logger.warn(warning);
    logger.info(`namespace ${context.namespace} is ready`);
    return { status: 0, output: changes.map((change) => `${change}\n`).join("") };
  },
});
