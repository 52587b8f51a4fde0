import type { Command } from "../context.ts";
import { VERSION } from "../help.ts";
import { expose } from "../metrics/exposition.ts";
import { families } from "../metrics/families.ts";
import { readNamespace } from "../namespace.ts";
import { select } from "../selection.ts";
import { examineFinished, examineRunning, selectedTasks } from "../survey.ts";
import { UsageReader } from "../usage.ts";

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
  operands: "known tasks",
  async run(context, options) {
    const namespace = readNamespace(context.namespace);
    const selection = await select(options, { running: true, finished: true });
    const tasks = selectedTasks(namespace, selection);
    const running = await examineRunning(namespace, tasks.running);
    const measured = families({
      namespace: namespace.namespace,
      version: VERSION,
      whole: new UsageReader(namespace).readAll(),
      running: running.map(({ state }) => state),
      finished: examineFinished(namespace, tasks.finished),
    });
    context.print(expose(measured, options.count("openmetrics") ? "openmetrics" : "prometheus"));
    return 0;
  },
};

export default metrics;
