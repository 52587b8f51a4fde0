import { command, type CommandTables } from "../cli/command.ts";
import { Usage } from "../cli/errors.ts";
import type { PageName } from "../extras/man.ts";

/** The texts that `man` prints besides the pages, by topic. They are loaded only when needed. */
const TOPICS: Readonly<Record<string, (tables: CommandTables) => Promise<string>>> = {
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
  selinux: async () => (await import("../extras/selinux.cil", { with: { type: "text" } })).default,
  systemd: async () =>
    (await import("../namespace/lanco@.service", { with: { type: "text" } })).default,
};

/** The names of the pages besides lanco(8). */
const PAGES: readonly PageName[] = ["daemon", "design"];

/** All words that `man` takes. */
export const WORDS: readonly string[] = [...PAGES, ...Object.keys(TOPICS)];

export default command({
  help: `Usage: lanco man [daemon|design|logrotate|systemd|cron|selinux|json]

Shows a manual page on a terminal; elsewhere prints its source, which
"man -l -" reads.

  (no word)  lanco(8), the reference
  daemon     lanco-daemon(7), how a daemon runs its jobs by lanco
  design     lanco-design(7), how lanco works and what it promises

With another word, prints a file:

  logrotate  a configuration for logrotate
  systemd    the unit that makes namespaces at boot
  cron       how cron or a systemd timer forgets old records
  selinux    a module for hosts where the kernel may not run the release agent
  json       the JSON Schema of what commands print, and of requests of batch

Examples:
  lanco man daemon
  lanco man >lanco.8
`,
  options: {},
  operands: "words",
  async run({ tables }, { words: [topic, ...more] }) {
    if (more.length > 0) throw new Usage(`man takes one word at most: ${WORDS.join(", ")}`);
    const name = PAGES.find((page) => page === topic);
    if (topic === undefined || name !== undefined) {
      const { manualPage, showPage } = await import("../extras/man.ts");
      if (!Deno.stdout.isTerminal()) return { status: 0, output: manualPage(name) };
      await showPage(manualPage(name));
      return { status: 0 };
    }
    const load = Object.hasOwn(TOPICS, topic) ? TOPICS[topic] : undefined;
    if (load === undefined) {
      throw new Usage(
        `nothing about "${topic}": give ${WORDS.join(", ")}, or no word for lanco(8)`,
      );
    }
    return { status: 0, output: await load(tables) };
  },
});
