/** A family of metrics: what is counted, and its samples. */
export interface Family {
  /** Its name by the conventions of Prometheus, without the `_total` of a counter. */
  name: string;
  /** What it counts, in a few words. */
  help: string;
  /** Whether it only grows. */
  type: "counter" | "gauge";
  /** Its values. */
  samples: Sample[];
}

/** One value. */
export interface Sample {
  /** What tells it from the others of its family. */
  labels: Record<string, string>;
  /** The value, in the unit that the family's name ends with. */
  value: number;
}

/** The forms in which families are written. */
export type Format = "prometheus" | "openmetrics";

/**
 * The families as text: in the exposition format 0.0.4 of Prometheus, which
 * node_exporter's textfile collector reads, or as OpenMetrics 1.0. The two differ in
 * where the `_total` of counters belongs, and in the mark at the end.
 */
export function expose(families: readonly Family[], format: Format): string {
  const lines: string[] = [];
  for (const { name, help, type, samples } of families) {
    if (samples.length === 0) continue;
    const sample = type === "counter" ? `${name}_total` : name;
    const family = format === "openmetrics" ? name : sample;
    lines.push(`# HELP ${family} ${escape(help)}`, `# TYPE ${family} ${type}`);
    for (const { labels, value } of samples) {
      lines.push(`${sample}${renderLabels(labels)} ${value}`);
    }
  }
  if (format === "openmetrics") lines.push("# EOF");
  return lines.map((line) => `${line}\n`).join("");
}

function renderLabels(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name}="${escape(value).replaceAll('"', '\\"')}"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
