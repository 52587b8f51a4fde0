import { assert, assertEquals, assertRejects } from "@std/assert";
import { Failed, NotInitialised, NotPermitted } from "../../../src/cli/errors.ts";
import { live } from "../../../src/commands/top/live.ts";
import type { World } from "../../../src/commands/top/world.ts";
import { initialState } from "../../../src/commands/top/model.ts";
import {
  difference,
  sizeOr80x24,
  styleOf,
  type Terminal,
} from "../../../src/commands/top/terminal.ts";
import { until } from "../../harness.ts";
import { NOW, task } from "./fixture.ts";

/** A fake terminal and a fake world, which the test controls. */
class Stage implements Terminal {
  tasks = [task("a"), task("b")];
  shown: readonly string[] = [];
  isEntered = false;
  /** The calls to the terminal and to the world. */
  done: string[] = [];
  signals = new Map<string, () => void>();
  stopResult: Promise<void> = Promise.resolve();
  pageResult: (abort: AbortSignal) => Promise<void> = () => Promise.resolve();
  failure: (() => Error) | undefined;
  #input: ((text: string | undefined) => void) | undefined;

  size = () => ({ columns: 80, rows: 24 });
  enter(): void {
    this.isEntered = true;
    this.done.push("enter");
  }
  leave(): Promise<void> {
    if (this.isEntered) this.done.push("leave");
    this.isEntered = false;
    return Promise.resolve();
  }
  invalidate = () => {};
  draw(lines: readonly string[]): void {
    assert(this.isEntered);
    this.shown = lines;
  }
  read(): Promise<string | undefined> {
    return new Promise((resolve) => this.#input = resolve);
  }

  /** Whether the view is waiting for keys. */
  get isReading(): boolean {
    return this.#input !== undefined;
  }

  /** Types a text when the view waits for keys; undefined hangs up the terminal. */
  async type(text: string | undefined): Promise<void> {
    await until("keys are read", () => this.isReading);
    const input = this.#input;
    this.#input = undefined;
    input?.(text);
  }

  /** Waits until the screen shows the text. */
  shows(text: string): Promise<void> {
    return until(`the screen shows ${text}`, () => this.shown.join("\n").includes(text));
  }

  world(): World {
    return {
      sample: () => {
        if (this.failure) throw this.failure();
        return { time: NOW, tasks: [...this.tasks], isTruncated: false };
      },
      tail: (log) => Promise.resolve({ lines: [`the end of ${log}`] }),
      stop: (name, _run, atOnce) => {
        this.done.push(`stop ${name} ${atOnce}`);
        return this.stopResult;
      },
      freeze: (name, frozen) => {
        this.done.push(`freeze ${name} ${frozen}`);
        throw new NotPermitted(`task ${name} belongs to somebody`);
      },
      page: (log, abort) => {
        this.done.push(`page ${log}`);
        return this.pageResult(abort);
      },
      suspend: () => {
        this.done.push("suspend");
        return Promise.resolve();
      },
      onSignal: (signal, handler) => {
        this.signals.set(signal, handler);
        return () => this.signals.delete(signal);
      },
    };
  }

  run(interval = 10) {
    return live(initialState("web", { cpus: 2, memory: 2 ** 30 }), {
      terminal: this,
      world: this.world(),
      style: { colour: false, unicode: true },
      interval,
    });
  }
}

const liveTest = (name: string, body: (stage: Stage) => Promise<void>) =>
  Deno.test(`the live view ${name}`, async () => {
    const stage = new Stage();
    await body(stage);
    assertEquals([stage.isEntered, stage.signals.size], [false, 0]);
  });

liveTest("draws tasks and logs, follows changes and quits at q", async (stage) => {
  const left = stage.run();
  await stage.shows("> a ");
  await stage.shows("the end of /var/log/lanco-web/task-a.log");
  stage.tasks.push(task("c"));
  await stage.shows("  c ");
  await stage.type("j");
  await stage.shows("> b ");
  await stage.shows("the end of /var/log/lanco-web/task-b.log");
  await stage.type("q");
  assertEquals(await left, { status: 0, stopping: [], byKey: true });
  assertEquals(stage.done, ["enter", "leave"]);
});

liveTest("restores the terminal at every signal that ends it", async (stage) => {
  const ends = { TERM: 143, INT: 130, HUP: 129, QUIT: 131, USR1: 138, USR2: 140, ALRM: 142 };
  for (const [signal, status] of Object.entries(ends)) {
    const left = stage.run(3_600_000);
    await stage.shows("> a ");
    stage.signals.get(`SIG${signal}`)?.();
    assertEquals((await left).status, status);
    assertEquals(stage.isEntered, false);
  }
});

liveTest("restores the terminal before it throws", async (stage) => {
  stage.draw = () => {
    throw new TypeError("crash");
  };
  await assertRejects(() => stage.run(), TypeError, "crash");
  assertEquals(stage.done, ["enter", "leave"]);
});

liveTest("does not enter the terminal if the first sample fails", async (stage) => {
  stage.failure = () => new NotInitialised("web");
  await assertRejects(() => stage.run(), NotInitialised);
  assertEquals(stage.done, []);
});

liveTest("ends when the namespace is released, but not when one sample fails", async (stage) => {
  const left = stage.run();
  await stage.shows("> a ");
  let failures = 0;
  stage.failure = () => {
    if (++failures === 1) stage.failure = undefined;
    return new Failed("not mounted");
  };
  await until("it has failed once", () => failures === 1);
  stage.tasks.push(task("c"));
  await stage.shows("  c ");
  stage.failure = () => new NotInitialised("web");
  await assertRejects(() => left, NotInitialised);
});

liveTest("quits when the terminal hangs up", async (stage) => {
  const left = stage.run();
  await stage.type(undefined);
  assertEquals((await left).status, 129);
});

liveTest("goes on while a task is stopped, and shows the result", async (stage) => {
  const { promise, reject } = Promise.withResolvers<void>();
  stage.stopResult = promise;
  const left = stage.run();
  await stage.type("s");
  await stage.shows("stop task a? y/n");
  await stage.type("y");
  await stage.shows("a     stopping");
  await stage.type("j");
  await stage.shows("> b ");
  reject(new NotPermitted("task a belongs to somebody"));
  await stage.shows("task a belongs to somebody");
  await stage.shows("a     running");
  stage.stopResult = Promise.resolve();
  await stage.type("Ky");
  await stage.shows("task b has been killed");
  stage.stopResult = new Promise(() => {});
  await stage.type("ksyq");
  assertEquals(await left, { status: 0, stopping: ["a"], byKey: true });
  assertEquals(stage.done, ["enter", "stop a false", "stop b true", "stop a false", "leave"]);
});

liveTest("shows the errors of a pause and of the pager", async (stage) => {
  const left = stage.run();
  await stage.type("p");
  await stage.shows("task a belongs to somebody");
  stage.pageResult = () => Promise.reject(new Failed("cannot show it"));
  await stage.type("l");
  await stage.shows("cannot show it");
  await stage.type("q");
  await left;
});

liveTest("reads no keys and ignores ^C while the pager runs, then goes on", async (stage) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  stage.pageResult = () => promise;
  const left = stage.run();
  await stage.type("l");
  await until("the pager runs", () => stage.done.length === 3);
  assertEquals(stage.done, ["enter", "leave", "page /var/log/lanco-web/task-a.log"]);
  stage.signals.get("SIGINT")?.();
  stage.signals.get("SIGQUIT")?.();
  assertEquals(stage.isReading, false);
  resolve();
  await until("the view is back", () => stage.isEntered);
  await stage.type("\x1a");
  await until("the view has been suspended and is back", () => stage.done.at(-1) === "enter");
  await stage.type("q");
  assertEquals((await left).status, 0);
  assertEquals(stage.done.slice(3), ["enter", "leave", "suspend", "enter", "leave"]);
});

