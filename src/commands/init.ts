import type { Command } from "../cli/context.ts";
import { collectFacts, diagnose } from "../namespace/doctor.ts";
import { Failed, Usage } from "../cli/errors.ts";
import { askCapacity } from "../namespace/capacity.ts";
import { LIMIT_HELP, LIMIT_OPTIONS, parseLimits, size } from "../cgroup/limits.ts";
import { runAsRoot } from "../root/mod.ts";

/** A name of an account, also of a Windows domain: `DOMAIN\user`. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@+\\-]*\$?$/;

/** The least room for records, in bytes. */
const LEAST_RECORDS = 2 ** 20;

function account(option: string, name: string): string {
  // setpriv(1) and the kernel take 4294967295 for "leave it as it is".
  if (/^\d+$/.test(name) && Number(name) < 2 ** 32 - 1) return String(Number(name));
  if (!NAME.test(name) || /^\d+$/.test(name)) {
    throw new Usage(`option ${option} needs a name or a number, not "${name}"`);
  }
  return name;
}

const init: Command = {
  help: `Usage: lanco <namespace> init [-u user] [-g group] [limits]

Makes a namespace in which a user can launch tasks. Needs root, once a boot; doing
it again changes nothing, and repairs what is missing.

  -u, --user USER     the owner of the namespace (root)
  -g, --group GROUP   the group that may read logs and records (the owner's)
      --records SIZE  room for what is written down of tasks (32M: a thousand runs)

What all its tasks together may use:
${LIMIT_HELP}
Examples:
  sudo lanco web init -u app --memory 50% --pids 5000
  sudo lanco web init -u $(id -un) -g $(id -gn)
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
    const warnings = await runAsRoot(context.namespace, {
      up: {
        user: account("-u", options.value("user") ?? "root"),
        group: group === undefined ? "" : account("-g", group),
        ...(records === undefined
          ? {}
          : { records: size("--records", records, host.memory, LEAST_RECORDS) }),
        host,
        limits: parseLimits(options, () => host),
        bestEffort: options.count("best-effort") > 0,
      },
    });
    const logger = await context.logger();
    for (const warning of warnings) logger.warn(warning);
    logger.info(`namespace ${context.namespace} is ready`);
    return 0;
  },
};

export default init;
