import { assertEquals } from "@std/assert";
import { eraseProgress, Progress } from "../../src/cli/progress.ts";

/** Shows progress on a terminal of 12 columns. */
function show(isRedrawn: boolean) {
  const written: string[] = [];
  let count = 0;
  const progress = new Progress(() => `waiting ${++count} and more`, {
    isRedrawn,
    columns: () => 12,
    write: (text) => void written.push(text),
  });
  return { progress, written };
}

Deno.test("progress is one line that is redrawn, cut to the terminal, and erased", () => {
  const { progress, written } = show(true);
  progress.draw();
  progress.draw();
  eraseProgress();
  eraseProgress();
  progress.draw();
  progress.end();
  eraseProgress();
  assertEquals(written, [
    "\r\u001b[Kwaiting 1 a",
    "\r\u001b[Kwaiting 2 a",
    "\r\u001b[K",
    "\r\u001b[Kwaiting 3 a",
    "\r\u001b[K",
  ]);
});

Deno.test("where it is not redrawn, progress is written once, and nothing erased", () => {
  const { progress, written } = show(false);
  progress.draw();
  progress.draw();
  progress.end();
  assertEquals(written, ["waiting 1 and more\n"]);
});

Deno.test("nothing is shown of what takes less than a second", () => {
  const { progress, written } = show(true);
  progress.end();
  assertEquals(written, []);
});
