import { command } from "../cli/command.ts";
import { VERSION } from "../cli/version.ts";
import { flag } from "../cli/options.ts";
import { expose } from "../show/exposition.ts";
import { families } from "../show/families.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { matching } from "../task/pattern.ts";
import { survey } from "../task/survey.ts";
import { boundedAnswer } from "./bounded_answer.ts";

export default command({
  help: `Usage: lanco <namespace> metrics [--openmetrics] [pattern...]

Prints counters and gauges of the namespace and its tasks, or of the tasks whose
names match a pattern, for Prometheus: in the text format that node_exporter's
textfile collector reads.

@OPTIONS@

Examples:
  lanco web metrics
  lanco web metrics 'import-*' >new; test -s new && mv new web.prom
`,
  options: {
    openmetrics: flag("--openmetrics", "print OpenMetrics 1.0, for readers of only that format"),
  },
  operands: "patterns",
  async run(context, { openmetrics, patterns }) {
    const namespace = readNamespace(context.namespace);
    const selection = { running: true, finished: true, matches: matching(patterns) };
    const { found, truncated, status } = await boundedAnswer(
      context,
      (warn) => survey(namespace, selection, warn),
    );
    const measured = families(context.namespace, { ...found, truncated, version: VERSION });
    return { status, output: expose(measured, openmetrics ? "openmetrics" : "prometheus") };
  },
});
