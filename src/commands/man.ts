import { command, type CommandTables } from "../cli/command.ts";
import { Usage } from "../cli/errors.ts";

/** The texts that `man` prints besides the page, by topic. They are loaded only when needed. */
export const TOPICS: Readonly<Record<string, (tables: CommandTables) => Promise<string>>> = {
  cron: async () => (await import("../extras/cron", { with: { type: "text" } })).default,
  logrotate: async () => (await import("../extras/logrotate", { with: { type: "text" } })).default,
  json: async (tables) => {
    const { requestSchema } = await import("./batch/request_schema.ts");
    const { SCHEMAS } = await import("../show/schema.ts");
    const { lanco, schema } = (await import("../show/greeting.ts")).GREETING;
    const $schema = "https://json-schema.org/draft/2020-12/schema";
    const $defs = { ...SCHEMAS, request: await requestSchema(tables) };
    return JSON.stringify({ $schema, lanco, schema, $defs }, null, 2) + "\n";
  },
  systemd: async () =>
    (await import("../namespace/lanco@.service", { with: { type: "text" } })).default,
};

export default command({
  help: `Usage: lanco man [logrotate|systemd|cron|json]

Shows the manual page on a terminal, or prints its source elsewhere. With a word:
prints a configuration for logrotate, the systemd unit that makes namespaces at boot,
examples of how cron or a systemd timer forgets old records,
or the JSON Schema of what commands print, and of the requests that batch reads.

Examples:
  lanco man
  lanco man >/usr/local/share/man/man8/lanco.8
`,
  options: {},
  operands: "words",
  async run({ tables }, { words: [topic, ...more] }) {
    if (more.length > 0) {
      throw new Usage(`man takes one word at most: ${Object.keys(TOPICS).join(", ")}`);
    }
    if (topic === undefined) {
      const { manualPage, showPage } = await import("../extras/man.ts");
      if (!Deno.stdout.isTerminal()) return { status: 0, output: manualPage() };
      await showPage(manualPage());
      return { status: 0 };
    }
    const load = Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : undefined;
    if (load === undefined) {
      throw new Usage(
        `nothing about "${topic}": give ${Object.keys(TOPICS).join(", ")}, or no word for the page`,
      );
    }
    return { status: 0, output: await load(tables) };
  },
});