liveTest("ends the pager at a signal", async (stage) => {
  stage.pageResult = (abort) =>
    new Promise((resolve) => abort.addEventListener("abort", () => resolve()));
  const left = stage.run();
  await stage.type("l");
  await until("the pager runs", () => stage.done.length === 3);
  stage.signals.get("SIGTERM")?.();
  assertEquals((await left).status, 143);
  assertEquals(stage.done.slice(3), []);
});

liveTest("distinguishes the Escape key from the beginning of a sequence", async (stage) => {
  const left = stage.run();
  await stage.type("/b");
  await stage.shows("/b_");
  await stage.type("\x1b");
  await stage.shows("  a ");
  await stage.type("\x1b[A");
  await stage.shows("> a ");
  await stage.type("q");
  await left;
});

Deno.test("only lines that have changed are drawn", () => {
  assertEquals(difference(["a", "b"], ["a", "b"]), "");
  assertEquals(
    difference(["a", "b"], ["a", "c"]),
    "\x1b[?2026h\x1b[2;1H\x1b[2Kc\x1b[?2026l",
  );
});

Deno.test("a terminal of unknown size has 80x24", () => {
  assertEquals(sizeOr80x24(() => ({ columns: 0, rows: 0 })), { columns: 80, rows: 24 });
  assertEquals(
    sizeOr80x24(() => {
      throw new Error("ENOTTY");
    }),
    { columns: 80, rows: 24 },
  );
  assertEquals(sizeOr80x24(() => ({ columns: 3, rows: 2 })), { columns: 3, rows: 2 });
});

Deno.test("the first locale variable that is set decides whether Unicode is used", () => {
  const cases: [Record<string, string>, boolean][] = [
    [{}, false],
    [{ LANG: "C" }, false],
    [{ LANG: "de_DE.UTF-8" }, true],
    [{ LANG: "en_US.utf8", LC_ALL: "" }, true],
    [{ LANG: "en_US.UTF-8", LC_ALL: "C" }, false],
    [{ LANG: "C", LC_CTYPE: "C.UTF-8" }, true],
  ];
  for (const [environment, unicode] of cases) {
    assertEquals(styleOf(new Map(Object.entries(environment)), true), { colour: false, unicode });
  }
  assertEquals(styleOf(new Map(), false).colour, true);
});
