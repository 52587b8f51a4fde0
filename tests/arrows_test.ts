import { dirname } from "@std/path/posix/dirname";
import { join } from "@std/path/posix/join";
import { assert, assertEquals } from "@std/assert";

/** The rooms, from the roof to the ground: who is above may use who is below. With the door of each. */
const DOORS: Readonly<Record<string, string>> = {
  commands: "command_table.ts",
  extras: "man.ts",
  root: "mod.ts",
  launch: "launch.ts",
  stop: "stop.ts",
  logs: "logs.ts",
  show: "schema.ts",
  keeper: "keeper.ts",
  task: "task.ts",
  namespace: "namespace.ts",
  cgroup: "cgroup.ts",
  cli: "command.ts",
};

const ROOMS = ["main.ts", ...Object.keys(DOORS)];

const SRC = new URL("../src", import.meta.url).pathname;

/** A module, and what it imports: paths below src. */
export type Modules = ReadonlyMap<string, readonly string[]>;

/** Reads the imports of all modules, also those that are loaded later and those of types. */
function readModules(directory = SRC, modules = new Map<string, string[]>()): Modules {
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    const path = join(directory, name);
    if (isDirectory) readModules(path, modules);
    else if (name.endsWith(".ts")) modules.set(below(path), importsOf(path));
  }
  return modules;
}

function below(path: string): string {
  return path.slice(SRC.length + 1);
}

function importsOf(path: string): string[] {
  const pattern = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+\.ts)["']/g;
  return [...Deno.readTextFileSync(path).matchAll(pattern)]
    .map(([, target = ""]) => below(join(dirname(path), target)));
}

function floor(module: string): number {
  return ROOMS.indexOf(module.split("/")[0] ?? "");
}

/** The imports that go up. */
function upward(modules: Modules): string[] {
  return [...modules].flatMap(([module, targets]) =>
    targets.filter((target) => floor(target) < floor(module))
      .map((target) => `${module} → ${target}`)
  );
}

/** The modules that import themselves, by others or not. */
function circles(modules: Modules): string[] {
  const reached = (start: string) => {
    const seen = new Set<string>();
    const queue = [...modules.get(start) ?? []];
    for (let module = queue.pop(); module !== undefined; module = queue.pop()) {
      if (seen.has(module)) continue;
      seen.add(module);
      queue.push(...modules.get(module) ?? []);
    }
    return seen;
  };
  return [...modules.keys()].filter((module) => reached(module).has(module));
}

const modules = readModules();

Deno.test("the house has twelve rooms, and nothing beside them but the door", () => {
  assertEquals([...Deno.readDirSync(SRC)].map(({ name }) => name).sort(), ROOMS.toSorted());
});

Deno.test("every import goes down, or stays in its room", () => {
  assert(modules.size > 80);
  assertEquals(upward(modules), []);
});

Deno.test("no module imports itself by way of others", () => {
  assertEquals(circles(modules), []);
});

Deno.test("an arrow that is turned round is found", () => {
  const turned = new Map(modules);
  turned.set("cgroup/cgroup.ts", ["task/task.ts"]);
  assertEquals(upward(turned), ["cgroup/cgroup.ts → task/task.ts"]);
  assert(circles(turned).includes("cgroup/cgroup.ts"));
});

Deno.test("every room says at its door what it is for", () => {
  for (const [room, door] of Object.entries(DOORS)) {
    const [line = ""] = Deno.readTextFileSync(join(SRC, room, door)).split("\n");
    assert(/^\/\/ [A-Z].*\.$/.test(line), `${room}/${door}: ${line}`);
  }
});
