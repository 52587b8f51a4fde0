import { assertEquals } from "@std/assert";
import { expose, type Family } from "../../src/show/exposition.ts";

const FAMILIES: Family[] = [
  {
    name: "lanco_cpu_seconds",
    help: "Time \\ spent.",
    type: "counter",
    samples: [
      { labels: { task: "a", mode: "user" }, value: 1.5 },
      { labels: { task: 'b"\\\n' }, value: 0 },
    ],
  },
  { name: "lanco_nothing", help: "Not known.", type: "gauge", samples: [] },
  {
    name: "lanco_memory_bytes",
    help: "Memory.",
    type: "gauge",
    samples: [{ labels: {}, value: 7 }],
  },
];

Deno.test("expose() writes the text format of Prometheus", () => {
  assertEquals(
    expose(FAMILIES, "prometheus"),
    `# HELP lanco_cpu_seconds_total Time \\\\ spent.
# TYPE lanco_cpu_seconds_total counter
lanco_cpu_seconds_total{task="a",mode="user"} 1.5
lanco_cpu_seconds_total{task="b\\"\\\\\\n"} 0
# HELP lanco_memory_bytes Memory.
# TYPE lanco_memory_bytes gauge
lanco_memory_bytes 7
`,
  );
});

Deno.test("expose() writes OpenMetrics, in which families have no suffix _total", () => {
  assertEquals(
    expose(FAMILIES, "openmetrics"),
    `# HELP lanco_cpu_seconds Time \\\\ spent.
# TYPE lanco_cpu_seconds counter
lanco_cpu_seconds_total{task="a",mode="user"} 1.5
lanco_cpu_seconds_total{task="b\\"\\\\\\n"} 0
# HELP lanco_memory_bytes Memory.
# TYPE lanco_memory_bytes gauge
lanco_memory_bytes 7
# EOF
`,
  );
});
