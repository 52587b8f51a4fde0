import { type Command, warning } from "../cli/context.ts";
import { VERSION } from "../cli/help.ts";
import { expose } from "../show/exposition.ts";
import { families } from "../show/families.ts";
import { readNamespace } from "../namespace/namespace.ts";
import { survey } from "../task/survey.ts";

const metrics: Command = {
  help: `Usage: lanco <namespace> metrics [--openmetrics] [pattern...]

Prints counters and gauges of the namespace and its tasks, or of those tasks whose
names match a pattern, for Prometheus: in the text format that node_exporter's
textfile collector reads.

      --openmetrics  print OpenMetrics 1.0, for what reads only that

Examples:
  lanco web metrics
  lanco web metrics >/run/x.$$ && mv /run/x.$$ /var/lib/prometheus/node-exporter/lanco-web.prom
`,
  options: { flags: ["openmetrics"], interleaved: true },
  operands: "patterns",
  async run(context, options) {
    const namespace = readNamespace(context.namespace);
    const found = await warning(context, (warn) => survey(namespace, options, warn));
    const measured = families(context.namespace, found, VERSION);
    context.print(expose(measured, options.count("openmetrics") ? "openmetrics" : "prometheus"));
    return 0;
  },
};

export default metrics;
