import { assertEquals } from "@std/assert";
import { BootClock, type ClockSource } from "../../src/task/clock.ts";

/** A host whose clocks are set by the test. */
class Host implements ClockSource {
  now = 1000;
  date = 1_700_000_000_000;
  boot = 500_000;
  asked = 0;
  answers = true;

  monotonic(): number {
    return this.now;
  }
  wall(): number {
    return this.date;
  }
  start(): { since: number; at: number } {
    return { since: 100, at: this.boot - 100 };
  }
  ask(): number | undefined {
    this.asked++;
    return this.answers ? this.boot : undefined;
  }

  /** Advances all clocks. */
  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.date += milliseconds;
    this.boot += milliseconds;
  }
}

Deno.test("the time since boot advances without a question to the kernel", () => {
  const host = new Host();
  const clock = new BootClock(host);
  assertEquals(clock.now(), 500_000);
  host.pass(86_400_000);
  assertEquals([clock.now(), host.asked], [86_900_000, 0]);
});

Deno.test("the kernel is asked for the time since boot after the host was suspended", () => {
  const host = new Host();
  const clock = new BootClock(host);
  clock.now();
  host.boot += 3_600_000;
  host.date += 3_600_000;
  assertEquals([clock.now(), host.asked], [4_100_000, 1]);
  host.pass(1000);
  assertEquals([clock.now(), host.asked], [4_101_000, 1]);
});

Deno.test("the time since boot does not change when the clock is set, forward or back", () => {
  const host = new Host();
  const clock = new BootClock(host);
  clock.now();
  for (const step of [1_795_824_000_000, -3_600_000]) {
    host.date += step;
    host.pass(10);
    assertEquals(clock.now(), host.boot);
  }
  // If the kernel does not answer, the monotonic clock is used.
  host.answers = false;
  host.date -= 3_600_000;
  host.pass(10);
  assertEquals(clock.now(), host.boot);
});
