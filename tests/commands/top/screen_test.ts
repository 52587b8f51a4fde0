import { assert, assertEquals } from "@std/assert";
import { update } from "../../../src/commands/top/model.ts";
import { screen, type Size } from "../../../src/commands/top/screen.ts";
import type { Style } from "../../../src/show/table.ts";
import { width } from "../../../src/show/text.ts";
import { press, stateOf, task, TASKS } from "./fixture.ts";

const PLAIN: Style = { colour: false, unicode: true };
const ASCII: Style = { colour: false, unicode: false };
const COLOUR: Style = { colour: true, unicode: true };

const state = update(stateOf(), {
  type: "log",
  task: "import",
  tail: { lines: ["reading", "\x1b[32m10 %\x1b[0m done", `漢字 ${"x".repeat(100)}`] },
}).state;

/** Returns the screen between two newlines, with SGR sequences as `<1>`. */
function drawn(shown: typeof state, size: Size, style: Style): string {
  const lines = screen(shown, size, style);
  assertEquals(lines.length, size.rows);
  // deno-lint-ignore no-control-regex -- SGR sequences
  return `\n${lines.join("\n")}\n`.replace(/\x1b\[(\d+)m/g, "<$1>");
}

Deno.test("the screen at 80x24", () => {
  assertEquals(
    drawn(state, { columns: 80, rows: 24 }, PLAIN),
    `
web: 3 tasks, 14 processes, 4 CPUs
CPU    [██████████████████▏                     ] 181.3 % of 400 %
Memory [████▌                                   ] 1.8 GiB of 16.0 GiB
  NAME            STATE    PROCS  CPU%▼          MEMORY   TIME    AGE COMMAND
> import          running     12  131.3 █▋         1.5G   4.2s  1m00s sleep 1000
  export          running      1   50.0 █████ 300M/512M  1m38s  2h07m ./export …
  nightly…rything paused       1    0.0            1.0M   0.0s  3d00h sleep 1000









── log of import: /var/log/lanco-web/task-import.log ───────────────────────────
reading
10 % done
漢字 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…



? help   q quit   / filter   s stop   K kill   p pause   l log   n c m a sort
`,
  );
});

Deno.test("the screen has the sizes of logs from 100 columns on", () => {
  const heads = (columns: number) => drawn(state, { columns, rows: 24 }, PLAIN).split("\n")[4];
  assertEquals(/ MEMORY +LOG +TIME /.test(heads(100) ?? ""), true);
  assertEquals(/LOG/.test(heads(99) ?? ""), false);
  assertEquals(/ 2\.0K +4\.2s /.test(drawn(state, { columns: 100, rows: 24 }, PLAIN)), true);
});

Deno.test("the screen at 80x24 without Unicode", () => {
  assertEquals(
    drawn(state, { columns: 80, rows: 24 }, ASCII),
    `
web: 3 tasks, 14 processes, 4 CPUs
CPU    [##################                      ] 181.3 % of 400 %
Memory [####                                    ] 1.8 GiB of 16.0 GiB
  NAME            STATE    PROCS  CPU%v          MEMORY   TIME    AGE COMMAND
> import          running     12  131.3 ##         1.5G   4.2s  1m00s sleep 1000
  export          running      1   50.0 ##### 300M/512M  1m38s  2h07m ./export ~
  nightly~rything paused       1    0.0            1.0M   0.0s  3d00h sleep 1000









-- log of import: /var/log/lanco-web/task-import.log ---------------------------
reading
10 % done
?? xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx~



? help   q quit   / filter   s stop   K kill   p pause   l log   n c m a sort
`,
  );
});

Deno.test("the screen at 40 columns", () => {
  assertEquals(
    drawn(state, { columns: 40, rows: 24 }, PLAIN),
    `
web: 3 tasks, 14 processes, 4 CPUs
CPU    [████▏    ] 181.3 % of 400 %
Memory [█        ] 1.8 GiB of 16.0 GiB
  NAME         STATE     CPU%▼    MEMORY
> import       running   131.3      1.5G
  export       running    50.0 300M/512M
  nightl…thing paused      0.0      1.0M









── log of import: /var/log/lanco-web/t──
reading
10 % done
漢字 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…



? help   q quit   / filter   s stop
`,
  );
});

Deno.test("the screen at 40 columns without Unicode, with a question", () => {
  assertEquals(
    drawn(press(state, "s"), { columns: 40, rows: 16 }, ASCII),
    `
web: 3 tasks, 14 processes, 4 CPUs
CPU    [####     ] 181.3 % of 400 %
Memory [#        ] 1.8 GiB of 16.0 GiB
  NAME         STATE     CPU%v    MEMORY
> import       running   131.3      1.5G
  export       running    50.0 300M/512M
  nightl~thing paused      0.0      1.0M



-- log of import: /var/log/lanco-web/t--
reading
10 % done
?? xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx~

stop task import? y/n
`,
  );
});

Deno.test("the screen at 80 columns in colours, while a task is being stopped", () => {
  const stopping = press(state, "j", "s", "y");
  assertEquals(
    drawn(stopping, { columns: 80, rows: 14 }, COLOUR),
    `
<1>web: 3 tasks, 14 processes, 4 CPUs                                              <0>
CPU    [<32>██████████████████▏                     <0>] 181.3 % of 400 %
Memory [<32>████▌                                   <0>] 1.8 GiB of 16.0 GiB
<1>  NAME            STATE    PROCS  CPU%▼          MEMORY   TIME    AGE COMMAND   <0>
  import          running     12  131.3 █▋         1.5G   4.2s  1m00s sleep 1000
<7>> export          stopping     1   50.0 █████ 300M/512M  1m38s  2h07m ./export …<0>
<33>  nightly…rything paused       1    0.0            1.0M   0.0s  3d00h sleep 1000<0>


<2>── log of export: /var/log/lanco-web/task-export.log ───────────────────────────<0>



<2>? help   q quit   / filter   s stop   K kill   p pause   l log   n c m a sort<0>
`,
  );
});

Deno.test("the screen at 40 columns in colours, while a filter is typed", () => {
  const typing = press(state, "/", "p", "o", "r");
  assertEquals(
    drawn(typing, { columns: 40, rows: 14 }, COLOUR),
    `
<1>web: 2 of 3 tasks, 14 processes, 4 CPUs <0>
CPU    [<32>████▏    <0>] 181.3 % of 400 %
Memory [<32>█        <0>] 1.8 GiB of 16.0 GiB
<1>  NAME   STATE     CPU%▼    MEMORY<0>
<7>> import running   131.3      1.5G<0>
  export running    50.0 300M/512M



<2>── log of import: /var/log/lanco-web/t──<0>
reading
10 % done
漢字 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
<1>/por_<0>
`,
  );
});

Deno.test("the help fits on 40 columns and 24 rows", () => {
  assertEquals(
    drawn(press(state, "?"), { columns: 40, rows: 24 }, PLAIN),
    `
Keys

  arrows, j, k  select a task; also page
                up, page down, home (g),
                end (G)
  /             filter by name or
                command; Escape removes
                the filter
  n, c, m, a    sort by name, CPU,
                memory, age; again: in
                reverse order
  s             ask, then stop the task,
                as run was told to have
                it stopped
  K             ask, then kill all its
                processes at once
  p             pause or resume the task
  l, enter      view the log in less
  ctrl-l        redraw the screen
  ctrl-z        suspend top
  ?             show this help
  q, ctrl-c     quit

press any key to go back
`,
  );
});

Deno.test("no line is ever wider than the screen, at any size and in any mode", () => {
  const filtered = stateOf(TASKS, "漢字".repeat(50));
  const modes = [
    state,
    stateOf([]),
    filtered,
    press(filtered, "/"),
    press(state, "?"),
    press(state, "K"),
    { ...state, message: "漢".repeat(200) },
    { ...state, log: { lines: [], problem: "\x1b[2Jno\nlog" } },
  ];
  for (const style of [PLAIN, ASCII]) {
    for (const mode of modes) {
      for (let columns = 20; columns <= 130; columns++) {
        for (const rows of [1, 2, 3, 5, 9, 10, 14, 24, 60]) {
          const lines = screen(mode, { columns, rows }, style);
          assertEquals(lines.length, rows);
          for (const line of lines) assert(width(line) <= columns, `${columns}: ${line}`);
          assert(!lines.some((line) => /\p{Cc}/u.test(line)));
        }
      }
    }
  }
  for (const columns of [1, 5, 19]) {
    assertEquals(screen(state, { columns, rows: 3 }, PLAIN).length, 3);
  }
});

Deno.test("the selected task is always on the screen", () => {
  const many = stateOf(
    Array.from({ length: 500 }, (_, i) => task(`t${String(i).padStart(3, "0")}`)),
  );
  for (const keys of [[], ["j"], Array(20).fill("j"), Array(25).fill("page down"), ["G"]]) {
    const moved = press(many, ...keys);
    for (const rows of [5, 10, 24, 50]) {
      const lines = screen(moved, { columns: 80, rows }, PLAIN);
      assert(lines.some((line) => line.startsWith(`> ${moved.selected} `)), `${rows}`);
    }
  }
});

Deno.test("a selected exit command is always on the screen", () => {
  const exit = { inode: 5, state: "exit-cmd" as const };
  const tasks = Array.from({ length: 50 }, (_, i) => task(`t${i}`, { cpu: 1 }));
  const many = press(stateOf([...tasks, task("z", { ...exit, id: "exit 5 z" })]), "end");
  assertEquals(many.selected, "exit 5 z");
  for (const rows of [5, 10, 24]) {
    const lines = screen(many, { columns: 80, rows }, PLAIN);
    assert(lines.some((line) => line.startsWith("> z ")), `${rows}`);
  }
});

Deno.test("commands and logs cannot send control characters to the terminal", () => {
  const evil = "\x1b[2J\x1b]0;root\x07\x9b31m\u202edlrow\nnext";
  const tasks = [task("a", { command: evil, log: `/var/log/${evil}` })];
  const shown = update(stateOf(tasks), { type: "log", task: "a", tail: { lines: [evil] } }).state;
  for (const style of [PLAIN, ASCII]) {
    const text = screen(shown, { columns: 200, rows: 24 }, style).join("");
    assert(!/[\p{Cc}\p{Cf}]/u.test(text), JSON.stringify(text));
  }
});
