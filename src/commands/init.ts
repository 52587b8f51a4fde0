import type { Command } from "../context.ts";
import { Usage } from "../errors.ts";
import { parseOptions } from "../options.ts";
import { runAsRoot } from "../root/mod.ts";

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$/;

function account(option: string, name: string): string {
  if (!NAME.test(name)) throw new Usage(`option ${option} needs a name or a number, not "${name}"`);
  return name;
}

const init: Command = {
  help: `Usage: lanco <namespace> init [-u user] [-g group]

Makes a namespace in which a user can launch tasks. Needs root, once a boot; doing
it again changes nothing, and repairs what is missing.

  -u, --user USER    the owner of the namespace (root)
  -g, --group GROUP  the group that may read the logs (the owner's)

Examples:
  sudo lanco web init -u app
  sudo lanco web init -u $(id -un) -g $(id -gn)
`,
  async run(context, args) {
    const options = parseOptions(args, {
      values: ["user", "group"],
      alias: { u: "user", g: "group" },
      interleaved: true,
    });
    if (options.operands.length > 0) throw new Usage("init takes no operands: see -h");
    const group = options.value("group");
    await runAsRoot(context.namespace, {
      up: {
        user: account("-u", options.value("user") ?? "root"),
        group: group === undefined ? "" : account("-g", group),
      },
    });
    (await context.logger()).info(`namespace ${context.namespace} is ready`);
    return 0;
  },
};

export default init;
