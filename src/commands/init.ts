import { command } from "../cli/command.ts";
import { collectFacts, diagnose } from "../namespace/doctor.ts";
import { defined } from "../cli/defined.ts";
import { Failed, Usage } from "../cli/errors.ts";
import { askCapacity } from "../namespace/capacity.ts";
import { text, value } from "../cli/options.ts";
import type { KeeperName } from "../namespace/description.ts";
import { chooseKeeper, type Facts, KEEPERS, whyNot } from "../namespace/keepers.ts";
import { LEAST_OF_NAMESPACE } from "../cgroup/limits.ts";
import { changeNamespace } from "./change_namespace.ts";
import { boundOfLogs } from "./output_options.ts";
import { atMost, LIMITS, parseLimits } from "./limit_options.ts";
import { size } from "../cli/sizes.ts";

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

/** The keeper that the option names. */
function keeperName(text: string, subject: string): KeeperName {
  const keeper = KEEPERS.find((keeper) => keeper === text);
  if (keeper === undefined) {
    throw new Usage(`${subject} must be ${KEEPERS.toSorted().join(" or ")}, not "${text}"`);
  }
  return keeper;
}

/** Returns what is to keep a new namespace. */
function keeperFor(facts: Facts, demanded: KeeperName | undefined): KeeperName {
  const keeper = demanded ?? chooseKeeper(facts) ?? "named";
  const why = whyNot(keeper, facts);
  if (why !== undefined) throw new Failed(`${keeper} cannot be the keeper here: ${why}`);
  return keeper;
}

function recordsSize(text: string, memory: number): number {
  const bytes = size("--records", text, memory, LEAST_RECORDS);
  return atMost("--records", text, bytes, memory, "bytes of memory");
}

export default command({
  help: `Usage: lanco <namespace> init [-u user] [-g group] [--keeper keeper] [limits]

Makes a namespace for a user's tasks; needs root, once after each boot. If it is
there, repairs it and changes its limits, for all tasks together; "max": none.

@OPTIONS@

Examples:
  sudo lanco web init -u app -g adm --memory 50% --pids 5000
  sudo lanco web init --pids max
`,
  options: {
    user: text("-u, --user USER", "its owner (as before, else root)", {
      value: "user",
    }),
    group: text(
      "-g, --group GROUP",
      "the group that may read logs and records (the owner's)",
      { value: "group" },
    ),
    keeper: value(
      "--keeper KEEPER",
      "the keeper: systemd (where it can be) or named",
      ["named or systemd", "text"],
      keeperName,
    ),
    records: text(
      "--records SIZE",
      "room for records of runs (32M: a thousand runs)",
    ),
    logMax: boundOfLogs("as run --log-max, for tasks without this option"),
    ...LIMITS,
  },
  operands: "nothing",
  runsAsRoot: () => true,
  async run(context, { user, group, records, keeper, logMax, ...options }) {
    const host = askCapacity();
    const facts = await collectFacts();
    const fatal = diagnose(facts).find(({ level }) => level === "fatal");
    if (fatal) throw new Failed(fatal.text);
    const changes = await changeNamespace(context, "making", {
      up: {
        user: user === undefined ? "" : account("-u", user),
        group: group === undefined ? "" : account("-g", group),
        keeper: keeperFor(facts, keeper),
        keeperDemanded: keeper !== undefined,
        ...(records === undefined ? {} : { records: recordsSize(records, host.memory) }),
        ...defined({ logMax }),
        host,
        limits: parseLimits(options, () => host, { liftable: true, least: LEAST_OF_NAMESPACE }),
        bestEffort: options.bestEffort,
      },
    });
    (await context.logger()).info(`namespace ${context.namespace} is ready`);
    return { status: 0, output: changes.map((change) => `${change}\n`).join("") };
  },
});
