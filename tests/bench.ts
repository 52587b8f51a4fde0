/** The measurements of `scripts/bench`. Each prints one row: what, how much, how much is allowed. */
import { batches, hearing } from "./bench/batches.ts";
import { commands, residents, storm } from "./bench/commands.ts";
import { LANCO, PREFIX, run } from "./bench/measure.ts";
import { followed, many, topOf100 } from "./bench/watching.ts";

const here = `${PREFIX}a`;
const legacy = `${PREFIX}l`;
const crowd = `${PREFIX}m`;
const watched = `${PREFIX}w`;
const batched = `${PREFIX}b`;
for (const namespace of [here, crowd, watched, batched]) {
  run(LANCO, [namespace, "init", "-u", "nobody"], {});
}
run(`${Deno.cwd()}/scripts/legacy`, ["init", LANCO, legacy, "-u", "nobody"], {});
const rows = [
  ...commands(here),
  await storm(here, "v2"),
  await storm(legacy, "v1"),
  ...await residents(here),
  ...await batches(batched),
  ...await hearing(batched),
  ...await followed(watched),
  await topOf100(watched),
  ...many(crowd),
];
const width = (key: "what" | "measured" | "allowed") =>
  Math.max(...rows.map((row) => row[key].length));
for (const row of rows) {
  const line = [
    row.what.padEnd(width("what")),
    row.measured.padStart(width("measured")),
    row.allowed.padStart(width("allowed")),
    row.ok ? "" : "TOO MUCH",
  ].join("  ");
  await Deno.stdout.write(new TextEncoder().encode(line.trimEnd() + "\n"));
}
Deno.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;
