/** A metric family of Prometheus: a metric, and its samples. */
export interface Family {
  /** The name by the conventions of Prometheus, without the `_total` of a counter. */
  name: string;
  /** A short description. */
  help: string;
  /** `counter` if the value never falls. */
  type: "counter" | "gauge";
  /** The samples. */
  samples: Sample[];
}

/** One value of a metric. */
export interface Sample {
  /** The labels that distinguish it within its family. */
  labels: Record<string, string>;
  /** The value, in the unit that the family's name ends with. */
  value: number;
}

/** The text formats of metrics. */
export type Format = "prometheus" | "openmetrics";

/**
 * Renders metric families as text: in the exposition format 0.0.4 of Prometheus, which
 * node_exporter's textfile collector reads, or in OpenMetrics 1.0. In the latter only the
 * samples of a counter have the suffix `_total`, and the text ends with `# EOF`.
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
